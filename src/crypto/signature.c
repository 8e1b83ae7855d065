#include "config.h"

#include "crypto/signature.h"

#include "base/bytes.h"
#include "crypto/algorithms.h"
#include "crypto/certificate-private.h"
#include "crypto/error.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#define RSA_MIN_BITS  2048
#define MAX_SIGNATURE 4096
#define MAX_SIGNED    (128 * 1024)

struct _PrivateKey {
    gnutls_x509_privkey_t x509;
    gnutls_privkey_t handle;
    gnutls_pk_algorithm_t algorithm;
    unsigned bits;
};

/* AlgorithmIdentifiers as RFC 7427, appendix A, prints them. */
typedef struct {
    gnutls_sign_algorithm_t sign;
    gnutls_pk_algorithm_t pk;
    uint16_t hash;
    uint8_t length;
    uint8_t oid[70];
} SignatureScheme;

#define RSA_OID(last)                                                                              \
    15,                                                                                            \
    {                                                                                              \
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last, 0x05, 0x00   \
    }
#define ECDSA_OID(last)                                                                            \
    12,                                                                                            \
    {                                                                                              \
        0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last                     \
    }
/* RSASSA-PSS with MGF1 on the same hash and a salt of the hash's length (RFC 7427, appendix A.4).
 */
#define PSS_OID(hash, salt)                                                                        \
    67,                                                                                            \
    {                                                                                              \
        0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34,  \
            0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,    \
            hash, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,    \
            0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,    \
            0x04, 0x02, hash, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, salt                             \
    }

static const SignatureScheme schemes[] = {
    { GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, HASH_SHA2_256, ECDSA_OID(0x02) },
    { GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA, HASH_SHA2_384, ECDSA_OID(0x03) },
    { GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_ECDSA, HASH_SHA2_512, ECDSA_OID(0x04) },
    { GNUTLS_SIGN_RSA_PSS_SHA256, GNUTLS_PK_RSA, HASH_SHA2_256, PSS_OID(0x01, 0x20) },
    { GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_PK_RSA, HASH_SHA2_384, PSS_OID(0x02, 0x30) },
    { GNUTLS_SIGN_RSA_PSS_SHA512, GNUTLS_PK_RSA, HASH_SHA2_512, PSS_OID(0x03, 0x40) },
    { GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, HASH_SHA2_256, RSA_OID(0x0b) },
    { GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA, HASH_SHA2_384, RSA_OID(0x0c) },
    { GNUTLS_SIGN_RSA_SHA512, GNUTLS_PK_RSA, HASH_SHA2_512, RSA_OID(0x0d) },
    { GNUTLS_SIGN_EDDSA_ED25519,
      GNUTLS_PK_EDDSA_ED25519,
      HASH_IDENTITY,
      7,
      { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 } },
    { GNUTLS_SIGN_EDDSA_ED448,
      GNUTLS_PK_EDDSA_ED448,
      HASH_IDENTITY,
      7,
      { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71 } },
};

static bool
is_pss(const SignatureScheme *scheme)
{
    return scheme->sign == GNUTLS_SIGN_RSA_PSS_SHA256 ||
           scheme->sign == GNUTLS_SIGN_RSA_PSS_SHA384 || scheme->sign == GNUTLS_SIGN_RSA_PSS_SHA512;
}

/* A key that is for PSS alone (RFC 4055, section 1.2) makes and checks PSS as any RSA key does. */
static bool
fits_key(const SignatureScheme *scheme, gnutls_pk_algorithm_t pk)
{
    return scheme->pk == pk || (pk == GNUTLS_PK_RSA_PSS && is_pss(scheme));
}

