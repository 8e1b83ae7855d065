/* Additional key exchanges in rekeying, IKE_FOLLOWUP_KE (RFC 9370, section 2.2.4): from both sides,
 * for both kinds, refused, given up, too late, and two chains that meet. What happens to each of
 * their messages on a bad link is sim/exchanges'. */
#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/kex.h"
#include "ike/engine-private.h"
#include "ike/registry.h"

#define SEEDS 12 /* so that either end has the lowest nonce now and then */
#define LONG  (1440 * DURATION_MINUTE)
#define SOON  (10 * DURATION_MINUTE)

#define IKE_PLAIN "aes256gcm16-prfsha384-x25519"
#define ESP_PLAIN "aes256gcm16-x25519"
#define TWO       "-ke1_ecp256-ke3_ecp384"
#define SEVEN     "-ke1_ecp256-ke2_ecp384-ke3_ecp521-ke4_modp2048-ke5_x448-ke6_modp3072-ke7_modp4096"

/* Where this build has it; the second one's public key does not fit one datagram. */
#define ML_KEM "-ke1_mlkem768-ke3_mlkem1024"

typedef void (*Ask)(IkeResponder *responder, ResponderSa *sa);

static void
set_list(IkeProposalList **list, const char *words, uint8_t protocol)
{
    g_autoptr(GError) error = NULL;
    ike_proposal_list_unref(*list);
    *list = ike_proposal_list_from_words(words, protocol, &error);
    g_assert_no_error(error);
}

static void
set_lists(Sim *sim, const char *ike, const char *client_esp, const char *gateway_esp)
{
    set_list(&sim->config->ike_proposals, ike, IKE_PROTOCOL_IKE);
    set_list(&sim->gateway_config.ike_proposals, ike, IKE_PROTOCOL_IKE);
    set_list(&sim->config->esp_proposals, client_esp, IKE_PROTOCOL_ESP);
    set_list(&sim->gateway_config.esp_proposals, gateway_esp, IKE_PROTOCOL_ESP);
}

static void
init(Sim *sim, guint32 seed, Duration ike, Duration child)
{
    sim_init(sim, seed);
    set_lists(sim, IKE_PLAIN TWO, ESP_PLAIN TWO, ESP_PLAIN TWO);
    sim->config->ike_lifetime = ike;
    sim->config->child_lifetime = child;
    sim->config->liveness_interval = LONG;
    sim->gateway_interval = 500 * DURATION_MILLISECOND;
}

static void
start(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
}

static void
go_up(Sim *sim, guint32 seed, Duration ike, Duration child)
{
    init(sim, seed, ike, child);
    start(sim);
}

/* Until n of our requests behind CREATE_CHILD_SA's are out. */
static void
until_followup(Sim *sim, unsigned n)
{
    for (unsigned i = 0; i < n + 1; i++)
        sim_until_sent(sim);
    g_assert_nonnull(engine_sa(sim->engine)->exchange.chain);
}

static void
ask(Sim *sim, Ask what)
{
    what(sim->gateway, ike_responder_sa(sim->gateway));
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
    unsigned before, after;
    sim_drain(sim);
    sim_run(sim, 10 * DURATION_SECOND);
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->installed->len, ==, 1);
    g_assert_cmpuint(ike_responder_count_all(sim->gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 1);
    const IkeSa *sa = engine_sa(sim->engine);
    g_assert_null(sa->exchange.chain);
    g_assert_null(sa->peer_child);
    g_assert_null(sa->peer_ike);
    g_assert_false(responder_sa_is_following_up(ike_responder_sa(sim->gateway)));
    /* The IKE SA works in both directions. */
    ike_responder_last_error(sim->gateway, &before);
    ask(sim, responder_sa_liveness);
    sim_run(sim, DURATION_SECOND);
    ike_responder_last_error(sim->gateway, &after);
    g_assert_cmpuint(after, ==, before + 1);
}

/* --- In fair weather --- */

