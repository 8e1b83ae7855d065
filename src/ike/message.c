#include "ike/message.h"

#include <string.h>

#include "base/error.h"

static void
free_payload(gpointer payload)
{
    ike_payload_free(payload);
}

IkeMessage *
ike_message_new(const IkeHeader *header)
{
    IkeMessage *message = g_new0(IkeMessage, 1);
    message->references = 1;
    message->header = *header;
    message->payloads = g_ptr_array_new_with_free_func(free_payload);
    return message;
}

IkeMessage *
ike_message_ref(IkeMessage *message)
{
    message->references++;
    return message;
}

void
ike_message_free(IkeMessage *message)
{
    if (message == NULL || --message->references > 0)
        return;
    g_ptr_array_unref(message->payloads);
    g_clear_pointer(&message->octets, g_bytes_unref);
    g_clear_pointer(&message->solution, g_bytes_unref);
    g_clear_pointer(&message->plain, g_bytes_unref);
    g_free(message);
}

/* --- Reading --- */

/* Where a chain of payloads stands. */
typedef struct {
    IkeMessage *message;
    ByteReader reader;
    uint8_t next;    /* type of the payload that begins at reader */
    unsigned n_seen; /* ignored ones too */
    bool inside;     /* of SK: an SK in there is malformed */
} Chain;

/* The protected payload: the last one of its message (RFC 7296, section 3.14), whose Next Payload
 * tells what is inside. */
static bool
parse_sealed(Chain *chain, const IkePayloadHeader *header, GError **error)
{
    bool fragment = chain->next == IKE_PAYLOAD_SKF;
    if (chain->inside || byte_reader_left(&chain->reader) != header->length) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%s payload: not the last one",
                    ike_payload_to_string(chain->next));
        return false;
    }
    if (!payload_sk_parse(&chain->reader, fragment, header->next, &chain->message->sk, error))
        return false;
    chain->message->sk.flags = header->flags;
    chain->message->sealed = true;
    chain->next = IKE_PAYLOAD_NONE;
    return byte_reader_skip(&chain->reader, byte_reader_left(&chain->reader));
}

static void
note_unknown(Chain *chain, const IkePayloadHeader *header)
{
    if (header->critical && chain->message->unsupported_critical == 0)
        chain->message->unsupported_critical = chain->next;
}

static bool
parse_one(Chain *chain, GError **error)
{
    IkePayloadHeader header;
    ByteReader body;
    if (++chain->n_seen > IKE_MAX_PAYLOADS) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE, "more than %d payloads",
                    IKE_MAX_PAYLOADS);
        return false;
    }
    if (!ike_payload_header_parse(&chain->reader, &header, error))
        return false;
    if (chain->next == IKE_PAYLOAD_SK || chain->next == IKE_PAYLOAD_SKF)
        return parse_sealed(chain, &header, error);
    if (!byte_reader_sub(&chain->reader, header.length, &body)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "%s payload: %u octets where %zu are left", ike_payload_to_string(chain->next),
                    header.length, byte_reader_left(&chain->reader));
        return false;
    }
    if (!ike_payload_is_known(chain->next)) {
        note_unknown(chain, &header);
    } else {
        IkePayload *payload = ike_payload_parse(chain->next, &body, error);
        if (payload == NULL)
            return false;
        g_ptr_array_add(chain->message->payloads, payload);
    }
    chain->next = header.next;
    return true;
}

static bool
parse_chain(Chain *chain, GError **error)
{
    while (chain->next != IKE_PAYLOAD_NONE)
        if (!parse_one(chain, error))
            return false;
    if (byte_reader_left(&chain->reader) != 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%zu octets behind the last payload",
                    byte_reader_left(&chain->reader));
        return false;
    }
    return true;
}

static bool
check_header(const IkeHeader *header, size_t length, GError **error)
{
    if (ike_header_major(header) != 2) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "IKE header: major version %u",
                    ike_header_major(header));
        return false;
    }
    if (header->length != length) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "IKE header: says %u octets where %zu came", header->length, length);
        return false;
    }
    return true;
}

IkeDecodeStatus
ike_message_parse(GBytes *datagram, IkeMessage **out, GError **error)
{
    ByteReader reader = byte_reader_for_bytes(datagram);
    IkeHeader header;
    *out = NULL;
    if (!ike_header_parse(&reader, &header, error) ||
        !check_header(&header, g_bytes_get_size(datagram), error))
        return IKE_DECODE_DISCARD;
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    message->octets = g_bytes_ref(datagram);
    Chain chain = { .message = message, .reader = reader, .next = header.next_payload };
    if (!parse_chain(&chain, error))
        return IKE_DECODE_DISCARD;
    *out = g_steal_pointer(&message);
    return IKE_DECODE_OK;
}

static IkeDecodeStatus
parse_inner(IkeMessage *message, GBytes *plain, uint8_t first, GError **error)
{
    Chain chain = {
        .message = message, .reader = byte_reader_for_bytes(plain), .next = first, .inside = true
    };
    g_ptr_array_set_size(message->payloads, 0);
    message->sealed = false;
    message->opened = true;
    message->plain = g_bytes_ref(plain);
    message->sk.first_inner = first;
    return parse_chain(&chain, error) ? IKE_DECODE_OK : IKE_DECODE_PROTECTED_ERROR;
}

