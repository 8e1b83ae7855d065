/*
 * PEAP, version 0 (draft-kamath-pppext-peapv0; with TLS 1.3 RFC 9427): TLS for the server, and in
 * it EAP for the user, whose packets have lost their headers but for those of type 33, by which
 * both ends say at last how it went. Crypto-binding is not answered.
 */
#include "config.h"

#include <string.h>

#include "eap/eap-inner.h"
#include "eap/eap-packet.h"
#include "eap/eap-tunnel.h"

enum { TLV_RESULT = 3, TLV_MANDATORY = 0x8000, TLV_TYPE = 0x3fff };
enum { RESULT_SUCCESS = 1, RESULT_FAILURE = 2 };

#define MAX_TLVS 16

struct _EapMethodState {
    EapTunnel tunnel;
    const EapConfig *config;
    EapInner inner;
    bool done; /* both ends have said success */
    Secret *msk;
};

static void
end(EapMethodState *state)
{
    eap_tunnel_clear(&state->tunnel);
    eap_inner_clear(&state->inner);
    g_clear_pointer(&state->msk, secret_unref);
    g_free(state);
}

static EapMethodState *
begin(const EapConfig *config, Rng *rng, char **detail)
{
    EapMethodState *state = g_new0(EapMethodState, 1);
    state->config = config;
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

static void
send_result(EapMethodState *state, uint8_t identifier, uint8_t result, EapStep *step)
{
    const uint8_t packet[] = { EAP_CODE_RESPONSE,
                               identifier,
                               0,
                               11,
                               EAP_TYPE_EXTENSIONS,
                               TLV_MANDATORY >> 8,
                               TLV_RESULT,
                               0,
                               2,
                               0,
                               result };
    eap_tunnel_write(&state->tunnel, packet, sizeof packet);
    eap_tunnel_flush(&state->tunnel, step);
}

/* RESULT_*, 0 where there is none to be read. */
static uint16_t
read_result(ByteReader data)
{
    uint16_t result = 0;
    for (unsigned n = 0; n < MAX_TLVS && byte_reader_left(&data) > 0; n++) {
        uint16_t type, length;
        ByteReader value;
        if (!byte_reader_u16(&data, &type) || !byte_reader_u16(&data, &length) ||
            !byte_reader_sub(&data, length, &value))
            return 0;
        if ((type & TLV_TYPE) == TLV_RESULT && !byte_reader_u16(&value, &result))
            return 0;
    }
    return result;
}

static void
take_extensions(EapMethodState *state, const EapPacket *packet, EapStep *step)
{
    uint16_t result = read_result(packet->data);
    if (result == RESULT_SUCCESS && (state->done || eap_inner_succeed(&state->inner))) {
        state->done = true;
        send_result(state, packet->identifier, RESULT_SUCCESS, step);
        return;
    }
    send_result(state, packet->identifier, RESULT_FAILURE, step);
    eap_step_fail(step, g_strdup(result == RESULT_SUCCESS
                                     ? "the server says that we are in before the sign-in is over"
                                     : "the server does not let us in: the password may be wrong, "
                                       "or it does not know the user"));
}

/* ---- packets inside ---- */

/* What came, with a header where it lost it. Nothing that begins with a type can be taken for one
 * that did not: its length would have to be text of a prompt. */
static GBytes *
restore(GBytes *data, uint8_t identifier)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(data, &length);
    if (length > EAP_HEADER_LENGTH && octets[0] == EAP_CODE_REQUEST &&
        ((size_t)octets[2] << 8 | octets[3]) == length)
        return g_bytes_ref(data);
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, EAP_MAX_PACKET);
    byte_writer_u8(&writer, EAP_CODE_REQUEST);
    byte_writer_u8(&writer, identifier);
    byte_writer_u16(&writer, (uint16_t)(EAP_HEADER_LENGTH + length));
    byte_writer_octets(&writer, octets, length);
    return byte_writer_end(&writer);
}

static void
take_turn(EapMethodState *state, uint8_t identifier, EapStep *step)
{
    if (state->msk == NULL)
        state->msk = eap_tunnel_msk(&state->tunnel, "client EAP encryption");
    if (state->tunnel.data == NULL) { /* the server begins */
        eap_tunnel_flush(&state->tunnel, step);
        return;
    }
    EapPacket packet;
    g_autoptr(GBytes) octets = restore(state->tunnel.data, identifier);
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
    if (eap_tunnel_request(&state->tunnel, data, step))
        take_turn(state, identifier, step);
}

static void
answer(EapMethodState *state, const EapAnswer *given, EapStep *step)
{
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
    .begin = begin,
    .free = end,
    .request = request,
    .answer = answer,
    .finished = finished,
    .title = title,
};
