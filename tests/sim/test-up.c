/* An IKE SA that is up: liveness, rekeying and deletion from both sides, and everything else that a
 * gateway may ask (RFC 7296, sections 1.3, 1.4, 2.4, 2.8, 2.21.3 and 2.25). */
#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "ike-responder-private.h"
#include "ike/registry.h"

static void
go_up(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
}

static ResponderSa *
gateway_sa(Sim *sim)
{
    ResponderSa *sa = ike_responder_sa(sim->gateway);
    g_assert_nonnull(sa);
    return sa;
}

/* After what the gateway asked: both ends agree, nothing is left over. */
static void
assert_settled(Sim *sim)
{
    sim_drain(sim);
    sim_run(sim, 5 * DURATION_SECOND);
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->installed->len, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 1);
    sim_assert_keys_agree(sim);
}

static void
assert_closed(Sim *sim, IkeCloseReason reason)
{
    g_assert_true(sim->closed);
    g_assert_cmpstr(ike_close_reason_to_string(sim->reason), ==,
                    ike_close_reason_to_string(reason));
    g_assert_cmpuint(sim->installed->len, ==, 0);
}

/* HDR, SK {}  -->   <--  HDR, SK {}   after 30 s of silence */
static void
test_liveness(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    sim_run(&sim, 29 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    sim_run(&sim, 2 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    assert_settled(&sim);
}

/* ESP that arrives is a sign of life. */
static void
test_traffic_is_life(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    for (unsigned i = 0; i < 10; i++) {
        sim_run(&sim, 20 * DURATION_SECOND);
        ike_engine_traffic_seen(sim.engine, sim.link.now);
    }
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
}

static void
test_gateway_gone(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ike_responder_faults(sim.gateway)->deaf = true;
    sim_run(&sim, 90 * DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_PEER_GONE);
    g_assert_nonnull(strstr(sim.detail, "198.51.100.1:4500"));
}

/* The other path answers: the outstanding request goes out there at once, unchanged. */
static void
test_path_changed(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    sim.link.blocked[LINK_UP] = true;
    sim_run(&sim, 31 * DURATION_SECOND);
    sim.link.blocked[LINK_UP] = false;
    unsigned sent = sim.n_sent[LINK_UP];
    sim.path.id = 2;
    sim.path.stream = true;
    ike_engine_path_changed(sim.engine, &sim.path, sim.link.now);
    sim_drain(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    assert_settled(&sim);
}

/* <--  HDR, SK {}     HDR, SK {}  --> */
static void
test_gateway_liveness(void)
{
    unsigned answered;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    for (unsigned i = 1; i <= 3; i++) {
        responder_sa_liveness(sim.gateway, gateway_sa(&sim));
        assert_settled(&sim);
        g_assert_cmpuint(ike_responder_last_error(sim.gateway, &answered), ==, 0);
        g_assert_cmpuint(answered, ==, i);
    }
}

/* A repeated request gets the same response again, octet by octet, and is not acted on twice. */
static void
test_repeated_request(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    sim.link.blocked[LINK_UP] = true;
    responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    sim.link.blocked[LINK_UP] = false;
    responder_sa_repeat(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.n_removed, ==, 1);
}

/* One before its turn is neither answered nor acted on (RFC 7296, section 2.3). */
static void
test_request_out_of_turn(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ResponderSa *sa = gateway_sa(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    sa->ike->window.next_out++;
    responder_sa_delete(sim.gateway, sa);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
}

/* <--  HDR, SK {D}     HDR, SK {}  --> */
static void
test_gateway_deletes(void)
{
    unsigned answered;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_delete(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_PEER_DELETED);
    ike_responder_last_error(sim.gateway, &answered);
    g_assert_cmpuint(answered, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* <--  HDR, SK {D}     HDR, SK {D}  -->   then   HDR, SK {SA, Ni, KEi, TSi, TSr}  --> */
static void
test_gateway_deletes_child(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_delete_child(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.n_removed, ==, 1);
}

static void
test_gateway_deletes_child_for_good(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_NO_ADDITIONAL_SAS;
    responder_sa_delete_child(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_PEER_DELETED);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* <--  HDR, SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}     HDR, SK {SA, Nr, KEr, TSi, TSr}  -->
 * <--  HDR, SK {D}                                      HDR, SK {D}  --> */
static void
test_gateway_rekeys_child(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    for (unsigned i = 1; i <= 5; i++) {
        responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
        assert_settled(&sim);
        g_assert_cmpuint(sim.n_installed, ==, 1 + i);
        g_assert_cmpuint(sim.n_removed, ==, i);
    }
    const IkeChild *child = g_ptr_array_index(sim.installed, 0);
    g_assert_cmpuint(child->ke, ==, KE_CURVE25519);
    g_assert_cmpuint(child->remote_ts->len, ==, 2);
}

/* What the gateway sends by the new SA, once it has our answer, must find it there (RFC 7296,
 * section 2.8). */
static void
test_installed_before_answered(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ResponderSa *sa = gateway_sa(&sim);
    responder_sa_rekey_child(sim.gateway, sa);
    GBytes *request = g_ptr_array_index(sa->ike->window.request, 0);
    ike_engine_receive(sim.engine, &sim.path, g_bytes_get_data(request, NULL),
                       g_bytes_get_size(request), sim.link.now);
    const IkeOutputKind expected[] = { IKE_OUTPUT_INSTALL_CHILD, IKE_OUTPUT_SEND };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_auto(IkeOutput) output = { 0 };
        g_assert_true(ike_engine_next_output(sim.engine, &output));
        g_assert_cmpint(output.kind, ==, expected[i]);
    }
}

/* <--  HDR, SK {[N(REKEY_SA),] SA, Ni, KEi, ...}     HDR, SK {N(INVALID_KE_PAYLOAD)}  -->   where
 * the group is not ours, of either kind (RFC 7296, section 1.3) */
static void
test_gateway_rekeys_by_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GError) error = NULL;
    sim_init(&sim, 1);
    ike_proposal_list_unref(sim.gateway_config.esp_proposals);
    sim.gateway_config.esp_proposals =
        ike_proposal_list_from_words("aes256gcm16-ecp384-ecp256", IKE_PROTOCOL_ESP, &error);
    g_assert_no_error(error);
    go_up(&sim);
    responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==,
                     IKE_NOTIFY_INVALID_KE_PAYLOAD);
    uint64_t before = ike_engine_spi_i(sim.engine);
    gateway_sa(&sim)->ike->suite.ke = KE_ECP_384;
    responder_sa_rekey_ike(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==,
                     IKE_NOTIFY_INVALID_KE_PAYLOAD);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
    g_assert_cmpuint(sim.n_installed, ==, 1);
}

/* <--  HDR, SK {SA, Ni, KEi}     HDR, SK {SA, Nr, KEr}  -->
 * <--  HDR, SK {D}               HDR, SK {}  --> */
static void
test_gateway_rekeys_ike(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t before = ike_engine_spi_i(sim.engine);
        responder_sa_rekey_ike(sim.gateway, gateway_sa(&sim));
        assert_settled(&sim);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
        sim_run(&sim, 40 * DURATION_SECOND); /* with a liveness check on the new SA */
        assert_settled(&sim);
    }
    /* On the SA whose initiator the gateway is, we can rekey too. */
    responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

static void
test_gateway_wants_another_child(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_new_child(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, IKE_NOTIFY_NO_ADDITIONAL_SAS);
}

static void
test_unknown_critical_payload(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_unknown_payload(sim.gateway, gateway_sa(&sim), 0, true);
    assert_settled(&sim);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==,
                     IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD);
}

static void
test_unknown_payload(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_unknown_payload(sim.gateway, gateway_sa(&sim), 0, false);
    assert_settled(&sim);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, 0);
}

