/*
 * PEAP, version 0 (draft-kamath-pppext-peapv0; with TLS 1.3 RFC 9427): TLS for the server, and in
 * it EAP for the user, whose packets have lost their headers but for those of type 33, by which
 * both ends say at last how it went, and where the server wants it that TLS and the method inside
 * are of the same two (peap-binding).
 */
#include "config.h"

#include <string.h>

#include "eap/eap-inner.h"
#include "eap/eap-packet.h"
#include "eap/eap-tunnel.h"
#include "eap/peap-packet.h"

#define RESULT_LENGTH 11 /* octets of a packet that says nothing else */

struct _EapMethodState {
    EapTunnel tunnel;
    const EapConfig *config;
    Rng *rng;
    EapInner inner;
    uint8_t identifier; /* of the last request */
    bool done;          /* both ends have said success */
    Secret *msk, *inner_msk;
};

static void
end(EapMethodState *state)
{
    eap_tunnel_clear(&state->tunnel);
    eap_inner_clear(&state->inner);
    g_clear_pointer(&state->msk, secret_unref);
    g_clear_pointer(&state->inner_msk, secret_unref);
    g_free(state);
}

static bool
usable(const EapConfig *config)
{
    return config->trust != NULL && (config->inner_methods & EAP_INNER_METHODS) != 0;
}

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    EapMethodState *state = g_new0(EapMethodState, 1);
    state->config = config;
    state->rng = rng;
    if (!eap_tunnel_init(&state->tunnel, config, EAP_TYPE_PEAP, NULL, detail)) {
        end(state);
        return NULL;
    }
    if ((config->inner_methods & EAP_INNER_METHODS) == 0) {
        *detail = g_strdup("the profile allows no method inside of it");
        end(state);
        return NULL;
    }
    eap_inner_init(&state->inner, config, rng);
    return state;
}

/* packet: with its header, which stays behind; taken, NULL for none. */
static void
send_inner(EapMethodState *state, GBytes *packet, EapStep *step)
{
    g_autoptr(GBytes) taken = packet;
    gsize length;
    if (taken == NULL || g_bytes_get_size(taken) <= EAP_HEADER_LENGTH)
        return;
    EapStepKind kind = step->kind;
    const uint8_t *octets = g_bytes_get_data(taken, &length);
    eap_tunnel_write(&state->tunnel, octets + EAP_HEADER_LENGTH, length - EAP_HEADER_LENGTH);
    eap_tunnel_flush(&state->tunnel, step);
    if (kind == EAP_STEP_FAILURE)
        step->kind = kind;
}

/* ---- how it went ---- */

/* binding: NULL for none. */
static void
send_result(EapMethodState *state, uint8_t identifier, uint8_t result,
            const uint8_t binding[PEAP_BINDING_LENGTH], EapStep *step)
{
    uint8_t packet[RESULT_LENGTH + PEAP_BINDING_LENGTH] = { EAP_CODE_RESPONSE,
                                                            identifier,
                                                            0,
                                                            RESULT_LENGTH,
                                                            EAP_TYPE_EXTENSIONS,
                                                            PEAP_TLV_MANDATORY >> 8,
                                                            PEAP_TLV_RESULT,
                                                            0,
                                                            2,
                                                            0,
                                                            result };
    size_t length = RESULT_LENGTH;
    if (binding != NULL) {
        memcpy(packet + RESULT_LENGTH, binding, PEAP_BINDING_LENGTH);
        length = sizeof packet;
        packet[3] = (uint8_t)length;
    }
    eap_tunnel_write(&state->tunnel, packet, length);
    eap_tunnel_flush(&state->tunnel, step);
}

static bool
inner_is_over(EapMethodState *state)
{
    const Secret *msk = NULL;
    if (state->done)
        return true;
    state->done = eap_inner_succeed(&state->inner, &msk);
    if (msk != NULL)
        state->inner_msk = secret_new(secret_data(msk), secret_length(msk));
    return state->done;
}

/* answer is filled, and the keys are the bound ones from now on. */
static bool
answer_binding(EapMethodState *state, const uint8_t request[PEAP_BINDING_LENGTH],
               uint8_t answer[PEAP_BINDING_LENGTH])
{
    g_auto(PeapBindingKeys) keys = { 0 };
    g_autoptr(Secret) tls = eap_tunnel_msk(&state->tunnel, "client EAP encryption");
    if (tls == NULL)
        return false;
    peap_binding_keys_init(&keys, tls, state->inner_msk);
    if (!peap_binding_verify(&keys, request, PEAP_BINDING_REQUEST))
        return false;
    peap_binding_make(&keys, PEAP_BINDING_RESPONSE, state->rng, answer);
    g_clear_pointer(&state->msk, secret_unref);
    state->msk = peap_binding_msk(&keys);
    return true;
}

static void
refuse(EapMethodState *state, const EapPacket *packet, const char *why, EapStep *step)
{
    state->done = false;
    send_result(state, packet->identifier, PEAP_RESULT_FAILURE, NULL, step);
    eap_step_fail(step, g_strdup(why));
}

static void
take_extensions(EapMethodState *state, const EapPacket *packet, EapStep *step)
{
    uint8_t answer[PEAP_BINDING_LENGTH];
    PeapExtensions extensions = peap_read_extensions(packet->data);
    if (extensions.result != PEAP_RESULT_SUCCESS)
        refuse(state, packet,
               "the server does not let us in: the password may be wrong, or it does not know the "
               "user",
               step);
    else if (!inner_is_over(state))
        refuse(state, packet, "the server says that we are in before the sign-in is over", step);
    else if (extensions.bound && !answer_binding(state, extensions.binding, answer))
        refuse(state, packet,
               "the server does not prove that it is the one that knows the password "
               "(crypto-binding): someone else may stand between",
               step);
    else
        send_result(state, packet->identifier, PEAP_RESULT_SUCCESS,
                    extensions.bound ? answer : NULL, step);
}

/* ---- packets inside ---- */

static void
take_turn(EapMethodState *state, EapStep *step)
{
    if (state->msk == NULL)
        state->msk = eap_tunnel_msk(&state->tunnel, "client EAP encryption");
    if (state->tunnel.data == NULL) { /* the server begins */
        eap_tunnel_flush(&state->tunnel, step);
        return;
    }
    EapPacket packet;
    g_autoptr(GBytes) octets = peap_restore(state->tunnel.data, state->identifier);
    if (octets == NULL || !eap_packet_parse(octets, &packet))
        return;
    if (packet.type == EAP_TYPE_EXTENSIONS)
        take_extensions(state, &packet, step);
    else
        send_inner(state, eap_inner_receive(&state->inner, octets, step), step);
}

static void
request(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step)
{
    state->identifier = identifier;
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
    send_inner(state, eap_inner_answer(&state->inner, given, step), step);
}

static bool
finished(const EapMethodState *state, const Secret **msk, bool *mutual)
{
    *msk = state->msk;
    *mutual = state->config->server_name != NULL;
    return state->done && state->msk != NULL;
}

static const char *
title(const EapMethodState *state)
{
    const char *method = state->inner.method;
    if (method == NULL)
        return NULL;
    return strcmp(method, "EAP-GTC") == 0 ? "PEAP with GTC" : "PEAP with MSCHAPv2";
}

const EapMethodOps eap_peap = {
    .type = EAP_TYPE_PEAP,
    .allowed = EAP_METHOD_PEAP,
    .name = "PEAP",
    .usable = usable,
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
    .title = title,
};
