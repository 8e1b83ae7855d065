#include <string.h>

#include "base/error.h"
#include "crypto/algorithms.h"
#include "crypto/kex.h"
#include "ike/proposal.h"

static const uint8_t our_spi[4] = { 1, 2, 3, 4 };
static const uint8_t their_spi[4] = { 5, 6, 7, 8 };

static IkeProposalList *
list(uint8_t protocol, const char *words, const uint8_t *spi)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(IkeProposalList) plain = ike_proposal_list_from_words(words, protocol, &error);
    g_assert_no_error(error);
    return ike_proposal_list_with_spi(plain, spi, protocol == IKE_PROTOCOL_ESP ? 4 : 0);
}

/* What the responder with ours makes of offered, or NULL. */
static char *
selected(uint8_t protocol, const char *ours, const char *offered, uint16_t preferred_ke)
{
    g_autoptr(IkeProposalList) mine = list(protocol, ours, our_spi);
    g_autoptr(IkeProposalList) theirs = list(protocol, offered, their_spi);
    IkeSuite suite;
    if (!ike_proposal_list_select(mine, theirs, preferred_ke, &suite))
        return NULL;
    g_autoptr(IkeProposalList) answer =
        ike_suite_to_answer(&suite, our_spi, protocol == IKE_PROTOCOL_ESP ? 4 : 0);
    IkeSuite accepted;
    g_autoptr(GError) error = NULL;
    g_assert_true(ike_proposal_list_accept(theirs, answer, &accepted, &error));
    g_assert_no_error(error);
    g_autofree char *again = ike_suite_to_string(&accepted);
    char *text = ike_suite_to_string(&suite);
    g_assert_cmpstr(text, ==, again);
    return text;
}

