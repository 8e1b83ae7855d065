/*
 * EAP-TTLS, version 0 (RFC 5281; with TLS 1.3 RFC 9427): TLS for the server, and in it, as
 * attributes, MSCHAPv2, PAP, or EAP with MSCHAPv2 or GTC for the user. We begin, with the method of
 * the profile: the server takes it or it does not.
 */
#include "config.h"

#include <string.h>

#include "eap/eap-inner.h"
#include "eap/eap-packet.h"
#include "eap/eap-tunnel.h"
#include "eap/mschap-text.h"
#include "eap/ttls-avp.h"

#define CHALLENGE_LENGTH 16 /* and an octet of identifier behind it (RFC 5281, section 11.2.4) */
#define NT_RESPONSE      24
#define PROOF_LENGTH     20
#define MAX_AVPS         64   /* of one message of the server */
#define MAX_PROMPT       256  /* octets of a Reply-Message that are shown */
#define MAX_PASSWORD     1024 /* octets */

struct _EapMethodState {
    EapTunnel tunnel;
    const EapConfig *config;
    Rng *rng;
    uint32_t method; /* EAP_METHOD_*, the one inside */
    bool begun;
    bool done;          /* as far as MSCHAPv2 or PAP go: the server's word is all that is missing */
    uint8_t identifier; /* of MSCHAPv2 */
    uint8_t challenge[CHALLENGE_LENGTH], peer_challenge[CHALLENGE_LENGTH];
    uint8_t proof[PROOF_LENGTH]; /* that the server has to send */
    bool answered;
    EapInner inner;
    Secret *msk;
};

static void
end(EapMethodState *state)
{
    eap_tunnel_clear(&state->tunnel);
    eap_inner_clear(&state->inner);
    g_clear_pointer(&state->msk, secret_unref);
    secret_wipe(state, sizeof *state);
    g_free(state);
}

/* The strongest first: auto is MSCHAPv2. */
static uint32_t
choose(uint32_t methods)
{
    static const uint32_t order[] = { EAP_METHOD_MSCHAPV2, EAP_METHOD_PAP, EAP_METHOD_GTC };
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if ((methods & order[i]) != 0)
            return order[i];
    return 0;
}

static bool
usable(const EapConfig *config)
{
    return config->trust != NULL && choose(config->inner_methods) != 0;
}

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    EapMethodState *state = g_new0(EapMethodState, 1);
    state->config = config;
    state->rng = rng;
    state->method = choose(config->inner_methods);
    if (!eap_tunnel_init(&state->tunnel, config, EAP_TYPE_TTLS, NULL, detail)) {
        end(state);
        return NULL;
    }
    if (state->method == 0) {
        *detail = g_strdup("the profile allows no method inside of it");
        end(state);
        return NULL;
    }
    return state;
}

/* Otherwise as attributes of its own. */
static bool
is_eap(const EapMethodState *state)
{
    return state->method == EAP_METHOD_GTC ||
           (state->method == EAP_METHOD_MSCHAPV2 && state->config->inner_as_eap);
}

static const char *
full_name(const EapMethodState *state)
{
    const EapConfig *config = state->config;
    return config->inner_identity != NULL ? config->inner_identity : config->identity;
}

/* ---- what we send ---- */

static void
send_avps(EapMethodState *state, ByteWriter *writer, EapStep *step)
{
    g_autoptr(GBytes) avps = byte_writer_end(writer);
    if (avps == NULL) {
        eap_step_fail(step, g_strdup("the name or password is too long"));
        return;
    }
    gsize length;
    const void *octets = g_bytes_get_data(avps, &length);
    eap_tunnel_write(&state->tunnel, octets, length);
    secret_wipe((void *)octets, length); /* there may be a password among them */
    eap_tunnel_flush(&state->tunnel, step);
}

static void
write_name(const EapMethodState *state, ByteWriter *writer)
{
    byte_writer_init(writer, EAP_MAX_PACKET);
    ttls_avp_write(writer, 0, TTLS_AVP_USER_NAME, full_name(state), strlen(full_name(state)));
}

/* The challenge comes out of the TLS session, so that nobody can pass on another's. */
static void
ask_mschap(EapMethodState *state, EapStep *step)
{
    g_autoptr(EapQuestion) question = g_new0(EapQuestion, 1);
    g_autoptr(Secret) material =
        tls_stream_export(state->tunnel.tls, "ttls challenge", NULL, 0, CHALLENGE_LENGTH + 1);
    if (material == NULL) {
        eap_step_fail(step, g_strdup("there is no challenge"));
        return;
    }
    const char *slash = strrchr(full_name(state), '\\');
    memcpy(state->challenge, secret_data(material), CHALLENGE_LENGTH);
    state->identifier = secret_data(material)[CHALLENGE_LENGTH];
    rng_fill(state->rng, state->peer_challenge, CHALLENGE_LENGTH);
    question->kind = EAP_ASK_MSCHAP;
    memcpy(question->authenticator_challenge, state->challenge, CHALLENGE_LENGTH);
    memcpy(question->peer_challenge, state->peer_challenge, CHALLENGE_LENGTH);
    /* The domain before the name is not hashed (RFC 2759, section 4). */
    question->user_name = g_strdup(slash != NULL ? slash + 1 : full_name(state));
    step->kind = EAP_STEP_ASK;
    step->question = g_steal_pointer(&question);
}

