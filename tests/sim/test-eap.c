/* EAP through IKE_AUTH: the method is of no use outside of tests, the rounds are real (RFC 7296,
 * section 2.16; RFC 4739; RFC 5998). */
#include "sim.h"

#include <string.h>

#define MSK "sixty-four octets of keys as an EAP method with keys makes them."

/* The gateway proves itself by the pre-shared key here: what comes after is the same, and
 * certificates have tests of their own. */
static void
eap_init(Sim *sim, guint32 seed)
{
    sim_init(sim, seed);
    sim->config->local_auth = IKE_AUTH_EAP;
    sim->eap_msk = secret_new(MSK, strlen(MSK));
    sim->gateway_config.eap_msk = secret_ref(sim->eap_msk);
    sim->gateway_config.eap_requests = 3;
}

static void
test_with_keys(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 1);
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
    g_assert_cmpuint(sim.n_eap, ==, 4); /* three questions and Success */
    /* INIT, start, three answers, AUTH */
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 6);
}

static void
test_without_keys(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 2);
    g_clear_pointer(&sim.eap_msk, secret_unref);
    g_clear_pointer(&sim.gateway_config.eap_msk, secret_unref);
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
}

typedef struct {
    LinkDirection direction;
    unsigned number;
} Lost;

static LinkFate
lose_one(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    const Lost *lost = data;
    return (LinkFate){ .lost = direction == lost->direction && number == lost->number };
}

/* Each datagram of the sign-in lost once. */
static void
test_loss(void)
{
    for (unsigned i = 0; i < 12; i++) {
        g_auto(Sim) sim = { 0 };
        Lost lost = { i % 2 == 0 ? LINK_UP : LINK_DOWN, i / 2 };
        eap_init(&sim, 10 + i);
        sim.link.script = lose_one;
        sim.link.script_data = &lost;
        sim_connect_with(&sim, NULL);
        sim_assert_up(&sim);
        g_assert_cmpuint(sim.n_repeated, ==, 1);
        g_assert_cmpuint(sim.n_eap, ==, 4); /* the caller is asked once for each */
    }
}

/* Nothing is asked of the user before the gateway has proved who it is. */
static void
test_proof_first(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 3);
    sim_connect_with(&sim, &(ResponderFaults){ .eap_first = true });
    sim_assert_closed(&sim, IKE_CLOSE_AUTH_REMOTE, "before it has proved who it is");
    g_assert_cmpuint(sim.n_eap, ==, 0);

    g_auto(Sim) wrong = { 0 };
    eap_init(&wrong, 4);
    sim_connect_with(&wrong, &(ResponderFaults){ .wrong_auth = true });
    sim_assert_closed(&wrong, IKE_CLOSE_AUTH_REMOTE, "");
    g_assert_cmpuint(wrong.n_eap, ==, 0);
}

static void
test_wrong_password(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 5);
    sim.eap_wrong = true;
    sim_connect_with(&sim, NULL);
    sim_assert_closed(&sim, IKE_CLOSE_EAP_FAILED, "the password is wrong");
}

static void
test_refused_by_notify(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 6);
    sim_connect_with(&sim, &(ResponderFaults){ .eap_error = IKE_NOTIFY_AUTHENTICATION_FAILED });
    sim_assert_closed(&sim, IKE_CLOSE_AUTH_LOCAL, "the password is wrong");
}

/* A Success that the method does not know of is the caller's to refuse; one that the caller takes
 * at the wrong time, and a conversation without end, are the engine's. */
static void
test_out_of_turn(void)
{
    g_auto(Sim) endless = { 0 };
    eap_init(&endless, 7);
    sim_connect_with(&endless, &(ResponderFaults){ .eap_endless = true });
    g_assert_true(endless.closed);
    g_assert_cmpint(endless.reason, ==, IKE_CLOSE_EAP_FAILED);
    g_assert_cmpuint(endless.n_eap, <=, 128);

    g_auto(Sim) nobody = { 0 };
    eap_init(&nobody, 8);
    nobody.eap_refuse = true;
    sim_connect_with(&nobody, NULL);
    sim_assert_closed(&nobody, IKE_CLOSE_EAP_FAILED, "nobody is here");
}