/* That our IKE_FOLLOWUP_KE requests take. */
static unsigned
count_datagrams(const char *words)
{
    if (strstr(words, "ke7") != NULL)
        return 7;
    return strstr(words, "mlkem1024") != NULL ? 3 : 2;
}

/* HDR, SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}  -->
 *                          <--  HDR, SK {SA, Nr, KEr, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE)}
 * HDR, SK {KEi(1), N(ADDITIONAL_KEY_EXCHANGE)}  -->
 *                          <--  HDR, SK {KEr(1), N(ADDITIONAL_KEY_EXCHANGE)}
 * HDR, SK {KEi(2), N(ADDITIONAL_KEY_EXCHANGE)}  -->
 *                          <--  HDR, SK {KEr(2)} */
static void
test_child_ours(gconstpointer words)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, 1, LONG, SOON);
    set_lists(&sim, IKE_PLAIN, words, words);
    start(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    until_followup(&sim, 1);
    /* Nothing is made, and nothing replaced, before the last one. */
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(sim.n_retired, ==, 0);
    sim_run(&sim, DURATION_SECOND);
    /* CREATE_CHILD_SA, the additional ones, DELETE. */
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1 + count_datagrams(words) + 1);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

static void
test_child_gateways(gconstpointer words)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, 1, LONG, LONG);
    set_lists(&sim, IKE_PLAIN, words, words);
    start(&sim);
    ask(&sim, responder_sa_rekey_child);
    sim_run(&sim, 50 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

static void
check_ike(Sim *sim, uint64_t before)
{
    assert_settled(sim);
    g_assert_cmpuint(ike_engine_spi_i(sim->engine), !=, before);
    g_assert_cmpuint(sim->n_installed, ==, 1);
    /* Both have the SK_d that the next keys come from. */
    ask(sim, responder_sa_rekey_child);
    assert_settled(sim);
    sim_assert_same_child(sim);
    g_assert_cmpuint(sim->n_installed, ==, 2);
}

static void
test_ike_ours(gconstpointer words)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, 1, SOON, LONG);
    set_lists(&sim, words, ESP_PLAIN, ESP_PLAIN);
    start(&sim);
    uint64_t before = ike_engine_spi_i(sim.engine);
    until_followup(&sim, 1);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
    check_ike(&sim, before);
}

static void
test_ike_gateways(gconstpointer words)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, 1, LONG, LONG);
    set_lists(&sim, words, ESP_PLAIN, ESP_PLAIN);
    start(&sim);
    uint64_t before = ike_engine_spi_i(sim.engine);
    ask(&sim, responder_sa_rekey_ike);
    sim_run(&sim, 50 * DURATION_MILLISECOND);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
    check_ike(&sim, before);
}

/* What only one side has is not agreed on; the rest is. */
static void
test_one_side_only(void)
{
    for (unsigned n = 0; n < 4; n++) {
        g_auto(Sim) sim = { 0 };
        init(&sim, 1, LONG, n % 2 == 0 ? SOON : LONG);
        set_lists(&sim, IKE_PLAIN, n < 2 ? ESP_PLAIN TWO : ESP_PLAIN,
                  n < 2 ? ESP_PLAIN : ESP_PLAIN TWO " " ESP_PLAIN);
        start(&sim);
        if (n % 2 == 0)
            sim_until_sent(&sim);
        else
            ask(&sim, responder_sa_rekey_child);
        sim_run(&sim, 50 * DURATION_MILLISECOND);
        g_assert_cmpuint(sim.n_installed, ==, 2);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
        const IkeChild *child = g_ptr_array_index(sim.installed, 0);
        g_assert_cmpuint(child->ke, ==, KE_CURVE25519);
    }
}

/* --- A gateway that does not go along --- */

