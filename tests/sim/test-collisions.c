/* Both ends act on the same SA at the same time: every case of RFC 7296, sections 2.8.1, 2.8.2,
 * 2.25.1 and 2.25.2. In the end both agree, and nothing is left over. */
#include "sim.h"

#include "crypto/algorithms.h"
#include "ike/registry.h"

#define SEEDS 12 /* so that either end has the lowest nonce now and then */

typedef void (*Ask)(IkeResponder *responder, ResponderSa *sa);

static ResponderSa *
gateway_sa(Sim *sim)
{
    ResponderSa *sa = ike_responder_sa(sim->gateway);
    g_assert_nonnull(sa);
    return sa;
}

/* Up, with nothing to do but what the test wants. */
static void
go_up(Sim *sim, guint32 seed, Duration ike, Duration child)
{
    sim_init(sim, seed);
    sim->config->ike_lifetime = ike;
    sim->config->child_lifetime = child;
    sim->config->liveness_interval = 1440 * DURATION_MINUTE;
    sim->gateway_interval = 500 * DURATION_MILLISECOND;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
}

static void
go_up_for_child(Sim *sim, guint32 seed)
{
    go_up(sim, seed, 1440 * DURATION_MINUTE, 10 * DURATION_MINUTE);
}

static void
go_up_for_ike(Sim *sim, guint32 seed)
{
    go_up(sim, seed, 10 * DURATION_MINUTE, 1440 * DURATION_MINUTE);
}

static void
ask(Sim *sim, Ask what)
{
    what(sim->gateway, gateway_sa(sim));
    sim_drain(sim);
}

static uint16_t
gateway_error(Sim *sim)
{
    return ike_responder_last_error(sim->gateway, NULL);
}

static void
assert_settled(Sim *sim)
{
    sim_drain(sim);
    sim_run(sim, 10 * DURATION_SECOND);
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->installed->len, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_all(sim->gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 1);
    /* The IKE SA works in both directions. */
    unsigned before, after;
    ike_responder_last_error(sim->gateway, &before);
    ask(sim, responder_sa_liveness);
    sim_run(sim, DURATION_SECOND);
    ike_responder_last_error(sim->gateway, &after);
    g_assert_cmpuint(after, ==, before + 1);
}

/* --- Child SAs --- */

/* HDR, SK {N(REKEY_SA), SA, Ni1, ...}  -->  meets  <--  HDR, SK {N(REKEY_SA), SA, Ni2, ...}
 * Both are answered; the one with the lowest of four nonces is deleted by who made it, the old one
 * by the other. */
static void
test_child_both_rekey(void)
{
    unsigned n_ours = 0;
    for (guint32 seed = 1; seed <= SEEDS; seed++) {
        g_auto(Sim) sim = { 0 };
        go_up_for_child(&sim, seed);
        sim_until_sent(&sim);
        ask(&sim, responder_sa_rekey_child);
        sim_run(&sim, 70 * DURATION_MILLISECOND);
        g_assert_cmpuint(gateway_error(&sim), ==, 0);
        g_assert_cmpuint(sim.n_installed, ==, 3);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
        g_assert_cmpuint(sim.n_removed, ==, 2);
        const IkeChild *child = g_ptr_array_index(sim.installed, 0);
        n_ours += !child->peer_began;
    }
    g_assert_cmpuint(n_ours, >, 0);
    g_assert_cmpuint(n_ours, <, SEEDS);
}

static LinkFate
lose_first_answers(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    unsigned *left = data;
    bool lost = left[direction] > 0;
    left[direction] -= lost;
    return (LinkFate){ .lost = lost };
}

