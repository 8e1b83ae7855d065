#include "crypto/mschapv2.h"

#include <nettle/des.h>
#include <nettle/md4.h>
#include <nettle/sha1.h>
#include <string.h>

#include "crypto/error.h"

#define NT_HASH 16 /* octets */

/* RFC 2759, section 8.7; RFC 3079, section 3.4. */
static const char signing_words[] = "Magic server to client signing constant";
static const char iteration_words[] = "Pad to make it do more than one iteration";
static const char master_words[] = "This is the MPPE Master Key";

static void
append_unit(uint8_t *out, size_t *length, uint16_t unit)
{
    out[(*length)++] = (uint8_t)(unit & 0xff);
    out[(*length)++] = (uint8_t)(unit >> 8);
}

/* NULL when it is no UTF-8, or too long. */
static Secret *
to_utf16(const Secret *password)
{
    const char *at = (const char *)secret_data(password);
    const char *end = at + secret_length(password);
    uint8_t *out;
    size_t length = 0;
    if (!g_utf8_validate_len(at, secret_length(password), NULL))
        return NULL;
    g_autoptr(Secret) room = secret_new_blank(2 * MSCHAPV2_MAX_PASSWORD + 4, &out);
    for (; at < end; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (length >= 2 * MSCHAPV2_MAX_PASSWORD)
            return NULL;
        if (c < 0x10000) {
            append_unit(out, &length, (uint16_t)c);
        } else {
            append_unit(out, &length, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
            append_unit(out, &length, (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff)));
        }
    }
    return length <= 2 * MSCHAPV2_MAX_PASSWORD ? secret_new_part(room, 0, length) : NULL;
}

static void
md4(const void *data, size_t length, uint8_t digest[NT_HASH])
{
    struct md4_ctx context;
    md4_init(&context);
    md4_update(&context, length, data);
    md4_digest(&context, NT_HASH, digest);
    secret_wipe(&context, sizeof context);
}

typedef struct {
    const void *data;
    size_t length;
} Part;

static void
sha1(const Part *parts, size_t n, uint8_t digest[SHA1_DIGEST_SIZE])
{
    struct sha1_ctx context;
    sha1_init(&context);
    for (size_t i = 0; i < n; i++)
        sha1_update(&context, parts[i].length, parts[i].data);
    sha1_digest(&context, SHA1_DIGEST_SIZE, digest);
    secret_wipe(&context, sizeof context);
}

/* DES with 56 bits of key, spread over eight octets that have a bit of parity each. */
static void
des_part(const uint8_t key[7], const uint8_t challenge[8], uint8_t out[8])
{
    uint8_t spread[DES_KEY_SIZE];
    struct des_ctx context;
    uint64_t bits = 0;
    for (size_t i = 0; i < 7; i++)
        bits = bits << 8 | key[i];
    for (size_t i = 0; i < DES_KEY_SIZE; i++)
        spread[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
    des_set_key(&context, spread); /* a weak key is the password's fault */
    des_encrypt(&context, DES_BLOCK_SIZE, out, challenge);
    secret_wipe(spread, sizeof spread);
    secret_wipe(&context, sizeof context);
    secret_wipe(&bits, sizeof bits);
}

/* RFC 2759, section 8.5. */
static void
challenge_response(const uint8_t challenge[8], const uint8_t nt_hash[NT_HASH], uint8_t out[24])
{
    uint8_t padded[21] = { 0 };
    memcpy(padded, nt_hash, NT_HASH);
    for (size_t i = 0; i < 3; i++)
        des_part(padded + 7 * i, challenge, out + 8 * i);
    secret_wipe(padded, sizeof padded);
}

static void
authenticator_response(const uint8_t hash_hash[NT_HASH], const uint8_t nt_response[24],
                       const uint8_t challenge[8], uint8_t out[SHA1_DIGEST_SIZE])
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    const Part first[] = { { hash_hash, NT_HASH },
                           { nt_response, MSCHAPV2_NT_RESPONSE },
                           { signing_words, strlen(signing_words) } };
    sha1(first, G_N_ELEMENTS(first), digest);
    const Part second[] = { { digest, sizeof digest },
                            { challenge, 8 },
                            { iteration_words, strlen(iteration_words) } };
    sha1(second, G_N_ELEMENTS(second), out);
}

static Secret *
master_key(const uint8_t hash_hash[NT_HASH], const uint8_t nt_response[24])
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    const Part parts[] = { { hash_hash, NT_HASH },
                           { nt_response, MSCHAPV2_NT_RESPONSE },
                           { master_words, strlen(master_words) } };
    sha1(parts, G_N_ELEMENTS(parts), digest);
    Secret *key = secret_new(digest, MSCHAPV2_MASTER_KEY);
    secret_wipe(digest, sizeof digest);
    return key;
}

bool
mschapv2_answer(const uint8_t authenticator_challenge[MSCHAPV2_CHALLENGE],
                const uint8_t peer_challenge[MSCHAPV2_CHALLENGE], const char *user_name,
                const Secret *password, Mschapv2Answer *answer, GError **error)
{
    uint8_t nt_hash[NT_HASH], hash_hash[NT_HASH], challenge[SHA1_DIGEST_SIZE];
    g_autoptr(Secret) utf16 = to_utf16(password);
    if (utf16 == NULL || strlen(user_name) > MSCHAPV2_MAX_NAME) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID,
                    "the password or the user name has a form that MSCHAPv2 cannot use");
        return false;
    }
    const Part parts[] = { { peer_challenge, MSCHAPV2_CHALLENGE },
                           { authenticator_challenge, MSCHAPV2_CHALLENGE },
                           { user_name, strlen(user_name) } };
    sha1(parts, G_N_ELEMENTS(parts), challenge); /* its first 8 octets count */
    md4(secret_data(utf16), secret_length(utf16), nt_hash);
    md4(nt_hash, sizeof nt_hash, hash_hash);
    challenge_response(challenge, nt_hash, answer->nt_response);
    authenticator_response(hash_hash, answer->nt_response, challenge,
                           answer->authenticator_response);
    answer->master_key = master_key(hash_hash, answer->nt_response);
    secret_wipe(nt_hash, sizeof nt_hash);
    secret_wipe(hash_hash, sizeof hash_hash);
    return true;
}

void
mschapv2_answer_clear(Mschapv2Answer *answer)
{
    secret_wipe(answer->nt_response, sizeof answer->nt_response);
    secret_wipe(answer->authenticator_response, sizeof answer->authenticator_response);
    g_clear_pointer(&answer->master_key, secret_unref);
}
