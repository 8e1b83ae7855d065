#include "profile/profile-proposals.h"

static void
check(const char *text, bool ike, const char *expected)
{
    g_autofree char *why = NULL;
    bool ok = profile_proposal_check(text, ike, &why);
    g_assert_cmpstr(why, ==, expected);
    g_assert_true(ok == (expected == NULL));
}

static void
test_good_ones(void)
{
    check("aes256gcm16-prfsha384-x25519", true, NULL);
    check("aes256gcm16-x25519", true, NULL);
    check("aes128-aes256-sha256-modp2048-ecp256", true, NULL);
    check("aes256gcm16", false, NULL);
    check("aes256-sha256-x25519", false, NULL);
    check("aes256gcm16-x25519-nopfs-noesn", false, NULL);
    check("aes256gcm16-x25519-ke1_ecp384-ke2_none", true, NULL);
}

static void
test_each_fault(void)
{
    check("prfsha256-x25519", true, "has no cipher, such as aes256gcm16");
    check("aes256gcm16-aes256-sha256-x25519", true,
          "mixes ciphers that check integrity themselves with those that do not");
    check("aes256-x25519", true, "has no integrity algorithm, such as sha256");
    check("aes256gcm16-sha256-x25519", true,
          "has an integrity algorithm although its cipher needs none (prfsha256 is the PRF)");
    check("aes256gcm16-prfsha256", true, "has no key exchange, such as x25519");
    check("aes256gcm16-prfsha256", false, "has a PRF, which ESP does not know");
    check("", true, "has no cipher, such as aes256gcm16");
    check("aes256gcm16--x25519", true, "has \"\", which is no algorithm that is known here");
    check("aes256gcm16-x25519-esn", true, "has esn, noesn or nopfs, which IKE does not know");
    check("aes256gcm16-ke1_ecp384", false,
          "has additional key exchanges, but none that they add to");
    check("aes265-sha256-x25519", true,
          "has \"aes265\", which is no algorithm that is known here; near to it: aes256");

    check("a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a", true,
          "has too many algorithms");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-proposals/good-ones", test_good_ones);
    g_test_add_func("/profile/profile-proposals/each-fault", test_each_fault);
    return g_test_run();
}