/* The same, and our answer, the gateway's, or both get lost once. */
static void
test_child_both_rekey_answers_lost(void)
{
    for (guint32 seed = 1; seed <= SEEDS; seed++) {
        g_auto(Sim) sim = { 0 };
        unsigned left[2] = { seed & 1, seed >> 1 & 1 };
        go_up_for_child(&sim, seed);
        sim_until_sent(&sim);
        ask(&sim, responder_sa_rekey_child);
        sim.link.script = lose_first_answers;
        sim.link.script_data = left;
        sim_run(&sim, 3 * DURATION_SECOND);
        g_assert_cmpuint(sim.n_installed, ==, 3);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
    }
}

/* Our request gets lost; the gateway rekeys and deletes before it sees the repetition, and answers
 * that with CHILD_SA_NOT_FOUND, which we ignore (RFC 7296, section 2.8.1, second figure). */
static void
test_child_gateway_did_not_notice(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim.link.blocked[LINK_UP] = true;
    sim_until_sent(&sim);
    sim.link.blocked[LINK_UP] = false;
    ask(&sim, responder_sa_rekey_child);
    sim_run(&sim, 300 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.n_retired, ==, 1);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* The other way round: the gateway's request gets lost, ours is over. */
static void
test_child_we_did_not_notice(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim.gateway_interval = 0;
    sim.link.blocked[LINK_DOWN] = true;
    ask(&sim, responder_sa_rekey_child); /* gets lost */
    sim.link.blocked[LINK_DOWN] = false;
    sim_until_sent(&sim); /* the gateway notices that both rekey */
    sim_run(&sim, 300 * DURATION_MILLISECOND);
    sim_run(&sim, 3 * DURATION_SECOND); /* ours is over, with its DELETE */
    g_assert_cmpuint(sim.n_installed, ==, 2);
    responder_sa_repeat(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_CHILD_SA_NOT_FOUND);
    sim.gateway_interval = 500 * DURATION_MILLISECOND;
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* HDR, SK {N(REKEY_SA), ...}  -->  meets  <--  HDR, SK {D}: answered as usual; the gateway says
 * TEMPORARY_FAILURE, and a Child SA from scratch comes at once. */
static void
test_child_rekey_meets_delete(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim_until_sent(&sim);
    ask(&sim, responder_sa_delete_child);
    sim_run(&sim, 200 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
}

/* HDR, SK {D}  -->  meets  <--  HDR, SK {N(REKEY_SA), ...} of the same: TEMPORARY_FAILURE */
static void
test_child_delete_meets_rekey(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim.gateway_interval = 0;
    sim.link.blocked[LINK_DOWN] = true;
    ask(&sim, responder_sa_rekey_child); /* gets lost */
    sim.link.blocked[LINK_DOWN] = false;
    sim_until_sent(&sim);
    sim_run(&sim, 100 * DURATION_MILLISECOND); /* the old one is ours to delete */
    responder_sa_repeat(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_TEMPORARY_FAILURE);
    sim.gateway_interval = 500 * DURATION_MILLISECOND;
    assert_settled(&sim);
    sim_assert_same_child(&sim);
}

/* HDR, SK {D}  -->  meets  <--  HDR, SK {D} of the same: both are answered without Delete payload,
 * and what is missing then is made again. */
static void
test_child_both_delete(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim_until_sent(&sim);                      /* our rekeying */
    sim_run(&sim, 100 * DURATION_MILLISECOND); /* is answered */
    sim_until_sent(&sim);                      /* our DELETE of the old one */
    ike_responder_forget_replaced(sim.gateway);
    ask(&sim, responder_sa_delete_child); /* of the old one as well */
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* A request of the gateway's that comes again amid a collision is answered again, unchanged. */
static void
test_child_repeated_amid_collision(void)
{
    for (guint32 seed = 1; seed <= SEEDS; seed++) {
        g_auto(Sim) sim = { 0 };
        go_up_for_child(&sim, seed);
        sim_until_sent(&sim);
        ask(&sim, responder_sa_rekey_child);
        for (unsigned i = 0; i < 3; i++) {
            responder_sa_repeat(sim.gateway, gateway_sa(&sim));
            sim_drain(&sim);
        }
        sim_run(&sim, 70 * DURATION_MILLISECOND);
        g_assert_cmpuint(sim.n_installed, ==, 3);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
    }
}

/* --- IKE SAs --- */

/* HDR, SK {SA, Ni1, KEi}  -->  meets  <--  HDR, SK {SA, Ni2, KEi}: three IKE SAs, one stays and has
 * the Child SA. */
static void
test_ike_both_rekey(void)
{
    unsigned n_ours = 0;
    for (guint32 seed = 1; seed <= SEEDS; seed++) {
        g_auto(Sim) sim = { 0 };
        go_up_for_ike(&sim, seed);
        uint64_t before = ike_engine_spi_i(sim.engine);
        sim_until_sent(&sim);
        ask(&sim, responder_sa_rekey_ike);
        sim_run(&sim, 70 * DURATION_MILLISECOND);
        g_assert_cmpuint(gateway_error(&sim), ==, 0);
        assert_settled(&sim);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, responder_sa_spi_i(gateway_sa(&sim)));
        g_assert_cmpuint(sim.n_installed, ==, 1);
        n_ours += !responder_sa_began(gateway_sa(&sim));
        /* Our requests go through, too: the Child SA is rekeyed on it. */
        ask(&sim, responder_sa_rekey_child);
        assert_settled(&sim);
    }
    g_assert_cmpuint(n_ours, >, 0);
    g_assert_cmpuint(n_ours, <, SEEDS);
}

static void
test_ike_both_rekey_answers_lost(void)
{
    for (guint32 seed = 1; seed <= SEEDS; seed++) {
        g_auto(Sim) sim = { 0 };
        unsigned left[2] = { seed & 1, seed >> 1 & 1 };
        go_up_for_ike(&sim, seed);
        sim_until_sent(&sim);
        ask(&sim, responder_sa_rekey_ike);
        sim.link.script = lose_first_answers;
        sim.link.script_data = left;
        sim_run(&sim, 3 * DURATION_SECOND);
        assert_settled(&sim);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, responder_sa_spi_i(gateway_sa(&sim)));
    }
}

/* Our request gets lost; the gateway's rekeying is over and its DELETE tells us to forget ours (RFC
 * 7296, section 2.8.2, last figure). */
static void
test_ike_gateway_did_not_notice(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    sim.link.blocked[LINK_UP] = true;
    sim_until_sent(&sim);
    sim.link.blocked[LINK_UP] = false;
    ask(&sim, responder_sa_rekey_ike);
    sim_run(&sim, 200 * DURATION_MILLISECOND);
    unsigned sent = sim.n_sent[LINK_UP];
    sim_run(&sim, 20 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent); /* not repeated any more */
    assert_settled(&sim);
}

/* The other way round: the gateway's request comes when the old SA is ours to delete. */
static void
test_ike_we_did_not_notice(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    sim.gateway_interval = 0;
    ResponderSa *old = gateway_sa(&sim);
    sim.link.blocked[LINK_DOWN] = true;
    ask(&sim, responder_sa_rekey_ike); /* gets lost */
    sim.link.blocked[LINK_DOWN] = false;
    sim_until_sent(&sim);                     /* our request */
    sim_run(&sim, 25 * DURATION_MILLISECOND); /* the gateway has answered it */
    responder_sa_repeat(sim.gateway, old);
    sim_drain(&sim);
    sim.gateway_interval = 500 * DURATION_MILLISECOND;
    assert_settled(&sim);
}

/* HDR, SK {SA, Ni, KEi}  -->  meets  <--  HDR, SK {D}: answered, and the end. */
static void
test_ike_rekey_meets_delete(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    sim_until_sent(&sim);
    ask(&sim, responder_sa_delete);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_PEER_DELETED);
    g_assert_cmpuint(sim.installed->len, ==, 0);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count_children(sim.gateway), ==, 0);
}

