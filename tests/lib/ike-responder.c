/* The test responder: its SAs, its outputs, and who handles what arrives. */
#include "ike-responder-private.h"

#include <string.h>

#define FRAGMENT_SIZE 1280
#define NONCE_LENGTH  32

/* --- Configuration --- */

static void
free_attribute(gpointer data)
{
    IkeConfigAttribute *attribute = data;
    g_bytes_unref(attribute->value);
    g_free(attribute);
}

void
responder_config_add_attribute(ResponderConfig *config, uint16_t type, const void *value,
                               size_t length)
{
    if (config->attributes == NULL)
        config->attributes = g_ptr_array_new_with_free_func(free_attribute);
    IkeConfigAttribute *attribute = g_new0(IkeConfigAttribute, 1);
    attribute->type = type;
    attribute->value = g_bytes_new(value, length);
    g_ptr_array_add(config->attributes, attribute);
}

void
responder_config_clear(ResponderConfig *config)
{
    g_clear_pointer(&config->id.data, g_bytes_unref);
    g_clear_pointer(&config->psk, secret_unref);
    g_clear_pointer(&config->authorities, g_bytes_unref);
    g_clear_pointer(&config->chain, g_ptr_array_unref);
    g_clear_pointer(&config->key, private_key_free);
    g_clear_pointer(&config->ocsp, g_ptr_array_unref);
    g_clear_pointer(&config->ike_proposals, ike_proposal_list_unref);
    g_clear_pointer(&config->esp_proposals, ike_proposal_list_unref);
    g_clear_pointer(&config->attributes, g_ptr_array_unref);
    g_clear_pointer(&config->local_ts, g_array_unref);
    g_clear_pointer(&config->ppk, secret_unref);
    g_clear_pointer(&config->ppk_id, g_bytes_unref);
    g_clear_pointer(&config->eap_msk, secret_unref);
    g_clear_pointer(&config->crash_token, g_bytes_unref);
}

/* --- Life --- */

static void
sa_free(gpointer data)
{
    ResponderSa *sa = data;
    ike_sa_free(sa->ike);
    g_clear_pointer(&sa->init_request, g_bytes_unref);
    g_clear_pointer(&sa->init_response, g_bytes_unref);
    g_clear_pointer(&sa->nonce_i, g_bytes_unref);
    g_clear_pointer(&sa->nonce_r, g_bytes_unref);
    g_clear_pointer(&sa->hashes, g_array_unref);
    g_clear_pointer(&sa->children, g_ptr_array_unref);
    g_clear_pointer(&sa->int_auth_i, g_bytes_unref);
    g_clear_pointer(&sa->int_auth_r, g_bytes_unref);
    g_clear_pointer(&sa->int_auth, g_bytes_unref);
    g_clear_pointer(&sa->old_aead, aead_free);
    g_clear_pointer(&sa->first, ike_message_free);
    payload_id_clear(&sa->client);
    g_clear_pointer(&sa->eap_expected, g_bytes_unref);
    g_free(sa);
}

ResponderSa *
responder_sa_new(IkeResponder *responder, uint64_t spi_i, uint64_t spi_r, bool original_initiator)
{
    ResponderSa *sa = g_new0(ResponderSa, 1);
    sa->ike = ike_sa_new(spi_i, spi_r, original_initiator);
    sa->hashes = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    sa->children = g_ptr_array_new_with_free_func((GDestroyNotify)child_sa_free);
    g_ptr_array_add(responder->sas, sa);
    return sa;
}

IkeResponder *
ike_responder_new(const ResponderConfig *config, Rng *rng)
{
    IkeResponder *responder = g_new0(IkeResponder, 1);
    responder->config = config;
    responder->rng = rng;
    responder->sas = g_ptr_array_new_with_free_func(sa_free);
    responder->tickets = g_ptr_array_new_with_free_func(responder_ticket_free);
    g_queue_init(&responder->outputs);
    return responder;
}

void
responder_output_clear(ResponderOutput *output)
{
    g_clear_pointer(&output->datagram, g_bytes_unref);
    g_clear_pointer(&output->child, ike_child_free);
}

static void
free_output(gpointer data)
{
    responder_output_clear(data);
    g_free(data);
}

void
ike_responder_free(IkeResponder *responder)
{
    if (responder == NULL)
        return;
    g_ptr_array_unref(responder->sas);
    g_queue_clear_full(&responder->outputs, free_output);
    g_clear_pointer(&responder->cookie, g_bytes_unref);
    g_ptr_array_unref(responder->tickets);
    payload_id_clear(&responder->client);
    g_free(responder);
}