static void
answer_mschap(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
    g_auto(ByteWriter) avps = { 0 }, response = { 0 };
    if (given->nt_response == NULL || given->authenticator_response == NULL) {
        eap_step_fail(step, g_strdup("no answer could be calculated"));
        return;
    }
    memcpy(state->proof, given->authenticator_response, PROOF_LENGTH);
    state->answered = true;
    byte_writer_init(&response, 2 + 2 * CHALLENGE_LENGTH + 8 + NT_RESPONSE);
    byte_writer_u8(&response, state->identifier);
    byte_writer_u8(&response, 0);
    byte_writer_octets(&response, state->peer_challenge, CHALLENGE_LENGTH);
    byte_writer_zero(&response, 8);
    byte_writer_octets(&response, given->nt_response, NT_RESPONSE);
    g_autoptr(GBytes) octets = byte_writer_end(&response);
    write_name(state, &avps);
    ttls_avp_write(&avps, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP_CHALLENGE, state->challenge,
                   CHALLENGE_LENGTH);
    ttls_avp_write(&avps, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP2_RESPONSE,
                   g_bytes_get_data(octets, NULL), g_bytes_get_size(octets));
    send_avps(state, &avps, step);
}

static void
ask_password(char *prompt, EapStep *step)
{
    EapQuestion *question = g_new0(EapQuestion, 1);
    question->kind = EAP_ASK_PASSWORD;
    question->purpose = "pap";
    question->prompt = prompt;
    step->kind = EAP_STEP_ASK;
    step->question = question;
}

/* Padded, so that nobody can tell its length (RFC 5281, section 11.2.5). */
static void
answer_password(EapMethodState *state, const Secret *password, EapStep *step)
{
    g_auto(ByteWriter) avps = { 0 };
    size_t length = password != NULL ? secret_length(password) : 0;
    if (length == 0 || length > MAX_PASSWORD) {
        eap_step_fail(step, g_strdup("there is no password, or one that is too long"));
        return;
    }
    uint8_t *padded;
    g_autoptr(Secret) copy = secret_new_blank((length + 15) / 16 * 16, &padded);
    memcpy(padded, secret_data(password), length);
    write_name(state, &avps);
    ttls_avp_write(&avps, 0, TTLS_AVP_USER_PASSWORD, secret_data(copy), secret_length(copy));
    state->done = true;
    send_avps(state, &avps, step);
}

/* packet: taken, NULL for none. What the inner peer decided for itself stays in the step. */
static void
send_inner(EapMethodState *state, GBytes *packet, EapStep *step)
{
    g_autoptr(GBytes) taken = packet;
    g_auto(ByteWriter) avps = { 0 };
    if (taken == NULL)
        return;
    byte_writer_init(&avps, 2 * EAP_MAX_PACKET);
    ttls_avp_write(&avps, 0, TTLS_AVP_EAP_MESSAGE, g_bytes_get_data(taken, NULL),
                   g_bytes_get_size(taken));
    EapStepKind kind = step->kind;
    send_avps(state, &avps, step);
    if (kind == EAP_STEP_FAILURE)
        step->kind = kind;
}

/* We say who we are before we are asked (RFC 5281, section 11.2.1). */
static void
begin_inner(EapMethodState *state, EapStep *step)
{
    static const uint8_t identity[] = { EAP_CODE_REQUEST, 0, 0, 5, EAP_TYPE_IDENTITY };
    g_autoptr(GBytes) packet = g_bytes_new_static(identity, sizeof identity);
    eap_inner_init(&state->inner, state->config, state->rng);
    send_inner(state, eap_inner_receive(&state->inner, packet, step), step);
}

/* ---- what the server sends ---- */

typedef struct {
    bool malformed, unknown;
    bool success, error, reply;
    ByteReader success_text, error_text, reply_text;
    uint8_t success_identifier;
    GByteArray *eap;
} Received;

static void
sort_avp(const TtlsAvp *avp, Received *received)
{
    ByteReader data = avp->data;
    const uint8_t *octets;
    size_t length = byte_reader_left(&data);
    uint8_t identifier;
    if (avp->vendor == TTLS_VENDOR_MICROSOFT && avp->code == TTLS_AVP_MS_CHAP2_SUCCESS) {
        received->success = byte_reader_u8(&data, &received->success_identifier);
        received->success_text = data;
    } else if (avp->vendor == TTLS_VENDOR_MICROSOFT && avp->code == TTLS_AVP_MS_CHAP_ERROR) {
        received->error = byte_reader_u8(&data, &identifier);
        received->error_text = data;
    } else if (avp->vendor == 0 && avp->code == TTLS_AVP_REPLY_MESSAGE) {
        received->reply = true;
        received->reply_text = data;
    } else if (avp->vendor == 0 && avp->code == TTLS_AVP_EAP_MESSAGE) {
        if (length > 0 && byte_reader_take(&data, length, &octets))
            g_byte_array_append(received->eap, octets, (guint)length);
    } else if (avp->mandatory && avp->vendor != TTLS_VENDOR_MICROSOFT) {
        received->unknown = true; /* RFC 5281, section 10.1 */
    }
}

