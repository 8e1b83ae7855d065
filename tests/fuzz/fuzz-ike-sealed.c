/*
 * What a peer with the keys can send: the input is sealed as it is, as one SK or in fragments, and
 * opened again. Octets: type of the first payload inside, exchange and direction, size of
 * fragments (0: none), then the content.
 */
#include "crypto/algorithms.h"
#include "fuzz.h"
#include "ike/message-rules.h"

static void
fill(Rng *rng, void *out, size_t length)
{
    uint8_t *octets = out;
    for (size_t i = 0; i < length; i++)
        octets[i] = (uint8_t)(i + 1);
}

static Aead *
make_aead(void)
{
    uint8_t *octets;
    g_autoptr(Secret) key = secret_new_blank(encr_key_length(ENCR_CHACHA20_POLY1305, 0), &octets);
    return aead_new(ENCR_CHACHA20_POLY1305, 0, key, INTEG_NONE, NULL, NULL);
}

typedef struct {
    uint8_t first, kind;
    uint16_t number, total;
    const uint8_t *content;
    size_t length;
} Piece;

static GBytes *
seal(PayloadSkSealer *sealer, const Piece *piece)
{
    bool fragment = piece->total > 0;
    size_t sealed = payload_sk_sealed_length(sealer->aead, piece->length);
    size_t around = IKE_PAYLOAD_HEADER_LENGTH + (fragment ? PAYLOAD_SKF_FIXED_LENGTH : 0);
    IkeHeader header = { .spi_i = 1,
                         .spi_r = 2,
                         .next_payload = fragment ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK,
                         .exchange = (uint8_t)(IKE_EXCHANGE_SA_INIT + piece->kind % 4),
                         .flags = piece->kind & IKE_FLAG_RESPONSE,
                         .length = (uint32_t)(IKE_HEADER_LENGTH + around + sealed) };
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_header_write(&header, &writer);
    byte_writer_u32(&writer, (uint32_t)piece->first << 24 | (uint32_t)(around + sealed));
    if (fragment) {
        byte_writer_u16(&writer, piece->number);
        byte_writer_u16(&writer, piece->total);
    }
    FUZZ_CHECK(payload_sk_seal(sealer, piece->content, piece->length, &writer));
    return byte_writer_end(&writer);
}

static void
receive(GBytes *datagram, Aead *aead, IkeFragmentBuffer *fragments, bool last)
{
    g_autoptr(IkeMessage) message = NULL;
    g_autoptr(GError) error = NULL;
    FUZZ_CHECK(ike_message_parse(datagram, &message, &error) == IKE_DECODE_OK);
    IkeDecodeStatus status = ike_message_open(message, aead, fragments, &error);
    /* It is authentic: it may be malformed, it cannot be forged. */
    FUZZ_CHECK(status != IKE_DECODE_DISCARD);
    FUZZ_CHECK((status == IKE_DECODE_PARTIAL) == !last);
    FUZZ_CHECK((status == IKE_DECODE_PROTECTED_ERROR) == (error != NULL));
    if (status != IKE_DECODE_OK)
        return;
    g_free(ike_message_to_string(message));
    ike_message_shape(message, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > 16000)
        return 0;
    Rng rng = { fill };
    g_autoptr(Aead) aead = make_aead();
    g_autoptr(IkeFragmentBuffer) fragments = ike_fragment_buffer_new();
    PayloadSkSealer sealer = { aead, &rng, 0 };
    Piece piece = { .first = data[0], .kind = data[1] };
    size_t length = size - 3;
    size_t step = data[2] == 0 ? length : MAX(data[2], length / 200 + 1);
    size_t total = step == 0 ? 1 : MAX((length + step - 1) / step, 1);
    for (size_t i = 0; i < total; i++) {
        piece.content = data + 3 + i * step;
        piece.length = MIN(step, length - i * step);
        piece.number = (uint16_t)(i + 1);
        piece.total = data[2] == 0 ? 0 : (uint16_t)total;
        g_autoptr(GBytes) datagram = seal(&sealer, &piece);
        receive(datagram, aead, fragments, i + 1 == total);
        piece.first = IKE_PAYLOAD_NONE;
    }
    return 0;
}
