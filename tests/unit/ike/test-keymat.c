/* Keys against values that a second implementation (Python's hmac) gave for the same formulas. */
#include "ike/keymat.h"

#include <string.h>

#include "crypto/algorithms.h"

typedef struct {
    GBytes *nonce_i, *nonce_r;
    Secret *shared;
    IkeKeySeed seed;
} Fixture;

static GBytes *
counting(uint8_t first)
{
    uint8_t octets[32];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(first + i);
    return g_bytes_new(octets, sizeof octets);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    uint8_t *octets;
    fixture->nonce_i = counting(0);
    fixture->nonce_r = counting(100);
    fixture->shared = secret_new_blank(32, &octets);
    for (size_t i = 0; i < 32; i++)
        octets[i] = 0x5a;
    fixture->seed =
        (IkeKeySeed){ fixture->nonce_i, fixture->nonce_r, 0x0102030405060708, 0x1112131415161718 };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_bytes_unref(fixture->nonce_i);
    g_bytes_unref(fixture->nonce_r);
    secret_unref(fixture->shared);
}

static void
assert_hex(const Secret *secret, const char *hex)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < secret_length(secret); i++)
        g_string_append_printf(text, "%02x", secret_data(secret)[i]);
    g_assert_cmpstr(text->str, ==, hex);
}

static const IkeSuite gcm = { .encr = ENCR_AES_GCM_16, .key_bits = 256, .prf = PRF_HMAC_SHA2_384 };
static const IkeSuite cbc = { .encr = ENCR_AES_CBC,
                              .key_bits = 128,
                              .integ = INTEG_HMAC_SHA2_256_128,
                              .prf = PRF_HMAC_SHA2_256 };

#define SK_D                                                                                       \
    "07618ae701dbfac4ae5f8f3175fea6065da25505bfe40fb0150c73c97cd6f3c320ef2a996301172266cc8e0fa246" \
    "eaaf"

static void
test_first(Fixture *fixture, gconstpointer data)
{
    g_auto(IkeKeys) keys = { 0 };
    g_assert_true(ike_keys_derive(&gcm, fixture->shared, &fixture->seed, &keys));
    assert_hex(keys.d, SK_D);
    g_assert_null(keys.ai);
    g_assert_null(keys.ar);
    assert_hex(keys.ei, "286f14ad27effab5b07bd836bd1c1474f697a0fe02be53f1063e873ba36cec1565ca341c");
    assert_hex(keys.er, "c2f85507bf7d43b3f40fcff3534d2ac7770f02fbdd47ef30f8a7ee2288834f7e24755a7c");
    assert_hex(keys.pi, "ded8672278c2b82d23ecf89c42b2df304fbd283a1170bd762c388fd8014df2b8b2ad4262a7"
                        "aa666f98fef15e802cfd9c");
    assert_hex(keys.pr, "087736d0f8b2e84bf2c723660785f1f7ac96750d330d8145dae2b6ae8053ee9d105e34f5da"
                        "6b470536f25dff67fa819e");
}

/* The old SA's PRF makes SKEYSEED, the new one's expands it (RFC 7296, section 2.18). */
static void
test_rekeyed(Fixture *fixture, gconstpointer data)
{
    g_auto(IkeKeys) old = { 0 };
    g_auto(IkeKeys) keys = { 0 };
    g_assert_true(ike_keys_derive(&gcm, fixture->shared, &fixture->seed, &old));
    g_assert_true(
        ike_keys_derive_rekeyed(&cbc, gcm.prf, old.d, fixture->shared, &fixture->seed, &keys));
    assert_hex(keys.d, "e74b7076ce62dfedd8678604bd16659a14bae1869379d608f46a9cdf9ecebebb");
    assert_hex(keys.ai, "331e5e5360da349282da874507b5579f44c571481b8b4d623ebdee885e93f43f");
    assert_hex(keys.ar, "37598994860c3c522fdcaa31ff20b9a2633067697dab8bdb1da2a3ee393bbce1");
    assert_hex(keys.ei, "864ab8f2e006051618af6ca253968b93");
    assert_hex(keys.er, "1dda9a6fba161195b6140e71864529c5");
    assert_hex(keys.pi, "165a17ca4283387f583596b498b79d3830016c6039c2d40bddc18268310af4a5");
    assert_hex(keys.pr, "578654f22806439f299a0c6f9ebc87cf88b2f55871438fdd8352da5aa7235cde");
}

