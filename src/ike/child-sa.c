#include "ike/child-sa.h"

GArray *
child_sa_copy_selectors(const GArray *selectors)
{
    GArray *copy = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    if (selectors != NULL && selectors->len > 0)
        g_array_append_vals(copy, selectors->data, selectors->len);
    return copy;
}

ChildSa *
child_sa_new(const ChildSaMaterial *material)
{
    ChildSa *child = g_new0(ChildSa, 1);
    child->spi_in = material->spi_in;
    child->spi_out = material->spi_out;
    child->rekey_at = child->urgent_at = child->hard_at = INSTANT_NEVER;
    child->delete_at = INSTANT_NEVER;
    child->expires_at = INSTANT_NEVER;
    child->local_ts = child_sa_copy_selectors(material->local_ts);
    child->remote_ts = child_sa_copy_selectors(material->remote_ts);
    return child;
}

void
child_sa_free(ChildSa *child)
{
    if (child == NULL)
        return;
    g_clear_pointer(&child->local_ts, g_array_unref);
    g_clear_pointer(&child->remote_ts, g_array_unref);
    g_free(child);
}

void
ike_child_free(IkeChild *child)
{
    if (child == NULL)
        return;
    g_clear_pointer(&child->encr_in, secret_unref);
    g_clear_pointer(&child->integ_in, secret_unref);
    g_clear_pointer(&child->encr_out, secret_unref);
    g_clear_pointer(&child->integ_out, secret_unref);
    g_clear_pointer(&child->local_ts, g_array_unref);
    g_clear_pointer(&child->remote_ts, g_array_unref);
    g_free(child);
}

IkeChild *
child_sa_make_output(const ChildSaMaterial *material, uint16_t prf, const Secret *sk_d)
{
    g_auto(ChildKeys) keys = { 0 };
    IkeKeySeed nonces = { .nonce_i = material->nonce_i, .nonce_r = material->nonce_r };
    if (!child_keys_derive_chain(&material->suite, prf, sk_d, material->shared,
                                 material->additional, &nonces, &keys))
        return NULL;
    IkeChild *child = g_new0(IkeChild, 1);
    child->encr = material->suite.encr;
    child->key_bits = material->suite.key_bits;
    child->integ = material->suite.integ;
    child->ke = material->suite.ke;
    child->esn = material->suite.esn;
    child->peer_began = !material->we_initiated;
    child->spi_in = material->spi_in;
    child->spi_out = material->spi_out;
    bool out_is_i = material->we_initiated;
    child->encr_out = g_steal_pointer((out_is_i ? &keys.encr_i : &keys.encr_r));
    child->integ_out = g_steal_pointer((out_is_i ? &keys.integ_i : &keys.integ_r));
    child->encr_in = g_steal_pointer((out_is_i ? &keys.encr_r : &keys.encr_i));
    child->integ_in = g_steal_pointer((out_is_i ? &keys.integ_r : &keys.integ_i));
    child->local_ts = child_sa_copy_selectors(material->local_ts);
    child->remote_ts = child_sa_copy_selectors(material->remote_ts);
    return child;
}
