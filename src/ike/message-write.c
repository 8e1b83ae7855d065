/*
 * Messages for sending: putting them together, writing them in clear, sealing them whole or in
 * fragments (RFC 7296, section 3.14; RFC 7383, section 2.5).
 */
#include "base/error.h"
#include "ike/message.h"

static void
add(IkeMessage *message, IkePayload payload)
{
    ike_message_add(message, g_memdup2(&payload, sizeof payload));
}

void
ike_message_add(IkeMessage *message, IkePayload *payload)
{
    g_ptr_array_add(message->payloads, payload);
}

void
ike_message_add_sa(IkeMessage *message, IkeProposalList *proposals)
{
    add(message,
        (IkePayload){ .type = IKE_PAYLOAD_SA, .sa = { ike_proposal_list_ref(proposals) } });
}

void
ike_message_add_ke(IkeMessage *message, uint16_t group, GBytes *data)
{
    add(message, (IkePayload){ .type = IKE_PAYLOAD_KE, .ke = { group, g_bytes_ref(data) } });
}

void
ike_message_add_nonce(IkeMessage *message, GBytes *nonce)
{
    add(message, (IkePayload){ .type = IKE_PAYLOAD_NONCE, .nonce = { g_bytes_ref(nonce) } });
}

void
ike_message_add_id(IkeMessage *message, uint8_t payload_type, uint8_t id_type, GBytes *data)
{
    PayloadId id = { .type = id_type, .data = g_bytes_ref(data) };
    add(message, (IkePayload){ .type = payload_type, .id = id });
}

void
ike_message_add_auth(IkeMessage *message, uint8_t method, GBytes *data)
{
    add(message, (IkePayload){ .type = IKE_PAYLOAD_AUTH, .auth = { method, g_bytes_ref(data) } });
}

void
ike_message_add_cert(IkeMessage *message, uint8_t encoding, GBytes *data)
{
    add(message, (IkePayload){ .type = IKE_PAYLOAD_CERT, .cert = { encoding, g_bytes_ref(data) } });
}

void
ike_message_add_certreq(IkeMessage *message, uint8_t encoding, GBytes *authorities)
{
    PayloadCertreq certreq = { encoding, g_bytes_ref(authorities) };
    add(message, (IkePayload){ .type = IKE_PAYLOAD_CERTREQ, .certreq = certreq });
}

void
ike_message_add_ts(IkeMessage *message, uint8_t payload_type, const GArray *selectors)
{
    PayloadTs ts = { g_array_new(FALSE, FALSE, sizeof(TrafficSelector)) };
    g_array_append_vals(ts.selectors, selectors->data, selectors->len);
    add(message, (IkePayload){ .type = payload_type, .ts = ts });
}

void
ike_message_add_notify(IkeMessage *message, uint16_t type, const void *data, size_t length)
{
    PayloadNotify notify = { .type = type, .data = g_bytes_new(data, length) };
    add(message, (IkePayload){ .type = IKE_PAYLOAD_NOTIFY, .notify = notify });
}

void
ike_message_add_notify_child(IkeMessage *message, uint16_t type, uint32_t spi)
{
    PayloadNotify notify = { .protocol = IKE_PROTOCOL_ESP,
                             .spi_length = 4,
                             .spi = { (uint8_t)(spi >> 24), (uint8_t)(spi >> 16),
                                      (uint8_t)(spi >> 8), (uint8_t)spi },
                             .type = type,
                             .data = g_bytes_new(NULL, 0) };
    add(message, (IkePayload){ .type = IKE_PAYLOAD_NOTIFY, .notify = notify });
}

static void
add_delete(IkeMessage *message, uint8_t protocol, const uint32_t *spis, size_t n_spis)
{
    PayloadDelete del = { protocol, g_array_new(FALSE, FALSE, sizeof(uint32_t)) };
    if (n_spis > 0)
        g_array_append_vals(del.spis, spis, (guint)n_spis);
    add(message, (IkePayload){ .type = IKE_PAYLOAD_DELETE, .del = del });
}