PrivateKey *
private_key_from_pem(const char *pem, size_t length, const Secret *password, GError **error)
{
    g_autoptr(PrivateKey) key = g_new0(PrivateKey, 1);
    gnutls_datum_t datum = { (void *)pem, (unsigned)length };
    g_autofree char *word =
        password != NULL ? g_strndup((const char *)secret_data(password), secret_length(password))
                         : NULL;
    gnutls_x509_privkey_init(&key->x509);
    gnutls_privkey_init(&key->handle);
    int rc = gnutls_x509_privkey_import2(key->x509, &datum, GNUTLS_X509_FMT_PEM, word, 0);
    if (word != NULL)
        secret_wipe(word, strlen(word));
    if (rc == 0)
        rc = gnutls_privkey_import_x509(key->handle, key->x509, 0);
    if (rc < 0) {
        bool locked = rc == GNUTLS_E_DECRYPTION_FAILED;
        g_set_error(error, CRYPTO_ERROR,
                    locked ? CRYPTO_ERROR_WRONG_PASSWORD : CRYPTO_ERROR_INVALID, "private key: %s",
                    locked ? "it is encrypted, and the password does not open it"
                           : gnutls_strerror(rc));
        return NULL;
    }
    key->algorithm =
        (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(key->handle, &key->bits);
    return g_steal_pointer(&key);
}

PrivateKey *
private_key_wrap(struct gnutls_privkey_st *handle)
{
    PrivateKey *key = g_new0(PrivateKey, 1);
    key->handle = handle;
    key->algorithm =
        (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(key->handle, &key->bits);
    return key;
}

void
private_key_free(PrivateKey *key)
{
    if (key == NULL)
        return;
    gnutls_privkey_deinit(key->handle);
    if (key->x509 != NULL)
        gnutls_x509_privkey_deinit(key->x509);
    g_free(key);
}

/* A PSS key may come with parameters or without, and is the same key (RFC 4055, section 1.2): the
 * modulus tells. */
static bool
moduli_equal(gnutls_pubkey_t a, gnutls_pubkey_t b)
{
    gnutls_datum_t modulus_a = { 0 }, modulus_b = { 0 };
    bool equal = gnutls_pubkey_export_rsa_raw2(a, &modulus_a, NULL, 0) == 0 &&
                 gnutls_pubkey_export_rsa_raw2(b, &modulus_b, NULL, 0) == 0 &&
                 modulus_a.size == modulus_b.size &&
                 memcmp(modulus_a.data, modulus_b.data, modulus_a.size) == 0;
    gnutls_free(modulus_a.data);
    gnutls_free(modulus_b.data);
    return equal;
}

static bool
ids_equal(gnutls_pubkey_t a, gnutls_pubkey_t b)
{
    uint8_t id_a[64], id_b[64];
    size_t length_a = sizeof id_a, length_b = sizeof id_b;
    return gnutls_pubkey_get_key_id(a, GNUTLS_KEYID_USE_SHA256, id_a, &length_a) == 0 &&
           gnutls_pubkey_get_key_id(b, GNUTLS_KEYID_USE_SHA256, id_b, &length_b) == 0 &&
           length_a == length_b && memcmp(id_a, id_b, length_a) == 0;
}

bool
private_key_matches(const PrivateKey *key, const Certificate *certificate)
{
    gnutls_pubkey_t ours, theirs;
    gnutls_pubkey_init(&ours);
    gnutls_pubkey_init(&theirs);
    bool read = gnutls_pubkey_import_privkey(ours, key->handle, 0, 0) == 0 &&
                gnutls_pubkey_import_x509(theirs, certificate_handle(certificate), 0) == 0;
    bool pss = read && gnutls_pubkey_get_pk_algorithm(theirs, NULL) == GNUTLS_PK_RSA_PSS;
    bool matches = read && (pss ? moduli_equal(ours, theirs) : ids_equal(ours, theirs));
    gnutls_pubkey_deinit(ours);
    gnutls_pubkey_deinit(theirs);
    return matches;
}

static GBytes *
join(const Chunk *chunks, size_t n_chunks)
{
    ByteWriter writer;
    byte_writer_init(&writer, MAX_SIGNED);
    for (size_t i = 0; i < n_chunks; i++)
        byte_writer_octets(&writer, chunks[i].data, chunks[i].length);
    return byte_writer_end(&writer);
}

/* The hash that fits the key's strength best comes first, then any that the peer has. */
static const SignatureScheme *
choose_scheme(const PrivateKey *key, const uint16_t *hashes, size_t n_hashes, bool rsa_pkcs1)
{
    uint16_t best = key->algorithm == GNUTLS_PK_ECDSA && key->bits > 384   ? HASH_SHA2_512
                    : key->algorithm == GNUTLS_PK_ECDSA && key->bits > 256 ? HASH_SHA2_384
                                                                           : HASH_SHA2_256;
    const SignatureScheme *found = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        const SignatureScheme *scheme = &schemes[i];
        bool announced = false;
        for (size_t h = 0; h < n_hashes; h++)
            announced = announced || hashes[h] == scheme->hash;
        if (!announced || !fits_key(scheme, key->algorithm))
            continue;
        if (key->algorithm == GNUTLS_PK_RSA && is_pss(scheme) == rsa_pkcs1)
            continue;
        if (scheme->hash == best)
            return scheme;
        if (found == NULL)
            found = scheme;
    }
    return found;
}

static bool
sign_octets(const PrivateKey *key, gnutls_sign_algorithm_t algorithm, GBytes *octets,
            gnutls_datum_t *signature, GError **error)
{
    gnutls_datum_t data = { (void *)g_bytes_get_data(octets, NULL),
                            (unsigned)g_bytes_get_size(octets) };
    int rc = gnutls_privkey_sign_data2(key->handle, algorithm, 0, &data, signature);
    if (rc < 0)
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "signature: %s", gnutls_strerror(rc));
    return rc >= 0;
}

