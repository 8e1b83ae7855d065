#include "ike/child-sa.h"

#include "crypto/algorithms.h"

typedef struct {
    GBytes *nonce;
    Secret *sk_d;
    GArray *v4, *v6;
    ChildSaMaterial material;
} Fixture;

static GArray *
selectors(InetFamily family)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    TrafficSelector any = traffic_selector_any(family);
    g_array_append_val(array, any);
    return array;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    uint8_t *octets;
    fixture->nonce = g_bytes_new_static("0123456789abcdef", 16);
    fixture->sk_d = secret_new_blank(32, &octets);
    fixture->v4 = selectors(INET_V4);
    fixture->v6 = selectors(INET_V6);
    fixture->material = (ChildSaMaterial){
        .suite = { .encr = ENCR_AES_CBC,
                   .key_bits = 128,
                   .integ = INTEG_HMAC_SHA2_256_128,
                   .esn = true },
        .spi_in = 1000,
        .spi_out = 2000,
        .we_initiated = true,
        .nonce_i = fixture->nonce,
        .nonce_r = fixture->nonce,
        .local_ts = fixture->v4,
        .remote_ts = fixture->v6,
    };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_bytes_unref(fixture->nonce);
    secret_unref(fixture->sk_d);
    g_array_unref(fixture->v4);
    g_array_unref(fixture->v6);
}

/* What one side sends with, the other receives with. */
static void
test_directions(Fixture *fixture, gconstpointer data)
{
    IkeChild *ours = child_sa_make_output(&fixture->material, PRF_HMAC_SHA2_256, fixture->sk_d);
    fixture->material.we_initiated = false;
    IkeChild *theirs = child_sa_make_output(&fixture->material, PRF_HMAC_SHA2_256, fixture->sk_d);
    g_assert_true(secret_equal(ours->encr_out, theirs->encr_in));
    g_assert_true(secret_equal(ours->encr_in, theirs->encr_out));
    g_assert_true(secret_equal(ours->integ_out, theirs->integ_in));
    g_assert_true(secret_equal(ours->integ_in, theirs->integ_out));
    g_assert_false(secret_equal(ours->encr_out, ours->encr_in));
    g_assert_true(ours->esn);
    ike_child_free(ours);
    ike_child_free(theirs);
}

/* What is remembered is its own copy. */
static void
test_copies(Fixture *fixture, gconstpointer data)
{
    g_autoptr(ChildSa) child = child_sa_new(&fixture->material);
    g_array_set_size(fixture->v4, 0);
    g_assert_cmpuint(child->local_ts->len, ==, 1);
    g_assert_cmpuint(child->spi_in, ==, 1000);
    g_assert_cmpint(child->state, ==, CHILD_SA_INSTALLED);
    g_assert_cmpint(child->expires_at, ==, INSTANT_NEVER);
}

static void
test_unknown(Fixture *fixture, gconstpointer data)
{
    fixture->material.suite.encr = 999;
    g_assert_null(child_sa_make_output(&fixture->material, PRF_HMAC_SHA2_256, fixture->sk_d));
}

#define ADD(path, function)                                                                        \
    g_test_add("/ike/child-sa/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("directions", test_directions);
    ADD("copies", test_copies);
    ADD("refuses-unknown-cipher", test_unknown);
    return g_test_run();
}