/* The old one stays in use, and the next try works. */
static void
check_refused(Duration ike, Duration child, uint16_t error)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, ike, child);
    uint64_t before = ike_engine_spi_i(sim.engine);
    until_followup(&sim, 2 - error % 2); /* the first or the second */
    ike_responder_faults(sim.gateway)->followup_error = error;
    sim_run(&sim, 2 * DURATION_SECOND);
    g_assert_cmpstr(sim.detail, ==, NULL);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(sim.n_retired, ==, 0);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
    ike_responder_faults(sim.gateway)->followup_error = 0;
    sim_run(&sim, 20 * DURATION_SECOND);
    assert_settled(&sim);
    if (ike == LONG)
        g_assert_cmpuint(sim.n_installed, ==, 2);
    else
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
}

static void
test_refused(void)
{
    const uint16_t errors[] = { IKE_NOTIFY_STATE_NOT_FOUND, IKE_NOTIFY_TEMPORARY_FAILURE,
                                IKE_NOTIFY_NO_PROPOSAL_CHOSEN };
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        check_refused(LONG, SOON, errors[i]);
        check_refused(SOON, LONG, errors[i]);
    }
}

static void
check_unusable(Duration ike, Duration child, const ResponderFaults *faults, const char *words)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, ike, child);
    *ike_responder_faults(sim.gateway) = *faults;
    sim_until_sent(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    sim_assert_closed(&sim, IKE_CLOSE_PROTOCOL, words);
}

static void
test_unusable(void)
{
    const ResponderFaults unlinked = { .followup_unlinked = true };
    const ResponderFaults other = { .followup_group = KE_ECP_521 };
    check_unusable(LONG, SOON, &unlinked, "by which the next key exchange is known");
    check_unusable(SOON, LONG, &unlinked, "by which the next key exchange is known");
    check_unusable(LONG, SOON, &other, "is of method 21, ours was of 19");
    check_unusable(SOON, LONG, &other, "is of method 21, ours was of 19");
}

/* A link that we have not given: STATE_NOT_FOUND, and the chain stays for whoever has the right
 * one. */
static void
test_wrong_link(gconstpointer ike)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, LONG, LONG);
    ike_responder_faults(sim.gateway)->followup_wrong_link = true;
    ask(&sim, ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_STATE_NOT_FOUND);
    const IkeSa *sa = engine_sa(sim.engine);
    g_assert_nonnull(ike != NULL ? sa->peer_ike : sa->peer_child);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    sim_run(&sim, 61 * DURATION_SECOND);
    assert_settled(&sim);
}

/* The gateway begins, and goes no further: we wait with our own rekeying for a minute. */
static void
test_given_up(gconstpointer ike)
{
    for (unsigned n = 0; n < 2; n++) {
        g_auto(Sim) sim = { 0 };
        go_up(&sim, 1, n == 0 ? LONG : SOON, n == 0 ? SOON : LONG);
        Instant due = n == 0
                          ? ((const ChildSa *)g_ptr_array_index(sim.engine->children, 0))->rekey_at
                          : engine_sa(sim.engine)->rekey_at;
        sim_run(&sim, due - DURATION_SECOND - sim.link.now);
        ike_responder_faults(sim.gateway)->followup_given_up = true;
        unsigned sent = sim.n_sent[LINK_UP];
        ask(&sim, ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child);
        sim_run(&sim, 55 * DURATION_SECOND);
        g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1); /* the answer */
        sim_run(&sim, 10 * DURATION_SECOND);
        g_assert_cmpuint(sim.n_sent[LINK_UP], >, sent + 1);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
    }
}

/* It begins again: what came before is forgotten. */
static void
test_begun_again(gconstpointer ike)
{
    g_auto(Sim) sim = { 0 };
    Ask what = ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child;
    go_up(&sim, 1, LONG, LONG);
    ike_responder_faults(sim.gateway)->followup_given_up = true;
    ask(&sim, what);
    sim_run(&sim, DURATION_SECOND);
    ike_responder_faults(sim.gateway)->followup_given_up = false;
    ask(&sim, what);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(gateway_error(&sim), ==, 0);
    g_assert_cmpuint(sim.n_installed, ==, ike != NULL ? 1 : 2);
}