/* Authentic, but no exchange that there is: INVALID_SYNTAX, and the end. */
static void
test_unknown_exchange(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_unknown_payload(sim.gateway, gateway_sa(&sim), 99, false);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_PROTOCOL);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, IKE_NOTIFY_INVALID_SYNTAX);
}

static void
test_malformed_request(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_malformed(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_PROTOCOL);
    g_assert_cmpuint(sim.verdicts[IKE_VERDICT_PROTECTED_ERROR], ==, 1);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, IKE_NOTIFY_INVALID_SYNTAX);
}

/* --- Our own rekeying --- */

static void
init_with_lifetimes(Sim *sim, Duration ike, Duration child)
{
    sim_init(sim, 1);
    sim->config->ike_lifetime = ike;
    sim->config->child_lifetime = child;
}

/* HDR, SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}  -->    <--  HDR, SK {SA, Nr, KEr, TSi, TSr}
 * HDR, SK {D}  -->                                     <--  HDR, SK {D} */
static void
test_rekey_child(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 0, 10 * DURATION_MINUTE);
    go_up(&sim);
    sim_run(&sim, 60 * DURATION_MINUTE);
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, >=, 6);
    g_assert_cmpuint(sim.n_removed, ==, sim.n_installed - 1);
}

/* HDR, SK {SA, Ni, KEi}  -->                           <--  HDR, SK {SA, Nr, KEr}
 * HDR, SK {D}  -->                                     <--  HDR, SK {} */
