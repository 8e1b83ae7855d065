#include <string.h>

#include "base/error.h"
#include "ike/proposal.h"

static void
assert_words(uint8_t protocol, const char *words, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(IkeProposalList) list = ike_proposal_list_from_words(words, protocol, &error);
    g_assert_no_error(error);
    g_autofree char *text = ike_proposal_list_to_string(list);
    g_assert_cmpstr(text, ==, expected);
}

static void
assert_refused(uint8_t protocol, const char *words, const char *about)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(ike_proposal_list_from_words(words, protocol, &error));
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, about));
}

static void
test_ike(void)
{
    assert_words(IKE_PROTOCOL_IKE, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519");
    assert_words(IKE_PROTOCOL_IKE, "aes128-aes256-sha256-prfsha256-ecp256-modp2048",
                 "aes128-aes256-sha256-prfsha256-ecp256-modp2048");
}

static void
test_several(void)
{
    assert_words(IKE_PROTOCOL_IKE, " aes256gcm16-prfsha256-x25519, aes256-sha384-ecp384;",
                 "aes256gcm16-prfsha256-x25519 aes256-sha384-ecp384-prfsha384");
}

static void
test_prf_by_itself(void)
{
    assert_words(IKE_PROTOCOL_IKE, "aes128-sha512-x25519", "aes128-sha512-x25519-prfsha512");
    assert_words(IKE_PROTOCOL_IKE, "chacha20poly1305-x25519", "chacha20poly1305-x25519-prfsha256");
}

/* RFC 9370 */
static void
test_additional(void)
{
    assert_words(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke1_ecp384-ke2_modp3072-ke2_none",
                 "aes256gcm16-x25519-ke1_ecp384-ke2_modp3072-ke2_none-prfsha256");
    assert_words(IKE_PROTOCOL_ESP, "aes256gcm16-x25519-ke7_ecp256",
                 "aes256gcm16-x25519-ke7_ecp256");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke8_ecp256", "ke8_ecp256");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke0_ecp256", "ke0_ecp256");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke1_", "ke1_");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke1", "ke1");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-ke1_sha256", "ke1_sha256");
    assert_refused(IKE_PROTOCOL_ESP, "aes256gcm16-ke1_ecp256", "none that they add to");
}

static void
test_esp(void)
{
    assert_words(IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16");
    assert_words(IKE_PROTOCOL_ESP, "aes256gcm16-noesn", "aes256gcm16-noesn");
    assert_words(IKE_PROTOCOL_ESP, "aes128-sha256-x25519-nopfs-esn",
                 "aes128-sha256-x25519-nopfs-esn");
}

static void
test_refuses(void)
{
    assert_refused(IKE_PROTOCOL_IKE, "", "no proposal");
    assert_refused(IKE_PROTOCOL_IKE, " ; ", "no proposal");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-sha384-x25519", "prfsha384");
    assert_refused(IKE_PROTOCOL_IKE, "aes256-x25519", "no integrity algorithm");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-prfsha384", "no key exchange");
    assert_refused(IKE_PROTOCOL_IKE, "prfsha384-x25519", "no cipher");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-aes256-sha256-x25519", "two proposals");
    assert_refused(IKE_PROTOCOL_IKE, "3des-sha1-modp1024", "3des");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16--x25519", "\"\"");
    assert_refused(IKE_PROTOCOL_IKE, "aes256gcm16-x25519-esn", "no meaning for IKE");
    assert_refused(IKE_PROTOCOL_ESP, "aes256gcm16-prfsha256", "no meaning for ESP");
}

static void
test_bounds(void)
{
    GString *words = g_string_new("");
    for (unsigned i = 0; i < IKE_MAX_PROPOSALS + 1; i++)
        g_string_append(words, "aes256gcm16 ");
    assert_refused(IKE_PROTOCOL_ESP, words->str, "more than 32");
    g_string_assign(words, "aes256gcm16");
    for (unsigned i = 0; i < 1000; i++)
        g_string_append(words, "-x25519");
    assert_refused(IKE_PROTOCOL_ESP, words->str, "too many");
    g_string_free(words, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/proposal-words/ike", test_ike);
    g_test_add_func("/ike/proposal-words/several", test_several);
    g_test_add_func("/ike/proposal-words/finds-the-prf-by-itself", test_prf_by_itself);
    g_test_add_func("/ike/proposal-words/additional", test_additional);
    g_test_add_func("/ike/proposal-words/esp", test_esp);
    g_test_add_func("/ike/proposal-words/says-what-is-wrong", test_refuses);
    g_test_add_func("/ike/proposal-words/is-bounded", test_bounds);
    return g_test_run();
}
