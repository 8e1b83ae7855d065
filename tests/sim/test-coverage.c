/* Several networks behind a gateway that gives one for each Child SA (RFC 7296, sections 1.3.1 and
 * 2.9). */
#include "sim.h"

#include "ike/registry.h"

static void
add_network(GArray *selectors, const char *text)
{
    InetPrefix prefix;
    bool ok = inet_prefix_parse(text, &prefix, NULL);
    g_assert_true(ok);
    TrafficSelector selector = traffic_selector_for_prefix(&prefix);
    g_array_append_val(selectors, selector);
}

/* Three networks wanted; the gateway has those of them that theirs names. */
static void
start(Sim *sim, const char *const *theirs)
{
    static const char *const ours[] = { "10.1.0.0/16", "10.2.0.0/16", "2001:db8:3::/48" };
    sim_init(sim, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
        add_network(sim->config->remote_selectors, ours[i]);
    sim->gateway_config.local_ts = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    for (size_t i = 0; theirs[i] != NULL; i++)
        add_network(sim->gateway_config.local_ts, theirs[i]);
    sim->gateway_config.one_selector = true;
    sim->config->child_octets = 1000;
}

static void
go_up(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpstr(sim->detail, ==, NULL);
    sim_run(sim, 5 * DURATION_SECOND);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
}

static bool
reaches(const Sim *sim, const char *text)
{
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    add_network(one, text);
    for (guint i = 0; i < sim->installed->len; i++) {
        const IkeChild *child = g_ptr_array_index(sim->installed, i);
        if (traffic_selectors_contain(child->remote_ts, one))
            return true;
    }
    return false;
}

static void
assert_all(const Sim *sim)
{
    g_assert_cmpuint(sim->installed->len, ==, 3);
    g_assert_true(reaches(sim, "10.1.0.0/16"));
    g_assert_true(reaches(sim, "10.2.0.0/16"));
    g_assert_true(reaches(sim, "2001:db8:3::/48"));
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 3);
}

static const char *const all[] = { "10.1.0.0/16", "10.2.0.0/16", "2001:db8:3::/48", NULL };

/* Each is rekeyed on its own, with its own selectors. */
static void
test_one_each(void)
{
    g_auto(Sim) sim = { 0 };
    start(&sim, all);
    go_up(&sim);
    assert_all(&sim);
    for (unsigned round = 0; round < 3; round++) {
        const IkeChild *child = g_ptr_array_index(sim.installed, 0);
        ike_engine_child_used(sim.engine, child->spi_in, 1, 1000, sim.link.now);
        sim_run(&sim, 5 * DURATION_SECOND);
        g_assert_cmpuint(sim.n_installed, ==, 4 + round);
        assert_all(&sim);
    }
}

/* What the gateway does not have is asked for once, and that is that. */
static void
test_not_there(void)
{
    static const char *const some[] = { "10.1.0.0/16", "2001:db8:3::/48", NULL };
    g_auto(Sim) sim = { 0 };
    start(&sim, some);
    go_up(&sim);
    g_assert_cmpuint(sim.installed->len, ==, 2);
    g_assert_false(reaches(&sim, "10.2.0.0/16"));
    unsigned sent = sim.n_sent[LINK_UP];
    sim_run(&sim, 20 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
}

/* One is deleted: it is asked for again, and the others stay. */
static void
test_one_deleted(void)
{
    g_auto(Sim) sim = { 0 };
    start(&sim, all);
    go_up(&sim);
    responder_sa_delete_child(sim.gateway, ike_responder_sa(sim.gateway));
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_installed, ==, 4);
    assert_all(&sim);
}

/* The gateway asks for what is there already. */
static void
test_gateway_wants_one_more(void)
{
    g_auto(Sim) sim = { 0 };
    start(&sim, all);
    go_up(&sim);
    responder_sa_new_child(sim.gateway, ike_responder_sa(sim.gateway));
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, IKE_NOTIFY_NO_ADDITIONAL_SAS);
    assert_all(&sim);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/coverage/one-each", test_one_each);
    g_test_add_func("/sim/coverage/not-there", test_not_there);
    g_test_add_func("/sim/coverage/one-deleted", test_one_deleted);
    g_test_add_func("/sim/coverage/gateway-wants-one-more", test_gateway_wants_one_more);
    return g_test_run();
}