static void
test_rekey_ike(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 10 * DURATION_MINUTE, 7 * DURATION_MINUTE);
    go_up(&sim);
    uint64_t first = ike_engine_spi_i(sim.engine);
    sim_run(&sim, 120 * DURATION_MINUTE);
    assert_settled(&sim);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, first);
    g_assert_cmpuint(sim.n_configured, ==, 1);
}

static void
test_rekey_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 20 * DURATION_MINUTE, 10 * DURATION_MINUTE);
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_group = KE_ECP_256;
    sim_run(&sim, 15 * DURATION_MINUTE);
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    const IkeChild *child = g_ptr_array_index(sim.installed, 0);
    g_assert_cmpuint(child->ke, ==, KE_ECP_256);
    sim_run(&sim, 10 * DURATION_MINUTE);
    assert_settled(&sim);
}

/* Not now: again later, the old keys go on. */
static void
test_rekey_put_off(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 10 * DURATION_MINUTE, 10 * DURATION_MINUTE);
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_TEMPORARY_FAILURE;
    sim_run(&sim, 11 * DURATION_MINUTE);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(sim.n_sent[LINK_UP], <, 60);
    ike_responder_faults(sim.gateway)->create_child_error = 0;
    sim_run(&sim, DURATION_MINUTE);
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* The gateway has lost the Child SA: ours goes, and a new one comes. */
static void
test_rekey_not_found(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 0, 10 * DURATION_MINUTE);
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_CHILD_SA_NOT_FOUND;
    while (sim.n_retired == 0)
        g_assert_true(sim_step(&sim));
    ike_responder_faults(sim.gateway)->create_child_error = 0;
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.installed->len, ==, 1);
    sim_assert_keys_agree(&sim);
}

/* Both at once, message against message: both are made, one stays (RFC 7296, section 2.8.1). */
static void
test_rekey_child_crossing(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 0, 10 * DURATION_MINUTE);
    sim.config->liveness_interval = 60 * DURATION_MINUTE;
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    while (sim.n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(&sim));
    responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_last_error(sim.gateway, NULL), ==, 0);
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 3);
}