/* HDR, SK {D}  -->  meets  <--  HDR, SK {SA, Ni, KEi}: TEMPORARY_FAILURE, and the end. */
static void
test_ike_delete_meets_rekey(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    ask(&sim, responder_sa_rekey_ike);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
    g_assert_cmpuint(ike_responder_count_children(sim.gateway), ==, 0);
}

static void
test_ike_both_delete(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    ask(&sim, responder_sa_delete);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(ike_responder_count_all(sim.gateway), ==, 0);
}

/* --- One of each --- */

/* HDR, SK {SA, Ni, KEi}  -->  meets  <--  HDR, SK {[N(REKEY_SA),] SA, Ni, TSi, TSr}:
 * TEMPORARY_FAILURE to the Child SA; the gateway says the same to us. */
static void
ike_rekey_meets(Ask what)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    uint64_t before = ike_engine_spi_i(sim.engine);
    sim_until_sent(&sim);
    ask(&sim, what);
    sim_run(&sim, 70 * DURATION_MILLISECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_TEMPORARY_FAILURE);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
    unsigned sent = sim.n_sent[LINK_UP];
    sim_run(&sim, 5 * DURATION_SECOND); /* not at once again */
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    sim_run(&sim, 10 * DURATION_SECOND);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
    assert_settled(&sim);
}

