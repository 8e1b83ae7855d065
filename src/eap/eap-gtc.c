/* EAP-GTC (RFC 3748, section 5.6): the password, or what a token shows, as it is. Inside a TLS
 * tunnel of its own, or where the profile insists. */
#include "eap/eap-method.h"

#define MAX_PROMPT 256 /* octets of what the server shows */

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

/* A stranger's words, to be shown to a person: text without control characters, or nothing. */
static char *
read_prompt(ByteReader data)
{
    const uint8_t *octets;
    size_t length = MIN(byte_reader_left(&data), MAX_PROMPT);
    if (length == 0 || !byte_reader_take(&data, length, &octets))
        return NULL;
    g_autofree char *text = g_utf8_make_valid((const char *)octets, (gssize)length);
    GString *clean = g_string_new(NULL);
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar letter = g_utf8_get_char(at);
        g_string_append_unichar(clean, g_unichar_isprint(letter) ? letter : ' ');
    }
    return g_string_free(clean, FALSE);
}

static void
request(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step)
{
    EapQuestion *question = g_new0(EapQuestion, 1);
    question->kind = EAP_ASK_PASSWORD;
    question->purpose = "gtc";
    question->prompt = read_prompt(data);
    step->kind = EAP_STEP_ASK;
    step->question = question;
}

static void
answer(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
    if (given->password == NULL) {
        step->kind = EAP_STEP_FAILURE;
        step->detail = g_strdup("no password");
        return;
    }
    state->answered = true;
    step->kind = EAP_STEP_SEND;
    step->response = g_bytes_new(secret_data(given->password), secret_length(given->password));
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    return state->answered;
}

const EapMethodOps eap_gtc = {
    .type = EAP_TYPE_GTC,
    .allowed = EAP_METHOD_GTC,
    .name = "EAP-GTC",
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
};