ResponderFaults *
ike_responder_faults(IkeResponder *responder)
{
    return &responder->faults;
}

bool
ike_responder_next_output(IkeResponder *responder, ResponderOutput *output)
{
    g_autofree ResponderOutput *next = g_queue_pop_head(&responder->outputs);
    if (next == NULL)
        return false;
    *output = *next;
    return true;
}

ResponderSa *
ike_responder_sa(IkeResponder *responder)
{
    for (guint i = responder->sas->len; i > 0; i--) {
        ResponderSa *sa = g_ptr_array_index(responder->sas, i - 1);
        if (sa->state == RESPONDER_UP)
            return sa;
    }
    return NULL;
}

unsigned
ike_responder_solved(const IkeResponder *responder)
{
    return responder->solved;
}

guint
ike_responder_count(const IkeResponder *responder)
{
    guint count = 0;
    for (guint i = 0; i < responder->sas->len; i++) {
        const ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        count += sa->state == RESPONDER_UP;
    }
    return count;
}

guint
ike_responder_count_children(const IkeResponder *responder)
{
    guint count = 0;
    for (guint i = 0; i < responder->sas->len; i++) {
        const ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        count += sa->children->len;
    }
    return count;
}

uint16_t
ike_responder_last_error(const IkeResponder *responder, unsigned *answered)
{
    if (answered != NULL)
        *answered = responder->answered;
    return responder->last_error;
}

void
ike_responder_repeat(IkeResponder *responder)
{
    for (guint i = 0; i < responder->sas->len; i++) {
        const ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        if (window_is_busy(&sa->ike->window))
            responder_emit_all(responder, &sa->path, sa->ike->window.request, true);
    }
}

void
ike_responder_restart(IkeResponder *responder)
{
    g_ptr_array_set_size(responder->sas, 0);
}

/* HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN) in clear (RFC 6290, section 4.5). */
static void
answer_unknown(IkeResponder *responder, const IkePath *path, const IkeHeader *request)
{
    if (responder->config->crash_token == NULL || ike_header_is_response(request))
        return;
    IkeHeader header = *request;
    header.flags = IKE_FLAG_RESPONSE;
    g_autoptr(IkeMessage) reply = ike_message_new(&header);
    ike_message_add_notify(reply, IKE_NOTIFY_INVALID_IKE_SPI, NULL, 0);
    responder_add_token(responder, reply);
    g_autoptr(GBytes) datagram = ike_message_write(reply, NULL);
    responder_emit(responder, path, datagram, false);
}

guint
ike_responder_count_initial_contacts(const IkeResponder *responder)
{
    return responder->n_initial_contacts;
}

guint
ike_responder_count_all(const IkeResponder *responder)
{
    guint count = 0;
    for (guint i = 0; i < responder->sas->len; i++) {
        const ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        count += sa->ike->state != SA_CLOSED;
    }
    return count;
}

void
ike_responder_forget_replaced(IkeResponder *responder)
{
    ResponderSa *sa = ike_responder_sa(responder);
    for (guint i = 0; i < sa->children->len; i++) {
        ChildSa *child = g_ptr_array_index(sa->children, i);
        bool replaced = child->state == CHILD_SA_REKEYED;
        child->state = replaced ? CHILD_SA_INSTALLED : CHILD_SA_REKEYED;
    }
}

uint64_t
responder_sa_spi_i(const ResponderSa *sa)
{
    return sa->ike->spi_i;
}

bool
responder_sa_began(const ResponderSa *sa)
{
    return sa->ike->original_initiator;
}

bool
responder_sa_is_idle(const ResponderSa *sa)
{
    return sa->state == RESPONDER_UP && !window_is_busy(&sa->ike->window);
}

bool
responder_sa_is_following_up(const ResponderSa *sa)
{
    return sa->ike->peer_child != NULL || sa->ike->peer_ike != NULL ||
           sa->ike->exchange.chain != NULL;
}

/* --- Tools --- */

void
responder_add_token(const IkeResponder *responder, IkeMessage *message)
{
    GBytes *token = responder->config->crash_token;
    if (token != NULL)
        ike_message_add_notify(message, IKE_NOTIFY_QUICK_CRASH_DETECTION,
                               g_bytes_get_data(token, NULL), g_bytes_get_size(token));
}

void
responder_emit(IkeResponder *responder, const IkePath *path, GBytes *datagram, bool is_request)
{
    ResponderOutput *output = g_new0(ResponderOutput, 1);
    output->kind = RESPONDER_OUTPUT_SEND;
    output->path = *path;
    output->datagram = g_bytes_ref(datagram);
    output->is_request = is_request;
    g_queue_push_tail(&responder->outputs, output);
}

