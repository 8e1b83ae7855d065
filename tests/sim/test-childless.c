/* IKE_AUTH without a Child SA, which follows in an exchange of its own (RFC 6023). */
#include "sim.h"

#include "crypto/algorithms.h"

static void
childless_init(Sim *sim, guint32 seed)
{
    sim_init(sim, seed);
    sim->config->childless = true;
    sim->gateway_config.childless = true;
}

/* The first Child SA has a key exchange of its own. */
static void
test_childless(void)
{
    g_auto(Sim) sim = { 0 };
    childless_init(&sim, 1);
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
    const IkeChild *child = g_ptr_array_index(sim.installed, 0);
    g_assert_cmpuint(child->ke, ==, KE_CURVE25519);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 3); /* INIT, AUTH, CREATE_CHILD_SA */
    g_assert_cmpuint(sim.configuration->addresses->len, ==, 2);
    g_assert_cmpuint(sim.configuration->remote_ts->len, ==, 2);
    g_assert_cmpstr(sim.configuration->esp_algorithms, ==, "aes256gcm16-x25519-esn");
}

/* Only where the gateway has said that it can (RFC 6023, section 3). */
static void
test_unsupported(void)
{
    g_auto(Sim) sim = { 0 };
    childless_init(&sim, 2);
    sim.gateway_config.childless = false;
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
}

static void
test_refused(void)
{
    const struct {
        uint16_t error;
        IkeCloseReason reason;
    } cases[] = {
        { IKE_NOTIFY_NO_PROPOSAL_CHOSEN, IKE_CLOSE_NO_CHILD_PROPOSAL },
        { IKE_NOTIFY_TS_UNACCEPTABLE, IKE_CLOSE_TS_UNACCEPTABLE },
        { IKE_NOTIFY_NO_ADDITIONAL_SAS, IKE_CLOSE_PROTOCOL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Sim) sim = { 0 };
        childless_init(&sim, 3);
        sim_connect_with(&sim, &(ResponderFaults){ .create_child_error = cases[i].error });
        sim_assert_closed(&sim, cases[i].reason, "");
        g_assert_cmpuint(sim.n_configured, ==, 0);
    }
}

static void
test_no_address(void)
{
    g_auto(Sim) sim = { 0 };
    childless_init(&sim, 4);
    sim_connect_with(&sim, &(ResponderFaults){ .no_config = true });
    sim_assert_closed(&sim, IKE_CLOSE_NO_ADDRESS, "");
}

static void
test_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    childless_init(&sim, 5);
    sim_connect_with(&sim, &(ResponderFaults){ .create_child_group = KE_ECP_256 });
    sim_assert_up(&sim);
    const IkeChild *child = g_ptr_array_index(sim.installed, 0);
    g_assert_cmpuint(child->ke, ==, KE_ECP_256);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/childless/first-child", test_childless);
    g_test_add_func("/sim/childless/unsupported", test_unsupported);
    g_test_add_func("/sim/childless/refused", test_refused);
    g_test_add_func("/sim/childless/no-address", test_no_address);
    g_test_add_func("/sim/childless/other-group", test_other_group);
    return g_test_run();
}
