#include "config.h"

#include "crypto/auth-request.h"

#include "base/bytes.h"
#include "crypto/algorithms.h"

#define EXCHANGE_IKE_SA_INIT 34
#define FLAG_INITIATOR       0x08
#define FLAG_RESPONSE        0x20
#define IKE_VERSION_2        0x20
#define NONCE_MIN            16 /* RFC 7296, section 3.9 */
#define NONCE_MAX            256
#define MAX_HASHES           16
#define INT_AUTH_MID_LENGTH  4  /* RFC 9242, section 3.3.2 */
#define INT_AUTH_MID_MAX     64 /* message ID of IKE_AUTH behind a few IKE_INTERMEDIATE */

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

void
auth_request_clear(AuthRequest *request)
{
    for (size_t i = 0; i < G_N_ELEMENTS(request->members); i++)
        g_clear_pointer(&request->members[i], g_variant_unref);
    g_clear_pointer(&request->sk_p, secret_unref);
}

Chunk
auth_request_chunk(GVariant *variant)
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

const char *
auth_request_read(AuthRequest *request, GVariant *body, bool response)
{
    gsize n = g_variant_n_children(body);
    for (gsize i = 0; i < n && i < G_N_ELEMENTS(request->members); i++)
        request->members[i] = g_variant_get_child_value(body, i);
    request->message = auth_request_chunk(request->members[1]);
    request->nonce = auth_request_chunk(request->members[2]);
    request->prf = g_variant_get_uint16(request->members[3]);
    Chunk sk_p = auth_request_chunk(request->members[4]);
    if (!is_ike_sa_init(&request->message, response))
        return "not an IKE_SA_INIT message";
    if (request->nonce.length < NONCE_MIN || request->nonce.length > NONCE_MAX)
        return "a nonce of a length that RFC 7296 does not allow";
    if (prf_output_length(request->prf) == 0)
        return "an unknown PRF";
    if (sk_p.length != prf_key_length(request->prf))
        return "SK_p does not fit the PRF";
    request->int_auth = auth_request_chunk(request->members[n - 1]);
    if (!is_int_auth(&request->int_auth, request->prf))
        return "no form that IntAuth has";
    request->sk_p = secret_new(sk_p.data, sk_p.length);
    return NULL;
}

Secret *
auth_request_mac_of_id(const AuthRequest *request, uint8_t id_type, GBytes *id)
{
    /* The identification payload without its generic header. */
    const uint8_t id_header[4] = { id_type, 0, 0, 0 };
    Chunk chunks[] = { chunk(id_header, sizeof id_header), chunk_bytes(id) };
    return prf_compute(request->prf, request->sk_p, chunks, G_N_ELEMENTS(chunks));
}

bool
auth_request_sign(const AuthRequest *request, const PrivateKey *key, uint8_t id_type, GBytes *id,
                  bool rsa_pkcs1, uint8_t *method, GBytes **auth, GError **error)
{
    g_autoptr(Secret) mac_of_id = auth_request_mac_of_id(request, id_type, id);
    gsize n_hashes;
    const uint16_t *hashes =
        g_variant_get_fixed_array(request->members[5], &n_hashes, sizeof *hashes);
    Chunk octets[] = { request->message, request->nonce, chunk_secret(mac_of_id),
                       request->int_auth };
    return private_key_sign_auth(key, hashes, MIN(n_hashes, MAX_HASHES), rsa_pkcs1, octets,
                                 G_N_ELEMENTS(octets), method, auth, error);
}
