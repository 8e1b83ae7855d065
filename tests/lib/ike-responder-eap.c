/* EAP in the test responder: a method of its own, rounds, and what must not happen (RFC 7296,
 * section 2.16; RFC 4739; RFC 5998). */
#include "ike-responder-private.h"

#include "ike/auth.h"

enum { EAP_REQUEST = 1, EAP_RESPONSE, EAP_SUCCESS, EAP_FAILURE };

#define EAP_TYPE   254
#define EAP_HEADER 5
#define EAP_DATA   8 /* octets of each question */

static GBytes *
make_packet(uint8_t code, uint8_t identifier, const uint8_t *data, size_t length)
{
    g_auto(ByteWriter) writer = { 0 };
    bool short_form = code == EAP_SUCCESS || code == EAP_FAILURE;
    byte_writer_init(&writer, G_MAXUINT16);
    byte_writer_u8(&writer, code);
    byte_writer_u8(&writer, identifier);
    byte_writer_u16(&writer, (uint16_t)(short_form ? EAP_HEADER - 1 : EAP_HEADER + length));
    if (!short_form) {
        byte_writer_u8(&writer, EAP_TYPE);
        byte_writer_octets(&writer, data, length);
    }
    return byte_writer_end(&writer);
}

GBytes *
responder_eap_answer(GBytes *request)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(request, &length);
    if (length < EAP_HEADER || octets[0] != EAP_REQUEST)
        return NULL;
    g_autofree uint8_t *data = g_memdup2(octets + EAP_HEADER, length - EAP_HEADER);
    for (size_t i = 0; i < length - EAP_HEADER; i++)
        data[i] = (uint8_t)~data[i];
    return make_packet(EAP_RESPONSE, octets[1], data, length - EAP_HEADER);
}

static void
add_request(IkeResponder *responder, ResponderSa *sa, IkeMessage *reply)
{
    uint8_t data[EAP_DATA];
    rng_fill(responder->rng, data, sizeof data);
    g_autoptr(GBytes) packet = make_packet(EAP_REQUEST, ++sa->eap_identifier, data, sizeof data);
    g_clear_pointer(&sa->eap_expected, g_bytes_unref);
    sa->eap_expected = responder_eap_answer(packet);
    ike_message_add_eap(reply, packet);
}

static void
add_end(ResponderSa *sa, uint8_t code, IkeMessage *reply)
{
    g_autoptr(GBytes) packet = make_packet(code, ++sa->eap_identifier, NULL, 0);
    g_clear_pointer(&sa->eap_expected, g_bytes_unref);
    ike_message_add_eap(reply, packet);
}

static void
keep_client(ResponderSa *sa, const IkeMessage *request)
{
    const PayloadId *id = &ike_message_find(request, IKE_PAYLOAD_IDI)->id;
    payload_id_clear(&sa->client);
    sa->client = *id;
    sa->client.data = g_bytes_ref(id->data);
}

void
responder_keep_first(IkeResponder *responder, ResponderSa *sa)
{
    sa->first = g_steal_pointer(&responder->received);
}

/* <--  HDR, SK {IDr, [CERT, AUTH,] EAP} */
static void
begin(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request, IkeMessage *reply)
{
    const ResponderConfig *config = responder->config;
    bool only = config->eap_only &&
                ike_message_find_notify(request, IKE_NOTIFY_EAP_ONLY_AUTHENTICATION) != NULL;
    keep_client(sa, request);
    if (only || responder->faults.eap_first)
        ike_message_add_id(reply, IKE_PAYLOAD_IDR, config->id.type, config->id.data);
    else
        responder_add_proof(responder, sa, reply);
    sa->eap_left = config->eap_requests;
    if (responder->faults.eap_early_success)
        add_end(sa, EAP_SUCCESS, reply);
    else
        add_request(responder, sa, reply);
    responder_keep_first(responder, sa);
}

