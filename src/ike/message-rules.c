#include "ike/message-rules.h"

#include "base/error.h"

/* Payload types as bits, so that a row of the table fits a line. */
#define BIT(type)  (UINT32_C(1) << ((type)-IKE_PAYLOAD_SA))
#define SA         BIT(IKE_PAYLOAD_SA)
#define KE         BIT(IKE_PAYLOAD_KE)
#define IDI        BIT(IKE_PAYLOAD_IDI)
#define IDR        BIT(IKE_PAYLOAD_IDR)
#define CERT       BIT(IKE_PAYLOAD_CERT)
#define CERTREQ    BIT(IKE_PAYLOAD_CERTREQ)
#define AUTH       BIT(IKE_PAYLOAD_AUTH)
#define NONCE      BIT(IKE_PAYLOAD_NONCE)
#define DELETE     BIT(IKE_PAYLOAD_DELETE)
#define TS         (BIT(IKE_PAYLOAD_TSI) | BIT(IKE_PAYLOAD_TSR))
#define CP         BIT(IKE_PAYLOAD_CP)
#define EAP        BIT(IKE_PAYLOAD_EAP)
#define PS         (UINT32_C(1) << (IKE_PAYLOAD_PUZZLE - IKE_PAYLOAD_SA))
#define EVERYWHERE (BIT(IKE_PAYLOAD_NOTIFY) | BIT(IKE_PAYLOAD_VENDOR))
/* More than one of a kind: a chain, several requested encodings, several protocols. */
#define REPEATABLE (EVERYWHERE | CERT | CERTREQ | DELETE)

typedef enum { REQUEST = 1, RESPONSE = 2, EITHER = 3 } Direction;

typedef struct {
    IkeMessageShape shape;
    uint8_t exchange; /* 0: every one */
    Direction direction;
    uint32_t required;
    uint32_t optional;
    bool notify; /* at least one Notify must be there */
} Rule;

/* The first row that fits counts. RFC 7296, appendix C; RFC 9370, section 2.2; C.4 and 1.5 for the
 * answers that hold only notifications. CERTREQ and KE may come in more answers than the appendix
 * draws. */
static const Rule rules[] = {
    { IKE_SHAPE_INIT_REQUEST, IKE_EXCHANGE_SA_INIT, REQUEST, SA | KE | NONCE, PS, false },
    { IKE_SHAPE_INIT_RESPONSE, IKE_EXCHANGE_SA_INIT, RESPONSE, SA | KE | NONCE, CERTREQ, false },
    { IKE_SHAPE_RESUME, IKE_EXCHANGE_SESSION_RESUME, EITHER, NONCE, 0, false },
    { IKE_SHAPE_AUTH_REQUEST, IKE_EXCHANGE_AUTH, REQUEST, IDI | AUTH | SA | TS,
      CERT | CERTREQ | IDR | CP | PS, false },
    { IKE_SHAPE_AUTH_REQUEST_CHILDLESS, IKE_EXCHANGE_AUTH, REQUEST, IDI | AUTH,
      CERT | CERTREQ | IDR | CP, false },
    { IKE_SHAPE_AUTH_EAP_START, IKE_EXCHANGE_AUTH, REQUEST, IDI | SA | TS,
      CERT | CERTREQ | IDR | CP, false },
    { IKE_SHAPE_AUTH_EAP, IKE_EXCHANGE_AUTH, EITHER, EAP, 0, false },
    { IKE_SHAPE_AUTH_EAP_FINISH, IKE_EXCHANGE_AUTH, REQUEST, AUTH, 0, false },
    { IKE_SHAPE_AUTH_NEXT, IKE_EXCHANGE_AUTH, REQUEST, IDI, 0, false },
    { IKE_SHAPE_AUTH_EAP_FIRST, IKE_EXCHANGE_AUTH, RESPONSE, IDR | EAP, CERT | CERTREQ | AUTH,
      false },
    { IKE_SHAPE_AUTH_RESPONSE, IKE_EXCHANGE_AUTH, RESPONSE, IDR | AUTH | SA | TS,
      CERT | CERTREQ | CP, false },
    { IKE_SHAPE_AUTH_CHILDLESS, IKE_EXCHANGE_AUTH, RESPONSE, IDR | AUTH, CERT | CERTREQ | CP,
      false },
    { IKE_SHAPE_AUTH_EAP_DONE, IKE_EXCHANGE_AUTH, RESPONSE, AUTH | SA | TS, CP, false },
    { IKE_SHAPE_AUTH_EAP_DONE_CHILDLESS, IKE_EXCHANGE_AUTH, RESPONSE, AUTH, CP, false },
    { IKE_SHAPE_CHILD, IKE_EXCHANGE_CREATE_CHILD_SA, EITHER, SA | NONCE | TS, KE | CP, false },
    { IKE_SHAPE_REKEY_IKE, IKE_EXCHANGE_CREATE_CHILD_SA, EITHER, SA | NONCE | KE, 0, false },
    { IKE_SHAPE_INTERMEDIATE, IKE_EXCHANGE_INTERMEDIATE, EITHER, KE, 0, false },
    { IKE_SHAPE_FOLLOWUP_KE, IKE_EXCHANGE_FOLLOWUP_KE, EITHER, KE, 0, false },
    { IKE_SHAPE_INFORMATIONAL, IKE_EXCHANGE_INFORMATIONAL, EITHER, 0, DELETE | CP, false },
    { IKE_SHAPE_NOTIFY_ONLY, 0, RESPONSE, 0, 0, true },
};