/* The next link comes when its time is over: STATE_NOT_FOUND. */
static void
test_too_late(gconstpointer ike)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, LONG, LONG);
    sim.gateway_interval = 0;
    ask(&sim, ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child);
    while (!responder_sa_is_following_up(ike_responder_sa(sim.gateway))) {
        sim.link.blocked[LINK_DOWN] =
            engine_sa(sim.engine)->peer_child != NULL || engine_sa(sim.engine)->peer_ike != NULL;
        g_assert_true(sim_step(&sim));
    }
    sim.link.blocked[LINK_DOWN] = false;
    sim_run(&sim, 61 * DURATION_SECOND);
    g_assert_null(engine_sa(sim.engine)->peer_child);
    g_assert_null(engine_sa(sim.engine)->peer_ike);
    responder_sa_repeat(sim.gateway, ike_responder_sa(sim.gateway));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_STATE_NOT_FOUND);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    assert_settled(&sim);
}

/* --- The end in between --- */

static void
close_now(Sim *sim)
{
    ike_engine_close(sim->engine, IKE_CLOSE_REQUESTED, sim->link.now);
    sim_drain(sim);
    sim_run(sim, 5 * DURATION_SECOND);
    g_assert_true(sim->closed);
    g_assert_cmpint(sim->reason, ==, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(sim->installed->len, ==, 0);
    g_assert_cmpuint(ike_responder_count_all(sim->gateway), ==, 0);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 0);
}

static void
test_closed_amid(void)
{
    static const struct {
        bool ike, ours;
        unsigned followups; /* that are out, of ours */
    } cases[] = { { true, true, 0 },  { true, true, 1 },  { true, true, 2 },  { true, false, 0 },
                  { false, true, 0 }, { false, true, 1 }, { false, true, 2 }, { false, false, 0 } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Sim) sim = { 0 };
        bool ours = cases[i].ours, ike = cases[i].ike;
        go_up(&sim, 1, ours && ike ? SOON : LONG, ours && !ike ? SOON : LONG);
        if (ours && cases[i].followups == 0) {
            sim_until_sent(&sim);
        } else if (ours) {
            until_followup(&sim, cases[i].followups);
        } else {
            ask(&sim, ike ? responder_sa_rekey_ike : responder_sa_rekey_child);
            sim_run(&sim, 50 * DURATION_MILLISECOND);
        }
        close_now(&sim);
        /* The last one is seen to its end, since the gateway has the new SA then. */
        g_assert_cmpuint(sim.n_installed, ==, !ike && cases[i].followups == 2 ? 2 : 1);
    }
}

