/* EAP-MD5 (RFC 3748, section 5.4): a digest that anybody who listens can guess at; no keys, no
 * proof of the server. Only where the profile insists. */
#include "eap/eap-method.h"

#define DIGEST_LENGTH 16

struct _EapMethodState {
    bool answered;
};

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    return g_new0(EapMethodState, 1);
}

static void
end(EapMethodState *state)
{
    g_free(state);
}

static void
request(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step)
{
    uint8_t length;
    const uint8_t *challenge;
    if (!byte_reader_u8(&data, &length) || length == 0 ||
        !byte_reader_take(&data, length, &challenge))
        return;
    EapQuestion *question = g_new0(EapQuestion, 1);
    question->kind = EAP_ASK_MD5;
    question->identifier = identifier;
    question->challenge = g_bytes_new(challenge, length);
    step->kind = EAP_STEP_ASK;
    step->question = question;
}

static void
answer(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
    g_auto(ByteWriter) writer = { 0 };
    if (given->octets == NULL || g_bytes_get_size(given->octets) != DIGEST_LENGTH) {
        step->kind = EAP_STEP_FAILURE;
        step->detail = g_strdup("no digest of the password");
        return;
    }
    byte_writer_init(&writer, 1 + DIGEST_LENGTH);
    byte_writer_u8(&writer, DIGEST_LENGTH);
    byte_writer_bytes(&writer, given->octets);
    state->answered = true;
    step->kind = EAP_STEP_SEND;
    step->response = byte_writer_end(&writer);
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    return state->answered;
}

const EapMethodOps eap_md5 = {
    .type = EAP_TYPE_MD5,
    .allowed = EAP_METHOD_MD5,
    .name = "EAP-MD5",
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
};
