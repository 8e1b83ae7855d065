#include "config.h"

#include "daemon/signing.h"

#include "crypto/algorithms.h"
#include "crypto/auth-request.h"

struct _Signer {
    uint8_t id_type;
    GBytes *id;
    Secret *psk, *ppk;
    PrivateKey *key;
    bool rsa_pkcs1;
    int64_t window_start_s;
    unsigned uses;
};

G_DEFINE_QUARK(ginnel_signing_error, signing_error)

Signer *
signer_new(uint8_t id_type, GBytes *id, Secret *psk, PrivateKey *key)
{
    Signer *signer = g_new0(Signer, 1);
    signer->id_type = id_type;
    signer->id = g_bytes_ref(id);
    signer->psk = psk != NULL ? secret_ref(psk) : NULL;
    signer->key = key;
    return signer;
}

void
signer_free(Signer *signer)
{
    if (signer == NULL)
        return;
    g_bytes_unref(signer->id);
    g_clear_pointer(&signer->psk, secret_unref);
    g_clear_pointer(&signer->ppk, secret_unref);
    g_clear_pointer(&signer->key, private_key_free);
    g_free(signer);
}

void
signer_set_rsa_pkcs1(Signer *signer, bool rsa_pkcs1)
{
    signer->rsa_pkcs1 = rsa_pkcs1;
}

bool
signer_is_rsa_pkcs1(const Signer *signer)
{
    return signer->rsa_pkcs1;
}

void
signer_set_identity(Signer *signer, uint8_t id_type, GBytes *id)
{
    g_bytes_unref(signer->id);
    signer->id_type = id_type;
    signer->id = g_bytes_ref(id);
}

static bool
refuse(GError **error, const char *why)
{
    g_set_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED, "refused: %s", why);
    return false;
}

static bool
signer_count(Signer *signer, int64_t now_s, GError **error)
{
    if (now_s - signer->window_start_s >= SIGNER_WINDOW_S) {
        signer->window_start_s = now_s;
        signer->uses = 0;
    }
    if (signer->uses >= SIGNER_MAX_USES)
        return refuse(error, "too many requests");
    signer->uses++;
    return true;
}

/* Counts a use, and reads what SIGN or VERIFY holds. */
static bool
signer_read(Signer *signer, AuthRequest *request, GVariant *body, bool response, int64_t now_s,
            GError **error)
{
    if (!signer_count(signer, now_s, error))
        return false;
    const char *why = auth_request_read(request, body, response);
    return why == NULL || refuse(error, why);
}

/* AUTH = prf(prf(shared secret, "Key Pad for IKEv2"), octets) (RFC 7296, section 2.15). */
static Secret *
psk_auth(const Signer *signer, const AuthRequest *request, const Secret *mac_of_id)
{
    Chunk pad = chunk("Key Pad for IKEv2", 17);
    g_autoptr(Secret) key = prf_compute(request->prf, signer->psk, &pad, 1);
    Chunk octets[] = { request->message, request->nonce, chunk_secret(mac_of_id),
                       request->int_auth };
    return prf_compute(request->prf, key, octets, G_N_ELEMENTS(octets));
}

bool
signer_sign(Signer *signer, GVariant *body, int64_t now_s, uint8_t *method, GBytes **auth,
            GError **error)
{
    g_auto(AuthRequest) request = { 0 };
    if (!signer_read(signer, &request, body, false, now_s, error))
        return false;
    if (signer->key != NULL)
        return auth_request_sign(&request, signer->key, signer->id_type, signer->id,
                                 signer->rsa_pkcs1, method, auth, error);
    if (signer->psk == NULL)
        return refuse(error, "this connection has no secret to sign with");
    g_autoptr(Secret) mac_of_id = auth_request_mac_of_id(&request, signer->id_type, signer->id);
    g_autoptr(Secret) mac = psk_auth(signer, &request, mac_of_id);
    *method = AUTH_METHOD_PSK;
    *auth = g_bytes_new(secret_data(mac), secret_length(mac));
    return true;
}

bool
signer_check_sign(Signer *signer, GVariant *body, int64_t now_s, GError **error)
{
    g_auto(AuthRequest) request = { 0 };
    return signer_read(signer, &request, body, false, now_s, error);
}

bool
signer_verify(Signer *signer, GVariant *body, int64_t now_s, bool *matches, GError **error)
{
    g_auto(AuthRequest) request = { 0 };
    if (!signer_read(signer, &request, body, true, now_s, error))
        return false;
    if (signer->psk == NULL)
        return refuse(error, "this connection has no pre-shared key");
    Chunk id = auth_request_chunk(request.members[5]);
    Chunk received = auth_request_chunk(request.members[6]);
    g_autoptr(Secret) mac_of_id = prf_compute(request.prf, request.sk_p, &id, 1);
    g_autoptr(Secret) mac = psk_auth(signer, &request, mac_of_id);
    *matches = secret_length(mac) == received.length &&
               secret_octets_equal(secret_data(mac), received.data, received.length);
    return true;
}

void
signer_set_key(Signer *signer, PrivateKey *key)
{
    g_clear_pointer(&signer->key, private_key_free);
    signer->key = key;
}

void
signer_set_psk(Signer *signer, Secret *psk)
{
    g_clear_pointer(&signer->psk, secret_unref);
    signer->psk = psk != NULL ? secret_ref(psk) : NULL;
}

void
signer_set_ppk(Signer *signer, Secret *ppk)
{
    g_clear_pointer(&signer->ppk, secret_unref);
    signer->ppk = ppk != NULL ? secret_ref(ppk) : NULL;
}

/* SK = prf+(PPK, SK') (RFC 8784, section 3). */
static Secret *
mix(const Signer *signer, uint16_t prf, GVariant *plain)
{
    Chunk input = auth_request_chunk(plain);
    return prf_plus(prf, signer->ppk, &input, 1, input.length);
}

bool
signer_mix_ppk(Signer *signer, GVariant *request, int64_t now_s, Secret *mixed[3], GError **error)
{
    uint16_t prf;
    g_autoptr(GVariant) sk_d = g_variant_get_child_value(request, 2);
    g_autoptr(GVariant) sk_pi = g_variant_get_child_value(request, 3);
    g_autoptr(GVariant) sk_pr = g_variant_get_child_value(request, 4);
    GVariant *plain[] = { sk_d, sk_pi, sk_pr };
    g_variant_get_child(request, 1, "q", &prf);
    if (!signer_count(signer, now_s, error))
        return false;
    if (signer->ppk == NULL)
        return refuse(error, "this connection has no post-quantum pre-shared key");
    if (prf_output_length(prf) == 0)
        return refuse(error, "an unknown PRF");
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
        if (g_variant_get_size(plain[i]) != prf_key_length(prf))
            return refuse(error, "keys that do not fit the PRF");
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
        mixed[i] = mix(signer, prf, plain[i]);
    return true;
}