void
ike_message_add_delete_ike(IkeMessage *message)
{
    add_delete(message, IKE_PROTOCOL_IKE, NULL, 0);
}

void
ike_message_add_delete_children(IkeMessage *message, const uint32_t *spis, size_t n_spis)
{
    g_return_if_fail(n_spis > 0 && n_spis <= PAYLOAD_DELETE_MAX_SPIS);
    add_delete(message, IKE_PROTOCOL_ESP, spis, n_spis);
}

void
ike_message_add_vendor(IkeMessage *message, const void *data, size_t length)
{
    PayloadVendor vendor = { g_bytes_new(data, length) };
    add(message, (IkePayload){ .type = IKE_PAYLOAD_VENDOR, .vendor = vendor });
}

void
ike_message_add_eap(IkeMessage *message, GBytes *packet)
{
    add(message, (IkePayload){ .type = IKE_PAYLOAD_EAP, .eap = { g_bytes_ref(packet) } });
}

PayloadCp *
ike_message_add_cp(IkeMessage *message, uint8_t cfg_type)
{
    IkePayload *payload = ike_payload_new(IKE_PAYLOAD_CP);
    payload_cp_init(&payload->cp, cfg_type);
    ike_message_add(message, payload);
    return &payload->cp;
}

/* --- Writing --- */

static uint8_t
type_at(const IkeMessage *message, guint index)
{
    if (index >= message->payloads->len)
        return IKE_PAYLOAD_NONE;
    const IkePayload *payload = g_ptr_array_index(message->payloads, index);
    return payload->type;
}

static void
write_payloads(const IkeMessage *message, ByteWriter *writer)
{
    for (guint i = 0; i < message->payloads->len; i++)
        ike_payload_write(g_ptr_array_index(message->payloads, i), type_at(message, i + 1), writer);
}

static void
write_header(const IkeMessage *message, uint8_t next_payload, size_t length, ByteWriter *writer)
{
    IkeHeader header = message->header;
    header.next_payload = next_payload;
    header.length = (uint32_t)length;
    ike_header_write(&header, writer);
}

static bool
too_large(GError **error)
{
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                "a message for sending is longer than %d octets", IKE_MESSAGE_MAX_LENGTH);
    return false;
}

GBytes *
ike_message_write(const IkeMessage *message, GError **error)
{
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    write_header(message, type_at(message, 0), 0, &writer);
    write_payloads(message, &writer);
    /* The length is the last field of the header. */
    byte_writer_set_u32(&writer, IKE_HEADER_LENGTH - 4, (uint32_t)byte_writer_length(&writer));
    GBytes *octets = byte_writer_end(&writer);
    if (octets == NULL)
        too_large(error);
    return octets;
}

/* What one SK or SKF payload is to carry. */
typedef struct {
    uint8_t type;
    uint8_t first_inner;
    uint16_t number;
    uint16_t total;
    const uint8_t *plain;
    size_t length;
} Piece;

/* Octets of the message around the sealed part. */
static size_t
head_length(uint8_t type)
{
    return IKE_HEADER_LENGTH + IKE_PAYLOAD_HEADER_LENGTH +
           (type == IKE_PAYLOAD_SKF ? PAYLOAD_SKF_FIXED_LENGTH : 0);
}

