/*
 * One payload's body. FUZZ_PAYLOAD (IKE_PAYLOAD_*) says which: the build makes a target of each.
 * What is read is written, and what was written is read again as the same.
 */
#include "crypto/distinguished-name.h"
#include "fuzz.h"
#include "ike/message.h"

static GBytes *
write_payload(const IkePayload *payload)
{
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_payload_write(payload, IKE_PAYLOAD_NONE, &writer);
    return byte_writer_end(&writer);
}

static void
look_at_attributes(const PayloadCp *cp)
{
    for (guint i = 0; i < cp->attributes->len; i++) {
        const CpAttribute *attribute = payload_cp_get(cp, i);
        InetAddress address;
        InetPrefix prefix;
        uint8_t length;
        g_autoptr(GError) error = NULL;
        g_autofree char *domain = cp_attribute_domain(attribute, &error);
        FUZZ_CHECK((domain == NULL) == (error != NULL));
        if (cp_attribute_address(attribute, &address))
            g_free(inet_address_to_string(&address));
        if (cp_attribute_prefix(attribute, &prefix))
            g_free(inet_prefix_to_string(&prefix));
        if (cp_attribute_netmask(attribute, &length))
            FUZZ_CHECK(length <= 32);
    }
}

/* Whatever the peer offers or answers, choosing holds together. */
static void
look_at_proposals(const IkeProposalList *list)
{
    static const uint8_t protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    static const uint8_t spi[4] = { 1, 2, 3, 4 };
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        g_autoptr(IkeProposalList) plain = ike_proposal_list_default(protocols[i]);
        g_autoptr(IkeProposalList) ours = ike_proposal_list_with_spi(plain, spi, i == 0 ? 0 : 4);
        IkeSuite suite;
        if (ike_proposal_list_accept(ours, list, &suite, NULL))
            g_free(ike_suite_to_string(&suite));
        if (!ike_proposal_list_select(ours, list, 0, &suite))
            continue;
        g_autoptr(IkeProposalList) answer =
            ike_suite_to_answer(&suite, suite.spi, suite.spi_length);
        /* Numbers that repeat are the peer's mistake; then another proposal may be meant. */
        if (ike_proposal_list_length(list) == 1)
            FUZZ_CHECK(ike_proposal_list_accept(list, answer, &suite, NULL));
    }
    g_free(ike_proposal_list_to_string(list));
}

/* C=DE, O=Example, CN=gw */
static void
look_at_name(const PayloadId *id)
{
    static const uint8_t name[] = "0,1\v0\t\6\3U\4\6\23\2DE1\0200\16\6\3U\4\n\f\aExample1\v0\t"
                                  "\6\3U\4\3\f\2gw";
    gsize length;
    const void *octets = g_bytes_get_data(id->data, &length);
    bool equal = distinguished_name_equal(octets, length, name, sizeof name - 1);
    FUZZ_CHECK(distinguished_name_equal(name, sizeof name - 1, octets, length) == equal);
    FUZZ_CHECK(distinguished_name_equal(name, sizeof name - 1, name, sizeof name - 1));
}

static void
look_at(const IkePayload *payload)
{
    switch (payload->type) {
    case IKE_PAYLOAD_SA:
        look_at_proposals(payload->sa.proposals);
        break;
    case IKE_PAYLOAD_IDI:
        g_free(payload_id_to_string(&payload->id));
        g_bytes_unref(payload_id_body(&payload->id));
        look_at_name(&payload->id);
        break;
    case IKE_PAYLOAD_TSI:
        g_free(traffic_selectors_to_string(payload->ts.selectors));
        g_array_unref(
            traffic_selectors_intersect(payload->ts.selectors, payload->ts.selectors, 16));
        break;
    case IKE_PAYLOAD_CP:
        look_at_attributes(&payload->cp);
        break;
    case IKE_PAYLOAD_EAP:
        payload_eap_code(&payload->eap);
        break;
    default:
        break;
    }
}

/* False for what has no octets: a TS payload of which every selector was of an unknown type, an SA
 * payload of unknown protocols. */
static bool
is_writable(const IkePayload *payload)
{
    if (payload->type == IKE_PAYLOAD_TSI)
        return payload->ts.selectors->len > 0;
    if (payload->type == IKE_PAYLOAD_SA)
        return ike_proposal_list_length(payload->sa.proposals) > 0;
    return true;
}

static void
check_round_trip(const IkePayload *payload)
{
    g_autoptr(GBytes) first = write_payload(payload);
    FUZZ_CHECK(first != NULL);
    ByteReader reader = byte_reader_for_bytes(first);
    IkePayloadHeader header;
    FUZZ_CHECK(ike_payload_header_parse(&reader, &header, NULL));
    FUZZ_CHECK(header.length == byte_reader_left(&reader));
    g_autoptr(GError) error = NULL;
    g_autoptr(IkePayload) again = ike_payload_parse(payload->type, &reader, &error);
    FUZZ_CHECK(again != NULL && error == NULL);
    g_autoptr(GBytes) second = write_payload(again);
    FUZZ_CHECK(second != NULL && g_bytes_equal(first, second));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ByteReader body = byte_reader(data, size);
    g_autoptr(GError) error = NULL;
    if (size > G_MAXUINT16 - IKE_PAYLOAD_HEADER_LENGTH)
        return 0;
    g_autoptr(IkePayload) payload = ike_payload_parse(FUZZ_PAYLOAD, &body, &error);
    FUZZ_CHECK((payload == NULL) == (error != NULL));
    if (payload == NULL)
        return 0;
    look_at(payload);
    if (is_writable(payload))
        check_round_trip(payload);
    return 0;
}
