/* Which of our certificates are shown, by what a gateway asks for. */
#include "crypto/certificate.h"

#include "test-pki.h"

static TestIdentity *root, *between, *upper, *leaf, *other_root, *twin;

static GPtrArray *
choose(GBytes *authorities, size_t n, TestIdentity *const *list)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(all, certificate_ref(test_identity_certificate(list[i])));
    return certificate_choose_chain(all, authorities);
}

static void
assert_is(GPtrArray *chosen, size_t n, TestIdentity *const *wanted)
{
    g_assert_cmpuint(chosen->len, ==, n);
    for (size_t i = 0; i < n; i++)
        g_assert_true(chosen->pdata[i] == test_identity_certificate(wanted[i]));
}

static GBytes *
hashes(TestIdentity *authority)
{
    g_autoptr(TrustStore) store = test_identity_trust(authority);
    return trust_store_certreq(store);
}

static void
test_in_order_without_the_root(void)
{
    TestIdentity *const all[] = { leaf, root, upper, other_root, between };
    TestIdentity *const wanted[] = { leaf, between, upper };
    g_autoptr(GPtrArray) chosen = choose(NULL, G_N_ELEMENTS(all), all);
    assert_is(chosen, 3, wanted);
}

static void
test_up_to_what_is_named(void)
{
    TestIdentity *const all[] = { leaf, between, upper };
    g_autoptr(GBytes) of_upper = hashes(upper);
    g_autoptr(GPtrArray) short_one = choose(of_upper, G_N_ELEMENTS(all), all);
    assert_is(short_one, 2, all);
    g_autoptr(GBytes) of_other = hashes(other_root);
    g_autoptr(GPtrArray) whole = choose(of_other, G_N_ELEMENTS(all), all);
    assert_is(whole, 3, all);
}

/* The same person and key, by two authorities. */
static void
test_the_one_that_is_asked_for(void)
{
    TestIdentity *const all[] = { leaf, between, upper, root, twin, other_root };
    TestIdentity *const wanted[] = { twin };
    g_autoptr(GBytes) of_other = hashes(other_root);
    g_autoptr(GPtrArray) chosen = choose(of_other, G_N_ELEMENTS(all), all);
    assert_is(chosen, 1, wanted);
    g_autoptr(GBytes) of_root = hashes(root);
    g_autoptr(GPtrArray) first = choose(of_root, G_N_ELEMENTS(all), all);
    assert_is(first, 3, all);
}

static void
test_alone(void)
{
    TestIdentity *const all[] = { leaf };
    g_autoptr(GPtrArray) chosen = choose(NULL, 1, all);
    assert_is(chosen, 1, all);
    TestIdentity *const self[] = { root };
    g_autoptr(GPtrArray) itself = choose(NULL, 1, self);
    assert_is(itself, 1, self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = test_identity_new(&(TestPkiSpec){ .name = "root", .authority = true }, NULL);
    upper = test_identity_new(&(TestPkiSpec){ .name = "upper", .authority = true }, root);
    between = test_identity_new(&(TestPkiSpec){ .name = "between", .authority = true }, upper);
    leaf = test_identity_new(&(TestPkiSpec){ .name = "tess" }, between);
    other_root = test_identity_new(&(TestPkiSpec){ .name = "other", .authority = true }, NULL);
    twin = test_identity_new(&(TestPkiSpec){ .name = "tess", .same_key = leaf }, other_root);
    g_test_add_func("/crypto/certificate-chain/in-order-without-the-root",
                    test_in_order_without_the_root);
    g_test_add_func("/crypto/certificate-chain/up-to-what-is-named", test_up_to_what_is_named);
    g_test_add_func("/crypto/certificate-chain/the-one-that-is-asked-for",
                    test_the_one_that_is_asked_for);
    g_test_add_func("/crypto/certificate-chain/alone", test_alone);
    int status = g_test_run();
    TestIdentity *all[] = { twin, leaf, between, upper, root, other_root };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        test_identity_free(all[i]);
    return status;
}