void
responder_emit_all(IkeResponder *responder, const IkePath *path, const GPtrArray *datagrams,
                   bool is_request)
{
    for (guint i = 0; i < datagrams->len; i++)
        responder_emit(responder, path, g_ptr_array_index(datagrams, i), is_request);
}

static size_t
max_length(const IkeResponder *responder, const ResponderSa *sa)
{
    if (sa->path.stream)
        return 0;
    return responder->config->fragment_size > 0 ? responder->config->fragment_size : FRAGMENT_SIZE;
}

void
responder_send_response(IkeResponder *responder, ResponderSa *sa, const IkeMessage *message)
{
    GPtrArray *datagrams = ike_sa_seal(sa->ike, message, max_length(responder, sa));
    window_responded(&sa->ike->window, datagrams);
    responder_emit_all(responder, &sa->path, datagrams, false);
}

void
responder_send_request(IkeResponder *responder, ResponderSa *sa, const IkeMessage *message,
                       ResponderAsks asks)
{
    g_assert(!window_is_busy(&sa->ike->window));
    GPtrArray *datagrams = ike_sa_seal(sa->ike, message, max_length(responder, sa));
    window_sent(&sa->ike->window, datagrams);
    sa->asks = asks;
    responder_emit_all(responder, &sa->path, datagrams, true);
}

GPtrArray *
responder_seal_raw(ResponderSa *sa, const IkeHeader *header, uint8_t first, const uint8_t *plain,
                   size_t length)
{
    g_auto(ByteWriter) writer = { 0 };
    IkeHeader full = *header;
    size_t sealed = payload_sk_sealed_length(sa->ike->sealer.aead, length);
    full.version = IKE_VERSION_2;
    full.next_payload = IKE_PAYLOAD_SK;
    full.length = (uint32_t)(IKE_HEADER_LENGTH + IKE_PAYLOAD_HEADER_LENGTH + sealed);
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_header_write(&full, &writer);
    byte_writer_u8(&writer, first);
    byte_writer_u8(&writer, 0);
    byte_writer_u16(&writer, (uint16_t)(IKE_PAYLOAD_HEADER_LENGTH + sealed));
    bool ok = payload_sk_seal(&sa->ike->sealer, plain, length, &writer);
    g_assert(ok);
    GPtrArray *datagrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(datagrams, byte_writer_end(&writer));
    return datagrams;
}

GBytes *
responder_nonce(IkeResponder *responder)
{
    uint8_t nonce[NONCE_LENGTH];
    rng_fill(responder->rng, nonce, sizeof nonce);
    return g_bytes_new(nonce, sizeof nonce);
}

uint64_t
responder_u64(IkeResponder *responder)
{
    uint64_t value;
    rng_fill(responder->rng, &value, sizeof value);
    return value | 1;
}

uint32_t
responder_child_spi(IkeResponder *responder)
{
    return (uint32_t)responder_u64(responder) | 0xc0000000u;
}

GArray *
responder_local_ts(const IkeResponder *responder)
{
    if (responder->config->local_ts != NULL && responder->config->local_ts->len > 0)
        return child_sa_copy_selectors(responder->config->local_ts);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    TrafficSelector v4 = traffic_selector_any(INET_V4), v6 = traffic_selector_any(INET_V6);
    g_array_append_val(all, v4);
    g_array_append_val(all, v6);
    return all;
}

void
responder_add_child(IkeResponder *responder, ResponderSa *sa, const ChildSaMaterial *material)
{
    ResponderOutput *output = g_new0(ResponderOutput, 1);
    output->kind = RESPONDER_OUTPUT_CHILD;
    output->path = sa->path;
    output->child = child_sa_make_output(material, sa->ike->suite.prf, sa->ike->keys.d);
    g_assert_nonnull(output->child);
    g_queue_push_tail(&responder->outputs, output);
    g_ptr_array_add(sa->children, child_sa_new(material));
}

static void
emit_spis(IkeResponder *responder, const ResponderSa *sa, const ChildSa *child,
          ResponderOutputKind kind)
{
    ResponderOutput *output = g_new0(ResponderOutput, 1);
    output->kind = kind;
    output->path = sa->path;
    output->child = g_new0(IkeChild, 1);
    output->child->spi_in = child->spi_in;
    output->child->spi_out = child->spi_out;
    g_queue_push_tail(&responder->outputs, output);
}

void
responder_retire_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child)
{
    emit_spis(responder, sa, child, RESPONDER_OUTPUT_CHILD_RETIRED);
}

