/* What gateways as they are deployed choose out of the built-in lists. Their lists are those of
 * their makers' documentation, shortened to what the choice depends on. */
#include "crypto/algorithms.h"
#include "crypto/kex.h"
#include "ike/proposal.h"

static char *
chosen(const IkeProposalList *offer, uint8_t protocol, const char *gateway, uint16_t preferred_ke)
{
    static const uint8_t spi[4] = { 1, 2, 3, 4 };
    g_autoptr(GError) error = NULL;
    g_autoptr(IkeProposalList) theirs = ike_proposal_list_from_words(gateway, protocol, &error);
    g_assert_no_error(error);
    g_autoptr(IkeProposalList) offered =
        ike_proposal_list_with_spi(offer, spi, protocol == IKE_PROTOCOL_ESP ? sizeof spi : 0);
    IkeSuite suite;
    bool any = ike_proposal_list_select(theirs, offered, preferred_ke, &suite);
    return any ? ike_suite_to_string(&suite) : NULL;
}

static const struct {
    const char *name, *gateway, *expected;
    bool legacy; /* NULL is expected without */
} gateways[] = {
    { "strongSwan 5.9",
      "aes128-aes192-aes256-sha256-sha384-sha512-prfsha256-prfsha384-prfsha512-ecp256-ecp384-"
      "ecp521-"
      "x25519-modp3072-modp4096-modp2048 aes128gcm16-aes256gcm16-chacha20poly1305-prfsha256-"
      "prfsha384-ecp256-x25519",
      "aes128gcm16-prfsha256-x25519", false },
    { "Libreswan", "aes256gcm16-prfsha512-prfsha256-modp2048-modp3072-ecp256-x25519",
      "aes256gcm16-prfsha512-x25519", false },
    { "OpenIKED", "aes256gcm16-aes128gcm16-prfsha256-prfsha384-x25519-ecp521-ecp384-ecp256",
      "aes256gcm16-prfsha256-x25519", false },
    { "Cisco IOS XE 17", "aes256-sha512-sha384-prfsha512-prfsha384-ecp256-modp2048-ecp521",
      "aes256-sha512-prfsha512-ecp256", false },
    { "FortiGate", "aes128-sha256-modp2048-modp1536 aes256-sha256-modp2048",
      "aes128-sha256-prfsha256-modp2048", false },
    { "Azure point to site", "aes256gcm16-prfsha384-ecp384-ecp256-modp2048",
      "aes256gcm16-prfsha384-ecp384", false },
    { "AWS site to site",
      "aes128-aes256-sha1-sha256-sha384-sha512-prfsha1-prfsha256-modp1024-"
      "modp2048-ecp256-ecp384",
      "aes128-sha256-prfsha256-modp2048", false },
    { "Windows Server as it comes",
      "aes256-sha1-sha256-sha384-prfsha1-prfsha256-prfsha384-modp1024",
      "aes256-sha1-prfsha1-modp1024", true },
    { "RouterOS as it came", "aes128-sha1-modp1024", "aes128-sha1-prfsha1-modp1024", true },
};

static void
test_gateways(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(gateways); i++) {
        g_autoptr(IkeProposalList) offer = ike_proposal_list_default(IKE_PROTOCOL_IKE);
        g_test_message("%s", gateways[i].name);
        g_autofree char *first =
            chosen(offer, IKE_PROTOCOL_IKE, gateways[i].gateway, KE_CURVE25519);
        g_assert_cmpstr(first, ==, gateways[i].legacy ? NULL : gateways[i].expected);
        g_assert_true(ike_proposal_list_add_legacy(offer, IKE_PROTOCOL_IKE));
        g_autofree char *legacy =
            chosen(offer, IKE_PROTOCOL_IKE, gateways[i].gateway, KE_CURVE25519);
        g_assert_cmpstr(legacy, ==, gateways[i].expected);
    }
}

static void
test_esp(void)
{
    g_autoptr(IkeProposalList) offer = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    g_autofree char *gcm = chosen(offer, IKE_PROTOCOL_ESP, "aes128gcm16-noesn", 0);
    g_autofree char *pfs = chosen(offer, IKE_PROTOCOL_ESP, "aes256-sha256-modp2048-noesn", 0);
    g_autofree char *old = chosen(offer, IKE_PROTOCOL_ESP, "aes256-sha1-noesn", 0);
    g_assert_cmpstr(gcm, ==, "aes128gcm16");
    g_assert_cmpstr(pfs, ==, "aes256-sha256-modp2048");
    g_assert_null(old);
    g_assert_true(ike_proposal_list_add_legacy(offer, IKE_PROTOCOL_ESP));
    g_autofree char *legacy = chosen(offer, IKE_PROTOCOL_ESP, "aes256-sha1-noesn", 0);
    g_assert_cmpstr(legacy, ==, "aes256-sha1");
}

/* Offered first, in a proposal of its own, only where this build can do it. */
static void
test_hybrid(void)
{
    bool can = kex_is_available(KE_MLKEM_768);
    g_autoptr(IkeProposalList) ike = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    g_autoptr(IkeProposalList) esp = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    g_assert_true(ike_proposal_list_offers_additional(ike) == can);
    g_assert_false(ike_proposal_list_offers_additional(esp));
    g_assert_cmpuint(ike_proposal_list_length(ike), ==, can ? 3 : 2);
    g_assert_cmpuint(ike_proposal_list_first_ke(ike), ==, KE_CURVE25519);
    if (!can)
        return;
    g_autofree char *modern =
        chosen(ike, IKE_PROTOCOL_IKE, "aes256gcm16-prfsha384-x25519-ke1_mlkem768", 0);
    g_assert_cmpstr(modern, ==, "aes256gcm16-prfsha384-x25519-ke1_mlkem768");
}

static void
test_full_list_takes_no_more(void)
{
    g_autoptr(IkeProposalList) list = ike_proposal_list_new();
    const IkeProposal proposal = { .protocol = IKE_PROTOCOL_IKE };
    while (ike_proposal_list_add(list, &proposal))
        ;
    g_assert_false(ike_proposal_list_add_legacy(list, IKE_PROTOCOL_IKE));
    g_assert_cmpuint(ike_proposal_list_length(list), ==, IKE_MAX_PROPOSALS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/proposal-default/gateways", test_gateways);
    g_test_add_func("/ike/proposal-default/esp", test_esp);
    g_test_add_func("/ike/proposal-default/hybrid", test_hybrid);
    g_test_add_func("/ike/proposal-default/full-list", test_full_list_takes_no_more);
    return g_test_run();
}
