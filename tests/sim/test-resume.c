/* A session goes on after an interruption by a ticket, and without a sign-in (RFC 5723). */
#include "sim.h"

#include "crypto/algorithms.h"
#include "ike/message.h"

#define LIFETIME_S 3600

/* Up once, with a ticket; then interrupted. */
static void
interrupted(Sim *sim, guint32 seed)
{
    sim_init(sim, seed);
    sim->config->want_ticket = true;
    sim->gateway_config.tickets_s = LIFETIME_S;
    sim_connect_with(sim, NULL);
    sim_assert_up(sim);
    g_assert_nonnull(sim->ticket);
    sim_forget_engine(sim);
}

static void
connect_again(Sim *sim, const ResponderFaults *faults)
{
    *ike_responder_faults(sim->gateway) = *faults;
    sim->engine = sim_engine_new(sim);
    ike_engine_resume(sim->engine, g_steal_pointer(&sim->ticket));
    ike_engine_authenticate(sim->engine, sim->link.now);
    sim->path.id++;
    ike_engine_initiate(sim->engine, &sim->path, sim->link.now);
    sim_drain(sim);
    g_assert_true(sim_connect(sim));
}

/* Nobody is asked for a credential, keys are new, and there is a ticket for the next time. */
static void
test_resumed(void)
{
    g_auto(Sim) sim = { 0 };
    interrupted(&sim, 1);
    unsigned credentials = sim.n_credentials;
    connect_again(&sim, &(ResponderFaults){ 0 });
    g_assert_cmpstr(sim.detail, ==, NULL);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.n_credentials, ==, credentials);
    g_assert_cmpstr(sim.configuration->gateway_id, ==, "gw.example");
    sim_assert_keys_agree(&sim);
    g_assert_nonnull(sim.ticket);
}

/* Whatever is wrong with the ticket, the sign-in follows by itself. */
static void
test_signs_in_instead(void)
{
    const ResponderFaults faults[] = {
        { .ticket_nack = true },
        { .ticket_silent = true },
        { .ticket_wrong_auth = true },
        { .want_cookie = true, .ticket_nack = true },
    };
    for (size_t i = 0; i < 4; i++) {
        g_auto(Sim) sim = { 0 };
        interrupted(&sim, 2);
        unsigned credentials = sim.n_credentials;
        connect_again(&sim, &faults[i]);
        if (faults[i].ticket_wrong_auth) { /* its answers cannot be opened: as if there were none */
            g_assert_true(sim.closed);
            g_assert_cmpint(sim.reason, ==, IKE_CLOSE_NO_ANSWER);
            continue;
        }
        g_assert_cmpstr(sim.detail, ==, NULL);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
        g_assert_cmpuint(sim.n_credentials, ==, credentials + 2);
        g_assert_cmpint(sim.link.now, <, 5 * DURATION_SECOND);
        sim_assert_keys_agree(&sim);
    }
}

static void
test_cookie(void)
{
    g_auto(Sim) sim = { 0 };
    interrupted(&sim, 3);
    unsigned credentials = sim.n_credentials;
    connect_again(&sim, &(ResponderFaults){ .want_cookie = true });
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.n_credentials, ==, credentials);
    sim_assert_keys_agree(&sim);
}

/* A gateway that refuses in IKE_AUTH is signed in to, and its answer to that is the last word. */
static void
test_refused_in_auth(void)
{
    g_auto(Sim) sim = { 0 };
    interrupted(&sim, 4);
    connect_again(&sim, &(ResponderFaults){ .auth_error = IKE_NOTIFY_AUTHENTICATION_FAILED });
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_AUTH_LOCAL);
    g_assert_cmpuint(sim.n_credentials, ==, 3); /* SIGN and PSK_VERIFY before; SIGN */
}

static void
test_lifetime(void)
{
    g_auto(Sim) sim = { 0 };
    interrupted(&sim, 5);
    Instant given = sim.link.now;
    g_assert_true(ike_ticket_is_valid(sim.ticket, given));
    g_assert_true(ike_ticket_is_valid(sim.ticket, given + (LIFETIME_S - 1) * DURATION_SECOND));
    g_assert_false(ike_ticket_is_valid(sim.ticket, given + LIFETIME_S * DURATION_SECOND));
    g_assert_false(ike_ticket_is_valid(NULL, 0));
}

/* Who does not ask gets none, and what is given unasked is not kept. */
static void
test_not_asked(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 6);
    sim.gateway_config.tickets_s = LIFETIME_S;
    sim_connect_with(&sim, NULL);
    sim_assert_up(&sim);
    g_assert_null(sim.ticket);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/resume/resumed", test_resumed);
    g_test_add_func("/sim/resume/signs-in-instead", test_signs_in_instead);
    g_test_add_func("/sim/resume/cookie", test_cookie);
    g_test_add_func("/sim/resume/refused-in-auth", test_refused_in_auth);
    g_test_add_func("/sim/resume/lifetime", test_lifetime);
    g_test_add_func("/sim/resume/not-asked", test_not_asked);
    return g_test_run();
}