void
responder_remove_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child)
{
    emit_spis(responder, sa, child, RESPONDER_OUTPUT_CHILD_GONE);
    g_ptr_array_remove(sa->children, child);
}

/* --- Receiving --- */

static ResponderSa *
find_sa(const IkeResponder *responder, const IkeHeader *header)
{
    for (guint i = 0; i < responder->sas->len; i++) {
        ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        if (sa->ike->spi_i == header->spi_i && sa->ike->spi_r == header->spi_r &&
            ike_header_from_initiator(header) != sa->ike->original_initiator)
            return sa;
    }
    return NULL;
}

static void
handle_request(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    switch (request->header.exchange) {
    case IKE_EXCHANGE_INTERMEDIATE:
        responder_handle_intermediate(responder, sa, request);
        break;
    case IKE_EXCHANGE_AUTH:
        responder_handle_auth(responder, sa, request);
        break;
    case IKE_EXCHANGE_FOLLOWUP_KE:
        responder_handle_followup(responder, sa, request);
        break;
    case IKE_EXCHANGE_CREATE_CHILD_SA:
        responder_handle_create_child(responder, sa, request);
        break;
    default:
        responder_handle_informational(responder, sa, request);
        break;
    }
}

static void
sweep(IkeResponder *responder)
{
    for (guint i = responder->sas->len; i > 0; i--) {
        ResponderSa *sa = g_ptr_array_index(responder->sas, i - 1);
        if (sa->ike->state == SA_CLOSED)
            g_ptr_array_remove_index(responder->sas, i - 1);
    }
}

static bool
receive_sealed(IkeResponder *responder, ResponderSa *sa, IkeMessage *message)
{
    bool response = ike_header_is_response(&message->header);
    uint32_t id = message->header.message_id;
    if (response) {
        if (!window_awaits(&sa->ike->window, id) ||
            ike_message_open(message, sa->ike->aead_in, sa->ike->responses, NULL) != IKE_DECODE_OK)
            return false;
        window_answered(&sa->ike->window);
        responder_handle_response(responder, sa, message);
        return true;
    }
    WindowPlace place = window_place_request(&sa->ike->window, id);
    if (place == WINDOW_REPEATED && (!message->sk.fragment || message->sk.number == 1))
        responder_emit_all(responder, &sa->path, sa->ike->window.response, false);
    if (place != WINDOW_NEW)
        return false;
    if (ike_message_open(message, sa->ike->aead_in, sa->ike->requests, NULL) != IKE_DECODE_OK)
        return false;
    handle_request(responder, sa, message);
    return true;
}

/* A repeated IKE_INTERMEDIATE request still comes under the keys of before. */
static bool
is_authentic(ResponderSa *sa, const IkeMessage *message)
{
    bool authentic = ike_sa_is_authentic(sa->ike, message);
    if (authentic || sa->old_aead == NULL ||
        window_place_request(&sa->ike->window, message->header.message_id) != WINDOW_REPEATED)
        return authentic;
    GBytes *plain = payload_sk_open(&message->sk, message->octets, sa->old_aead, &authentic);
    g_clear_pointer(&plain, g_bytes_unref);
    return authentic;
}

bool
ike_responder_receive(IkeResponder *responder, const IkePath *path, const uint8_t *datagram,
                      size_t length)
{
    g_autoptr(IkeMessage) message = NULL;
    g_autoptr(GBytes) octets = g_bytes_new(datagram, length);
    sweep(responder); /* not before, so that a script can still read what a closed SA sent */
    if (responder->faults.deaf || ike_message_parse(octets, &message, NULL) != IKE_DECODE_OK)
        return false;
    if (message->header.exchange == IKE_EXCHANGE_SA_INIT)
        return responder_handle_init(responder, path, message);
    if (message->header.exchange == IKE_EXCHANGE_SESSION_RESUME)
        return responder_handle_resume(responder, path, message);
    ResponderSa *sa = find_sa(responder, &message->header);
    if (sa == NULL && message->sealed)
        answer_unknown(responder, path, &message->header);
    if (sa == NULL || !message->sealed || !is_authentic(sa, message))
        return false;
    sa->path = *path;
    if (responder->faults.auth_puzzle_bits != 0 && message->header.exchange == IKE_EXCHANGE_AUTH)
        responder_check_auth_puzzle(responder, sa, message);
    responder->received = message;
    bool understood = receive_sealed(responder, sa, message);
    if (responder->received == NULL) /* taken */
        (void)g_steal_pointer(&message);
    return understood;
}