/* Whatever a responder selects, the initiator accepts: selected checks it on the way. */
static void
test_select(void)
{
    static const struct {
        uint8_t protocol;
        const char *ours, *offered;
        uint16_t preferred_ke;
        const char *expected;
    } cases[] = {
        { 1, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519", 0,
          "aes256gcm16-prfsha384-x25519" },
        /* Additional key exchanges (RFC 9370): the offer's NONE; not the same method twice. */
        { 1, "aes256gcm16-x25519-ke1_ecp384", "aes256gcm16-x25519-ke1_ecp256-ke1_ecp384", 0,
          "aes256gcm16-prfsha256-x25519-ke1_ecp384" },
        { 1, "aes256gcm16-x25519", "aes256gcm16-x25519-ke1_ecp384-ke1_none", 0,
          "aes256gcm16-prfsha256-x25519" },
        { 1, "aes256gcm16-x25519", "aes256gcm16-x25519-ke1_ecp384", 0, NULL },
        { 1, "aes256gcm16-x25519-ke1_ecp384", "aes256gcm16-x25519", 0, NULL },
        { 1, "aes256gcm16-x25519", "aes256gcm16-x25519-ke1_ecp384 aes256gcm16-x25519", 0,
          "aes256gcm16-prfsha256-x25519" },
        { 1, "aes256gcm16-x25519-ke1_ecp256-ke1_ecp384-ke2_ecp256-ke2_ecp384",
          "aes256gcm16-x25519-ke1_ecp256-ke1_ecp384-ke2_ecp256-ke2_ecp384", 0,
          "aes256gcm16-prfsha256-x25519-ke1_ecp256-ke2_ecp384" },
        { 1, "aes256gcm16-x25519-ke1_x25519", "aes256gcm16-x25519-ke1_x25519", 0, NULL },
        { 3, "aes256gcm16-noesn-x25519-ke3_ecp384", "aes256gcm16-noesn-x25519-ke3_ecp384", 0,
          "aes256gcm16-x25519-ke3_ecp384" },
        /* Our order within the offer. */
        { 1, "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519",
          "aes128gcm16-aes256gcm16-prfsha256-x25519", 0, "aes256gcm16-prfsha256-x25519" },
        /* The offer's order of proposals. */
        { 1, "aes256gcm16-x25519 aes256-sha256-x25519", "aes256-sha256-x25519 aes256gcm16-x25519",
          0, "aes256-sha256-prfsha256-x25519" },
        /* The KE payload that is already here. */
        { 1, "aes256gcm16-x25519-ecp256", "aes256gcm16-x25519-ecp256", KE_ECP_256,
          "aes256gcm16-prfsha256-ecp256" },
        { 1, "aes256gcm16-x25519", "aes256gcm16-x25519-ecp256", KE_ECP_256,
          "aes256gcm16-prfsha256-x25519" },
        { 1, "aes256gcm16-x25519", "aes128gcm16-x25519", 0, NULL },
        { 1, "aes256gcm16-x25519", "aes256gcm16-ecp256", 0, NULL },
        { 3, "aes256gcm16-esn-noesn", "aes256gcm16-noesn", 0, "aes256gcm16" },
        { 3, "aes256gcm16", "aes256gcm16", 0, "aes256gcm16-esn" },
        { 3, "aes256gcm16-noesn", "aes256gcm16-esn", 0, NULL },
        /* Without a key exchange of its own only where both can do without. */
        { 3, "aes256gcm16-x25519-nopfs", "aes256gcm16", 0, "aes256gcm16-esn" },
        { 3, "aes256gcm16", "aes256gcm16-x25519-nopfs", 0, "aes256gcm16-esn" },
        { 3, "aes256gcm16", "aes256gcm16-x25519", 0, NULL },
        { 3, "aes256gcm16-x25519", "aes256gcm16", 0, NULL },
        { 3, "aes256gcm16-x25519-nopfs", "aes256gcm16-ecp256-nopfs", 0, "aes256gcm16-esn" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s, %s", cases[i].ours, cases[i].offered);
        g_autofree char *text =
            selected(cases[i].protocol, cases[i].ours, cases[i].offered, cases[i].preferred_ke);
        g_assert_cmpstr(text, ==, cases[i].expected);
    }
}

static void
test_select_defaults(void)
{
    g_autoptr(IkeProposalList) ike = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    IkeSuite suite;
    g_assert_true(ike_proposal_list_select(ike, ike, 0, &suite));
    g_autofree char *text = ike_suite_to_string(&suite);
    g_assert_cmpstr(text, ==,
                    kex_is_available(KE_MLKEM_768) ? "aes256gcm16-prfsha384-x25519-ke1_mlkem768"
                                                   : "aes256gcm16-prfsha384-x25519");
}

/* The answer to two fixed proposals with something changed. */
typedef struct {
    IkeProposalList *offered;
    IkeProposal answer;
} Choice;

static Choice
choice(void)
{
    Choice out = { .offered = list(IKE_PROTOCOL_ESP,
                                   "aes256gcm16-noesn aes256-sha256-x25519-nopfs-noesn", our_spi),
                   .answer = { .number = 1,
                               .protocol = IKE_PROTOCOL_ESP,
                               .spi_length = 4,
                               .spi = { 5, 6, 7, 8 } } };
    ike_proposal_add_transform(&out.answer, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    ike_proposal_add_transform(&out.answer, IKE_TRANSFORM_ESN, 0, 0);
    return out;
}

static bool
judge(Choice *one, unsigned times, IkeSuite *suite)
{
    g_autoptr(IkeProposalList) answer = ike_proposal_list_new();
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < times; i++)
        ike_proposal_list_add(answer, &one->answer);
    bool accepted = ike_proposal_list_accept(one->offered, answer, suite, &error);
    g_assert_true(accepted == (error == NULL));
    ike_proposal_list_unref(one->offered);
    return accepted;
}

static void
test_accept(void)
{
    Choice one = choice();
    IkeSuite suite;
    g_assert_true(judge(&one, 1, &suite));
    g_assert_cmpuint(suite.encr, ==, ENCR_AES_GCM_16);
    g_assert_cmpuint(suite.integ, ==, INTEG_NONE);
    g_assert_cmpuint(suite.ke, ==, KE_NONE);
    g_assert_false(suite.esn);
    g_assert_cmpmem(suite.spi, suite.spi_length, their_spi, sizeof their_spi);
}

/* NONE spelled out, for what we did not offer at all or offered as an alternative. */
static void
test_accept_none(void)
{
    Choice one = choice();
    IkeSuite suite;
    ike_proposal_add_transform(&one.answer, IKE_TRANSFORM_INTEG, INTEG_NONE, 0);
    ike_proposal_add_transform(&one.answer, IKE_TRANSFORM_KE, KE_NONE, 0);
    g_assert_true(judge(&one, 1, &suite));
}

static void
test_refuse_count(void)
{
    IkeSuite suite;
    Choice none = choice(), two = choice();
    g_assert_false(judge(&none, 0, &suite));
    g_assert_false(judge(&two, 2, &suite));
}

static void
test_refuse_number_protocol_spi(void)
{
    IkeSuite suite;
    Choice number = choice(), protocol = choice(), length = choice(), zero = choice();
    number.answer.number = 3;
    protocol.answer.protocol = IKE_PROTOCOL_AH;
    length.answer.spi_length = 8;
    memset(zero.answer.spi, 0, sizeof zero.answer.spi);
    g_assert_false(judge(&number, 1, &suite));
    g_assert_false(judge(&protocol, 1, &suite));
    g_assert_false(judge(&length, 1, &suite));
    g_assert_false(judge(&zero, 1, &suite));
}

static void
test_refuse_transforms(void)
{
    IkeSuite suite;
    Choice key = choice(), other = choice(), twice = choice(), missing = choice(),
           unoffered = choice(), unusable = choice(), bare = choice();
    key.answer.transforms[0].key_bits = 128;
    bare.answer.transforms[0].key_bits = 0;
    other.answer.transforms[0].id = ENCR_AES_GCM_8;
    ike_proposal_add_transform(&twice.answer, IKE_TRANSFORM_ESN, 0, 0);
    missing.answer.n_transforms = 1;
    ike_proposal_add_transform(&unoffered.answer, IKE_TRANSFORM_KE, KE_CURVE25519, 0);
    unusable.answer.transforms[0].unusable = true;
    g_assert_false(judge(&key, 1, &suite));
    g_assert_false(judge(&bare, 1, &suite));
    g_assert_false(judge(&other, 1, &suite));
    g_assert_false(judge(&twice, 1, &suite));
    g_assert_false(judge(&missing, 1, &suite));
    g_assert_false(judge(&unoffered, 1, &suite));
    g_assert_false(judge(&unusable, 1, &suite));
}

/* A transform of the other proposal does not count for this one. */
static void
test_refuse_mixture(void)
{
    IkeSuite suite;
    Choice one = choice();
    one.answer.transforms[0] = (IkeTransform){ IKE_TRANSFORM_ENCR, ENCR_AES_CBC, 256, false };
    ike_proposal_add_transform(&one.answer, IKE_TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0);
    g_assert_false(judge(&one, 1, &suite));
}

static void
test_refuse_cbc_without_integrity(void)
{
    IkeSuite suite;
    Choice one = choice(), none = choice();
    one.answer.number = none.answer.number = 2;
    one.answer.transforms[0] = (IkeTransform){ IKE_TRANSFORM_ENCR, ENCR_AES_CBC, 256, false };
    none.answer.transforms[0] = one.answer.transforms[0];
    ike_proposal_add_transform(&none.answer, IKE_TRANSFORM_INTEG, INTEG_NONE, 0);
    g_assert_false(judge(&one, 1, &suite));
    g_assert_false(judge(&none, 1, &suite));
}

/* AES-GCM-16 256, PRF-HMAC-SHA2-256 and a group, in a proposal with the next number. */
static IkeProposal *
add_ike(IkeProposalList *list, uint16_t group)
{
    IkeProposal proposal = { .number = (uint8_t)(ike_proposal_list_length(list) + 1),
                             .protocol = IKE_PROTOCOL_IKE };
    ike_proposal_add_transform(&proposal, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    ike_proposal_add_transform(&proposal, IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0);
    ike_proposal_add_transform(&proposal, IKE_TRANSFORM_KE, group, 0);
    ike_proposal_list_add(list, &proposal);
    return (IkeProposal *)ike_proposal_list_get(list, ike_proposal_list_length(list) - 1);
}

/* Whatever was offered, an IKE SA has one (RFC 7296, section 2.18). */
static void
test_ike_has_a_key_exchange(void)
{
    IkeSuite suite;
    g_autoptr(IkeProposalList) none = ike_proposal_list_new();
    add_ike(none, KE_NONE);
    g_assert_false(ike_proposal_list_select(none, none, 0, &suite));
    g_assert_false(ike_proposal_list_accept(none, none, &suite, NULL));
}

/* An unknown type spoils its proposal, an unknown attribute its transform; what is beside that
 * counts (RFC 7296, section 3.3.6). */
static void
test_select_beside_the_unknown(void)
{
    IkeSuite suite;
    g_autoptr(IkeProposalList) ours = ike_proposal_list_new();
    g_autoptr(IkeProposalList) offered = ike_proposal_list_new();
    add_ike(ours, KE_CURVE25519);
    ike_proposal_add_transform(add_ike(offered, KE_CURVE25519), 200, 1, 0);
    g_assert_false(ike_proposal_list_select(ours, offered, 0, &suite));
    IkeProposal *second = add_ike(offered, KE_CURVE25519);
    second->transforms[0].unusable = true;
    g_assert_false(ike_proposal_list_select(ours, offered, 0, &suite));
    ike_proposal_add_transform(second, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    g_assert_true(ike_proposal_list_select(ours, offered, 0, &suite));
    g_assert_cmpuint(suite.number, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/proposal-choice/selects", test_select);
    g_test_add_func("/ike/proposal-choice/selects-the-best-of-the-built-in", test_select_defaults);
    g_test_add_func("/ike/proposal-choice/accepts-what-was-offered", test_accept);
    g_test_add_func("/ike/proposal-choice/accepts-none-spelled-out", test_accept_none);
    g_test_add_func("/ike/proposal-choice/refuses-none-and-two", test_refuse_count);
    g_test_add_func("/ike/proposal-choice/refuses-another-number-protocol-spi",
                    test_refuse_number_protocol_spi);
    g_test_add_func("/ike/proposal-choice/refuses-other-transforms", test_refuse_transforms);
    g_test_add_func("/ike/proposal-choice/refuses-a-mixture", test_refuse_mixture);
    g_test_add_func("/ike/proposal-choice/refuses-cbc-without-integrity",
                    test_refuse_cbc_without_integrity);
    g_test_add_func("/ike/proposal-choice/ike-has-a-key-exchange", test_ike_has_a_key_exchange);
    g_test_add_func("/ike/proposal-choice/selects-beside-the-unknown",
                    test_select_beside_the_unknown);
    return g_test_run();
}
