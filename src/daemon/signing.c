#include "config.h"

#include "daemon/signing.h"

#include "base/bytes.h"
#include "crypto/algorithms.h"

#define IKE_HEADER_LENGTH    28
#define EXCHANGE_IKE_SA_INIT 34
#define FLAG_INITIATOR       0x08
#define FLAG_RESPONSE        0x20
#define IKE_VERSION_2        0x20
#define NONCE_MIN            16 /* RFC 7296, section 3.9 */
#define NONCE_MAX            256
#define MAX_HASHES           16
#define INT_AUTH_MID_LENGTH  4  /* RFC 9242, section 3.3.2 */
#define INT_AUTH_MID_MAX     64 /* message ID of IKE_AUTH behind a few IKE_INTERMEDIATE */

struct _Signer {
    uint8_t id_type;
    GBytes *id;
    Secret *psk, *ppk;
    PrivateKey *key;
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

/* An IKE_SA_INIT message of the wanted direction (RFC 7296, section 3.1). */
static bool
is_ike_sa_init(const Chunk *message, bool response)
{
    ByteReader reader = byte_reader(message->data, message->length);
    uint64_t spi_i, spi_r;
    uint8_t next_payload, version, exchange, flags;
    uint32_t message_id, length;
    if (!byte_reader_u64(&reader, &spi_i) || !byte_reader_u64(&reader, &spi_r) ||
        !byte_reader_u8(&reader, &next_payload) || !byte_reader_u8(&reader, &version) ||
        !byte_reader_u8(&reader, &exchange) || !byte_reader_u8(&reader, &flags) ||
        !byte_reader_u32(&reader, &message_id) || !byte_reader_u32(&reader, &length))
        return false;
    uint8_t direction = flags & (FLAG_INITIATOR | FLAG_RESPONSE);
    return exchange == EXCHANGE_IKE_SA_INIT && spi_i != 0 && (spi_r != 0) == response &&
           version >> 4 == IKE_VERSION_2 >> 4 && message_id == 0 && length == message->length &&
           direction == (response ? FLAG_RESPONSE : FLAG_INITIATOR);
}

typedef struct {
    GVariant *members[8];
    Chunk message, nonce, int_auth;
    uint16_t prf;
    Secret *sk_p;
} AuthRequest;

static void
auth_request_clear(AuthRequest *request)
{
    for (size_t i = 0; i < G_N_ELEMENTS(request->members); i++)
        g_clear_pointer(&request->members[i], g_variant_unref);
    g_clear_pointer(&request->sk_p, secret_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AuthRequest, auth_request_clear)

static Chunk
chunk_variant(GVariant *variant)
{
    gsize length;
    const void *data = g_variant_get_fixed_array(variant, &length, 1);
    return chunk(data, length);
}

/* IntAuth_i | IntAuth_r | message ID of IKE_AUTH, or nothing. */
static bool
is_int_auth(const Chunk *int_auth, uint16_t prf)
{
    size_t macs = 2 * prf_output_length(prf);
    ByteReader reader = byte_reader(int_auth->data, int_auth->length);
    uint32_t message_id;
    if (int_auth->length == 0)
        return true;
    return int_auth->length == macs + INT_AUTH_MID_LENGTH && byte_reader_skip(&reader, macs) &&
           byte_reader_u32(&reader, &message_id) && message_id > 1 &&
           message_id <= INT_AUTH_MID_MAX;
}

/* What SIGN and VERIFY have in common: serial, message, nonce, PRF, SK_p, and IntAuth, the last. */
static bool
auth_request_read(AuthRequest *request, GVariant *body, bool response, GError **error)
{
    gsize n = g_variant_n_children(body);
    for (gsize i = 0; i < n && i < G_N_ELEMENTS(request->members); i++)
        request->members[i] = g_variant_get_child_value(body, i);
    request->message = chunk_variant(request->members[1]);
    request->nonce = chunk_variant(request->members[2]);
    request->prf = g_variant_get_uint16(request->members[3]);
    Chunk sk_p = chunk_variant(request->members[4]);
    if (!is_ike_sa_init(&request->message, response))
        return refuse(error, "not an IKE_SA_INIT message");
    if (request->nonce.length < NONCE_MIN || request->nonce.length > NONCE_MAX)
        return refuse(error, "a nonce of a length that RFC 7296 does not allow");
    if (prf_output_length(request->prf) == 0)
        return refuse(error, "an unknown PRF");
    if (sk_p.length != prf_key_length(request->prf))
        return refuse(error, "SK_p does not fit the PRF");
    request->int_auth = chunk_variant(request->members[n - 1]);
    if (!is_int_auth(&request->int_auth, request->prf))
        return refuse(error, "no form that IntAuth has");
    request->sk_p = secret_new(sk_p.data, sk_p.length);
    return true;
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
    if (!signer_count(signer, now_s, error) || !auth_request_read(&request, body, false, error))
        return false;
    /* IDi' is ours to say: the identification payload without its generic header. */
    const uint8_t id_header[4] = { signer->id_type, 0, 0, 0 };
    Chunk id[] = { chunk(id_header, sizeof id_header), chunk_bytes(signer->id) };
    g_autoptr(Secret) mac_of_id = prf_compute(request.prf, request.sk_p, id, G_N_ELEMENTS(id));
    if (signer->key != NULL) {
        gsize n_hashes;
        const uint16_t *hashes =
            g_variant_get_fixed_array(request.members[5], &n_hashes, sizeof *hashes);
        Chunk octets[] = { request.message, request.nonce, chunk_secret(mac_of_id),
                           request.int_auth };
        return private_key_sign_auth(signer->key, hashes, MIN(n_hashes, MAX_HASHES), false, octets,
                                     G_N_ELEMENTS(octets), method, auth, error);
    }
    if (signer->psk == NULL)
        return refuse(error, "this connection has no secret to sign with");
    g_autoptr(Secret) mac = psk_auth(signer, &request, mac_of_id);
    *method = AUTH_METHOD_PSK;
    *auth = g_bytes_new(secret_data(mac), secret_length(mac));
    return true;
}

bool
signer_verify(Signer *signer, GVariant *body, int64_t now_s, bool *matches, GError **error)
{
    g_auto(AuthRequest) request = { 0 };
    if (!signer_count(signer, now_s, error) || !auth_request_read(&request, body, true, error))
        return false;
    if (signer->psk == NULL)
        return refuse(error, "this connection has no pre-shared key");
    Chunk id = chunk_variant(request.members[5]);
    Chunk received = chunk_variant(request.members[6]);
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
signer_set_ppk(Signer *signer, Secret *ppk)
{
    g_clear_pointer(&signer->ppk, secret_unref);
    signer->ppk = ppk != NULL ? secret_ref(ppk) : NULL;
}

/* SK = prf+(PPK, SK') (RFC 8784, section 3). */
static Secret *
mix(const Signer *signer, uint16_t prf, GVariant *plain)
{
    Chunk input = chunk_variant(plain);
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
