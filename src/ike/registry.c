#include "ike/registry.h"

#include <stddef.h>

typedef struct {
    uint16_t number;
    const char *name;
} Name;

static const Name exchange_names[] = {
    { IKE_EXCHANGE_SA_INIT, "IKE_SA_INIT" },
    { IKE_EXCHANGE_AUTH, "IKE_AUTH" },
    { IKE_EXCHANGE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
    { IKE_EXCHANGE_INFORMATIONAL, "INFORMATIONAL" },
    { IKE_EXCHANGE_SESSION_RESUME, "IKE_SESSION_RESUME" },
    { IKE_EXCHANGE_INTERMEDIATE, "IKE_INTERMEDIATE" },
    { IKE_EXCHANGE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE" },
};

static const Name payload_names[] = {
    { IKE_PAYLOAD_SA, "SA" },     { IKE_PAYLOAD_KE, "KE" },
    { IKE_PAYLOAD_IDI, "IDi" },   { IKE_PAYLOAD_IDR, "IDr" },
    { IKE_PAYLOAD_CERT, "CERT" }, { IKE_PAYLOAD_CERTREQ, "CERTREQ" },
    { IKE_PAYLOAD_AUTH, "AUTH" }, { IKE_PAYLOAD_NONCE, "Nonce" },
    { IKE_PAYLOAD_NOTIFY, "N" },  { IKE_PAYLOAD_DELETE, "D" },
    { IKE_PAYLOAD_VENDOR, "V" },  { IKE_PAYLOAD_TSI, "TSi" },
    { IKE_PAYLOAD_TSR, "TSr" },   { IKE_PAYLOAD_SK, "SK" },
    { IKE_PAYLOAD_CP, "CP" },     { IKE_PAYLOAD_EAP, "EAP" },
    { IKE_PAYLOAD_SKF, "SKF" },   { IKE_PAYLOAD_PUZZLE, "PS" },
};

#define NOTIFY_NAME(name)                                                                          \
    {                                                                                              \
        IKE_NOTIFY_##name, #name                                                                   \
    }
static const Name notify_names[] = {
    NOTIFY_NAME(UNSUPPORTED_CRITICAL_PAYLOAD),
    NOTIFY_NAME(INVALID_IKE_SPI),
    NOTIFY_NAME(INVALID_MAJOR_VERSION),
    NOTIFY_NAME(INVALID_SYNTAX),
    NOTIFY_NAME(INVALID_MESSAGE_ID),
    NOTIFY_NAME(INVALID_SPI),
    NOTIFY_NAME(NO_PROPOSAL_CHOSEN),
    NOTIFY_NAME(INVALID_KE_PAYLOAD),
    NOTIFY_NAME(AUTHENTICATION_FAILED),
    NOTIFY_NAME(SINGLE_PAIR_REQUIRED),
    NOTIFY_NAME(NO_ADDITIONAL_SAS),
    NOTIFY_NAME(INTERNAL_ADDRESS_FAILURE),
    NOTIFY_NAME(FAILED_CP_REQUIRED),
    NOTIFY_NAME(TS_UNACCEPTABLE),
    NOTIFY_NAME(INVALID_SELECTORS),
    NOTIFY_NAME(UNACCEPTABLE_ADDRESSES),
    NOTIFY_NAME(UNEXPECTED_NAT_DETECTED),
    NOTIFY_NAME(TEMPORARY_FAILURE),
    NOTIFY_NAME(CHILD_SA_NOT_FOUND),
    NOTIFY_NAME(STATE_NOT_FOUND),
    NOTIFY_NAME(INITIAL_CONTACT),
    NOTIFY_NAME(SET_WINDOW_SIZE),
    NOTIFY_NAME(ADDITIONAL_TS_POSSIBLE),
    NOTIFY_NAME(IPCOMP_SUPPORTED),
    NOTIFY_NAME(NAT_DETECTION_SOURCE_IP),
    NOTIFY_NAME(NAT_DETECTION_DESTINATION_IP),
    NOTIFY_NAME(COOKIE),
    NOTIFY_NAME(USE_TRANSPORT_MODE),
    NOTIFY_NAME(HTTP_CERT_LOOKUP_SUPPORTED),
    NOTIFY_NAME(REKEY_SA),
    NOTIFY_NAME(ESP_TFC_PADDING_NOT_SUPPORTED),
    NOTIFY_NAME(NON_FIRST_FRAGMENTS_ALSO),
    NOTIFY_NAME(MOBIKE_SUPPORTED),
    NOTIFY_NAME(ADDITIONAL_IP4_ADDRESS),
    NOTIFY_NAME(ADDITIONAL_IP6_ADDRESS),
    NOTIFY_NAME(NO_ADDITIONAL_ADDRESSES),
    NOTIFY_NAME(UPDATE_SA_ADDRESSES),
    NOTIFY_NAME(COOKIE2),
    NOTIFY_NAME(NO_NATS_ALLOWED),
    NOTIFY_NAME(AUTH_LIFETIME),
    NOTIFY_NAME(MULTIPLE_AUTH_SUPPORTED),
    NOTIFY_NAME(ANOTHER_AUTH_FOLLOWS),
    NOTIFY_NAME(REDIRECT_SUPPORTED),
    NOTIFY_NAME(REDIRECT),
    NOTIFY_NAME(REDIRECTED_FROM),
    NOTIFY_NAME(TICKET_LT_OPAQUE),
    NOTIFY_NAME(TICKET_REQUEST),
    NOTIFY_NAME(TICKET_ACK),
    NOTIFY_NAME(TICKET_NACK),
    NOTIFY_NAME(TICKET_OPAQUE),
    NOTIFY_NAME(EAP_ONLY_AUTHENTICATION),
    NOTIFY_NAME(CHILDLESS_IKEV2_SUPPORTED),
    NOTIFY_NAME(QUICK_CRASH_DETECTION),
    NOTIFY_NAME(IKEV2_FRAGMENTATION_SUPPORTED),
    NOTIFY_NAME(SIGNATURE_HASH_ALGORITHMS),
    NOTIFY_NAME(PUZZLE),
    NOTIFY_NAME(USE_PPK),
    NOTIFY_NAME(PPK_IDENTITY),
    NOTIFY_NAME(NO_PPK_AUTH),
    NOTIFY_NAME(INTERMEDIATE_EXCHANGE_SUPPORTED),
    NOTIFY_NAME(ADDITIONAL_KEY_EXCHANGE),
};

static const Name id_names[] = {
    { IKE_ID_IPV4_ADDR, "ID_IPV4_ADDR" },     { IKE_ID_FQDN, "ID_FQDN" },
    { IKE_ID_RFC822_ADDR, "ID_RFC822_ADDR" }, { IKE_ID_IPV6_ADDR, "ID_IPV6_ADDR" },
    { IKE_ID_DER_ASN1_DN, "ID_DER_ASN1_DN" }, { IKE_ID_DER_ASN1_GN, "ID_DER_ASN1_GN" },
    { IKE_ID_KEY_ID, "ID_KEY_ID" },
};

#define ATTRIBUTE_NAME(name)                                                                       \
    {                                                                                              \
        IKE_ATTRIBUTE_##name, #name                                                                \
    }
static const Name attribute_names[] = {
    ATTRIBUTE_NAME(INTERNAL_IP4_ADDRESS), ATTRIBUTE_NAME(INTERNAL_IP4_NETMASK),
    ATTRIBUTE_NAME(INTERNAL_IP4_DNS),     ATTRIBUTE_NAME(INTERNAL_IP4_NBNS),
    ATTRIBUTE_NAME(INTERNAL_IP4_DHCP),    ATTRIBUTE_NAME(APPLICATION_VERSION),
    ATTRIBUTE_NAME(INTERNAL_IP6_ADDRESS), ATTRIBUTE_NAME(INTERNAL_IP6_DNS),
    ATTRIBUTE_NAME(INTERNAL_IP6_DHCP),    ATTRIBUTE_NAME(INTERNAL_IP4_SUBNET),
    ATTRIBUTE_NAME(SUPPORTED_ATTRIBUTES), ATTRIBUTE_NAME(INTERNAL_IP6_SUBNET),
    ATTRIBUTE_NAME(INTERNAL_DNS_DOMAIN),  ATTRIBUTE_NAME(INTERNAL_DNSSEC_TA),
    ATTRIBUTE_NAME(ENCDNS_IP4),           ATTRIBUTE_NAME(ENCDNS_IP6),
    ATTRIBUTE_NAME(ENCDNS_DIGEST_INFO),
};

static const char *
find_name(const Name *names, size_t n_names, uint16_t number)
{
    for (size_t i = 0; i < n_names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

static const char *
or_unknown(const char *name)
{
    return name != NULL ? name : "unknown";
}

#define FIND_NAME(names, number) find_name(names, sizeof(names) / sizeof((names)[0]), number)

const char *
ike_exchange_to_string(uint8_t exchange)
{
    return or_unknown(FIND_NAME(exchange_names, exchange));
}

const char *
ike_payload_to_string(uint8_t type)
{
    return or_unknown(FIND_NAME(payload_names, type));
}

const char *
ike_notify_to_string(uint16_t type)
{
    return or_unknown(FIND_NAME(notify_names, type));
}

const char *
ike_id_type_to_string(uint8_t type)
{
    return or_unknown(FIND_NAME(id_names, type));
}

const char *
ike_attribute_to_string(uint16_t type)
{
    return or_unknown(FIND_NAME(attribute_names, type));
}

bool
ike_payload_is_known(uint8_t type)
{
    return FIND_NAME(payload_names, type) != NULL;
}
