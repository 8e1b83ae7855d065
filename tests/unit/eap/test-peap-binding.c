/* Crypto-binding: the figures of a session of another implementation (hostapd), and who is refused.
 */
#include "eap/peap-binding.h"

#include <string.h>

/* Key material of its TLS, the first 40 octets. */
static const uint8_t tls_key[40] = {
    0x9a, 0x62, 0x7a, 0xb5, 0x05, 0x81, 0x48, 0xfc, 0xc6, 0x57, 0x48, 0x04, 0xae, 0xed,
    0xb3, 0x93, 0xb3, 0x6e, 0x7d, 0x8f, 0x56, 0xf1, 0x51, 0x54, 0x96, 0x19, 0xbb, 0xee,
    0x94, 0x28, 0x6c, 0x43, 0x12, 0xb6, 0x74, 0x78, 0xc1, 0xe1, 0xfc, 0xe6,
};
static const uint8_t wanted_ipmk[40] = {
    0x86, 0x3f, 0x16, 0xf5, 0x35, 0xc3, 0x84, 0x4b, 0x0b, 0xc9, 0x6c, 0xe1, 0xbc, 0xc0,
    0x8a, 0x31, 0xb8, 0x99, 0x77, 0xad, 0x54, 0x61, 0xd2, 0x5d, 0x82, 0xed, 0xbd, 0xd9,
    0xf6, 0xb1, 0xa9, 0xaf, 0x41, 0xbc, 0xae, 0x82, 0x41, 0x00, 0x5d, 0xbd,
};
static const uint8_t wanted_cmk[20] = {
    0x31, 0xdb, 0xeb, 0xd8, 0x0f, 0xce, 0x2d, 0x8a, 0xda, 0xbc,
    0xc2, 0x06, 0xd0, 0x7a, 0x47, 0x89, 0x55, 0xc9, 0xe9, 0xd2,
};
static const uint8_t tlv[PEAP_BINDING_LENGTH] = {
    0x00, 0x0c, 0x00, 0x38, 0x00, 0x00, 0x00, 0x00, 0x44, 0x8b, 0x2a, 0x7e, 0x80, 0x0e, 0x17,
    0x37, 0xb3, 0xa7, 0xf5, 0x5b, 0x24, 0x80, 0xff, 0xee, 0x08, 0x84, 0x6e, 0xbe, 0xa0, 0xcd,
    0xb9, 0x29, 0xfd, 0x27, 0xfc, 0x2f, 0x72, 0xa4, 0x5f, 0x30, 0x19, 0x94, 0xe2, 0x2e, 0x56,
    0x2e, 0x53, 0x1a, 0xa3, 0x60, 0x05, 0xca, 0x01, 0x3e, 0x86, 0x46, 0x19, 0x5d, 0x6e, 0xdc,
};

static void
make_keys(PeapBindingKeys *keys, const Secret *inner)
{
    g_autoptr(Secret) tls = secret_new(tls_key, sizeof tls_key);
    peap_binding_keys_init(keys, tls, inner);
}

static void
test_figures(void)
{
    g_auto(PeapBindingKeys) keys = { 0 };
    make_keys(&keys, NULL);
    g_assert_cmpmem(secret_data(keys.ipmk), secret_length(keys.ipmk), wanted_ipmk, 40);
    g_assert_cmpmem(secret_data(keys.cmk), secret_length(keys.cmk), wanted_cmk, 20);
    g_assert_true(peap_binding_verify(&keys, tlv, PEAP_BINDING_REQUEST));
}

static void
test_every_octet_counts(void)
{
    g_auto(PeapBindingKeys) keys = { 0 };
    make_keys(&keys, NULL);
    for (size_t i = 0; i < sizeof tlv; i++) {
        uint8_t changed[PEAP_BINDING_LENGTH];
        memcpy(changed, tlv, sizeof changed);
        changed[i] ^= 0x10;
        g_assert_false(peap_binding_verify(&keys, changed, PEAP_BINDING_REQUEST));
    }
    g_assert_false(peap_binding_verify(&keys, tlv, PEAP_BINDING_RESPONSE));
}

static void
test_another_inner_key(void)
{
    uint8_t octets[64] = { 1 };
    g_autoptr(Secret) inner = secret_new(octets, sizeof octets);
    g_auto(PeapBindingKeys) keys = { 0 };
    make_keys(&keys, inner);
    g_assert_false(peap_binding_verify(&keys, tlv, PEAP_BINDING_REQUEST));
}

static void
test_answer(void)
{
    g_auto(PeapBindingKeys) keys = { 0 };
    uint8_t one[PEAP_BINDING_LENGTH], other[PEAP_BINDING_LENGTH];
    make_keys(&keys, NULL);
    peap_binding_make(&keys, PEAP_BINDING_RESPONSE, rng_system(), one);
    peap_binding_make(&keys, PEAP_BINDING_RESPONSE, rng_system(), other);
    g_assert_true(peap_binding_verify(&keys, one, PEAP_BINDING_RESPONSE));
    g_assert_false(peap_binding_verify(&keys, one, PEAP_BINDING_REQUEST));
    g_assert_cmpint(memcmp(one, other, sizeof one), !=, 0); /* a nonce of its own */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/peap-binding/figures", test_figures);
    g_test_add_func("/eap/peap-binding/every-octet-counts", test_every_octet_counts);
    g_test_add_func("/eap/peap-binding/another-inner-key", test_another_inner_key);
    g_test_add_func("/eap/peap-binding/answer", test_answer);
    return g_test_run();
}
