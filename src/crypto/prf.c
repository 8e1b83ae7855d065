#include "crypto/prf.h"

#include "crypto/algorithms.h"

#include <gnutls/crypto.h>

static gnutls_mac_algorithm_t
prf_mac(uint16_t prf)
{
    switch (prf) {
    case PRF_HMAC_SHA1:
        return GNUTLS_MAC_SHA1;
    case PRF_HMAC_SHA2_256:
        return GNUTLS_MAC_SHA256;
    case PRF_HMAC_SHA2_384:
        return GNUTLS_MAC_SHA384;
    case PRF_HMAC_SHA2_512:
        return GNUTLS_MAC_SHA512;
    default:
        return GNUTLS_MAC_UNKNOWN;
    }
}

Secret *
prf_compute(uint16_t prf, const Secret *key, const Chunk *chunks, size_t n_chunks)
{
    gnutls_hmac_hd_t mac;
    uint8_t *out;
    int rc = gnutls_hmac_init(&mac, prf_mac(prf), secret_data(key), secret_length(key));
    if (rc < 0)
        g_error("HMAC: %s", gnutls_strerror(rc)); /* the caller knows the PRF: out of memory */
    for (size_t i = 0; i < n_chunks; i++)
        if (chunks[i].length > 0)
            gnutls_hmac(mac, chunks[i].data, chunks[i].length);
    Secret *result = secret_new_blank(prf_output_length(prf), &out);
    gnutls_hmac_deinit(mac, out);
    return result;
}

/* T1 = prf(K, S | 0x01), Tn = prf(K, Tn-1 | S | n) (RFC 7296, section 2.13). */
Secret *
prf_plus(uint16_t prf, const Secret *key, const Chunk *chunks, size_t n_chunks, size_t length)
{
    size_t step = prf_output_length(prf);
    g_return_val_if_fail(step > 0 && length <= 255 * step && n_chunks <= PRF_PLUS_MAX_CHUNKS, NULL);
    uint8_t *out;
    Secret *result = secret_new_blank(length, &out);
    g_autoptr(Secret) previous = NULL;
    for (size_t done = 0, round = 1; done < length; round++) {
        Chunk input[PRF_PLUS_MAX_CHUNKS + 2];
        size_t n = 0;
        uint8_t counter = (uint8_t)round;
        if (previous != NULL)
            input[n++] = chunk_secret(previous);
        for (size_t i = 0; i < n_chunks; i++)
            input[n++] = chunks[i];
        input[n++] = chunk(&counter, 1);
        Secret *block = prf_compute(prf, key, input, n);
        size_t take = MIN(step, length - done);
        memcpy(out + done, secret_data(block), take);
        done += take;
        secret_unref(previous);
        previous = block;
    }
    return result;
}

static gnutls_digest_algorithm_t
hash_digest(uint16_t hash)
{
    switch (hash) {
    case HASH_SHA1:
        return GNUTLS_DIG_SHA1;
    case HASH_SHA2_256:
        return GNUTLS_DIG_SHA256;
    case HASH_SHA2_384:
        return GNUTLS_DIG_SHA384;
    case HASH_SHA2_512:
        return GNUTLS_DIG_SHA512;
    default:
        return GNUTLS_DIG_UNKNOWN;
    }
}

size_t
hash_length(uint16_t hash)
{
    gnutls_digest_algorithm_t digest = hash_digest(hash);
    return digest == GNUTLS_DIG_UNKNOWN ? 0 : gnutls_hash_get_len(digest);
}

void
hash_compute(uint16_t hash, const Chunk *chunks, size_t n_chunks, uint8_t *out)
{
    gnutls_hash_hd_t handle;
    int rc = gnutls_hash_init(&handle, hash_digest(hash));
    if (rc < 0)
        g_error("hash: %s", gnutls_strerror(rc));
    for (size_t i = 0; i < n_chunks; i++)
        if (chunks[i].length > 0)
            gnutls_hash(handle, chunks[i].data, chunks[i].length);
    gnutls_hash_deinit(handle, out);
}
