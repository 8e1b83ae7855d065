/* Chance: hours on a bad link, and noise in our own format. What can happen to each single message
 * is in test-exchanges. */
#include "sim.h"

#include <string.h>

/* Hours on a bad link with rekeying: whenever it is still up, both ends agree. */
static void
test_bad_link(void)
{
    unsigned n_up = 0;
    for (guint32 seed = 0; seed < 20; seed++) {
        g_auto(Sim) sim = { 0 };
        LinkChance chance = { g_rand_new_with_seed(seed), 20, 10, 20, 5 };
        sim_init(&sim, seed);
        sim.config->retransmit_tries = 12;
        /* Between the soft and the hard limit there is time for every repetition. */
        sim.config->retransmit_interval = 100 * DURATION_MILLISECOND;
        sim.config->child_lifetime = 15 * DURATION_MINUTE;
        sim.config->ike_lifetime = 36 * DURATION_MINUTE;
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        sim.link.script = link_chance_script;
        sim.link.script_data = &chance;
        sim_run(&sim, 180 * DURATION_MINUTE);
        sim.link.script = NULL;
        sim_run(&sim, 2 * DURATION_MINUTE);
        /* A rekeying may just be under way. */
        for (unsigned i = 0; i < 5 && sim.installed->len > 1; i++)
            sim_run(&sim, DURATION_SECOND);
        g_test_message("seed %u: %s", seed, sim.closed ? sim.detail : "up");
        if (!sim.closed) {
            n_up++;
            g_assert_cmpuint(sim.installed->len, ==, 1);
            g_assert_cmpuint(sim.n_installed, >, 5);
            sim_assert_keys_agree(&sim);
        }
        g_rand_free(chance.rand);
    }
    g_assert_cmpuint(n_up, ==, 20);
}

/* Datagrams of chance, many of them with our own header: discarded, and nothing is answered. */
static void
test_noise(void)
{
    g_auto(Sim) sim = { 0 };
    uint8_t octets[200];
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    sim_init(&sim, 1);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    unsigned sent = sim.n_sent[LINK_UP];
    const uint64_t spis[2] = { GUINT64_TO_BE(ike_engine_spi_i(sim.engine)),
                               GUINT64_TO_BE(ike_engine_spi_r(sim.engine)) };
    for (unsigned i = 0; i < 20000; i++) {
        size_t length = (size_t)g_rand_int_range(rand, 28, sizeof octets);
        for (size_t j = 0; j < length; j++)
            octets[j] = (uint8_t)g_rand_int_range(rand, 0, 256);
        memcpy(octets, spis, sizeof spis);
        octets[16] = i % 2 ? 46 : 53;
        octets[17] = 0x20;
        octets[18] = (uint8_t)(35 + i % 4);
        octets[19] = i % 3 ? 0 : 0x20;
        memset(octets + 20, 0, 8);
        octets[23] = (uint8_t)(i % 4);
        octets[27] = (uint8_t)length;
        g_assert_cmpint(sim_inject(&sim, octets, length), ==, IKE_VERDICT_DISCARD);
    }
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    g_assert_false(sim.closed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/damage/bad-link", test_bad_link);
    g_test_add_func("/sim/damage/noise", test_noise);
    return g_test_run();
}
