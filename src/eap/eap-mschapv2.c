/*
 * EAP-MSCHAPv2: RFC 2759 in packets of EAP, keys by RFC 3079. The password is elsewhere: what is
 * calculated from it is asked for. Mutual, but open to guessing by whoever sees it, so it proves a
 * gateway only inside of something that does.
 */
#include "eap/eap-method.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/prf.h"
#include "eap/mschap-text.h"

enum { OP_CHALLENGE = 1, OP_RESPONSE = 2, OP_SUCCESS = 3, OP_FAILURE = 4 };

#define CHALLENGE_LENGTH   16
#define NT_RESPONSE_LENGTH 24
#define VALUE_LENGTH       49 /* peer challenge, 8 octets of zero, NT-Response, flags */
#define PROOF_LENGTH       20
#define START_KEY_LENGTH   16 /* RFC 3079, section 3.3: 128 bit */
#define SHA1_LENGTH        20

typedef enum { WAITS_FOR_CHALLENGE, WAITS_FOR_VERDICT, DONE } Phase;

struct _EapMethodState {
    const EapConfig *config;
    Rng *rng;
    Phase phase;
    uint8_t id; /* MS-CHAPv2-ID */
    uint8_t peer_challenge[CHALLENGE_LENGTH];
    uint8_t proof[PROOF_LENGTH]; /* AuthenticatorResponse that the server has to send */
    Secret *msk;
};

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    EapMethodState *state = g_new0(EapMethodState, 1);
    state->config = config;
    state->rng = rng;
    return state;
}

static void
end(EapMethodState *state)
{
    g_clear_pointer(&state->msk, secret_unref);
    secret_wipe(state, sizeof *state);
    g_free(state);
}

static const char *
full_name(const EapMethodState *state)
{
    const EapConfig *config = state->config;
    return config->inner_identity != NULL ? config->inner_identity : config->identity;
}

/* The domain before the name is not hashed (RFC 2759, section 4). */
static const char *
hashed_name(const EapMethodState *state)
{
    const char *name = full_name(state);
    const char *slash = strrchr(name, '\\');
    return slash != NULL ? slash + 1 : name;
}

static void
take_challenge(EapMethodState *state, uint8_t id, ByteReader data, EapStep *step)
{
    uint8_t length;
    g_autoptr(EapQuestion) question = g_new0(EapQuestion, 1);
    if (!byte_reader_u8(&data, &length) || length != CHALLENGE_LENGTH ||
        !byte_reader_copy(&data, question->authenticator_challenge, CHALLENGE_LENGTH))
        return;
    state->id = id;
    rng_fill(state->rng, state->peer_challenge, CHALLENGE_LENGTH);
    memcpy(question->peer_challenge, state->peer_challenge, CHALLENGE_LENGTH);
    question->kind = EAP_ASK_MSCHAP;
    question->user_name = g_strdup(hashed_name(state));
    step->kind = EAP_STEP_ASK;
    step->question = g_steal_pointer(&question);
}

/* GetAsymmetricStartKey (RFC 3079, section 3.4). */
static void
start_key(const Secret *master, const char *magic, uint8_t *out)
{
    static const uint8_t pad1[40];
    uint8_t pad2[40];
    uint8_t digest[SHA1_LENGTH];
    memset(pad2, 0xf2, sizeof pad2);
    Chunk input[] = { chunk_secret(master), chunk(pad1, sizeof pad1), chunk(magic, strlen(magic)),
                      chunk(pad2, sizeof pad2) };
    hash_compute(HASH_SHA1, input, G_N_ELEMENTS(input), digest);
    memcpy(out, digest, START_KEY_LENGTH);
    secret_wipe(digest, sizeof digest);
}

/* What we send by, what we receive by, zeros: as both ends of IKEv2 have it. */
static Secret *
make_msk(const Secret *master)
{
    uint8_t *keys;
    Secret *msk = secret_new_blank(EAP_MSK_LENGTH, &keys);
    start_key(master,
              "On the client side, this is the send key; on the server side, it is the receive "
              "key.",
              keys);
    start_key(master,
              "On the client side, this is the receive key; on the server side, it is the send "
              "key.",
              keys + START_KEY_LENGTH);
    return msk;
}

static void
write_response(const EapMethodState *state, const uint8_t *nt_response, EapStep *step)
{
    g_auto(ByteWriter) writer = { 0 };
    const char *name = full_name(state);
    byte_writer_init(&writer, EAP_MAX_PACKET);
    byte_writer_u8(&writer, OP_RESPONSE);
    byte_writer_u8(&writer, state->id);
    byte_writer_u16(&writer, (uint16_t)(4 + 1 + VALUE_LENGTH + strlen(name)));
    byte_writer_u8(&writer, VALUE_LENGTH);
    byte_writer_octets(&writer, state->peer_challenge, CHALLENGE_LENGTH);
    byte_writer_zero(&writer, 8);
    byte_writer_octets(&writer, nt_response, NT_RESPONSE_LENGTH);
    byte_writer_u8(&writer, 0);
    byte_writer_octets(&writer, name, strlen(name));
    step->kind = EAP_STEP_SEND;
    step->response = byte_writer_end(&writer);
}

static void
answer(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
    if (given->nt_response == NULL || given->authenticator_response == NULL ||
        given->master_key == NULL) {
        step->kind = EAP_STEP_FAILURE;
        step->detail = g_strdup("no answer could be calculated");
        return;
    }
    memcpy(state->proof, given->authenticator_response, PROOF_LENGTH);
    g_clear_pointer(&state->msk, secret_unref);
    state->msk = make_msk(given->master_key);
    state->phase = WAITS_FOR_VERDICT;
    write_response(state, given->nt_response, step);
}

static void
reply_op(EapStep *step, EapStepKind kind, uint8_t op)
{
    step->kind = kind;
    step->response = g_bytes_new(&op, 1);
}

static void
take_success(EapMethodState *state, ByteReader data, EapStep *step)
{
    if (!mschap_text_proves(data, state->proof)) {
        step->kind = EAP_STEP_FAILURE;
        step->detail = g_strdup("the server does not prove that it knows the password itself: "
                                "someone else may be answering");
        return;
    }
    state->phase = DONE;
    reply_op(step, EAP_STEP_SEND, OP_SUCCESS);
}

static void
take_failure(EapMethodState *state, ByteReader data, EapStep *step)
{
    reply_op(step, EAP_STEP_FAILURE, OP_FAILURE);
    step->detail = g_strdup(mschap_text_failure(data));
}

static void
request(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step)
{
    uint8_t op, id;
    uint16_t length;
    size_t whole = byte_reader_left(&data);
    if (!byte_reader_u8(&data, &op) || !byte_reader_u8(&data, &id) ||
        !byte_reader_u16(&data, &length) || length != whole)
        return;
    if (op == OP_CHALLENGE && state->phase != DONE)
        take_challenge(state, id, data, step);
    else if (op == OP_SUCCESS && state->phase == WAITS_FOR_VERDICT)
        take_success(state, data, step);
    else if (op == OP_FAILURE && state->phase == WAITS_FOR_VERDICT)
        take_failure(state, data, step);
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    *msk = state->msk;
    return state->phase == DONE;
}

const EapMethodOps eap_mschapv2 = {
    .type = EAP_TYPE_MSCHAPV2,
    .allowed = EAP_METHOD_MSCHAPV2,
    .name = "EAP-MSCHAPv2",
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
};
