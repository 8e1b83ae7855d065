#include "config.h"

#include "crypto/tls-signer.h"

#include <string.h>

#include <gnutls/crypto.h>

#include "crypto/certificate-private.h"
#include "crypto/error.h"
#include "crypto/tls-stream.h"
#include "crypto/tls-transcript.h"

typedef enum { TURN_CALLER, TURN_THREAD } Turn;

struct _TlsSigner {
    gnutls_pcert_st chain[CERTIFICATE_MAX_CHAIN];
    unsigned n_chain;
    gnutls_privkey_t key;
    gnutls_pk_algorithm_t algorithm;
    unsigned bits;

    TlsTranscript transcript;
    GThread *thread; /* NULL while no step runs */
    GMutex mutex;
    GCond turned;
    Turn turn;
    /* Whoever's turn it is may touch these. */
    gnutls_session_t session;
    bool returned, stopped;
    int rc;
    GBytes *to_sign, *signature;
    uint16_t scheme;
};

/* SignatureScheme (RFC 8446, section 4.2.3); TLS 1.2 has no curve in its ECDSA. */
static const struct {
    gnutls_sign_algorithm_t sign;
    gnutls_pk_algorithm_t pk;
    uint16_t scheme;
} schemes[] = {
    { GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, 0x0401 },
    { GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA, 0x0501 },
    { GNUTLS_SIGN_RSA_SHA512, GNUTLS_PK_RSA, 0x0601 },
    { GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, 0x0804 },
    { GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, 0x0805 },
    { GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA, 0x0806 },
    { GNUTLS_SIGN_RSA_PSS_SHA256, GNUTLS_PK_RSA_PSS, 0x0809 },
    { GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_PK_RSA_PSS, 0x080a },
    { GNUTLS_SIGN_RSA_PSS_SHA512, GNUTLS_PK_RSA_PSS, 0x080b },
    { GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, 0x0403 },
    { GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA, 0x0503 },
    { GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_ECDSA, 0x0603 },
    { GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_ECDSA, 0x0403 },
    { GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, GNUTLS_PK_ECDSA, 0x0503 },
    { GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, GNUTLS_PK_ECDSA, 0x0603 },
    { GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, 0x0807 },
    { GNUTLS_SIGN_EDDSA_ED448, GNUTLS_PK_EDDSA_ED448, 0x0808 },
};

static uint16_t
scheme_of(const TlsSigner *signer, gnutls_sign_algorithm_t sign)
{
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
        if (schemes[i].sign == sign && schemes[i].pk == signer->algorithm)
            return schemes[i].scheme;
    return 0;
}

/* ---- turns ---- */

static void
pass_turn(TlsSigner *signer, Turn turn)
{
    g_mutex_lock(&signer->mutex);
    signer->turn = turn;
    g_cond_broadcast(&signer->turned);
    g_mutex_unlock(&signer->mutex);
}

static void
wait_turn(TlsSigner *signer, Turn turn)
{
    g_mutex_lock(&signer->mutex);
    while (signer->turn != turn)
        g_cond_wait(&signer->turned, &signer->mutex);
    g_mutex_unlock(&signer->mutex);
}

static gpointer
run(gpointer data)
{
    TlsSigner *signer = data;
    wait_turn(signer, TURN_THREAD);
    signer->rc = gnutls_handshake(signer->session);
    signer->returned = true;
    pass_turn(signer, TURN_CALLER);
    return NULL;
}

/* Lets the thread go on until it has returned or wants something. */
static bool
let_run(TlsSigner *signer, int *rc)
{
    pass_turn(signer, TURN_THREAD);
    wait_turn(signer, TURN_CALLER);
    if (!signer->returned)
        return false;
    g_thread_join(g_steal_pointer(&signer->thread));
    *rc = signer->rc;
    return true;
}

bool
tls_signer_handshake(TlsSigner *signer, gnutls_session_t session, int *rc)
{
    g_return_val_if_fail(signer->thread == NULL, false);
    signer->session = session;
    signer->returned = false;
    signer->thread = g_thread_new("tls-signer", run, signer);
    return let_run(signer, rc);
}

GBytes *
tls_signer_request(const TlsSigner *signer, uint16_t *scheme)
{
    *scheme = signer->scheme;
    return signer->to_sign;
}

bool
tls_signer_answer(TlsSigner *signer, GBytes *signature, int *rc)
{
    g_return_val_if_fail(signer->thread != NULL, false);
    signer->signature = signature != NULL ? g_bytes_ref(signature) : NULL;
    return let_run(signer, rc);
}

void
tls_signer_stop(TlsSigner *signer)
{
    if (signer == NULL)
        return;
    signer->stopped = true; /* a second question is not asked */
    int rc;
    if (signer->thread != NULL)
        tls_signer_answer(signer, NULL, &rc);
}

/* ---- the key, as the library sees it ---- */

