/*
 * EAP-TLS: a certificate for each side (RFC 5216; with TLS 1.3 RFC 9190, where the server says
 * protected that it is content). Our key is elsewhere: signatures are asked for.
 */
#include "config.h"

#include "eap/eap-tunnel.h"

struct _EapMethodState {
    EapTunnel tunnel;
    Secret *msk; /* once it is over */
};

static void
end(EapMethodState *state)
{
    eap_tunnel_clear(&state->tunnel);
    g_clear_pointer(&state->msk, secret_unref);
    g_free(state);
}

static bool
usable(const EapConfig *config)
{
    return config->trust != NULL && config->chain != NULL && config->chain->len > 0;
}

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    EapMethodState *state = g_new0(EapMethodState, 1);
    bool chain = config->chain != NULL && config->chain->len > 0;
    if (eap_tunnel_init(&state->tunnel, config, EAP_TYPE_TLS, config->chain, detail) && chain)
        return state;
    if (!chain) {
        g_free(*detail);
        *detail = g_strdup("there is no certificate of ours");
    }
    end(state);
    return NULL;
}

/* The octet that says success (RFC 9190, section 2.5). */
static bool
is_success(GBytes *data)
{
    return g_bytes_get_size(data) == 1 && *(const uint8_t *)g_bytes_get_data(data, NULL) == 0;
}

static void
take_turn(EapMethodState *state, EapStep *step)
{
    GBytes *data = state->tunnel.data;
    bool tls13 = tls_stream_is_tls13(state->tunnel.tls);
    if (data != NULL && !(tls13 && is_success(data))) {
        eap_step_fail(step, g_strdup("the server sent what does not belong there"));
        return;
    }
    if (state->msk == NULL && (data != NULL || !tls13))
        state->msk = eap_tunnel_msk(&state->tunnel, "client EAP encryption");
    eap_tunnel_flush(&state->tunnel, step);
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
    if (eap_tunnel_answer(&state->tunnel, given, step))
        take_turn(state, step);
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    *msk = state->msk;
    *mutual = true;
    return state->msk != NULL;
}

const EapMethodOps eap_tls = {
    .type = EAP_TYPE_TLS,
    .allowed = EAP_METHOD_TLS,
    .name = "EAP-TLS",
    .usable = usable,
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
};