static void
sort_avps(GBytes *data, Received *received)
{
    ByteReader reader = byte_reader_for_bytes(data);
    TtlsAvp avp;
    TtlsAvpStatus status = TTLS_AVP_OK;
    *received = (Received){ .eap = g_byte_array_new() };
    for (unsigned n = 0; status == TTLS_AVP_OK && n < MAX_AVPS; n++) {
        status = ttls_avp_next(&reader, &avp);
        if (status == TTLS_AVP_OK)
            sort_avp(&avp, received);
    }
    received->malformed = status != TTLS_AVP_END;
}

static void
take_mschap(EapMethodState *state, const Received *received, EapStep *step)
{
    if (received->error) {
        eap_step_fail(step, g_strdup(mschap_text_failure(received->error_text)));
        return;
    }
    if (!received->success || !state->answered ||
        received->success_identifier != state->identifier ||
        !mschap_text_proves(received->success_text, state->proof)) {
        eap_step_fail(step, g_strdup("the server does not prove that it knows the password itself: "
                                     "someone else may be answering"));
        return;
    }
    state->done = true;
    eap_tunnel_flush(&state->tunnel, step); /* nothing: we are content */
}

static char *
read_prompt(ByteReader text)
{
    const uint8_t *octets;
    size_t length = MIN(byte_reader_left(&text), MAX_PROMPT);
    if (length == 0 || !byte_reader_take(&text, length, &octets))
        return NULL;
    g_autofree char *valid = g_utf8_make_valid((const char *)octets, (gssize)length);
    GString *clean = g_string_new(NULL);
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar letter = g_utf8_get_char(at);
        g_string_append_unichar(clean, g_unichar_isprint(letter) ? letter : ' ');
    }
    return g_string_free(clean, FALSE);
}

static void
take_avps(EapMethodState *state, const Received *received, EapStep *step)
{
    if (received->malformed || received->unknown) {
        eap_step_fail(step, g_strdup("the server sent attributes that cannot be read"));
        return;
    }
    if (is_eap(state) && received->eap->len > 0) {
        g_autoptr(GBytes) packet = g_bytes_new(received->eap->data, received->eap->len);
        send_inner(state, eap_inner_receive(&state->inner, packet, step), step);
    } else if (state->method == EAP_METHOD_MSCHAPV2 && !is_eap(state)) {
        take_mschap(state, received, step);
    } else if (state->method == EAP_METHOD_PAP && received->reply) {
        state->done = false;
        ask_password(read_prompt(received->reply_text), step);
    } else {
        eap_tunnel_flush(&state->tunnel, step);
    }
}

/* ---- turns ---- */

static void
take_turn(EapMethodState *state, EapStep *step)
{
    if (state->begun && state->tunnel.data == NULL) {
        eap_tunnel_flush(&state->tunnel, step); /* a ticket, or nothing at all */
        return;
    }
    if (state->begun) {
        Received received;
        sort_avps(state->tunnel.data, &received);
        take_avps(state, &received, step);
        g_byte_array_unref(received.eap);
        return;
    }
    state->begun = true;
    state->msk = eap_tunnel_msk(&state->tunnel, "ttls keying material");
    if (is_eap(state))
        begin_inner(state, step);
    else if (state->method == EAP_METHOD_MSCHAPV2)
        ask_mschap(state, step);
    else
        ask_password(NULL, step);
}

static void
request(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step)
{
    if (eap_tunnel_request(&state->tunnel, data, step))
        take_turn(state, step);
}

static void
answer(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
    if (eap_tunnel_asks(&state->tunnel)) {
        if (eap_tunnel_answer(&state->tunnel, given, step))
            take_turn(state, step);
        return;
    }
    if (is_eap(state))
        send_inner(state, eap_inner_answer(&state->inner, given, step), step);
    else if (state->method == EAP_METHOD_MSCHAPV2)
        answer_mschap(state, given, step);
    else
        answer_password(state, given->password, step);
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    EapInner inner = state->inner; /* the same peer */
    *msk = state->msk;
    *mutual = state->config->server_name != NULL;
    if (state->msk == NULL)
        return false;
    return state->done || (inner.peer != NULL && eap_inner_succeed(&inner, NULL));
}

static const char *
title(const EapMethodState *state)
{
    switch (state->method) {
    case EAP_METHOD_MSCHAPV2:
        return is_eap(state) ? "EAP-TTLS with EAP-MSCHAPv2" : "EAP-TTLS with MSCHAPv2";
    case EAP_METHOD_PAP:
        return "EAP-TTLS with PAP";
    default:
        return "EAP-TTLS with GTC";
    }
}

const EapMethodOps eap_ttls = {
    .type = EAP_TYPE_TTLS,
    .allowed = EAP_METHOD_TTLS,
    .name = "EAP-TTLS",
    .usable = usable,
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
    .title = title,
};
