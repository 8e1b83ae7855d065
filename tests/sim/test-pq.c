/* Post-quantum: PPK (RFC 8784), IKE_INTERMEDIATE with additional key exchanges (RFC 9242; RFC
 * 9370), each message lost, and each way in which a gateway does not go along. */
#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/kex.h"
#include "ike/engine-private.h"

#define PPK_ID "\2work"

static GBytes *
ppk_id(void)
{
    return g_bytes_new_static(PPK_ID, sizeof PPK_ID - 1);
}

static void
init_ppk(Sim *sim, bool client, bool gateway)
{
    sim_init(sim, 1);
    if (client) {
        sim->config->ppk_id = ppk_id();
        sim->ppk = secret_new("a key that was handed over on paper", 35);
    }
    if (gateway) {
        sim->gateway_config.ppk_id = ppk_id();
        sim->gateway_config.ppk = secret_new("a key that was handed over on paper", 35);
    }
}

static void
set_ike(Sim *sim, const char *client, const char *gateway)
{
    g_autoptr(GError) error = NULL;
    ike_proposal_list_unref(sim->config->ike_proposals);
    ike_proposal_list_unref(sim->gateway_config.ike_proposals);
    sim->config->ike_proposals = ike_proposal_list_from_words(client, IKE_PROTOCOL_IKE, &error);
    g_assert_no_error(error);
    sim->gateway_config.ike_proposals =
        ike_proposal_list_from_words(gateway, IKE_PROTOCOL_IKE, &error);
    g_assert_no_error(error);
}

static void
start(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
}

static void
assert_up(Sim *sim, const char *ike)
{
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpstr(sim->configuration->ike_algorithms, ==, ike);
    sim_assert_keys_agree(sim);
    /* Rekeying goes on from the SK_d that counts. */
    responder_sa_rekey_ike(sim->gateway, ike_responder_sa(sim->gateway));
    sim_drain(sim);
    sim_run(sim, DURATION_SECOND);
    responder_sa_rekey_child(sim->gateway, ike_responder_sa(sim->gateway));
    sim_drain(sim);
    sim_run(sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_last_error(sim->gateway, NULL), ==, 0);
    g_assert_cmpuint(sim->n_installed, ==, 2);
    sim_assert_keys_agree(sim);
}

static void
assert_closed(Sim *sim, IkeCloseReason reason, const char *words)
{
    g_assert_true(sim->closed);
    g_assert_cmpstr(ike_close_reason_to_string(sim->reason), ==,
                    ike_close_reason_to_string(reason));
    g_assert_nonnull(strstr(sim->detail, words));
    g_assert_cmpuint(sim->n_installed, ==, 0);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
}

/* --- PPK --- */

#define PLAIN "aes256gcm16-prfsha384-x25519"
#define MIXED PLAIN "+ppk"

/* Initiator                            Responder
 * HDR, SAi1, KEi, Ni, N(USE_PPK)  -->  <--  HDR, SAr1, KEr, Nr, N(USE_PPK)
 * HDR, SK {..., N(PPK_IDENTITY), [N(NO_PPK_AUTH)]}  -->
 *                                      <--  HDR, SK {..., N(PPK_IDENTITY)} */
static void
test_ppk(gconstpointer required)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    sim.config->ppk_required = required != NULL;
    sim.gateway_config.ppk_required = true;
    start(&sim);
    /* Mixing, our AUTH, the one without the PPK where it is optional, the gateway's AUTH. */
    g_assert_cmpuint(sim.n_credentials, ==, required != NULL ? 3 : 4);
    assert_up(&sim, MIXED);
}

static void
test_ppk_unknown_to_the_gateway(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, false);
    start(&sim);
    assert_up(&sim, PLAIN);
}

static void
test_ppk_required_unknown_to_the_gateway(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, false);
    sim.config->ppk_required = true;
    start(&sim);
    assert_closed(&sim, IKE_CLOSE_PPK, "the profile requires one");
}

static void
test_ppk_other_identity(gconstpointer required)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    sim.config->ppk_required = required != NULL;
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->ppk_unknown = true;
    start(&sim);
    if (required != NULL)
        assert_closed(&sim, IKE_CLOSE_AUTH_LOCAL, "another post-quantum key");
    else
        assert_up(&sim, PLAIN);
}

static void
test_ppk_of_the_gateway_alone(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, false, true);
    start(&sim);
    assert_up(&sim, PLAIN);
}

static void
test_ppk_another_key(gconstpointer required)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    sim.config->ppk_required = required != NULL;
    secret_unref(sim.gateway_config.ppk);
    sim.gateway_config.ppk = secret_new("another", 7);
    start(&sim);
    assert_closed(&sim, IKE_CLOSE_AUTH_LOCAL, "another post-quantum key");
}

/* It says that it goes on without, but its keys are the mixed ones; and the same where that is not
 * allowed. */
static void
test_ppk_unsaid(gconstpointer required)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    sim.config->ppk_required = required != NULL;
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->ppk_unsaid = true;
    start(&sim);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, required != NULL ? IKE_CLOSE_PPK : IKE_CLOSE_AUTH_REMOTE);
    g_assert_cmpuint(sim.n_installed, ==, 0);
}