static const char *const shape_names[] = {
    [IKE_SHAPE_NONE] = "none",
    [IKE_SHAPE_NOTIFY_ONLY] = "notifications",
    [IKE_SHAPE_INIT_REQUEST] = "IKE_SA_INIT request",
    [IKE_SHAPE_INIT_RESPONSE] = "IKE_SA_INIT response",
    [IKE_SHAPE_RESUME] = "IKE_SESSION_RESUME",
    [IKE_SHAPE_AUTH_REQUEST] = "IKE_AUTH request",
    [IKE_SHAPE_AUTH_REQUEST_CHILDLESS] = "IKE_AUTH request without Child SA",
    [IKE_SHAPE_AUTH_RESPONSE] = "IKE_AUTH response",
    [IKE_SHAPE_AUTH_CHILDLESS] = "IKE_AUTH response without Child SA",
    [IKE_SHAPE_AUTH_EAP_START] = "IKE_AUTH request for EAP",
    [IKE_SHAPE_AUTH_EAP_FIRST] = "first IKE_AUTH response with EAP",
    [IKE_SHAPE_AUTH_EAP] = "IKE_AUTH with EAP",
    [IKE_SHAPE_AUTH_EAP_FINISH] = "last IKE_AUTH request after EAP",
    [IKE_SHAPE_AUTH_NEXT] = "first IKE_AUTH request of the next round",
    [IKE_SHAPE_AUTH_EAP_DONE] = "last IKE_AUTH response after EAP",
    [IKE_SHAPE_AUTH_EAP_DONE_CHILDLESS] = "last IKE_AUTH response after EAP without Child SA",
    [IKE_SHAPE_CHILD] = "CREATE_CHILD_SA",
    [IKE_SHAPE_REKEY_IKE] = "CREATE_CHILD_SA for the IKE SA",
    [IKE_SHAPE_INTERMEDIATE] = "IKE_INTERMEDIATE",
    [IKE_SHAPE_FOLLOWUP_KE] = "IKE_FOLLOWUP_KE",
    [IKE_SHAPE_INFORMATIONAL] = "INFORMATIONAL",
};

/* The payloads that are there; false where one is there too often. */
static bool
collect(const IkeMessage *message, uint32_t *present, GError **error)
{
    *present = 0;
    for (guint i = 0; i < message->payloads->len; i++) {
        const IkePayload *payload = g_ptr_array_index(message->payloads, i);
        uint32_t bit = BIT(payload->type);
        if ((*present & bit & ~REPEATABLE) != 0) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%s payload: more than one",
                        ike_payload_to_string(payload->type));
            return false;
        }
        *present |= bit;
    }
    return true;
}

static bool
fits(const Rule *rule, const IkeMessage *message, uint32_t present)
{
    Direction direction = ike_header_is_response(&message->header) ? RESPONSE : REQUEST;
    if (rule->exchange != 0 && rule->exchange != message->header.exchange)
        return false;
    if ((rule->direction & direction) == 0)
        return false;
    if (rule->notify && (present & BIT(IKE_PAYLOAD_NOTIFY)) == 0)
        return false;
    return (present & rule->required) == rule->required &&
           (present & ~(rule->required | rule->optional | EVERYWHERE)) == 0;
}

IkeMessageShape
ike_message_shape(const IkeMessage *message, GError **error)
{
    uint32_t present;
    if (!collect(message, &present, error))
        return IKE_SHAPE_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (fits(&rules[i], message, present))
            return rules[i].shape;
    g_autofree char *text = ike_message_to_string(message);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                "these payloads make no message of the exchange: %s", text);
    return IKE_SHAPE_NONE;
}

const char *
ike_message_shape_to_string(IkeMessageShape shape)
{
    return shape_names[shape];
}
