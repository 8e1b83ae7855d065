/* One SA, several paths: which one the gateway is told of, and how large a packet they take. */
#include "sim.h"

#include "ike-responder-private.h"
#include <glib.h>

static void
go_up(Sim *sim)
{
    sim_init(sim, 1);
    sim->config->liveness_interval = 60 * DURATION_MINUTE;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    sim_run(sim, DURATION_SECOND);
    sim->other = sim->path;
    sim->other.id = 2;
    sim->other.local.port++;
}

static void
go_up_beside_a_stream(Sim *sim)
{
    go_up(sim);
    sim->other.stream = true;
}

/* HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_*)}  -->  <--  HDR, SK {} */
static void
test_told(void)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim);
    unsigned sent = sim.n_sent[LINK_UP];
    ike_engine_path_changed(sim.engine, &sim.other, sim.link.now);
    ike_engine_path_changed(sim.engine, &sim.other, sim.link.now); /* is being told already */
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    g_assert_cmpuint(sim.n_answered, ==, 1);
    g_assert_cmpuint(sim.answered_path, ==, 2);
    g_assert_true(sim.answered_told);
    sim_assert_up(&sim);
}

/* RFC 9329, section 7.1: the same message over UDP and TCP; the answer may be to either, so that
 * the path that is kept is told once more. */
static void
test_spread(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_beside_a_stream(&sim);
    sim.lost[0] = true;
    ike_engine_path_changed(sim.engine, &sim.path, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_answered, ==, 0);
    unsigned sent = sim.n_sent[LINK_UP];
    ike_engine_path_added(sim.engine, &sim.other, sim.link.now);
    sim_drain(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_answered, ==, 1);
    g_assert_cmpuint(sim.answered_path, ==, 2);
    g_assert_false(sim.answered_told);
    ike_engine_path_changed(sim.engine, &sim.other, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.n_answered, ==, 2);
    g_assert_true(sim.answered_told);
    sim_assert_up(&sim);
}

/* UDP goes dead: what was asked there is answered by the stream. */
static void
test_silent_udp(void)
{
    g_auto(Sim) sim = { 0 };
    go_up_beside_a_stream(&sim);
    sim.lost[0] = true;
    ike_engine_traffic_stalled(sim.engine, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_repeated, ==, 1);
    ike_engine_path_added(sim.engine, &sim.other, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    g_assert_cmpuint(sim.answered_path, ==, 2);
    g_assert_false(sim.answered_told);
    sim_assert_up(&sim);
}

/* <--  HDR, SK {}  by another path:   HDR, SK {}  -->   by the same (RFC 7296, section 2.11) */
static void
test_answer_goes_back(void)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim);
    ResponderSa *sa = ike_responder_sa(sim.gateway);
    responder_sa_liveness(sim.gateway, sa);
    GBytes *request = g_ptr_array_index(sa->ike->window.request, 0);
    for (unsigned i = 0; i < 2; i++) { /* the second time it is a repetition */
        g_auto(IkeOutput) output = { 0 };
        ike_engine_receive(sim.engine, i == 0 ? &sim.other : &sim.path,
                           g_bytes_get_data(request, NULL), g_bytes_get_size(request),
                           sim.link.now);
        g_assert_true(ike_engine_next_output(sim.engine, &output));
        g_assert_cmpint(output.kind, ==, IKE_OUTPUT_SEND);
        g_assert_false(output.is_request);
        g_assert_cmpuint(output.path, ==, i == 0 ? sim.other.id : sim.path.id);
    }
}

/* Nobody moved, but it was worth knowing by which path the answer came. */
static void
test_answer_after_repetition(void)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim);
    sim.lost[0] = true;
    ike_engine_traffic_stalled(sim.engine, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 600 * DURATION_MILLISECOND);
    sim.lost[0] = false;
    sim_run(&sim, 2 * DURATION_SECOND);
    g_assert_cmpuint(sim.n_answered, ==, 1);
    g_assert_cmpuint(sim.answered_path, ==, 1);
}

