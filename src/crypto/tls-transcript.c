#include "config.h"

#include "crypto/tls-transcript.h"

#include <string.h>

#include <gnutls/crypto.h>

#include "base/bytes.h"

#define TYPE_HELLO_REQUEST 0
#define TYPE_SERVER_HELLO  2
#define TYPE_MESSAGE_HASH  254
#define MAX_DIGEST         64

/* ServerHello.random of a HelloRetryRequest (RFC 8446, section 4.1.3): SHA-256 of its name. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

void
tls_transcript_init(TlsTranscript *transcript)
{
    *transcript = (TlsTranscript){ .messages = g_byte_array_new() };
}

void
tls_transcript_clear(TlsTranscript *transcript)
{
    g_clear_pointer(&transcript->messages, g_byte_array_unref);
    g_clear_pointer(&transcript->first_hello, g_bytes_unref);
}

static bool
is_retry(uint8_t type, const void *body, size_t length)
{
    ByteReader reader = byte_reader(body, length);
    const uint8_t *random;
    return type == TYPE_SERVER_HELLO && byte_reader_skip(&reader, 2) &&
           byte_reader_take(&reader, sizeof retry_random, &random) &&
           memcmp(random, retry_random, sizeof retry_random) == 0;
}

void
tls_transcript_add(TlsTranscript *transcript, uint8_t type, const void *body, size_t length)
{
    const uint8_t header[] = { type, (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                               (uint8_t)length };
    if (type == TYPE_HELLO_REQUEST)
        return;
    if (transcript->messages->len + sizeof header + length > TLS_TRANSCRIPT_MAX) {
        transcript->overflow = true;
        return;
    }
    if (transcript->first_hello == NULL && is_retry(type, body, length)) {
        transcript->first_hello =
            g_bytes_new(transcript->messages->data, transcript->messages->len);
        g_byte_array_set_size(transcript->messages, 0);
    }
    g_byte_array_append(transcript->messages, header, sizeof header);
    if (length > 0)
        g_byte_array_append(transcript->messages, body, (guint)length);
}

/* Transcript-Hash (RFC 8446, section 4.4.1), into out; its length, 0 for none. */
static size_t
transcript_hash(const TlsTranscript *transcript, gnutls_digest_algorithm_t hash, uint8_t *out)
{
    gnutls_hash_hd_t state;
    size_t length = gnutls_hash_get_len(hash);
    if (length == 0 || length > MAX_DIGEST || gnutls_hash_init(&state, hash) < 0)
        return 0;
    if (transcript->first_hello != NULL) {
        uint8_t digest[MAX_DIGEST];
        const uint8_t header[] = { TYPE_MESSAGE_HASH, 0, 0, (uint8_t)length };
        gnutls_hash_fast(hash, g_bytes_get_data(transcript->first_hello, NULL),
                         g_bytes_get_size(transcript->first_hello), digest);
        gnutls_hash(state, header, sizeof header);
        gnutls_hash(state, digest, length);
    }
    gnutls_hash(state, transcript->messages->data, transcript->messages->len);
    gnutls_hash_deinit(state, out);
    return length;
}

static GBytes *
form_of_tls13(const TlsTranscript *transcript, gnutls_digest_algorithm_t hash)
{
    static const char words[] = "TLS 1.3, client CertificateVerify"; /* with its zero */
    uint8_t digest[MAX_DIGEST], padding[64];
    size_t length = transcript_hash(transcript, hash, digest);
    g_autoptr(GByteArray) form = g_byte_array_new();
    memset(padding, ' ', sizeof padding);
    g_byte_array_append(form, padding, sizeof padding);
    g_byte_array_append(form, (const uint8_t *)words, sizeof words);
    g_byte_array_append(form, digest, (guint)length);
    return g_byte_array_free_to_bytes(g_steal_pointer(&form));
}

GBytes *
tls_transcript_signed(const TlsTranscript *transcript, bool tls13, gnutls_digest_algorithm_t hash,
                      gnutls_digest_algorithm_t algorithm, const gnutls_datum_t *digest)
{
    uint8_t ours[MAX_DIGEST];
    size_t length = gnutls_hash_get_len(algorithm);
    if (transcript->overflow || length == 0 || length > sizeof ours || length != digest->size)
        return NULL;
    g_autoptr(GBytes) octets =
        tls13 ? form_of_tls13(transcript, hash)
              : g_bytes_new(transcript->messages->data, transcript->messages->len);
    gnutls_hash_fast(algorithm, g_bytes_get_data(octets, NULL), g_bytes_get_size(octets), ours);
    return memcmp(ours, digest->data, length) == 0 ? g_steal_pointer(&octets) : NULL;
}