static void
test_ppk_not_to_be_had(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    g_clear_pointer(&sim.ppk, secret_unref);
    start(&sim);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_CREDENTIAL);
}

/* RFC 8784, section 3: the gateway's first AUTH is made without. */
static void
test_ppk_behind_eap(gconstpointer msk)
{
    for (unsigned n = 0; n < 3; n++) {
        g_auto(Sim) sim = { 0 };
        init_ppk(&sim, true, true);
        sim.config->ppk_required = n == 1;
        sim.config->local_auth = IKE_AUTH_EAP;
        sim.gateway_config.eap_requests = 2;
        if (msk != NULL) {
            sim.eap_msk = secret_new(msk, strlen(msk));
            sim.gateway_config.eap_msk = secret_new(msk, strlen(msk));
        }
        sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
        ike_responder_faults(sim.gateway)->ppk_unknown = n == 2;
        start(&sim);
        assert_up(&sim, n == 2 ? PLAIN : MIXED);
    }
}

static void
test_ppk_closed_while_mixing(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    sim.withhold = true;
    sim_start(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_credentials, ==, 1);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_REQUESTED);
}

/* --- IKE_INTERMEDIATE --- */

#define HYBRID PLAIN "-ke1_ecp256-ke3_modp2048"

/* HDR, SAi1(... ADDKE*...), KEi, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED)  -->
 * HDR, SK {KEi(1)}  -->                <--  HDR, SK {KEr(1)}
 * HDR, SK {KEi(2)}  -->                <--  HDR, SK {KEr(2)}
 * HDR, SK {IDi, ... AUTH ...}  -->     <--  HDR, SK {IDr, ... AUTH ...} */
static void
test_hybrid(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, HYBRID, HYBRID);
    start(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 4);
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, HYBRID);
    sim_assert_keys_agree(&sim);
}

static void
test_seven(void)
{
    static const char words[] =
        PLAIN "-ke1_ecp256-ke2_ecp384-ke3_ecp521-ke4_modp2048-ke5_x448-ke6_modp3072-ke7_modp4096";
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, words, words);
    start(&sim);
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, words);
    sim_assert_keys_agree(&sim);
}

/* The messages in fragments: IntAuth is over the whole. */
static void
test_fragments(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, PLAIN "-ke1_modp8192", PLAIN "-ke1_modp8192");
    sim.config->fragment_size = 576;
    sim.gateway_config.fragment_size = 500;
    start(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], >, 4);
    sim_assert_keys_agree(&sim);
}

static void
test_old_gateway(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, HYBRID " " PLAIN, PLAIN);
    start(&sim);
    assert_up(&sim, PLAIN);
}

static void
test_none_is_a_choice(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, PLAIN "-ke1_ecp256-ke1_none", PLAIN);
    start(&sim);
    assert_up(&sim, PLAIN);
}

static void
test_both(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    set_ike(&sim, HYBRID, HYBRID);
    start(&sim);
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, HYBRID "+ppk");
    sim_assert_keys_agree(&sim);
}

static void
test_hybrid_with_eap(void)
{
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    set_ike(&sim, HYBRID, HYBRID);
    sim.config->local_auth = IKE_AUTH_EAP;
    sim.gateway_config.eap_requests = 2;
    start(&sim);
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, HYBRID "+ppk");
    sim_assert_keys_agree(&sim);
}

/* The built-in list on both sides: its first proposal where this build has ML-KEM, and an
 * IKE_SA_INIT request that fits one packet in any case. */
static void
test_built_in_lists(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    ike_proposal_list_unref(sim.config->ike_proposals);
    ike_proposal_list_unref(sim.gateway_config.ike_proposals);
    sim.config->ike_proposals = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    sim.gateway_config.ike_proposals = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    sim_start(&sim);
    g_autoptr(GBytes) first = g_bytes_ref(sim.engine->setup.request);
    g_assert_cmpuint(g_bytes_get_size(first), <=, 1200);
    g_assert_true(sim_connect(&sim));
    assert_up(&sim, kex_is_available(KE_MLKEM_768) ? PLAIN "-ke1_mlkem768" : PLAIN);
}

static void
test_chosen_but_not_possible(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, HYBRID, HYBRID);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->no_intermediate = true;
    start(&sim);
    assert_closed(&sim, IKE_CLOSE_PROTOCOL, "has no IKE_INTERMEDIATE");
}

static void
test_refused(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, HYBRID, HYBRID);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->intermediate_error = IKE_NOTIFY_INVALID_SYNTAX;
    start(&sim);
    assert_closed(&sim, IKE_CLOSE_PROTOCOL, "INVALID_SYNTAX");
}

/* --- Every message lost, doubled, late --- */

typedef struct {
    LinkDirection direction;
    unsigned number;
    LinkFate fate;
    bool hit;
} OneFate;