static GBytes *
seal_piece(const IkeMessage *message, PayloadSkSealer *sealer, const Piece *piece, GError **error)
{
    /* In the first fragment only (RFC 7383, section 2.5.3). */
    GBytes *solution = piece->number <= 1 ? message->solution : NULL;
    size_t clear = solution != NULL ? IKE_PAYLOAD_HEADER_LENGTH + g_bytes_get_size(solution) : 0;
    size_t length =
        head_length(piece->type) + clear + payload_sk_sealed_length(sealer->aead, piece->length);
    if (length > IKE_MESSAGE_MAX_LENGTH) {
        too_large(error);
        return NULL;
    }
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, length);
    write_header(message, solution != NULL ? IKE_PAYLOAD_PUZZLE : piece->type, length, &writer);
    if (solution != NULL) {
        IkePayload payload = { .type = IKE_PAYLOAD_PUZZLE, .puzzle = { solution } };
        ike_payload_write(&payload, piece->type, &writer);
    }
    IkePayloadHeader header = { .next = piece->first_inner,
                                .length = (uint16_t)(length - clear - IKE_HEADER_LENGTH -
                                                     IKE_PAYLOAD_HEADER_LENGTH) };
    ike_payload_header_write(&header, &writer);
    if (piece->type == IKE_PAYLOAD_SKF) {
        byte_writer_u16(&writer, piece->number);
        byte_writer_u16(&writer, piece->total);
    }
    if (!payload_sk_seal(sealer, piece->plain, piece->length, &writer)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "the cipher failed");
        return NULL;
    }
    return byte_writer_end(&writer);
}

/* Octets of plaintext that fit a fragment of at most max octets; 0 where none do. */
static size_t
fragment_capacity(const Aead *aead, size_t max)
{
    size_t around = head_length(IKE_PAYLOAD_SKF) + aead_iv_length(aead) + aead_icv_length(aead);
    size_t block = aead_block_length(aead);
    if (max <= around)
        return 0;
    size_t text = (max - around) / block * block;
    return text > 0 ? text - 1 : 0;
}

static bool
seal_fragments(const IkeMessage *message, PayloadSkSealer *sealer, GBytes *plain, size_t capacity,
               GPtrArray *out, GError **error)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(plain, &length);
    size_t total = capacity > 0 ? (length + capacity - 1) / capacity : SIZE_MAX;
    if (total > IKE_FRAGMENT_MAX_TOTAL) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                    "a message of %zu octets needs more than %d fragments", length,
                    IKE_FRAGMENT_MAX_TOTAL);
        return false;
    }
    for (size_t i = 0; i < total; i++) {
        Piece piece = { .type = IKE_PAYLOAD_SKF,
                        .first_inner = i == 0 ? type_at(message, 0) : IKE_PAYLOAD_NONE,
                        .number = (uint16_t)(i + 1),
                        .total = (uint16_t)total,
                        .plain = octets + i * capacity,
                        .length = MIN(capacity, length - i * capacity) };
        GBytes *datagram = seal_piece(message, sealer, &piece, error);
        if (datagram == NULL)
            return false;
        g_ptr_array_add(out, datagram);
    }
    return true;
}

static bool
seal_whole(const IkeMessage *message, PayloadSkSealer *sealer, GBytes *plain, GPtrArray *out,
           GError **error)
{
    Piece piece = { .type = IKE_PAYLOAD_SK, .first_inner = type_at(message, 0) };
    piece.plain = g_bytes_get_data(plain, &piece.length);
    GBytes *datagram = seal_piece(message, sealer, &piece, error);
    if (datagram == NULL)
        return false;
    g_ptr_array_add(out, datagram);
    return true;
}

GBytes *
ike_message_write_payloads(const IkeMessage *message, GError **error)
{
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    write_payloads(message, &writer);
    GBytes *plain = byte_writer_end(&writer);
    if (plain == NULL)
        too_large(error);
    return plain;
}

GPtrArray *
ike_message_seal(const IkeMessage *message, PayloadSkSealer *sealer, size_t max_length,
                 GError **error)
{
    g_autoptr(GBytes) plain = ike_message_write_payloads(message, error);
    if (plain == NULL)
        return NULL;
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    size_t length = head_length(IKE_PAYLOAD_SK) +
                    payload_sk_sealed_length(sealer->aead, g_bytes_get_size(plain));
    bool whole = max_length == 0 || length <= max_length;
    bool done = whole ? seal_whole(message, sealer, plain, out, error)
                      : seal_fragments(message, sealer, plain,
                                       fragment_capacity(sealer->aead, max_length), out, error);
    return done ? g_steal_pointer(&out) : NULL;
}
