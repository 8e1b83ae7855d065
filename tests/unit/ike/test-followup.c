#include "ike/followup.h"

#include "crypto/algorithms.h"

typedef struct {
    IkeSuite suite;
    GBytes *nonce_i, *nonce_r;
    Secret *sk_d;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->suite = (IkeSuite){ .encr = ENCR_AES_GCM_16,
                                 .key_bits = 256,
                                 .prf = PRF_HMAC_SHA2_256,
                                 .ke = KE_CURVE25519,
                                 .addke = { [1] = KE_ECP_256, [4] = KE_ECP_384 } };
    fixture->nonce_i = g_bytes_new_static("0123456789abcdef", 16);
    fixture->nonce_r = g_bytes_new_static("fedcba9876543210", 16);
    fixture->sk_d = secret_new("0123456789abcdef0123456789abcdef", 32);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_bytes_unref(fixture->nonce_i);
    g_bytes_unref(fixture->nonce_r);
    secret_unref(fixture->sk_d);
}

static IkeFollowup *
chain_new(const Fixture *fixture)
{
    return ike_followup_new(&fixture->suite, fixture->nonce_i, fixture->nonce_r,
                            secret_new("zero", 4));
}

/* In the order of their transform types, with what is not used left out. */
static void
test_order(Fixture *fixture, gconstpointer data)
{
    g_autoptr(IkeFollowup) chain = chain_new(fixture);
    g_assert_cmpuint(ike_followup_next(chain), ==, KE_ECP_256);
    ike_followup_add(chain, secret_new("one", 3));
    g_assert_cmpuint(ike_followup_next(chain), ==, KE_ECP_384);
    ike_followup_add(chain, secret_new("two", 3));
    g_assert_cmpuint(ike_followup_next(chain), ==, KE_NONE);
    g_assert_cmpint(chain->expires_at, ==, INSTANT_NEVER);
}

static void
test_no_additional(Fixture *fixture, gconstpointer data)
{
    fixture->suite = (IkeSuite){ .ke = KE_CURVE25519 };
    g_autoptr(IkeFollowup) chain = chain_new(fixture);
    g_assert_cmpuint(ike_followup_next(chain), ==, KE_NONE);
}

/* All that a Child SA needs is in it, and each of the secrets counts. */
static void
test_child(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    TrafficSelector any = traffic_selector_any(INET_V4);
    g_array_append_val(selectors, any);
    const ChildSaMaterial begun = { .suite = fixture->suite,
                                    .spi_in = 1000,
                                    .spi_out = 2000,
                                    .nonce_i = fixture->nonce_i,
                                    .nonce_r = fixture->nonce_r,
                                    .local_ts = selectors,
                                    .remote_ts = selectors };
    IkeChild *outputs[3];
    for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++) {
        g_autoptr(IkeFollowup) chain = ike_followup_new_child(&begun, 999, secret_new("zero", 4));
        g_assert_cmpuint(chain->old_spi, ==, 999);
        ike_followup_add(chain, secret_new(i == 1 ? "ONE" : "one", 3));
        ike_followup_add(chain, secret_new("two", 3));
        const ChildSaMaterial material = ike_followup_material(chain, i == 2);
        g_assert_cmpuint(material.local_ts->len, ==, 1);
        g_assert_true(material.local_ts != selectors);
        outputs[i] = child_sa_make_output(&material, PRF_HMAC_SHA2_256, fixture->sk_d);
        g_assert_nonnull(outputs[i]);
        g_assert_cmpuint(outputs[i]->spi_in, ==, 1000);
        g_assert_cmpuint(outputs[i]->spi_out, ==, 2000);
    }
    g_assert_false(secret_equal(outputs[0]->encr_in, outputs[1]->encr_in));
    g_assert_true(secret_equal(outputs[0]->encr_in, outputs[2]->encr_out));
    for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++)
        ike_child_free(outputs[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/ike/followup/order", Fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/ike/followup/no-additional", Fixture, NULL, set_up, test_no_additional, tear_down);
    g_test_add("/ike/followup/child", Fixture, NULL, set_up, test_child, tear_down);
    return g_test_run();
}