static bool
sign_digital(const PrivateKey *key, const SignatureScheme *scheme, GBytes *octets, GBytes **auth,
             GError **error)
{
    gnutls_datum_t signature = { 0 };
    if (!sign_octets(key, scheme->sign, octets, &signature, error))
        return false;
    ByteWriter writer;
    byte_writer_init(&writer, MAX_SIGNATURE);
    byte_writer_u8(&writer, scheme->length);
    byte_writer_octets(&writer, scheme->oid, scheme->length);
    byte_writer_octets(&writer, signature.data, signature.size);
    gnutls_free(signature.data);
    *auth = byte_writer_end(&writer);
    return true;
}

typedef struct {
    uint8_t method;
    gnutls_sign_algorithm_t sign;
    size_t half; /* octets of r and of s (RFC 4754, section 3) */
} LegacyEcdsa;

static const LegacyEcdsa legacy_ecdsa[] = {
    { AUTH_METHOD_ECDSA_256, GNUTLS_SIGN_ECDSA_SHA256, 32 },
    { AUTH_METHOD_ECDSA_384, GNUTLS_SIGN_ECDSA_SHA384, 48 },
    { AUTH_METHOD_ECDSA_521, GNUTLS_SIGN_ECDSA_SHA512, 66 },
};

/* r or s without or with leading zeros, to exactly half octets. */
static void
pad_number(const gnutls_datum_t *number, uint8_t *out, size_t half)
{
    const uint8_t *data = number->data;
    size_t size = number->size;
    for (; size > half; size--)
        data++;
    memset(out, 0, half - size);
    memcpy(out + half - size, data, size);
}

static bool
sign_legacy_ecdsa(const PrivateKey *key, GBytes *octets, uint8_t *method, GBytes **auth,
                  GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(legacy_ecdsa); i++) {
        const LegacyEcdsa *legacy = &legacy_ecdsa[i];
        gnutls_datum_t signature = { 0 }, r = { 0 }, s = { 0 };
        uint8_t out[132];
        /* Of P-521, the library says that it has 528 bits. */
        if (legacy->half != (key->bits + 7) / 8)
            continue;
        if (!sign_octets(key, legacy->sign, octets, &signature, error))
            return false;
        gnutls_decode_rs_value(&signature, &r, &s);
        pad_number(&r, out, legacy->half);
        pad_number(&s, out + legacy->half, legacy->half);
        gnutls_free(signature.data);
        gnutls_free(r.data);
        gnutls_free(s.data);
        *method = legacy->method;
        *auth = g_bytes_new(out, 2 * legacy->half);
        return true;
    }
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                "the gateway does not take signatures of this kind of key");
    return false;
}

static bool
sign_legacy(const PrivateKey *key, GBytes *octets, uint8_t *method, GBytes **auth, GError **error)
{
    if (key->algorithm == GNUTLS_PK_ECDSA)
        return sign_legacy_ecdsa(key, octets, method, auth, error);
    if (key->algorithm != GNUTLS_PK_RSA) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "the gateway does not take signatures of this kind of key");
        return false;
    }
    /* Method 1 has no way to say which hash; SHA-1 is what every implementation expects (RFC 7296,
     * section 3.8). */
    gnutls_datum_t signature = { 0 };
    if (!sign_octets(key, GNUTLS_SIGN_RSA_SHA1, octets, &signature, error))
        return false;
    *method = AUTH_METHOD_RSA;
    *auth = g_bytes_new(signature.data, signature.size);
    gnutls_free(signature.data);
    return true;
}

