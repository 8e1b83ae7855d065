/* The post-quantum side of the test responder: PPK (RFC 8784), IKE_INTERMEDIATE with additional key
 * exchanges (RFC 9242; RFC 9370). */
#include "ike-responder-private.h"

#include "crypto/prf.h"
#include "ike/int-auth.h"

void
responder_add_pq_notifies(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                          IkeMessage *reply)
{
    sa->ppk_agreed = responder->config->ppk != NULL &&
                     ike_message_find_notify(request, IKE_NOTIFY_USE_PPK) != NULL;
    if (sa->ppk_agreed)
        ike_message_add_notify(reply, IKE_NOTIFY_USE_PPK, NULL, 0);
    if (!responder->faults.no_intermediate &&
        ike_message_find_notify(request, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED) != NULL)
        ike_message_add_notify(reply, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED, NULL, 0);
}

/* --- PPK --- */

static void
mix(uint16_t prf, const Secret *ppk, Secret **key)
{
    Chunk input = chunk_secret(*key);
    Secret *mixed = prf_plus(prf, ppk, &input, 1, input.length);
    secret_unref(*key);
    *key = mixed;
}

GBytes *
responder_client_auth(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    const ResponderConfig *config = responder->config;
    IkeKeys *keys = &sa->ike->keys;
    const PayloadNotify *id = ike_message_find_notify(request, IKE_NOTIFY_PPK_IDENTITY);
    const PayloadNotify *plain = ike_message_find_notify(request, IKE_NOTIFY_NO_PPK_AUTH);
    GBytes *auth = ike_message_find(request, IKE_PAYLOAD_AUTH)->auth.data;
    if (!sa->ppk_agreed || sa->second_round)
        return config->ppk_required && !sa->ppk_used ? NULL : g_bytes_ref(auth);
    if (id == NULL)
        return NULL;
    if (!responder->faults.ppk_unknown && g_bytes_equal(id->data, config->ppk_id)) {
        sa->ppk_used = true;
        mix(sa->ike->suite.prf, config->ppk, &keys->d);
        mix(sa->ike->suite.prf, config->ppk, &keys->pi);
        mix(sa->ike->suite.prf, config->ppk, &keys->pr);
        return g_bytes_ref(auth);
    }
    return config->ppk_required || plain == NULL ? NULL : g_bytes_ref(plain->data);
}

void
responder_add_ppk_identity(IkeResponder *responder, ResponderSa *sa, IkeMessage *reply)
{
    if (sa->ppk_used && !responder->faults.ppk_unsaid)
        ike_message_add_notify(reply, IKE_NOTIFY_PPK_IDENTITY, NULL, 0);
}

/* --- IKE_INTERMEDIATE --- */

Chunk
responder_int_auth(const ResponderSa *sa)
{
    return sa->int_auth != NULL ? chunk_bytes(sa->int_auth) : chunk(NULL, 0);
}

static void
note(GBytes **value, uint16_t prf, const Secret *sk_p, const IkeMessage *message)
{
    GBytes *next = int_auth_next(prf, sk_p, *value, message);
    g_clear_pointer(value, g_bytes_unref);
    *value = next;
}

static void
update_keys(IkeResponder *responder, ResponderSa *sa, const Secret *shared)
{
    const IkeSuite suite = sa->ike->suite;
    IkeKeySeed seed = { sa->nonce_i, sa->nonce_r, sa->ike->spi_i, sa->ike->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    g_clear_pointer(&sa->old_aead, aead_free);
    sa->old_aead = g_steal_pointer(&sa->ike->aead_in);
    bool ok = ike_keys_derive_rekeyed(&suite, suite.prf, sa->ike->keys.d, shared, &seed, &keys) &&
              ike_sa_set_keys(sa->ike, &suite, &keys, responder->rng);
    g_assert(ok);
}

/* <--  HDR, SK {KEr(n)} */
void
responder_handle_intermediate(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    const IkeSuite *suite = &sa->ike->suite;
    uint16_t groups[IKE_MAX_ADDITIONAL], error = responder->faults.intermediate_error;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    g_autoptr(GBytes) public = NULL;
    g_autoptr(Secret) shared = NULL;
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, IKE_EXCHANGE_INTERMEDIATE, request->header.message_id);
    if (sa->n_additional >= ike_suite_additional(suite, groups) || ke == NULL ||
        ke->ke.group != groups[sa->n_additional] ||
        !kex_respond(ke->ke.group, responder->rng, ke->ke.data, &public, &shared, NULL))
        error = IKE_NOTIFY_INVALID_SYNTAX;
    if (error != 0) {
        ike_message_add_notify(reply, error, NULL, 0);
        responder_send_response(responder, sa, reply);
        return;
    }
    ike_message_add_ke(reply, ke->ke.group, public);
    note(&sa->int_auth_i, suite->prf, sa->ike->keys.pi, request);
    note(&sa->int_auth_r, suite->prf, sa->ike->keys.pr, reply);
    g_clear_pointer(&sa->int_auth, g_bytes_unref);
    sa->int_auth = int_auth_finish(sa->int_auth_i, sa->int_auth_r, request->header.message_id + 1);
    responder_send_response(responder, sa, reply);
    update_keys(responder, sa, shared);
    sa->n_additional++;
}
