/* Sent to another gateway, at each time at which that may be (RFC 5685). */
#include "sim.h"

#include <string.h>

static GBytes *
to_v4(void)
{
    static const uint8_t data[] = { 1, 4, 198, 51, 100, 7 };
    return g_bytes_new_static(data, sizeof data);
}

static GBytes *
to_name(const char *name)
{
    GByteArray *data = g_byte_array_new();
    const uint8_t head[] = { 3, (uint8_t)strlen(name) };
    g_byte_array_append(data, head, sizeof head);
    g_byte_array_append(data, (const uint8_t *)name, head[1]);
    return g_byte_array_free_to_bytes(data);
}

static void
redirect_init(Sim *sim, guint32 seed)
{
    sim_init(sim, seed);
    sim->config->redirect = true;
}

static void
test_in_init(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GBytes) where = to_v4();
    redirect_init(&sim, 1);
    sim_connect_with(&sim, &(ResponderFaults){ .redirect_init = where });
    sim_assert_closed(&sim, IKE_CLOSE_REDIRECTED, "198.51.100.7");
    g_assert_cmpstr(sim.redirected, ==, "198.51.100.7");
    g_assert_cmpuint(sim.n_credentials, ==, 0);
}

/* Without our nonce it is somebody else's word; a gateway that was not told that we follow has no
 * business to send it. Both are as if nothing had come (RFC 5685, section 3). */
static void
test_not_believed(void)
{
    g_autoptr(GBytes) where = to_name("other.example");
    const struct {
        bool follow, wrong_nonce;
    } cases[] = { { true, true }, { false, false } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Sim) sim = { 0 };
        redirect_init(&sim, 2);
        sim.config->redirect = cases[i].follow;
        sim_connect_with(&sim, &(ResponderFaults){ .redirect_init = where,
                                                   .redirect_wrong_nonce = cases[i].wrong_nonce });
        sim_assert_closed(&sim, IKE_CLOSE_NO_ANSWER, "");
        g_assert_cmpuint(sim.n_redirect, ==, 0);
    }
}

static void
test_malformed(void)
{
    static const uint8_t octets[][8] = {
        { 1, 5, 1, 2, 3, 4, 5 }, { 2, 4, 1, 2, 3, 4 }, { 9, 4, 1, 2, 3, 4 }, { 3, 0 },
        { 3, 4, 'a', 0, 'b' },   { 1, 200, 1, 2, 3 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(octets); i++) {
        g_auto(Sim) sim = { 0 };
        g_autoptr(GBytes) where = g_bytes_new_static(octets[i], sizeof octets[i]);
        redirect_init(&sim, 3);
        sim_connect_with(&sim, &(ResponderFaults){ .redirect_init = where });
        sim_assert_closed(&sim, IKE_CLOSE_NO_ANSWER, "");
        g_assert_cmpuint(sim.n_redirect, ==, 0);
    }
}

/* In IKE_AUTH, once the gateway has proved itself; its SA is met with DELETE. */
static void
test_in_auth(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GBytes) where = to_name("other.example");
    redirect_init(&sim, 4);
    sim_connect_with(&sim, &(ResponderFaults){ .redirect_auth = where });
    sim_run(&sim, DURATION_SECOND);
    sim_assert_closed(&sim, IKE_CLOSE_REDIRECTED, "other.example");
    g_assert_cmpstr(sim.redirected, ==, "other.example");

    g_auto(Sim) forged = { 0 };
    redirect_init(&forged, 5);
    sim_connect_with(&forged, &(ResponderFaults){ .redirect_auth = where, .wrong_auth = true });
    g_assert_true(forged.closed);
    g_assert_cmpint(forged.reason, ==, IKE_CLOSE_AUTH_REMOTE);
    g_assert_cmpuint(forged.n_redirect, ==, 0);
}

/* While it is up the SA goes on until the caller has another. */
static void
test_up(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GBytes) where = to_v4();
    redirect_init(&sim, 6);
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
    responder_sa_redirect(sim.gateway, ike_responder_sa(sim.gateway), where);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_redirect, ==, 1);
    g_assert_cmpstr(sim.redirected, ==, "198.51.100.7");
    g_assert_true(sim.redirected_up);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/redirect/in-init", test_in_init);
    g_test_add_func("/sim/redirect/not-believed", test_not_believed);
    g_test_add_func("/sim/redirect/malformed", test_malformed);
    g_test_add_func("/sim/redirect/in-auth", test_in_auth);
    g_test_add_func("/sim/redirect/up", test_up);
    return g_test_run();
}