bool
private_key_sign_auth(const PrivateKey *key, const uint16_t *hashes, size_t n_hashes,
                      bool rsa_pkcs1, const Chunk *chunks, size_t n_chunks, uint8_t *method,
                      GBytes **auth, GError **error)
{
    g_autoptr(GBytes) octets = join(chunks, n_chunks);
    if (octets == NULL) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "too much to sign");
        return false;
    }
    const SignatureScheme *scheme = choose_scheme(key, hashes, n_hashes, rsa_pkcs1);
    if (scheme == NULL)
        return sign_legacy(key, octets, method, auth, error);
    g_autoptr(GError) why = NULL;
    *method = AUTH_METHOD_DIGITAL_SIGNATURE;
    if (sign_digital(key, scheme, octets, auth, &why))
        return true;
    /* Not every token knows PSS. */
    bool other_way = is_pss(scheme) && key->algorithm == GNUTLS_PK_RSA;
    scheme = other_way ? choose_scheme(key, hashes, n_hashes, true) : NULL;
    if (scheme != NULL)
        return sign_digital(key, scheme, octets, auth, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
signature_is_rsa_pss(uint8_t method, const void *auth, size_t length)
{
    for (size_t i = 0; method == AUTH_METHOD_DIGITAL_SIGNATURE && i < G_N_ELEMENTS(schemes); i++)
        if (is_pss(&schemes[i]) && length > schemes[i].length &&
            memcmp((const uint8_t *)auth + 1, schemes[i].oid, schemes[i].length) == 0)
            return true;
    return false;
}

/* Deviation: RFC 7296, section 4, would have RSA keys of 1024 bits taken where somebody wants them.
 * RFC 8247, section 3.1.1, advises against it: whoever can break one would be the gateway to us. */
static bool
verify(const Certificate *certificate, gnutls_sign_algorithm_t algorithm, unsigned flags,
       GBytes *octets, const void *signature, size_t length, GError **error)
{
    gnutls_pubkey_t key;
    gnutls_datum_t data = { (void *)g_bytes_get_data(octets, NULL),
                            (unsigned)g_bytes_get_size(octets) };
    gnutls_datum_t sig = { (void *)signature, (unsigned)length };
    unsigned bits = 0;
    gnutls_pubkey_init(&key);
    int rc = gnutls_pubkey_import_x509(key, certificate_handle(certificate), 0);
    if (rc == 0)
        rc = gnutls_pubkey_verify_data2(key, algorithm, flags, &data, &sig);
    int pk = gnutls_pubkey_get_pk_algorithm(key, &bits);
    gnutls_pubkey_deinit(key);
    if ((pk == GNUTLS_PK_RSA || pk == GNUTLS_PK_RSA_PSS) && bits < RSA_MIN_BITS) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "an RSA key of %u bits is too short; %d are needed", bits, RSA_MIN_BITS);
        return false;
    }
    if (rc < 0)
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_BAD_SIGNATURE, "signature: %s",
                    gnutls_strerror(rc));
    return rc >= 0;
}

static bool
verify_digital(const Certificate *certificate, const void *auth, size_t auth_length, GBytes *octets,
               GError **error)
{
    ByteReader reader = byte_reader(auth, auth_length);
    uint8_t length;
    const uint8_t *oid;
    if (!byte_reader_u8(&reader, &length) || !byte_reader_take(&reader, length, &oid)) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "authentication data is cut short");
        return false;
    }
    int pk = gnutls_x509_crt_get_pk_algorithm(certificate_handle(certificate), NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        const SignatureScheme *scheme = &schemes[i];
        if (scheme->length != length || memcmp(scheme->oid, oid, length) != 0 ||
            !fits_key(scheme, (gnutls_pk_algorithm_t)pk))
            continue;
        const uint8_t *signature = NULL;
        size_t left = byte_reader_left(&reader);
        return byte_reader_take(&reader, left, &signature) &&
               verify(certificate, scheme->sign, 0, octets, signature, left, error);
    }
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                "a signature algorithm that is not supported, or does not fit the certificate");
    return false;
}