/* Rekeying the IKE SA while a liveness check of ours is under way. */
static void
test_gateway_rekeys_ike_during_liveness(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    while (sim.n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(&sim));
    responder_sa_rekey_ike(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    sim_run(&sim, DURATION_MINUTE);
    assert_settled(&sim);
}

/* Requests in fragments; a repeated one is answered once, for its first fragment (RFC 7383, section
 * 2.6.1). */
static void
test_fragmented_request(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.fragment_size = 150;
    go_up(&sim);
    sim.link.blocked[LINK_UP] = true;
    responder_sa_rekey_child(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.verdicts[IKE_VERDICT_PARTIAL], >, 2);
    unsigned sent = sim.n_sent[LINK_UP];
    responder_sa_repeat(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    sim.link.blocked[LINK_UP] = false;
    responder_sa_repeat(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* HDR, SK {D}  -->  meets  <--  HDR, SK {D} */
static void
test_both_delete(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    responder_sa_delete(sim.gateway, gateway_sa(&sim));
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* Our liveness check meets the gateway's; windows are independent. */
static void
test_both_ask(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP], answered;
    while (sim.n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(&sim));
    responder_sa_liveness(sim.gateway, gateway_sa(&sim));
    assert_settled(&sim);
    ike_responder_last_error(sim.gateway, &answered);
    g_assert_cmpuint(answered, ==, 1);
}

/* The gateway takes the Child SA away while we rekey it: ours becomes the next one, or, when the
 * gateway knows nothing of the old one any more, one from scratch does. */
static void
child_deleted_while_rekeying(uint16_t error)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 0, 10 * DURATION_MINUTE);
    sim.config->liveness_interval = 60 * DURATION_MINUTE;
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    while (sim.n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(&sim));
    ike_responder_faults(sim.gateway)->create_child_error = error;
    responder_sa_delete_child(sim.gateway, gateway_sa(&sim));
    sim_drain(&sim);
    sim_run(&sim, 30 * DURATION_MILLISECOND);
    ike_responder_faults(sim.gateway)->create_child_error = 0;
    sim_run(&sim, 15 * DURATION_SECOND); /* TEMPORARY_FAILURE is waited out */
    assert_settled(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

static void
test_child_deleted_while_rekeying(void)
{
    child_deleted_while_rekeying(0);
    child_deleted_while_rekeying(IKE_NOTIFY_CHILD_SA_NOT_FOUND);
    child_deleted_while_rekeying(IKE_NOTIFY_TEMPORARY_FAILURE);
}

/* Closing while the IKE SA is being rekeyed: both the old and the new one go. */
static void
test_close_while_rekeying(void)
{
    g_auto(Sim) sim = { 0 };
    init_with_lifetimes(&sim, 10 * DURATION_MINUTE, 0);
    sim.config->liveness_interval = 60 * DURATION_MINUTE;
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    while (sim.n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(&sim));
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/up/liveness", test_liveness);
    g_test_add_func("/sim/up/traffic-is-life", test_traffic_is_life);
    g_test_add_func("/sim/up/gateway-gone", test_gateway_gone);
    g_test_add_func("/sim/up/path-changed", test_path_changed);
    g_test_add_func("/sim/up/gateway-liveness", test_gateway_liveness);
    g_test_add_func("/sim/up/repeated-request", test_repeated_request);
    g_test_add_func("/sim/up/request-out-of-turn", test_request_out_of_turn);
    g_test_add_func("/sim/up/gateway-deletes", test_gateway_deletes);
    g_test_add_func("/sim/up/gateway-deletes-child", test_gateway_deletes_child);
    g_test_add_func("/sim/up/gateway-deletes-child-for-good", test_gateway_deletes_child_for_good);
    g_test_add_func("/sim/up/gateway-rekeys-child", test_gateway_rekeys_child);
    g_test_add_func("/sim/up/installed-before-answered", test_installed_before_answered);
    g_test_add_func("/sim/up/gateway-rekeys-by-other-group", test_gateway_rekeys_by_other_group);
    g_test_add_func("/sim/up/gateway-rekeys-ike", test_gateway_rekeys_ike);
    g_test_add_func("/sim/up/gateway-rekeys-ike-during-liveness",
                    test_gateway_rekeys_ike_during_liveness);
    g_test_add_func("/sim/up/gateway-wants-another-child", test_gateway_wants_another_child);
    g_test_add_func("/sim/up/unknown-critical-payload", test_unknown_critical_payload);
    g_test_add_func("/sim/up/unknown-payload", test_unknown_payload);
    g_test_add_func("/sim/up/unknown-exchange", test_unknown_exchange);
    g_test_add_func("/sim/up/malformed-request", test_malformed_request);
    g_test_add_func("/sim/up/rekey-child", test_rekey_child);
    g_test_add_func("/sim/up/rekey-ike", test_rekey_ike);
    g_test_add_func("/sim/up/rekey-other-group", test_rekey_other_group);
    g_test_add_func("/sim/up/rekey-put-off", test_rekey_put_off);
    g_test_add_func("/sim/up/rekey-not-found", test_rekey_not_found);
    g_test_add_func("/sim/up/rekey-child-crossing", test_rekey_child_crossing);
    g_test_add_func("/sim/up/fragmented-request", test_fragmented_request);
    g_test_add_func("/sim/up/both-delete", test_both_delete);
    g_test_add_func("/sim/up/both-ask", test_both_ask);
    g_test_add_func("/sim/up/child-deleted-while-rekeying", test_child_deleted_while_rekeying);
    g_test_add_func("/sim/up/close-while-rekeying", test_close_while_rekeying);
    return g_test_run();
}
