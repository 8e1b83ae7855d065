#include "crypto/algorithm-words.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/kex.h"

static void
check(const char *word, AlgorithmKind kind, uint16_t id, uint16_t key_bits, unsigned number)
{
    AlgorithmWord found;
    g_test_message("%s", word);
    g_assert_true(algorithm_from_word(word, &found));
    g_assert_cmpint(found.kind, ==, kind);
    g_assert_cmpuint(found.id, ==, id);
    g_assert_cmpuint(found.key_bits, ==, key_bits);
    g_assert_cmpuint(found.number, ==, number);
}

static void
test_words(void)
{
    check("aes256gcm16", ALGORITHM_ENCR, ENCR_AES_GCM_16, 256, 0);
    check("chacha20poly1305", ALGORITHM_ENCR, ENCR_CHACHA20_POLY1305, 0, 0);
    check("prfsha512", ALGORITHM_PRF, PRF_HMAC_SHA2_512, 0, 0);
    check("sha1", ALGORITHM_INTEG, INTEG_HMAC_SHA1_96, 0, 0);
    check("modp1024", ALGORITHM_KE, KE_MODP_1024, 0, 0);
    check("ecp521", ALGORITHM_KE, KE_ECP_521, 0, 0);
    check("esn", ALGORITHM_ESN, 1, 0, 0);
    check("noesn", ALGORITHM_ESN, 0, 0, 0);
    check("nopfs", ALGORITHM_KE, KE_NONE, 0, 0);
    check("ke1_ecp384", ALGORITHM_ADDITIONAL_KE, KE_ECP_384, 0, 1);
    check("ke7_curve448", ALGORITHM_ADDITIONAL_KE, KE_CURVE448, 0, 7);
    check("ke2_none", ALGORITHM_ADDITIONAL_KE, KE_NONE, 0, 2);
}

/* Other projects' names of the same. */
static void
test_aliases(void)
{
    check("aes", ALGORITHM_ENCR, ENCR_AES_CBC, 128, 0);
    check("aes192gcm96", ALGORITHM_ENCR, ENCR_AES_GCM_12, 192, 0);
    check("aes256gcm", ALGORITHM_ENCR, ENCR_AES_GCM_16, 256, 0);
    check("aes128gcm64", ALGORITHM_ENCR, ENCR_AES_GCM_8, 128, 0);
    check("sha", ALGORITHM_INTEG, INTEG_HMAC_SHA1_96, 0, 0);
    check("sha2_384", ALGORITHM_INTEG, INTEG_HMAC_SHA2_384_192, 0, 0);
    check("curve25519", ALGORITHM_KE, KE_CURVE25519, 0, 0);
    check("modpnone", ALGORITHM_KE, KE_NONE, 0, 0);
}

static void
explained(const char *word, const char *expected)
{
    AlgorithmWord found = { .id = 99 };
    g_autofree char *why = algorithm_word_explain(word);
    g_assert_false(algorithm_from_word(word, &found));
    g_assert_cmpuint(found.id, ==, 99);
    g_assert_cmpstr(why, ==, expected);
}

static void
test_near(void)
{
    explained(
        "aes265gcm16",
        "is no algorithm that is known here; near to it: aes256gcm16, aes128gcm16, aes192gcm16");
    explained("x25591", "is no algorithm that is known here; near to it: x25519");
    explained("pfrsha256", "is no algorithm that is known here; near to it: prfsha256, sha256");
    explained("ke1_mlkem786", "is no algorithm that is known here; near to it: ke1_mlkem768");
    explained("something else", "is no algorithm that is known here");
    explained("", "is no algorithm that is known here");
    explained("AES256GCM16", "is written aes256gcm16");
}

static void
test_never(void)
{
    explained("3des", "is broken and never offered");
    explained("md5_128", "is broken and never offered");
    explained("modp768", "is broken and never offered");
    explained("modp2048s256", "has no sound origin and is never offered");
    explained("aes256ccm16", "is a mode that is not supported; aes256gcm16 is");
}

static void
test_not_additional(void)
{
    AlgorithmWord found;
    static const char *const words[] = { "ke",         "ke1",        "ke1_",
                                         "ke0_ecp256", "ke8_ecp256", "ke1-x",
                                         "ke1_sha256", "ke1_nopfs",  "ke1_ke2_ecp256",
                                         "ke1_esn" };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_false(algorithm_from_word(words[i], &found));
}

/* In a build without ML-KEM its words are known, but refused. */
static void
test_mlkem(void)
{
    if (kex_is_available(KE_MLKEM_768)) {
        check("mlkem768", ALGORITHM_KE, KE_MLKEM_768, 0, 0);
        check("ke1_mlkem1024", ALGORITHM_ADDITIONAL_KE, KE_MLKEM_1024, 0, 1);
        check("ke3_mlkem512", ALGORITHM_ADDITIONAL_KE, KE_MLKEM_512, 0, 3);
        return;
    }
    static const char why[] =
        "is not in this build, which found no library for it (ML-KEM needs libcrypto 3.5)";
    explained("mlkem768", why);
    explained("ke1_mlkem1024", why);
}

/* A stranger's word may be long. */
static void
test_long(void)
{
    g_autofree char *word = g_strnfill(100000, 'a');
    explained(word, "is no algorithm that is known here");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/algorithm-words/words", test_words);
    g_test_add_func("/crypto/algorithm-words/aliases", test_aliases);
    g_test_add_func("/crypto/algorithm-words/near", test_near);
    g_test_add_func("/crypto/algorithm-words/never", test_never);
    g_test_add_func("/crypto/algorithm-words/not-additional", test_not_additional);
    g_test_add_func("/crypto/algorithm-words/mlkem", test_mlkem);
    g_test_add_func("/crypto/algorithm-words/long", test_long);
    return g_test_run();
}