static bool
verify_legacy_ecdsa(const Certificate *certificate, uint8_t method, const uint8_t *auth,
                    size_t auth_length, GBytes *octets, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(legacy_ecdsa); i++) {
        const LegacyEcdsa *legacy = &legacy_ecdsa[i];
        gnutls_datum_t signature = { 0 };
        if (legacy->method != method || auth_length != 2 * legacy->half)
            continue;
        gnutls_datum_t r = { (void *)auth, (unsigned)legacy->half };
        gnutls_datum_t s = { (void *)(auth + legacy->half), (unsigned)legacy->half };
        if (gnutls_encode_rs_value(&signature, &r, &s) < 0)
            break;
        bool ok =
            verify(certificate, legacy->sign, 0, octets, signature.data, signature.size, error);
        gnutls_free(signature.data);
        return ok;
    }
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "authentication data of a wrong length");
    return false;
}

bool
certificate_verify_auth(const Certificate *certificate, uint8_t method, const void *auth,
                        size_t auth_length, const Chunk *chunks, size_t n_chunks, GError **error)
{
    g_autoptr(GBytes) octets = join(chunks, n_chunks);
    if (octets == NULL || auth_length > MAX_SIGNATURE) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "too much to verify");
        return false;
    }
    switch (method) {
    case AUTH_METHOD_DIGITAL_SIGNATURE:
        return verify_digital(certificate, auth, auth_length, octets, error);
    case AUTH_METHOD_RSA:
        return verify(certificate, GNUTLS_SIGN_RSA_SHA1, GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1, octets,
                      auth, auth_length, error) ||
               (g_clear_error(error),
                verify(certificate, GNUTLS_SIGN_RSA_SHA256, 0, octets, auth, auth_length, error));
    case AUTH_METHOD_ECDSA_256:
    case AUTH_METHOD_ECDSA_384:
    case AUTH_METHOD_ECDSA_521:
        return verify_legacy_ecdsa(certificate, method, auth, auth_length, octets, error);
    default:
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "authentication method %u is not supported", method);
        return false;
    }
}

/* ECDSA without the curves: TLS 1.2 does not bind them to the hash (RFC 8446, section 4.2.3). */
static const struct {
    uint16_t scheme;
    gnutls_sign_algorithm_t sign;
    gnutls_pk_algorithm_t pk;
} tls_schemes[] = {
    { 0x0401, GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA },
    { 0x0501, GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA },
    { 0x0601, GNUTLS_SIGN_RSA_SHA512, GNUTLS_PK_RSA },
    { 0x0804, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA },
    { 0x0805, GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA },
    { 0x0806, GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA },
    { 0x0809, GNUTLS_SIGN_RSA_PSS_SHA256, GNUTLS_PK_RSA_PSS },
    { 0x080a, GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_PK_RSA_PSS },
    { 0x080b, GNUTLS_SIGN_RSA_PSS_SHA512, GNUTLS_PK_RSA_PSS },
    { 0x0403, GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA },
    { 0x0503, GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA },
    { 0x0603, GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_ECDSA },
    { 0x0807, GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519 },
    { 0x0808, GNUTLS_SIGN_EDDSA_ED448, GNUTLS_PK_EDDSA_ED448 },
};

bool
private_key_sign_tls(const PrivateKey *key, uint16_t scheme, const void *data, size_t length,
                     GBytes **signature, GError **error)
{
    gnutls_sign_algorithm_t sign = GNUTLS_SIGN_UNKNOWN;
    for (size_t i = 0; i < G_N_ELEMENTS(tls_schemes); i++)
        if (tls_schemes[i].scheme == scheme && tls_schemes[i].pk == key->algorithm)
            sign = tls_schemes[i].sign;
    const gnutls_datum_t input = { (unsigned char *)data, (unsigned)length };
    gnutls_datum_t output = { NULL, 0 };
    int status = sign == GNUTLS_SIGN_UNKNOWN || length > MAX_SIGNED
                     ? GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM
                     : gnutls_privkey_sign_data2(key->handle, sign, 0, &input, &output);
    if (status < 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "the key cannot sign for TLS with scheme 0x%04x: %s", scheme,
                    gnutls_strerror(status));
        return false;
    }
    *signature = g_bytes_new(output.data, output.size);
    gnutls_free(output.data);
    return true;
}
