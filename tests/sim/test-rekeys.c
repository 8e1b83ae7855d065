/* Ten thousand rekeyings by both sides at random over a link that loses, doubles and reorders; a
 * month with the lifetimes that are built in. In the end nothing is left over, and no packet was
 * lost that the link did not lose. */
#include "sim.h"

#include "esp-model.h"

#define N_REKEYS 10000
#define OCTETS   1000 /* soft limit of a Child SA */
#define TICK     (40 * DURATION_MILLISECOND)

typedef struct {
    Sim *sim;
    GRand *rand;
    unsigned n_ike;
    uint64_t spi_i;
} Life;

static void
send_packet(Sim *sim, LinkDirection direction)
{
    g_autoptr(GBytes) packet = esp_model_packet(sim->esp, direction, sim->link.now);
    if (packet != NULL)
        virtual_link_send(&sim->link, direction, packet);
}

static void
gateway_acts(Life *life)
{
    Sim *sim = life->sim;
    ResponderSa *sa = ike_responder_sa(sim->gateway);
    if (sa == NULL || !responder_sa_is_idle(sa))
        return;
    if (g_rand_int_range(life->rand, 0, 4) == 0)
        responder_sa_rekey_ike(sim->gateway, sa);
    else
        responder_sa_rekey_child(sim->gateway, sa);
    sim_drain(sim);
}

/* Our data path says that the soft limit is reached. */
static void
client_acts(Life *life)
{
    Sim *sim = life->sim;
    for (guint i = 0; i < sim->installed->len; i++) {
        const IkeChild *child = g_ptr_array_index(sim->installed, i);
        ike_engine_child_used(sim->engine, child->spi_in, 1, OCTETS, sim->link.now);
    }
}

static bool
is_settled(const Sim *sim)
{
    return sim->installed->len == 1 && ike_responder_count_all(sim->gateway) == 1 &&
           ike_responder_count_children(sim->gateway) == 1;
}

static void
tick(Life *life, bool act)
{
    Sim *sim = life->sim;
    send_packet(sim, LINK_UP);
    send_packet(sim, LINK_DOWN);
    if (act && g_rand_int_range(life->rand, 0, 60) == 0)
        gateway_acts(life);
    if (act && g_rand_int_range(life->rand, 0, 60) == 0)
        client_acts(life);
    sim_run(sim, TICK);
    g_assert_cmpstr(sim->detail, ==, NULL);
    life->n_ike += ike_engine_spi_i(sim->engine) != life->spi_i;
    life->spi_i = ike_engine_spi_i(sim->engine);
}

static void
assert_nothing_left(Sim *sim)
{
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->installed->len, ==, 1);
    g_assert_cmpuint(ike_responder_count_all(sim->gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 1);
    for (int direction = 0; direction < 2; direction++) {
        g_assert_cmpuint(sim->esp->unsent[direction], ==, 0);
        g_assert_cmpuint(sim->esp->missed[direction], ==, 0);
        g_assert_cmpuint(sim->esp->arrived[direction], >, sim->esp->sent[direction] / 2);
    }
}

static void
start(Sim *sim, guint32 seed)
{
    sim_init(sim, seed);
    sim->esp = esp_model_new();
    sim->gateway_interval = 500 * DURATION_MILLISECOND;
}

static void
add_key_exchanges(Sim *sim)
{
    static const char ike[] = "aes256gcm16-prfsha384-x25519-ke1_ecp256-ke2_ecp384";
    static const char esp[] = "aes256gcm16-x25519-ke1_ecp256-ke2_ecp384";
    IkeProposalList **ike_lists[] = { &sim->config->ike_proposals,
                                      &sim->gateway_config.ike_proposals };
    IkeProposalList **esp_lists[] = { &sim->config->esp_proposals,
                                      &sim->gateway_config.esp_proposals };
    for (size_t i = 0; i < 2; i++) {
        ike_proposal_list_unref(*ike_lists[i]);
        ike_proposal_list_unref(*esp_lists[i]);
        *ike_lists[i] = ike_proposal_list_from_words(ike, IKE_PROTOCOL_IKE, NULL);
        *esp_lists[i] = ike_proposal_list_from_words(esp, IKE_PROTOCOL_ESP, NULL);
    }
}

static void
rekey_often(unsigned n_rekeys, bool additional)
{
    g_auto(Sim) sim = { 0 };
    LinkChance chance = { g_rand_new_with_seed(3), 5, 5, 5, 0 };
    Life life = { &sim, g_rand_new_with_seed(4), 0, 0 };
    start(&sim, 2);
    if (additional)
        add_key_exchanges(&sim);
    sim.config->retransmit_tries = 12;
    sim.config->child_octets = OCTETS;
    sim.config->ike_lifetime = 2 * DURATION_MINUTE;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sim.link.script = link_chance_script;
    sim.link.script_data = &chance;
    life.spi_i = ike_engine_spi_i(sim.engine);
    while (sim.n_installed + life.n_ike < n_rekeys)
        tick(&life, true);
    /* No more of it, and a calm link: what is under way comes to its end. */
    sim.link.script = NULL;
    for (unsigned i = 0; i < 1500 && !is_settled(&sim); i++)
        tick(&life, false);
    g_test_message("%u Child SAs, %u IKE SAs in %d minutes; %u at most at a time; %u packets",
                   sim.n_installed, life.n_ike, (int)(sim.link.now / DURATION_MINUTE),
                   sim.esp->most, sim.esp->sent[0] + sim.esp->sent[1]);
    assert_nothing_left(&sim);
    g_rand_free(chance.rand);
    g_rand_free(life.rand);
}

static void
test_ten_thousand(void)
{
    rekey_often(N_REKEYS, false);
}

/* With IKE_FOLLOWUP_KE behind each of them (RFC 9370, section 2.2.4). */
static void
test_additional(void)
{
    rekey_often(N_REKEYS / 10, true);
}

/* Built-in lifetimes, a sign-in a day, a packet each way every ten minutes; the gateway rekeys now
 * and then. The caller makes the next SA before the old one goes. */
static void
test_month(void)
{
    g_auto(Sim) sim = { 0 };
    LinkChance chance = { g_rand_new_with_seed(5), 2, 2, 2, 0 };
    Life life = { &sim, g_rand_new_with_seed(6), 0, 0 };
    start(&sim, 7);
    sim.config->reauth_lifetime = 1440 * DURATION_MINUTE;
    sim.config->retransmit_tries = 10;
    sim.replace = true;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sim.link.script = link_chance_script;
    sim.link.script_data = &chance;
    for (unsigned i = 0; i < 30 * 144; i++) {
        sim_run(&sim, 10 * DURATION_MINUTE);
        tick(&life, i % 50 == 0);
    }
    sim.link.script = NULL;
    for (unsigned i = 0; i < 1500 && !is_settled(&sim); i++)
        tick(&life, false);
    g_test_message("%u Child SAs, %u sign-ins", sim.n_installed, sim.n_configured);
    g_assert_cmpuint(sim.n_replace, >=, 29);
    g_assert_cmpuint(sim.n_configured, ==, sim.n_replace + 1);
    g_assert_cmpuint(sim.n_installed, >, 700);
    assert_nothing_left(&sim);
    g_rand_free(chance.rand);
    g_rand_free(life.rand);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/rekeys/ten-thousand", test_ten_thousand);
    g_test_add_func("/sim/rekeys/thousand-with-additional-key-exchanges", test_additional);
    g_test_add_func("/sim/rekeys/month", test_month);
    return g_test_run();
}
