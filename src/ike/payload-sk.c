#include "ike/payload-sk.h"

#include <string.h>

#include "base/error.h"

/* The longest IV of a cipher that we know is a block of AES. */
#define MAX_IV_LENGTH 16

bool
payload_sk_parse(ByteReader *reader, bool fragment, uint8_t first_inner, PayloadSk *out,
                 GError **error)
{
    *out = (PayloadSk){ .fragment = fragment, .first_inner = first_inner };
    if (fragment) {
        if (!byte_reader_u16(reader, &out->number) || !byte_reader_u16(reader, &out->total)) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                        "SKF payload: shorter than 4 octets");
            return false;
        }
        if (out->number == 0 || out->number > out->total) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "SKF payload: fragment %u of %u",
                        out->number, out->total);
            return false;
        }
    }
    out->offset = reader->offset;
    return true;
}

/* The message taken apart, the text in memory of its own because it is decrypted in place. */
typedef struct {
    const uint8_t *iv;
    uint8_t *text;
    size_t length;
    const uint8_t *icv;
} Sealed;

static bool
take_apart(const PayloadSk *sk, ByteReader reader, const Aead *aead, Sealed *out)
{
    size_t iv_length = aead_iv_length(aead);
    size_t icv_length = aead_icv_length(aead);
    const uint8_t *text;
    if (!byte_reader_skip(&reader, sk->offset) || !byte_reader_take(&reader, iv_length, &out->iv))
        return false;
    /* At least the Pad Length octet. */
    if (byte_reader_left(&reader) < icv_length + 1)
        return false;
    out->length = byte_reader_left(&reader) - icv_length;
    if (out->length % aead_block_length(aead) != 0 ||
        !byte_reader_take(&reader, out->length, &text) ||
        !byte_reader_take(&reader, icv_length, &out->icv))
        return false;
    out->text = g_memdup2(text, out->length);
    return true;
}

GBytes *
payload_sk_open(const PayloadSk *sk, GBytes *message, Aead *aead, bool *authentic)
{
    Sealed sealed;
    ByteReader reader = byte_reader_for_bytes(message);
    if (authentic != NULL)
        *authentic = false;
    if (!take_apart(sk, reader, aead, &sealed))
        return NULL;
    g_autofree uint8_t *text = sealed.text;
    AeadExtra extra = { .aad = reader.data, .aad_length = sk->offset };
    if (!aead_open(aead, &extra, sealed.iv, text, sealed.length, sealed.icv))
        return NULL;
    if (authentic != NULL)
        *authentic = true;
    /* Any content of the padding is accepted (RFC 7296, section 3.14). */
    size_t trailer = (size_t)text[sealed.length - 1] + 1;
    if (trailer > sealed.length)
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&text), sealed.length - trailer);
}

/* Plaintext, padding and the Pad Length octet. */
static size_t
padded_length(const Aead *aead, size_t length)
{
    size_t block = aead_block_length(aead);
    return (length + 1 + block - 1) / block * block;
}

size_t
payload_sk_sealed_length(const Aead *aead, size_t length)
{
    return aead_iv_length(aead) + padded_length(aead, length) + aead_icv_length(aead);
}

static void
make_iv(PayloadSkSealer *sealer, uint8_t *iv, size_t length)
{
    if (!aead_iv_is_counter(sealer->aead)) {
        rng_fill(sealer->rng, iv, length);
        return;
    }
    uint64_t number = sealer->next_iv++;
    for (size_t i = 0; i < length; i++)
        iv[length - 1 - i] = i < sizeof number ? (uint8_t)(number >> (8 * i)) : 0;
}

bool
payload_sk_seal(PayloadSkSealer *sealer, const uint8_t *plain, size_t length, ByteWriter *writer)
{
    Aead *aead = sealer->aead;
    uint8_t iv[MAX_IV_LENGTH];
    size_t iv_length = aead_iv_length(aead);
    size_t icv_length = aead_icv_length(aead);
    size_t text_length = padded_length(aead, length);
    g_return_val_if_fail(iv_length <= sizeof iv, false);
    if (writer->failed)
        return false;
    g_autofree uint8_t *text = g_malloc0(text_length + icv_length);
    if (length > 0)
        memcpy(text, plain, length);
    text[text_length - 1] = (uint8_t)(text_length - length - 1);
    make_iv(sealer, iv, iv_length);
    AeadExtra extra = { .aad = writer->array->data, .aad_length = writer->array->len };
    if (!aead_seal(aead, &extra, iv, text, text_length, text + text_length))
        return false;
    byte_writer_octets(writer, iv, iv_length);
    byte_writer_octets(writer, text, text_length + icv_length);
    return !writer->failed;
}
