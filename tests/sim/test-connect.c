/* The base scenario: IKE_SA_INIT and IKE_AUTH with every answer that a gateway may give. */
#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"

static void
test_psk(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpstr(sim.detail, ==, NULL);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(sim.configuration->addresses->len, ==, 2);
    g_assert_cmpuint(sim.configuration->split_dns->len, ==, 2);
    g_assert_cmpuint(sim.configuration->dns->len, ==, 1);
    g_assert_cmpstr(sim.configuration->gateway_id, ==, "gw.example");
    g_assert_true(sim.configuration->mobike);
    g_assert_false(sim.configuration->nat_here);
    sim_assert_keys_agree(&sim);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/connect/psk", test_psk);
    return g_test_run();
}