/* The Child SA goes while the gateway rekeys it. */
static void
test_deleted_amid(void)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, LONG, LONG);
    ike_responder_faults(sim.gateway)->followup_given_up = true;
    ask(&sim, responder_sa_rekey_child);
    sim_run(&sim, DURATION_SECOND);
    ask(&sim, responder_sa_delete_child);
    sim_run(&sim, 70 * DURATION_SECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* --- Both at the same time --- */

/* RFC 7296, sections 2.8.1 and 2.8.2: the side with the lowest nonce does not go on. Where only one
 * of the two agrees on more key exchanges, which the order of the lists decides, it has made what
 * it deletes. */
typedef struct {
    const char *client, *gateway;
    unsigned lost[2]; /* that many datagrams behind the requests, each way */
} Meeting;

static const Meeting meetings[] = {
    { TWO, TWO, { 0, 0 } },        { TWO, TWO, { 1, 0 } },        { TWO, TWO, { 0, 1 } },
    { TWO, TWO, { 1, 1 } },        { TWO, TWO, { 2, 1 } },        { TWO, TWO, { 3, 3 } },
    { "two, then", "", { 0, 0 } }, { "two, then", "", { 1, 1 } }, { "", "two, then", { 0, 0 } },
    { "", "two, then", { 1, 1 } },
};

static LinkFate
lose_first(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    unsigned *left = data;
    bool lost = left[direction] > 0;
    left[direction] -= lost;
    return (LinkFate){ .lost = lost };
}

/* Both take everything, each offers what it likes best first. */
static char *
list_for(const char *plain, const char *likes)
{
    if (strcmp(likes, TWO) == 0)
        return g_strconcat(plain, TWO, NULL);
    return *likes != '\0' ? g_strconcat(plain, TWO " ", plain, NULL)
                          : g_strconcat(plain, " ", plain, TWO, NULL);
}

static void
prepare_meeting(Sim *sim, const Meeting *meeting)
{
    g_autofree char *client_ike = list_for(IKE_PLAIN, meeting->client);
    g_autofree char *gateway_ike = list_for(IKE_PLAIN, meeting->gateway);
    g_autofree char *client_esp = list_for(ESP_PLAIN, meeting->client);
    g_autofree char *gateway_esp = list_for(ESP_PLAIN, meeting->gateway);
    set_lists(sim, client_ike, client_esp, gateway_esp);
    set_list(&sim->gateway_config.ike_proposals, gateway_ike, IKE_PROTOCOL_IKE);
}

/* Whose it is that stays. */
static bool
meet(const Meeting *meeting, bool ike, guint32 seed)
{
    g_auto(Sim) sim = { 0 };
    unsigned left[2] = { meeting->lost[0], meeting->lost[1] };
    init(&sim, seed, ike ? SOON : LONG, ike ? LONG : SOON);
    prepare_meeting(&sim, meeting);
    start(&sim);
    uint64_t before = ike_engine_spi_i(sim.engine);
    sim_until_sent(&sim);
    ask(&sim, ike ? responder_sa_rekey_ike : responder_sa_rekey_child);
    sim.link.script = lose_first;
    sim.link.script_data = left;
    sim_run(&sim, 5 * DURATION_SECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==,
                     responder_sa_spi_i(ike_responder_sa(sim.gateway)));
    bool replaced = ike ? ike_engine_spi_i(sim.engine) != before : sim.n_installed > 1;
    g_assert_true(replaced);
    const IkeChild *child = g_ptr_array_index(sim.installed, 0);
    return ike ? !responder_sa_began(ike_responder_sa(sim.gateway)) : !child->peer_began;
}

static void
test_both(gconstpointer ike)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meetings); i++) {
        unsigned n_ours = 0;
        for (guint32 seed = 1; seed <= SEEDS; seed++)
            n_ours += meet(&meetings[i], ike != NULL, seed);
        g_assert_cmpuint(n_ours, >, 0);
        g_assert_cmpuint(n_ours, <, SEEDS);
    }
}

/* The gateway's request comes when we are further on than it knows: TEMPORARY_FAILURE (RFC 9370,
 * section 2.2.4); of another kind as well (RFC 7296, section 2.25.2). */
static void
test_request_amid(void)
{
    static const Ask asks[] = { responder_sa_rekey_child, responder_sa_rekey_ike };
    for (unsigned n = 0; n < 4; n++) {
        g_auto(Sim) sim = { 0 };
        bool ike = n >= 2;
        go_up(&sim, 1, ike ? SOON : LONG, ike ? LONG : SOON);
        uint64_t before = ike_engine_spi_i(sim.engine);
        until_followup(&sim, 1);
        ask(&sim, asks[n % 2]);
        sim_run(&sim, 70 * DURATION_MILLISECOND);
        g_assert_cmpuint(gateway_error(&sim), ==, IKE_NOTIFY_TEMPORARY_FAILURE);
        sim_run(&sim, 20 * DURATION_SECOND);
        assert_settled(&sim);
        sim_assert_same_child(&sim);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine) != before, ==, ike);
        g_assert_cmpuint(sim.n_installed, ==, ike ? 1 : 2);
    }
}