static IkeFragment
fragment_of(const IkeMessage *message)
{
    return (IkeFragment){ .exchange = message->header.exchange,
                          .message_id = message->header.message_id,
                          .number = message->sk.number,
                          .total = message->sk.total,
                          .first_inner = message->sk.first_inner,
                          .flags = message->sk.flags };
}

static IkeDecodeStatus
discard(GError **error, const char *why)
{
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%s", why);
    return IKE_DECODE_DISCARD;
}

static IkeDecodeStatus
add_fragment(IkeMessage *message, IkeFragmentBuffer *fragments, GBytes *plain, GError **error)
{
    IkeFragment fragment = fragment_of(message);
    uint8_t first_inner;
    switch (ike_fragment_buffer_add(fragments, &fragment, plain)) {
    case IKE_FRAGMENT_STORED:
        return IKE_DECODE_PARTIAL;
    case IKE_FRAGMENT_REFUSED:
        return discard(error, "SKF payload: a repetition, or too much");
    case IKE_FRAGMENT_COMPLETE:
        break;
    }
    message->sk.flags = ike_fragment_buffer_flags(fragments);
    g_autoptr(GBytes) whole = ike_fragment_buffer_take(fragments, &first_inner);
    return parse_inner(message, whole, first_inner, error);
}

IkeDecodeStatus
ike_message_open(IkeMessage *message, Aead *aead, IkeFragmentBuffer *fragments, GError **error)
{
    g_return_val_if_fail(message->sealed, IKE_DECODE_DISCARD);
    bool fragment = message->sk.fragment;
    if (fragment) {
        IkeFragment position = fragment_of(message);
        if (fragments == NULL || !ike_fragment_buffer_wants(fragments, &position))
            return discard(error, "SKF payload: not expected");
    }
    bool authentic;
    g_autoptr(GBytes) plain = payload_sk_open(&message->sk, message->octets, aead, &authentic);
    if (!authentic)
        return discard(error, "the integrity check value does not match");
    if (plain == NULL) {
        discard(error, "SK payload: more padding than there is content");
        return IKE_DECODE_PROTECTED_ERROR;
    }
    if (fragment)
        return add_fragment(message, fragments, plain, error);
    return parse_inner(message, plain, message->sk.first_inner, error);
}

/* --- Looking --- */

static const IkePayload *
get(const IkeMessage *message, guint index)
{
    return g_ptr_array_index(message->payloads, index);
}

const IkePayload *
ike_message_find_next(const IkeMessage *message, uint8_t type, const IkePayload *after)
{
    bool behind = after == NULL;
    for (guint i = 0; i < message->payloads->len; i++) {
        const IkePayload *payload = get(message, i);
        if (behind && payload->type == type)
            return payload;
        behind = behind || payload == after;
    }
    return NULL;
}

const IkePayload *
ike_message_find(const IkeMessage *message, uint8_t type)
{
    return ike_message_find_next(message, type, NULL);
}

guint
ike_message_count(const IkeMessage *message, uint8_t type)
{
    guint n = 0;
    for (guint i = 0; i < message->payloads->len; i++)
        n += get(message, i)->type == type ? 1 : 0;
    return n;
}

const PayloadNotify *
ike_message_next_notify(const IkeMessage *message, const PayloadNotify *after)
{
    bool behind = after == NULL;
    for (guint i = 0; i < message->payloads->len; i++) {
        const IkePayload *payload = get(message, i);
        if (payload->type != IKE_PAYLOAD_NOTIFY)
            continue;
        if (behind)
            return &payload->notify;
        behind = &payload->notify == after;
    }
    return NULL;
}

const PayloadNotify *
ike_message_find_notify(const IkeMessage *message, uint16_t notify_type)
{
    const PayloadNotify *notify = NULL;
    while ((notify = ike_message_next_notify(message, notify)) != NULL)
        if (notify->type == notify_type)
            return notify;
    return NULL;
}

const PayloadNotify *
ike_message_find_error(const IkeMessage *message)
{
    const PayloadNotify *notify = NULL;
    while ((notify = ike_message_next_notify(message, notify)) != NULL)
        if (payload_notify_is_error(notify))
            return notify;
    return NULL;
}

static void
append_payload(GString *text, const IkePayload *payload)
{
    const char *name = payload->type == IKE_PAYLOAD_NOTIFY
                           ? ike_notify_to_string(payload->notify.type)
                           : ike_payload_to_string(payload->type);
    if (payload->type != IKE_PAYLOAD_NOTIFY)
        g_string_append_printf(text, " %s", name);
    else if (strcmp(name, "unknown") == 0)
        g_string_append_printf(text, " N(%u)", payload->notify.type);
    else
        g_string_append_printf(text, " N(%s)", name);
}

char *
ike_message_to_string(const IkeMessage *message)
{
    const IkeHeader *header = &message->header;
    GString *text = g_string_new("");
    g_string_append_printf(text, "%s %s %u:", ike_exchange_to_string(header->exchange),
                           ike_header_is_response(header) ? "response" : "request",
                           header->message_id);
    for (guint i = 0; i < message->payloads->len; i++)
        append_payload(text, get(message, i));
    if (message->sealed && message->sk.fragment)
        g_string_append_printf(text, " SKF(%u/%u)", message->sk.number, message->sk.total);
    else if (message->sealed)
        g_string_append(text, " SK");
    return g_string_free(text, FALSE);
}