/* <--  HDR, SK {EAP} */
static void
next(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request, IkeMessage *reply)
{
    const ResponderFaults *faults = &responder->faults;
    const PayloadEap *eap = &ike_message_find(request, IKE_PAYLOAD_EAP)->eap;
    bool right = sa->eap_expected != NULL && g_bytes_equal(eap->packet, sa->eap_expected);
    if (faults->eap_error != 0)
        ike_message_add_notify(reply, faults->eap_error, NULL, 0);
    else if (!right)
        add_end(sa, EAP_FAILURE, reply);
    else if (faults->eap_endless || --sa->eap_left > 0)
        add_request(responder, sa, reply);
    else
        add_end(sa, faults->eap_failure ? EAP_FAILURE : EAP_SUCCESS, reply);
    if (faults->eap_error != 0 || !right || faults->eap_failure)
        sa->ike->state = faults->eap_endless ? sa->ike->state : SA_CLOSED;
}

static Secret *
make_auth(IkeResponder *responder, ResponderSa *sa, bool ours)
{
    const ResponderConfig *config = responder->config;
    PayloadId own = { .type = config->id.type, .data = config->id.data };
    const Secret *sk_p = ours ? sa->ike->keys.pr : sa->ike->keys.pi;
    g_autoptr(GBytes) body = payload_id_body(ours ? &own : &sa->client);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->ike->suite.prf, sk_p, body);
    return auth_psk(sa->ike->suite.prf, config->eap_msk != NULL ? config->eap_msk : sk_p,
                    ours ? sa->init_response : sa->init_request, ours ? sa->nonce_i : sa->nonce_r,
                    maced_id, sa->int_auth);
}

/* <--  HDR, SK {AUTH, [CP(CFG_REPLY), SAr2, TSi, TSr]} */
static void
finish(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request, IkeMessage *reply)
{
    g_autoptr(GBytes) given = responder_client_auth(responder, sa, request);
    g_autoptr(Secret) expected = make_auth(responder, sa, false);
    g_autoptr(GBytes) wanted = g_bytes_new(secret_data(expected), secret_length(expected));
    if (given == NULL || !g_bytes_equal(wanted, given)) {
        ike_message_add_notify(reply, IKE_NOTIFY_AUTHENTICATION_FAILED, NULL, 0);
        sa->ike->state = SA_CLOSED;
        return;
    }
    g_autoptr(Secret) mac = make_auth(responder, sa, true);
    g_autofree uint8_t *octets = g_memdup2(secret_data(mac), secret_length(mac));
    octets[0] ^= responder->faults.wrong_eap_auth;
    g_autoptr(GBytes) data = g_bytes_new(octets, secret_length(mac));
    ike_message_add_auth(reply, IKE_AUTH_METHOD_PSK, data);
    if (!sa->second_round)
        responder_add_ppk_identity(responder, sa, reply);
    bool another = responder->config->second_eap && !sa->second_round &&
                   ike_message_find_notify(request, IKE_NOTIFY_ANOTHER_AUTH_FOLLOWS) != NULL;
    if (!another)
        responder_add_tunnel(responder, sa, sa->first, reply);
}

bool
responder_handle_eap(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, IKE_EXCHANGE_AUTH, request->header.message_id);
    if (responder->config->eap_requests == 0)
        return false;
    switch (ike_message_shape(request, NULL)) {
    case IKE_SHAPE_AUTH_EAP_START:
        begin(responder, sa, request, reply);
        break;
    case IKE_SHAPE_AUTH_EAP:
        next(responder, sa, request, reply);
        break;
    case IKE_SHAPE_AUTH_EAP_FINISH:
        finish(responder, sa, request, reply);
        break;
    case IKE_SHAPE_AUTH_NEXT:
        keep_client(sa, request);
        sa->second_round = true;
        sa->eap_left = responder->config->eap_requests;
        add_request(responder, sa, reply);
        break;
    default:
        return false;
    }
    responder_send_response(responder, sa, reply);
    return true;
}