/* What the library takes is what the caller's side gives, once it has been given. */
static int
ask(TlsSigner *signer, uint16_t scheme, GBytes *octets, gnutls_datum_t *signature)
{
    g_clear_pointer(&signer->to_sign, g_bytes_unref);
    signer->to_sign = octets;
    signer->scheme = scheme;
    if (signer->stopped || scheme == 0 || octets == NULL)
        return GNUTLS_E_PK_SIGN_FAILED;
    pass_turn(signer, TURN_CALLER);
    wait_turn(signer, TURN_THREAD);
    g_autoptr(GBytes) given = g_steal_pointer(&signer->signature);
    gsize length = given != NULL ? g_bytes_get_size(given) : 0;
    if (length == 0 || length > TLS_STREAM_MAX_SIGNATURE)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = gnutls_malloc(length); /* the library frees it */
    if (signature->data == NULL)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, g_bytes_get_data(given, NULL), length);
    signature->size = (unsigned)length;
    return 0;
}

/* Of algorithms that hash within (EdDSA). */
static int
sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata, unsigned flags,
          const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    TlsSigner *signer = userdata;
    return ask(signer, scheme_of(signer, algorithm), g_bytes_new(data->data, data->size),
               signature);
}

static int
sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata, unsigned flags,
          const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    TlsSigner *signer = userdata;
    gnutls_session_t session = signer->session;
    gnutls_digest_algorithm_t digest = gnutls_sign_get_hash_algorithm(algorithm);
    uint8_t inner[64];
    gnutls_datum_t value = *hash;
    if (algorithm == GNUTLS_SIGN_RSA_RAW) { /* PKCS#1: the hash comes in its DigestInfo */
        unsigned length = sizeof inner;
        if (gnutls_decode_ber_digest_info(hash, &digest, inner, &length) < 0)
            return GNUTLS_E_PK_SIGN_FAILED;
        value = (gnutls_datum_t){ inner, length };
        algorithm = gnutls_pk_to_sign(GNUTLS_PK_RSA, digest);
    }
    GBytes *octets = tls_transcript_signed(&signer->transcript,
                                           gnutls_protocol_get_version(session) == GNUTLS_TLS1_3,
                                           gnutls_prf_hash_get(session), digest, &value);
    return ask(signer, scheme_of(signer, algorithm), octets, signature);
}

static int
describe(gnutls_privkey_t key, unsigned flags, void *userdata)
{
    const TlsSigner *signer = userdata;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0)
        return (int)signer->algorithm;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0)
        return (int)signer->bits;
    if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0)
        return scheme_of(signer, GNUTLS_FLAGS_TO_SIGN_ALGO(flags)) != 0;
    return -1;
}

static int
set_up(TlsSigner *signer, GPtrArray *chain)
{
    for (guint i = 0; i < chain->len && i < CERTIFICATE_MAX_CHAIN; i++) {
        int rc =
            gnutls_pcert_import_x509(&signer->chain[i], certificate_handle(chain->pdata[i]), 0);
        if (rc < 0)
            return rc;
        signer->n_chain++;
    }
    signer->algorithm = (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(
        signer->chain[0].pubkey, &signer->bits);
    int rc = gnutls_privkey_init(&signer->key);
    if (rc < 0)
        return rc;
    return gnutls_privkey_import_ext4(signer->key, signer, sign_data, sign_hash, NULL, NULL,
                                      describe, 0);
}

TlsSigner *
tls_signer_new(GPtrArray *chain, GError **error)
{
    TlsSigner *signer = g_new0(TlsSigner, 1);
    g_mutex_init(&signer->mutex);
    g_cond_init(&signer->turned);
    tls_transcript_init(&signer->transcript);
    int rc = set_up(signer, chain);
    if (rc < 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "our certificate is of no use in TLS: %s", gnutls_strerror(rc));
        tls_signer_free(signer);
        return NULL;
    }
    return signer;
}

void
tls_signer_free(TlsSigner *signer)
{
    if (signer == NULL)
        return;
    for (unsigned i = 0; i < signer->n_chain; i++)
        gnutls_pcert_deinit(&signer->chain[i]);
    if (signer->key != NULL)
        gnutls_privkey_deinit(signer->key);
    g_clear_pointer(&signer->to_sign, g_bytes_unref);
    g_clear_pointer(&signer->signature, g_bytes_unref);
    tls_transcript_clear(&signer->transcript);
    g_cond_clear(&signer->turned);
    g_mutex_clear(&signer->mutex);
    g_free(signer);
}

void
tls_signer_credentials(TlsSigner *signer, gnutls_pcert_st **chain, unsigned *n_chain,
                       gnutls_privkey_t *key)
{
    *chain = signer->chain;
    *n_chain = signer->n_chain;
    *key = signer->key;
}

void
tls_signer_note(TlsSigner *signer, uint8_t type, const void *body, size_t length)
{
    tls_transcript_add(&signer->transcript, type, body, length);
}
