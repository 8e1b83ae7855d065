/* A gateway under attack asks for work first (RFC 8019). */
#include "sim.h"

#include "ike/puzzle.h"

static void
test_in_init(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim_connect_with(&sim, &(ResponderFaults){ .want_cookie = true, .puzzle_bits = 6 });
    sim_assert_up(&sim);
    g_assert_cmpuint(ike_responder_solved(sim.gateway), ==, 1);
}

static void
test_before_auth(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 2);
    sim_connect_with(&sim, &(ResponderFaults){ .auth_puzzle_bits = 6 });
    sim_assert_up(&sim);
    g_assert_cmpuint(ike_responder_solved(sim.gateway), ==, 1);
}

/* The solution stands in the clear, in the first of many fragments (RFC 7383, section 2.5.3). */
static void
test_before_auth_in_fragments(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 3);
    for (int i = 0; i < 64; i++) {
        g_autofree char *name = g_strdup_printf("name-%d.as.long.as.names.come.example", i);
        sim_ask(&sim, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, name, strlen(name));
    }
    sim_connect_with(&sim, &(ResponderFaults){ .auth_puzzle_bits = 6 });
    sim_assert_up(&sim);
    g_assert_cmpuint(ike_responder_solved(sim.gateway), ==, 1);
}

/* More work than is bearable: the cookie alone, as from those who know no puzzles. */
static void
test_too_much(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 4);
    sim_connect_with(&sim,
                     &(ResponderFaults){ .want_cookie = true, .puzzle_bits = PUZZLE_MAX_BITS + 1 });
    sim_assert_up(&sim);
    g_assert_cmpuint(ike_responder_solved(sim.gateway), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/puzzle/in-init", test_in_init);
    g_test_add_func("/sim/puzzle/before-auth", test_before_auth);
    g_test_add_func("/sim/puzzle/before-auth-in-fragments", test_before_auth_in_fragments);
    g_test_add_func("/sim/puzzle/too-much", test_too_much);
    return g_test_run();
}
