#include "ike/followup.h"

#include "crypto/algorithms.h"

IkeFollowup *
ike_followup_new(const IkeSuite *suite, GBytes *nonce_i, GBytes *nonce_r, Secret *shared)
{
    IkeFollowup *chain = g_new0(IkeFollowup, 1);
    chain->suite = *suite;
    chain->nonce_i = g_bytes_ref(nonce_i);
    chain->nonce_r = g_bytes_ref(nonce_r);
    chain->shared = shared;
    chain->secrets = g_ptr_array_new_with_free_func((GDestroyNotify)secret_unref);
    chain->expires_at = INSTANT_NEVER;
    return chain;
}

IkeFollowup *
ike_followup_new_child(const ChildSaMaterial *material, uint32_t old_spi, Secret *shared)
{
    IkeFollowup *chain =
        ike_followup_new(&material->suite, material->nonce_i, material->nonce_r, shared);
    chain->spi_in = material->spi_in;
    chain->spi_out = material->spi_out;
    chain->old_spi = old_spi;
    chain->local_ts = child_sa_copy_selectors(material->local_ts);
    chain->remote_ts = child_sa_copy_selectors(material->remote_ts);
    return chain;
}

void
ike_followup_free(IkeFollowup *chain)
{
    if (chain == NULL)
        return;
    g_clear_pointer(&chain->nonce_i, g_bytes_unref);
    g_clear_pointer(&chain->nonce_r, g_bytes_unref);
    g_clear_pointer(&chain->shared, secret_unref);
    g_clear_pointer(&chain->secrets, g_ptr_array_unref);
    g_clear_pointer(&chain->link, g_bytes_unref);
    g_clear_pointer(&chain->crash_token, secret_unref);
    g_clear_pointer(&chain->local_ts, g_array_unref);
    g_clear_pointer(&chain->remote_ts, g_array_unref);
    g_free(chain);
}

uint16_t
ike_followup_next(const IkeFollowup *chain)
{
    uint16_t groups[IKE_MAX_ADDITIONAL];
    unsigned n = ike_suite_additional(&chain->suite, groups);
    return chain->secrets->len < n ? groups[chain->secrets->len] : KE_NONE;
}

void
ike_followup_add(IkeFollowup *chain, Secret *secret)
{
    g_ptr_array_add(chain->secrets, secret);
}

ChildSaMaterial
ike_followup_material(const IkeFollowup *chain, bool we_initiated)
{
    return (ChildSaMaterial){
        .suite = chain->suite,
        .spi_in = chain->spi_in,
        .spi_out = chain->spi_out,
        .we_initiated = we_initiated,
        .nonce_i = chain->nonce_i,
        .nonce_r = chain->nonce_r,
        .shared = chain->shared,
        .additional = chain->secrets,
        .local_ts = chain->local_ts,
        .remote_ts = chain->remote_ts,
    };
}
