/*
 * Who the gateway is: its identity against the profile's, its certificate against the trusted ones
 * and against that identity, its signature against the certificate (RFC 7296, sections 2.15, 3.6
 * and 4).
 */
#include "ike/proc.h"

#include "crypto/error.h"
#include "crypto/signature.h"
#include "ike/auth.h"

/* Whoever has the pre-shared key is the one; a certificate could be anybody's. */
static bool
expect_nobody(IkeEngine *engine)
{
    if (engine->config->remote_auth == IKE_AUTH_PSK)
        return true;
    engine_close_unauthenticated(engine, IKE_CLOSE_IDENTITY_MISMATCH,
                                 "The profile does not say who the gateway has to be.");
    return false;
}

bool
proc_auth_check_identity(IkeEngine *engine, const PayloadId *idr)
{
    const IkeIdentity *expected = &engine->config->remote_id;
    if (expected->data == NULL)
        return expect_nobody(engine);
    if (auth_identity_equal(expected->type, expected->data, idr->type, idr->data))
        return true;
    /* A gateway may name itself by its certificate's subject, and a profile may expect that; then
     * the certificate has to carry the other one as well, which proc_auth_check_certificate sees
     * to. */
    if ((idr->type == IKE_ID_DER_ASN1_DN || expected->type == IKE_ID_DER_ASN1_DN) &&
        engine->config->remote_auth == IKE_AUTH_CERTIFICATE)
        return true;
    g_autofree char *says = payload_id_to_string(idr);
    g_autofree char *wanted = auth_identity_to_string(expected->type, expected->data);
    engine_close_unauthenticated(engine, IKE_CLOSE_IDENTITY_MISMATCH,
                                 "The gateway says that it is %s, but the profile expects %s.",
                                 says, wanted);
    return false;
}

/* The first CERT is the gateway's own, the others help (RFC 7296, section 3.6).
 * Deviation: certificates by hash and URL (RFC 7296, section 3.6) are neither asked for nor sent. A
 * gateway that has proved nothing yet would have us fetch from wherever it says; what they save,
 * fragments do (RFC 7383). */
static GPtrArray *
read_chain(const IkeMessage *message)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(message, IKE_PAYLOAD_CERT, payload)) != NULL &&
           chain->len < CERTIFICATE_MAX_CHAIN) {
        gsize length;
        if (payload->cert.encoding != IKE_CERT_X509_SIGNATURE)
            continue;
        const void *der = g_bytes_get_data(payload->cert.data, &length);
        Certificate *certificate = certificate_new_der(der, length, NULL);
        if (certificate == NULL && chain->len == 0)
            break;
        if (certificate != NULL)
            g_ptr_array_add(chain, certificate);
    }
    return chain;
}

static IkeCloseReason
reason_for(const GError *error)
{
    if (g_error_matches(error, CRYPTO_ERROR, CRYPTO_ERROR_EXPIRED))
        return IKE_CLOSE_CERT_EXPIRED;
    if (g_error_matches(error, CRYPTO_ERROR, CRYPTO_ERROR_NOT_YET_VALID))
        return IKE_CLOSE_CERT_NOT_YET_VALID;
    return IKE_CLOSE_CERT_UNTRUSTED;
}

static bool
speaks_for(const Certificate *certificate, uint8_t type, GBytes *data)
{
    gsize length;
    const void *octets = g_bytes_get_data(data, &length);
    return certificate_matches_identity(certificate, type, octets, length);
}

static bool
check_names(IkeEngine *engine, const Certificate *certificate, const PayloadId *idr)
{
    const IkeIdentity *expected = &engine->config->remote_id;
    bool matches = speaks_for(certificate, idr->type, idr->data) &&
                   speaks_for(certificate, expected->type, expected->data);
    if (matches)
        return true;
    g_autofree char *says = payload_id_to_string(idr);
    g_autofree char *names = certificate_names_to_string(certificate);
    g_autofree char *wanted = auth_identity_to_string(expected->type, expected->data);
    engine_close_unauthenticated(engine, IKE_CLOSE_IDENTITY_MISMATCH,
                                 "The gateway says that it is %s and the profile expects %s, but "
                                 "its certificate is for %s.",
                                 says, wanted,
                                 names != NULL && *names != '\0' ? names : "no name at all");
    return false;
}

static bool
check_signature(IkeEngine *engine, IkeSa *sa, const Certificate *certificate,
                const IkeMessage *message)
{
    g_autoptr(GError) error = NULL;
    const PayloadAuth *auth = &ike_message_find(message, IKE_PAYLOAD_AUTH)->auth;
    g_autoptr(GBytes) id_body = payload_id_body(&ike_message_find(message, IKE_PAYLOAD_IDR)->id);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->suite.prf, sa->keys.pr, id_body);
    GBytes *int_auth = engine->setup.int_auth;
    Chunk octets[] = { chunk_bytes(engine->setup.response), chunk_bytes(engine->setup.nonce_i),
                       chunk_secret(maced_id),
                       int_auth != NULL ? chunk_bytes(int_auth) : chunk(NULL, 0) };
    gsize length;
    const void *data = g_bytes_get_data(auth->data, &length);
    if (certificate_verify_auth(certificate, auth->method, data, length, octets,
                                G_N_ELEMENTS(octets), &error))
        return true;
    engine_close_unauthenticated(engine, IKE_CLOSE_AUTH_REMOTE,
                                 "the gateway's signature does not prove that it holds the key of "
                                 "its certificate: %s",
                                 error->message);
    return false;
}

bool
proc_auth_check_certificate(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                            GPtrArray **path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) chain = read_chain(message);
    if (chain->len == 0) {
        engine_close_unauthenticated(engine, IKE_CLOSE_CERT_UNTRUSTED,
                                     "the gateway sent no certificate that can be read");
        return false;
    }
    const Certificate *certificate = g_ptr_array_index(chain, 0);
    int64_t now_s = engine->config->wall_clock_s + engine->now / DURATION_SECOND;
    if (engine->config->trust == NULL ||
        !trust_store_verify(engine->config->trust, chain, now_s, path, &error)) {
        engine_close_unauthenticated(engine, reason_for(error),
                                     "the gateway's certificate is not good: %s",
                                     error != NULL ? error->message : "nothing is trusted");
        return false;
    }
    engine->setup.not_after = certificate_not_after(certificate);
    return check_names(engine, certificate, &ike_message_find(message, IKE_PAYLOAD_IDR)->id) &&
           check_signature(engine, sa, certificate, message);
}
