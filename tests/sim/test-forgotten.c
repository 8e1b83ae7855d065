/* A gateway that has forgotten us, or of which somebody says so: hints are looked into and never
 * believed, a token is (RFC 7296, section 2.21.4; RFC 6290). */
#include "sim.h"

#include "ike/message.h"
#include "ike/registry.h"

#include <string.h>

static const char token[] = "a token of thirty-two octets....";

static void
go_up(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    sim_run(sim, DURATION_SECOND);
}

static void
packet_leaves(Sim *sim)
{
    ike_engine_traffic_sent(sim->engine, sim->link.now);
    sim_drain(sim);
}

/* HDR, N(type), [N(QCD_TOKEN)]: anybody can send that. */
static void
inject(Sim *sim, uint16_t type, const char *with_token)
{
    IkeHeader header = { .spi_i = ike_engine_spi_i(sim->engine),
                         .spi_r = ike_engine_spi_r(sim->engine),
                         .exchange = IKE_EXCHANGE_INFORMATIONAL,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    ike_message_add_notify(message, type, NULL, 0);
    if (with_token != NULL)
        ike_message_add_notify(message, IKE_NOTIFY_QUICK_CRASH_DETECTION, with_token,
                               strlen(with_token));
    g_autoptr(GBytes) datagram = ike_message_write(message, NULL);
    sim_inject(sim, g_bytes_get_data(datagram, NULL), g_bytes_get_size(datagram));
}

/* Packets leave, nothing comes: asked after 1 s, and another SA wanted after 3.5 s more. */
static void
test_silence(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ike_responder_restart(sim.gateway);
    unsigned sent = sim.n_sent[LINK_UP];
    packet_leaves(&sim);
    sim_run(&sim, 900 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    sim_run(&sim, 200 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    g_assert_false(ike_engine_is_suspect(sim.engine));
    sim_run(&sim, 4 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_suspect, ==, 1);
    g_assert_true(ike_engine_is_suspect(sim.engine));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    sim_run(&sim, 40 * DURATION_SECOND);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_PEER_GONE);
    g_assert_cmpuint(sim.n_suspect, ==, 1);
}

/* It was the network: the answer comes late, and that is that. */
static void
test_late_answer(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    sim.link.blocked[LINK_DOWN] = true;
    packet_leaves(&sim);
    sim_run(&sim, 7 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_suspect, ==, 1);
    sim.link.blocked[LINK_DOWN] = false;
    sim_run(&sim, 10 * DURATION_SECOND);
    g_assert_false(ike_engine_is_suspect(sim.engine));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
}

/* Packets that go one way only: asked ever more rarely. */
static void
test_one_way(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    for (unsigned i = 0; i < 300; i++) {
        packet_leaves(&sim);
        sim_run(&sim, DURATION_SECOND);
    }
    g_assert_cmpuint(sim.n_suspect, ==, 0);
    g_assert_cmpuint(sim.n_sent[LINK_UP], <=, sent + 14);
}

/* Packets both ways: never asked. */
static void
test_both_ways(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    for (unsigned i = 0; i < 100; i++) {
        packet_leaves(&sim);
        sim_run(&sim, 900 * DURATION_MILLISECOND);
        ike_engine_traffic_seen(sim.engine, sim.link.now);
    }
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
}

/* Somebody says it, and it is not so: one liveness check, and no more of it for a while. */
static void
not_believed(uint16_t type, const char *with_token)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.crash_token = g_bytes_new_static(token, strlen(token));
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    for (unsigned i = 0; i < 5; i++) {
        inject(&sim, type, with_token);
        sim_run(&sim, DURATION_SECOND);
    }
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    g_assert_cmpuint(sim.n_suspect, ==, 0);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    sim_run(&sim, 10 * DURATION_SECOND);
    inject(&sim, type, with_token);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 2);
}

static void
test_not_believed(void)
{
    not_believed(IKE_NOTIFY_INVALID_IKE_SPI, NULL);
    not_believed(IKE_NOTIFY_INVALID_SPI, NULL);
    not_believed(IKE_NOTIFY_INVALID_IKE_SPI, "another token of 32 octets......");
    not_believed(IKE_NOTIFY_INVALID_IKE_SPI, "a token of thirty-two octets...");
}

/* It is so: another SA is wanted after the third transmission. */
static void
test_hint_is_right(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    go_up(&sim);
    ike_responder_restart(sim.gateway);
    inject(&sim, IKE_NOTIFY_INVALID_SPI, NULL);
    sim_run(&sim, 1600 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_suspect, ==, 1);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
}

/* HDR, SK {}  -->    <--  HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN) */
static void
test_token(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.crash_token = g_bytes_new_static(token, strlen(token));
    go_up(&sim);
    ike_responder_restart(sim.gateway);
    packet_leaves(&sim);
    sim_run(&sim, 3200 * DURATION_MILLISECOND);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_PEER_RESTARTED);
    g_assert_cmpuint(sim.installed->len, ==, 0);
}

/* Also of an IKE SA that was rekeyed: the token comes with the answer. */
static void
test_token_after_rekey(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->ike_lifetime = 10 * DURATION_MINUTE;
    sim.gateway_config.crash_token = g_bytes_new_static(token, strlen(token));
    go_up(&sim);
    uint64_t before = ike_engine_spi_i(sim.engine);
    sim_run(&sim, 11 * DURATION_MINUTE);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
    inject(&sim, IKE_NOTIFY_INVALID_IKE_SPI, token);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_PEER_RESTARTED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/forgotten/silence", test_silence);
    g_test_add_func("/sim/forgotten/late-answer", test_late_answer);
    g_test_add_func("/sim/forgotten/one-way", test_one_way);
    g_test_add_func("/sim/forgotten/both-ways", test_both_ways);
    g_test_add_func("/sim/forgotten/not-believed", test_not_believed);
    g_test_add_func("/sim/forgotten/hint-is-right", test_hint_is_right);
    g_test_add_func("/sim/forgotten/token", test_token);
    g_test_add_func("/sim/forgotten/token-after-rekey", test_token_after_rekey);
    return g_test_run();
}