static void
test_ike_rekey_meets_child(void)
{
    ike_rekey_meets(responder_sa_rekey_child);
    ike_rekey_meets(responder_sa_new_child);
}

/* The other way round. */
static void
test_child_rekey_meets_ike(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_child(&sim, 1);
    sim_until_sent(&sim);
    ask(&sim, responder_sa_rekey_ike);
    sim_run(&sim, 70 * DURATION_MILLISECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_TEMPORARY_FAILURE);
    sim_run(&sim, 15 * DURATION_SECOND);
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* HDR, SK {SA, Ni, KEi}  -->  meets  <--  HDR, SK {D} of the Child SA: answered with a Delete
 * payload; a new one comes on whichever IKE SA there is then. */
static void
test_ike_rekey_meets_child_delete(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_for_ike(&sim, 1);
    sim_until_sent(&sim);
    ask(&sim, responder_sa_delete_child);
    sim_run(&sim, 70 * DURATION_MILLISECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, 0);
    sim_run(&sim, 15 * DURATION_SECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/sim/collisions/" name, function)
    ADD("child/both-rekey", test_child_both_rekey);
    ADD("child/both-rekey-answers-lost", test_child_both_rekey_answers_lost);
    ADD("child/gateway-did-not-notice", test_child_gateway_did_not_notice);
    ADD("child/we-did-not-notice", test_child_we_did_not_notice);
    ADD("child/rekey-meets-delete", test_child_rekey_meets_delete);
    ADD("child/delete-meets-rekey", test_child_delete_meets_rekey);
    ADD("child/both-delete", test_child_both_delete);
    ADD("child/repeated-amid-collision", test_child_repeated_amid_collision);
    ADD("ike/both-rekey", test_ike_both_rekey);
    ADD("ike/both-rekey-answers-lost", test_ike_both_rekey_answers_lost);
    ADD("ike/gateway-did-not-notice", test_ike_gateway_did_not_notice);
    ADD("ike/we-did-not-notice", test_ike_we_did_not_notice);
    ADD("ike/rekey-meets-delete", test_ike_rekey_meets_delete);
    ADD("ike/delete-meets-rekey", test_ike_delete_meets_rekey);
    ADD("ike/both-delete", test_ike_both_delete);
    ADD("ike-rekey-meets-child", test_ike_rekey_meets_child);
    ADD("child-rekey-meets-ike", test_child_rekey_meets_ike);
    ADD("ike-rekey-meets-child-delete", test_ike_rekey_meets_child_delete);
    return g_test_run();
}