static LinkFate
one_fate(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    OneFate *one = data;
    if (direction != one->direction || number != one->number)
        return (LinkFate){ 0 };
    one->hit = true;
    return one->fate;
}

static void
check_fate(LinkDirection direction, unsigned number, LinkFate fate)
{
    OneFate one = { direction, number, fate, false };
    g_auto(Sim) sim = { 0 };
    init_ppk(&sim, true, true);
    set_ike(&sim, HYBRID, HYBRID);
    sim.link.script = one_fate;
    sim.link.script_data = &one;
    start(&sim);
    sim_run(&sim, 2 * DURATION_SECOND);
    g_assert_true(one.hit);
    g_assert_cmpstr(sim.detail, ==, NULL);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
    sim_assert_keys_agree(&sim);
}

static void
test_each_message(void)
{
    const LinkFate fates[] = { { .lost = true },
                               { .doubled = true },
                               { .extra_delay = 700 * DURATION_MILLISECOND },
                               { .truncate = true, .length = 60 },
                               { .flip = true, .octet = 50, .mask = 4 } };
    for (unsigned number = 0; number < 4; number++) {
        for (size_t i = 0; i < G_N_ELEMENTS(fates); i++) {
            if (number == 0 && fates[i].flip) /* IKE_SA_INIT is sim/damage's */
                continue;
            check_fate(LINK_UP, number, fates[i]);
            check_fate(LINK_DOWN, number, fates[i]);
        }
    }
}

/* Who takes the additional key exchange out of the offer is found out by AUTH: the offer is under
 * it. */
static LinkFate
strip(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    const LinkFate flip = { .flip = true, .octet = *(size_t *)data, .mask = 1 };
    return direction == LINK_UP && number == 0 ? flip : (LinkFate){ 0 };
}

static void
test_downgrade(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    set_ike(&sim, PLAIN "-ke1_ecp256 " PLAIN, PLAIN "-ke1_ecp256 " PLAIN);
    /* Header, SA payload's, proposal's; ENCR with its attribute, PRF, KE: then ADDKE's ID, 19 to
     * 18, which the gateway does not have. */
    size_t octet = 28 + 4 + 8 + 12 + 8 + 8 + 7;
    sim.link.script = strip;
    sim.link.script_data = &octet;
    start(&sim);
    assert_closed(&sim, IKE_CLOSE_AUTH_LOCAL, "does not accept");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/sim/pq/ppk-required", "yes", test_ppk);
    g_test_add_data_func("/sim/pq/ppk-optional", NULL, test_ppk);
    g_test_add_func("/sim/pq/ppk-unknown-to-the-gateway", test_ppk_unknown_to_the_gateway);
    g_test_add_func("/sim/pq/ppk-required-unknown-to-the-gateway",
                    test_ppk_required_unknown_to_the_gateway);
    g_test_add_data_func("/sim/pq/ppk-required-other-identity", "yes", test_ppk_other_identity);
    g_test_add_data_func("/sim/pq/ppk-optional-other-identity", NULL, test_ppk_other_identity);
    g_test_add_func("/sim/pq/ppk-of-the-gateway-alone", test_ppk_of_the_gateway_alone);
    g_test_add_data_func("/sim/pq/ppk-required-another-key", "yes", test_ppk_another_key);
    g_test_add_data_func("/sim/pq/ppk-optional-another-key", NULL, test_ppk_another_key);
    g_test_add_data_func("/sim/pq/ppk-required-unsaid", "yes", test_ppk_unsaid);
    g_test_add_data_func("/sim/pq/ppk-optional-unsaid", NULL, test_ppk_unsaid);
    g_test_add_func("/sim/pq/ppk-not-to-be-had", test_ppk_not_to_be_had);
    g_test_add_data_func("/sim/pq/ppk-behind-eap-with-msk", "0123456789abcdef",
                         test_ppk_behind_eap);
    g_test_add_data_func("/sim/pq/ppk-behind-eap-without-msk", NULL, test_ppk_behind_eap);
    g_test_add_func("/sim/pq/ppk-closed-while-mixing", test_ppk_closed_while_mixing);
    g_test_add_func("/sim/pq/additional-key-exchanges", test_hybrid);
    g_test_add_func("/sim/pq/seven-additional-key-exchanges", test_seven);
    g_test_add_func("/sim/pq/intermediate-in-fragments", test_fragments);
    g_test_add_func("/sim/pq/old-gateway", test_old_gateway);
    g_test_add_func("/sim/pq/none-is-a-choice", test_none_is_a_choice);
    g_test_add_func("/sim/pq/ppk-and-additional", test_both);
    g_test_add_func("/sim/pq/ppk-and-additional-with-eap", test_hybrid_with_eap);
    g_test_add_func("/sim/pq/built-in-lists", test_built_in_lists);
    g_test_add_func("/sim/pq/additional-without-intermediate", test_chosen_but_not_possible);
    g_test_add_func("/sim/pq/intermediate-refused", test_refused);
    g_test_add_func("/sim/pq/each-message", test_each_message);
    g_test_add_func("/sim/pq/downgrade", test_downgrade);
    return g_test_run();
}