/* Ours gets lost; the gateway is done with its own when the repetition comes. */
static void
test_gateway_did_not_notice(gconstpointer ike)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, ike != NULL ? SOON : LONG, ike != NULL ? LONG : SOON);
    sim.link.blocked[LINK_UP] = true;
    sim_until_sent(&sim);
    sim.link.blocked[LINK_UP] = false;
    ask(&sim, ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child);
    sim_run(&sim, 400 * DURATION_MILLISECOND);
    g_assert_cmpuint(gateway_error(&sim), ==, 0);
    sim_run(&sim, 20 * DURATION_SECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, ike != NULL ? 1 : 2);
}

/* And the repetition comes while it is at it: TEMPORARY_FAILURE, and its own goes on. */
static void
test_repeated_amid(gconstpointer ike)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim, 1, ike != NULL ? SOON : LONG, ike != NULL ? LONG : SOON);
    sim.link.blocked[LINK_UP] = true;
    sim_until_sent(&sim);
    sim.link.blocked[LINK_UP] = false;
    sim_run(&sim, 420 * DURATION_MILLISECOND);
    ask(&sim, ike != NULL ? responder_sa_rekey_ike : responder_sa_rekey_child);
    sim_run(&sim, 20 * DURATION_SECOND);
    assert_settled(&sim);
    sim_assert_same_child(&sim);
    g_assert_cmpuint(sim.n_installed, ==, ike != NULL ? 1 : 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)            g_test_add_func("/sim/followup/" name, function)
#define ADD_WITH(name, data, function) g_test_add_data_func("/sim/followup/" name, data, function)
    ADD_WITH("child/ours", ESP_PLAIN TWO, test_child_ours);
    ADD_WITH("child/ours-seven", ESP_PLAIN SEVEN, test_child_ours);
    ADD_WITH("child/gateways", ESP_PLAIN TWO, test_child_gateways);
    ADD_WITH("child/gateways-seven", ESP_PLAIN SEVEN, test_child_gateways);
    ADD_WITH("ike/ours", IKE_PLAIN TWO, test_ike_ours);
    ADD_WITH("ike/ours-seven", IKE_PLAIN SEVEN, test_ike_ours);
    ADD_WITH("ike/gateways", IKE_PLAIN TWO, test_ike_gateways);
    ADD_WITH("ike/gateways-seven", IKE_PLAIN SEVEN, test_ike_gateways);
    if (kex_is_available(KE_MLKEM_768) && kex_is_available(KE_MLKEM_1024)) {
        ADD_WITH("child/ours-ml-kem", ESP_PLAIN ML_KEM, test_child_ours);
        ADD_WITH("child/gateways-ml-kem", ESP_PLAIN ML_KEM, test_child_gateways);
        ADD_WITH("ike/ours-ml-kem", IKE_PLAIN ML_KEM, test_ike_ours);
        ADD_WITH("ike/gateways-ml-kem", IKE_PLAIN ML_KEM, test_ike_gateways);
    }
    ADD("one-side-only", test_one_side_only);
    ADD("refused", test_refused);
    ADD("unusable", test_unusable);
    ADD("closed-amid", test_closed_amid);
    ADD("deleted-amid", test_deleted_amid);
    ADD("request-amid", test_request_amid);
#define ADD_BOTH(name, function)                                                                   \
    ADD_WITH("child/" name, NULL, function);                                                       \
    ADD_WITH("ike/" name, "ike", function)
    ADD_BOTH("wrong-link", test_wrong_link);
    ADD_BOTH("given-up", test_given_up);
    ADD_BOTH("begun-again", test_begun_again);
    ADD_BOTH("too-late", test_too_late);
    ADD_BOTH("both", test_both);
    ADD_BOTH("gateway-did-not-notice", test_gateway_did_not_notice);
    ADD_BOTH("repeated-amid", test_repeated_amid);
    return g_test_run();
}