/* Whoever relays the method without being its end does not know the MSK. */
static void
test_man_in_the_middle(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 9);
    sim_connect_with(&sim, &(ResponderFaults){ .wrong_eap_auth = true });
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_AUTH_REMOTE);
    g_assert_cmpuint(sim.n_installed, ==, 0);

    /* And the other way: the gateway does not believe our AUTH. */
    g_auto(Sim) other = { 0 };
    eap_init(&other, 20);
    g_clear_pointer(&other.eap_msk, secret_unref);
    other.eap_msk = secret_new("another", 7);
    sim_connect_with(&other, NULL);
    sim_assert_closed(&other, IKE_CLOSE_AUTH_LOCAL, "");
}

static void
eap_only_init(Sim *sim, guint32 seed)
{
    eap_init(sim, seed);
    sim->config->remote_auth = IKE_AUTH_EAP;
    sim->gateway_config.eap_only = true;
    sim->eap_mutual = true;
}

static void
test_eap_only(void)
{
    g_auto(Sim) sim = { 0 };
    eap_only_init(&sim, 11);
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);

    /* The method must have proved the gateway, and have made keys (RFC 5998, section 4). */
    g_auto(Sim) guessable = { 0 };
    eap_only_init(&guessable, 12);
    guessable.eap_mutual = false;
    sim_connect_with(&guessable, NULL);
    g_assert_true(guessable.closed);
    g_assert_cmpint(guessable.reason, ==, IKE_CLOSE_AUTH_REMOTE);

    g_auto(Sim) keyless = { 0 };
    eap_only_init(&keyless, 13);
    g_clear_pointer(&keyless.eap_msk, secret_unref);
    g_clear_pointer(&keyless.gateway_config.eap_msk, secret_unref);
    sim_connect_with(&keyless, NULL);
    g_assert_true(keyless.closed);
    g_assert_cmpint(keyless.reason, ==, IKE_CLOSE_AUTH_REMOTE);
}

static void
second_init(Sim *sim, guint32 seed, IkeAuthKind first)
{
    eap_init(sim, seed);
    sim->config->local_auth = first;
    sim->config->second_auth = IKE_AUTH_EAP;
    sim->config->second_id = (IkeIdentity){ IKE_ID_KEY_ID, g_bytes_new("token", 5) };
    sim->gateway_config.second_eap = true;
}

static void
test_second_round(void)
{
    const IkeAuthKind first[] = { IKE_AUTH_PSK, IKE_AUTH_EAP };
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
        g_auto(Sim) sim = { 0 };
        second_init(&sim, 14 + (guint32)i, first[i]);
        sim_connect_with(&sim, NULL);
        sim_assert_up(&sim);
        g_assert_cmpuint(sim.n_eap_second, ==, 4);
        g_assert_cmpuint(sim.n_eap, ==, first[i] == IKE_AUTH_EAP ? 8 : 4);
    }
    g_auto(Sim) cannot = { 0 };
    second_init(&cannot, 16, IKE_AUTH_PSK);
    sim_connect_with(&cannot, &(ResponderFaults){ .no_multiple_auth = true });
    sim_assert_closed(&cannot, IKE_CLOSE_AUTH_LOCAL, "second sign-in");
}

/* Closed while the user thinks: the gateway is told, and nothing is left. */
static void
test_closed_while_asked(void)
{
    g_auto(Sim) sim = { 0 };
    eap_init(&sim, 17);
    sim.withhold_eap = true;
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    sim_start(&sim);
    sim_run(&sim, 10 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_credentials, ==, 2); /* PSK_VERIFY and EAP */
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_REQUESTED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/eap/with-keys", test_with_keys);
    g_test_add_func("/sim/eap/without-keys", test_without_keys);
    g_test_add_func("/sim/eap/loss", test_loss);
    g_test_add_func("/sim/eap/proof-first", test_proof_first);
    g_test_add_func("/sim/eap/wrong-password", test_wrong_password);
    g_test_add_func("/sim/eap/refused-by-notify", test_refused_by_notify);
    g_test_add_func("/sim/eap/out-of-turn", test_out_of_turn);
    g_test_add_func("/sim/eap/man-in-the-middle", test_man_in_the_middle);
    g_test_add_func("/sim/eap/eap-only", test_eap_only);
    g_test_add_func("/sim/eap/second-round", test_second_round);
    g_test_add_func("/sim/eap/closed-while-asked", test_closed_while_asked);
    return g_test_run();
}
