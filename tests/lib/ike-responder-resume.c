/* Session resumption in the test responder: tickets by reference (RFC 5723). */
#include "ike-responder-private.h"

#include "ike/auth.h"

#define TICKET_LENGTH 24

typedef struct {
    GBytes *opaque;
    Secret *sk_d;
    IkeSuite suite;
} ResponderTicket;

void
responder_ticket_free(gpointer data)
{
    ResponderTicket *ticket = data;
    g_bytes_unref(ticket->opaque);
    secret_unref(ticket->sk_d);
    g_free(ticket);
}

void
responder_add_ticket(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                     IkeMessage *reply)
{
    uint8_t data[4 + TICKET_LENGTH];
    unsigned lifetime = responder->config->tickets_s;
    if (lifetime == 0 || ike_message_find_notify(request, IKE_NOTIFY_TICKET_REQUEST) == NULL)
        return;
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(lifetime >> (24 - 8 * i));
    rng_fill(responder->rng, data + 4, TICKET_LENGTH);
    ResponderTicket *ticket = g_new0(ResponderTicket, 1);
    ticket->opaque = g_bytes_new(data + 4, TICKET_LENGTH);
    ticket->sk_d = secret_ref(sa->ike->keys.d);
    ticket->suite = sa->ike->suite;
    g_ptr_array_add(responder->tickets, ticket);
    ike_message_add_notify(reply, IKE_NOTIFY_TICKET_LT_OPAQUE, data, sizeof data);
}

static ResponderTicket *
find_ticket(const IkeResponder *responder, const IkeMessage *request)
{
    const PayloadNotify *notify = ike_message_find_notify(request, IKE_NOTIFY_TICKET_OPAQUE);
    for (guint i = 0; notify != NULL && i < responder->tickets->len; i++) {
        ResponderTicket *ticket = g_ptr_array_index(responder->tickets, i);
        if (g_bytes_equal(ticket->opaque, notify->data))
            return ticket;
    }
    return NULL;
}

GBytes *
responder_resume_auth(const IkeResponder *responder, const ResponderSa *sa, const PayloadId *client)
{
    PayloadId own = { .type = responder->config->id.type, .data = responder->config->id.data };
    const Secret *sk_p = client != NULL ? sa->ike->keys.pi : sa->ike->keys.pr;
    g_autoptr(GBytes) body = payload_id_body(client != NULL ? client : &own);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->ike->suite.prf, sk_p, body);
    Chunk octets[] = { chunk_bytes(client != NULL ? sa->init_request : sa->init_response),
                       chunk_bytes(client != NULL ? sa->nonce_r : sa->nonce_i),
                       chunk_secret(maced_id) };
    g_autoptr(Secret) mac = prf_compute(sa->ike->suite.prf, sk_p, octets, G_N_ELEMENTS(octets));
    return g_bytes_new(secret_data(mac), secret_length(mac));
}

static void
refuse(IkeResponder *responder, const IkePath *path, const IkeMessage *request)
{
    IkeHeader header = { .spi_i = request->header.spi_i,
                         .exchange = IKE_EXCHANGE_SESSION_RESUME,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr(IkeMessage) reply = ike_message_new(&header);
    ike_message_add_notify(reply, IKE_NOTIFY_TICKET_NACK, NULL, 0);
    g_autoptr(GBytes) datagram = ike_message_write(reply, NULL);
    responder_emit(responder, path, datagram, false);
}

/* <--  HDR, Nr, N(...) */
static void
accept(IkeResponder *responder, const IkePath *path, const IkeMessage *request,
       const ResponderTicket *ticket)
{
    ResponderSa *sa =
        responder_sa_new(responder, request->header.spi_i, responder_u64(responder), false);
    sa->path = *path;
    sa->resumed = true;
    sa->init_request = g_bytes_ref(request->octets);
    sa->nonce_i = g_bytes_ref(ike_message_find(request, IKE_PAYLOAD_NONCE)->nonce.data);
    sa->nonce_r = responder_nonce(responder);
    sa->ike->fragmentation = true;
    IkeKeySeed seed = { sa->nonce_i, sa->nonce_r, sa->ike->spi_i, sa->ike->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    g_autoptr(Secret) other = secret_new("somebody else's", 15);
    bool ok = ike_keys_derive_resumed(&ticket->suite,
                                      responder->faults.ticket_wrong_auth ? other : ticket->sk_d,
                                      &seed, &keys) &&
              ike_sa_set_keys(sa->ike, &ticket->suite, &keys, responder->rng);
    g_assert(ok);
    g_autoptr(IkeMessage) reply = ike_sa_new_response(sa->ike, IKE_EXCHANGE_SESSION_RESUME, 0);
    ike_message_add_nonce(reply, sa->nonce_r);
    responder_add_init_notifies(responder, sa, path, reply);
    sa->init_response = ike_message_write(reply, NULL);
    sa->ike->window.next_in = 1;
    responder_emit(responder, path, sa->init_response, false);
}

bool
responder_handle_resume(IkeResponder *responder, const IkePath *path, const IkeMessage *request)
{
    if (ike_message_shape(request, NULL) != IKE_SHAPE_RESUME || responder->faults.ticket_silent)
        return false;
    if (responder_refuse(responder, path, request))
        return true;
    const ResponderTicket *ticket = find_ticket(responder, request);
    if (ticket == NULL || responder->faults.ticket_nack)
        refuse(responder, path, request);
    else
        accept(responder, path, request, ticket);
    return true;
}