static void
test_child(Fixture *fixture, gconstpointer data)
{
    g_auto(IkeKeys) keys = { 0 };
    g_auto(ChildKeys) child = { 0 };
    g_assert_true(ike_keys_derive(&gcm, fixture->shared, &fixture->seed, &keys));
    g_assert_true(
        child_keys_derive(&gcm, gcm.prf, keys.d, NULL, fixture->nonce_i, fixture->nonce_r, &child));
    assert_hex(child.encr_i,
               "7016279781a5cd585b7b69a932fb3a6eb8aa3ab277d5a0f46069e5cec279ffec378b499f");
    assert_hex(child.encr_r,
               "fcab63b4b825b0e9078b08330dfe129a62c453a48aead86031e43827d0486924f08af33c");
    g_assert_null(child.integ_i);
    g_assert_null(child.integ_r);
}

/* With a key exchange of its own, and encryption before integrity in each direction. */
static void
test_child_with_exchange(Fixture *fixture, gconstpointer data)
{
    g_auto(IkeKeys) keys = { 0 };
    g_auto(ChildKeys) child = { 0 };
    g_assert_true(ike_keys_derive(&gcm, fixture->shared, &fixture->seed, &keys));
    g_assert_true(child_keys_derive(&cbc, gcm.prf, keys.d, fixture->shared, fixture->nonce_i,
                                    fixture->nonce_r, &child));
    assert_hex(child.encr_i, "2f87808cd740dda53b3177567f446ae0");
    assert_hex(child.integ_i, "6ee34166d76ce20260e8edd183cc1c9052d1015dc429c440973dfd1760d761e3");
    assert_hex(child.encr_r, "ab4afd5674b536a348081cb7cf68a6b2");
    assert_hex(child.integ_r, "2363cc9a0e30fa8c76ab2ff5ef2901470a082aaae91fa460a89d346f866d3bcb");
}

/* RFC 9370, section 2.2.4: additional secrets stand behind the nonces. */
static GPtrArray *
additional(void)
{
    uint8_t octets[64];
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)secret_unref);
    memset(octets, 1, 32);
    g_ptr_array_add(list, secret_new(octets, 32));
    memset(octets, 2, 64);
    g_ptr_array_add(list, secret_new(octets, 64));
    return list;
}

static void
test_additional(Fixture *fixture, gconstpointer data)
{
    g_auto(IkeKeys) old = { 0 };
    g_auto(IkeKeys) keys = { 0 };
    g_auto(ChildKeys) child = { 0 };
    g_autoptr(GPtrArray) more = additional();
    g_assert_true(ike_keys_derive(&gcm, fixture->shared, &fixture->seed, &old));
    fixture->seed.additional = more;
    g_assert_true(
        ike_keys_derive_rekeyed(&cbc, gcm.prf, old.d, fixture->shared, &fixture->seed, &keys));
    assert_hex(keys.d, "b8bf0b593bd01ccb31b9e7d1fb1cde75ce194b15d6db3053062f12b62b6a5a9c");
    assert_hex(keys.pr, "98650570df99bb54c5e338be639fabf6af7b6fa7c0190aa1ec09d919a7e96f20");
    g_assert_true(child_keys_derive_chain(&cbc, gcm.prf, old.d, fixture->shared, more,
                                          &fixture->seed, &child));
    assert_hex(child.encr_i, "e2b6ebeb48b382aa29a3ff0aadf66fae");
    assert_hex(child.integ_i, "43a5df8e2c84ef69e810b85ea7b0897219af65bf88f210bb85343edeb648e63a");
    assert_hex(child.encr_r, "21cd7ea55ca311cd4efb14abff82a26a");
    assert_hex(child.integ_r, "d5bac9973b719dfd79fe492bb1cd09944c133212cae9816973a5d464d1f06ccd");
}

static void
test_unknown(Fixture *fixture, gconstpointer data)
{
    static const IkeSuite unusable[] = {
        { .encr = 999, .key_bits = 256, .prf = PRF_HMAC_SHA2_256 },
        { .encr = ENCR_AES_CBC, .key_bits = 128, .prf = PRF_HMAC_SHA2_256 }, /* no integrity */
        { .encr = ENCR_AES_GCM_16, .key_bits = 256, .prf = 99 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(unusable); i++) {
        g_auto(IkeKeys) keys = { 0 };
        g_assert_false(ike_keys_derive(&unusable[i], fixture->shared, &fixture->seed, &keys));
        g_assert_null(keys.d);
    }
}

#define ADD(path, function)                                                                        \
    g_test_add("/ike/keymat/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("first-sa", test_first);
    ADD("rekeyed-sa", test_rekeyed);
    ADD("child", test_child);
    ADD("child-with-exchange", test_child_with_exchange);
    ADD("additional-key-exchanges", test_additional);
    ADD("refuses-unknown-algorithms", test_unknown);
    return g_test_run();
}