/* A request in fragments goes whole by a stream (RFC 9329, section 6). */
static void
test_whole_on_a_stream(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->fragment_size = 120;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sim.other = sim.path;
    sim.other.id = 2;
    sim.other.local.port++;
    sim.other.stream = true;
    sim.lost[0] = true;
    unsigned sent = sim.n_sent[LINK_UP];
    IkePath moved = sim.path;
    moved.id = 3;
    ike_engine_path_changed(sim.engine, &moved, sim.link.now);
    sim_drain(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], >, sent + 1); /* in pieces */
    sent = sim.n_sent[LINK_UP];
    ike_engine_path_changed(sim.engine, &sim.other, sim.link.now);
    sim_drain(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent + 1);
    sim_run(&sim, DURATION_SECOND);
    g_assert_true(sim.answered_told);
    sim_assert_up(&sim);
}

static void
test_probe(void)
{
    g_auto(Sim) sim = { 0 };
    go_up(&sim);
    ike_engine_probe(sim.engine, 1500, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_probed, ==, 1);
    g_assert_true(sim.probed_whole);
    g_assert_cmpuint(sim.probed_packet, ==, 1500);
}

typedef struct {
    size_t width; /* of an IPv4 packet */
    size_t longest;
} Narrow;

static LinkFate
narrow_script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Narrow *narrow = data;
    size_t packet = g_bytes_get_size(datagram) + 32;
    if (direction == LINK_UP)
        narrow->longest = MAX(narrow->longest, packet);
    return (LinkFate){ .lost = packet > narrow->width };
}

/* A probe that gets lost goes on without its padding, and ends nothing. */
static void
narrow_path(size_t width, bool fragments)
{
    g_auto(Sim) sim = { 0 };
    Narrow narrow = { .width = width };
    sim_init(&sim, 1);
    sim_connect_with(&sim, &(ResponderFaults){ .no_fragments = !fragments });
    sim_run(&sim, DURATION_SECOND);
    sim.link.script = narrow_script;
    sim.link.script_data = &narrow;
    ike_engine_probe(sim.engine, 1500, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpuint(narrow.longest, ==, 1500);
    g_assert_cmpuint(sim.n_probed, ==, 1);
    g_assert_cmpuint(sim.probed_packet, ==, 1500);
    g_assert_false(sim.probed_whole);
    sim_assert_up(&sim);
}

static void
test_narrow_paths(void)
{
    narrow_path(1499, true);
    narrow_path(300, true);
    narrow_path(300, false);
}

/* One is lost by chance, the next gets through. */
static LinkFate
lose_first(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    bool *lost = data;
    bool lose = direction == LINK_UP && !*lost;
    *lost = *lost || lose;
    return (LinkFate){ .lost = lose };
}

static void
test_probe_twice(void)
{
    g_auto(Sim) sim = { 0 };
    bool lost = false;
    go_up(&sim);
    sim.link.script = lose_first;
    sim.link.script_data = &lost;
    ike_engine_probe(sim.engine, 1500, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_probed, ==, 1);
    g_assert_true(sim.probed_whole);
}

/* IKE_SA_INIT as large as what is to be sent later. */
static void
test_filled_init(void)
{
    g_auto(Sim) sim = { 0 };
    Narrow narrow = { .width = 1500 };
    sim_init(&sim, 1);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    sim.engine = sim_engine_new(&sim);
    sim.link.script = narrow_script;
    sim.link.script_data = &narrow;
    ike_engine_fill_init(sim.engine, 1500);
    ike_engine_initiate(sim.engine, &sim.path, sim.link.now);
    sim_drain(&sim);
    g_assert_cmpuint(narrow.longest, ==, 1500);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpint(sim.state, ==, IKE_STATE_INIT_ANSWERED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/paths/told", test_told);
    g_test_add_func("/sim/paths/spread", test_spread);
    g_test_add_func("/sim/paths/silent-udp", test_silent_udp);
    g_test_add_func("/sim/paths/answer-goes-back", test_answer_goes_back);
    g_test_add_func("/sim/paths/answer-after-repetition", test_answer_after_repetition);
    g_test_add_func("/sim/paths/whole-on-a-stream", test_whole_on_a_stream);
    g_test_add_func("/sim/paths/probe", test_probe);
    g_test_add_func("/sim/paths/narrow-paths", test_narrow_paths);
    g_test_add_func("/sim/paths/probe-twice", test_probe_twice);
    g_test_add_func("/sim/paths/filled-init", test_filled_init);
    return g_test_run();
}
