/* Paths that lose what is too long for them (RFC 7383, section 2.5.2). */
#include "sim.h"

#include "crypto/algorithms.h"

#define N_DOMAINS   64
#define N_SELECTORS 100

typedef struct {
    size_t limit;        /* longer datagrams to the gateway are lost */
    size_t longest;      /* that arrived there */
    unsigned n_too_long; /* that did not */
    size_t first_length; /* of the last first fragment of IKE_AUTH */
    uint16_t total;      /* and how many it said there are */
    unsigned n_cuts;
} Path;

/* RFC 7383, section 2.5.2: every cut says a higher number than the one before. */
static void
watch_cuts(Path *path, GBytes *datagram)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    if (length < 36 || octets[16] != IKE_PAYLOAD_SKF || octets[18] != IKE_EXCHANGE_AUTH ||
        octets[33] != 1)
        return;
    uint16_t total = (uint16_t)(octets[34] << 8 | octets[35]);
    if (length == path->first_length)
        return;
    g_assert_cmpuint(total, >, path->total);
    path->total = total;
    path->first_length = length;
    path->n_cuts++;
}

static LinkFate
narrow(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Path *path = data;
    size_t length = g_bytes_get_size(datagram);
    if (direction == LINK_DOWN)
        return (LinkFate){ 0 };
    watch_cuts(path, datagram);
    if (length > path->limit)
        path->n_too_long++;
    else
        path->longest = MAX(path->longest, length);
    return (LinkFate){ .lost = length > path->limit };
}

/* An IKE_AUTH request of more than 2000 octets. */
static void
long_init(Sim *sim, Path *path)
{
    sim_init(sim, 3);
    for (int i = 0; i < N_DOMAINS; i++) {
        g_autofree char *name = g_strdup_printf("name-%d.as.long.as.names.come.example", i);
        sim_ask(sim, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, name, strlen(name));
    }
    sim->link.script = narrow;
    sim->link.script_data = path;
}

static void
test_narrow_paths(void)
{
    /* IKE messages through paths of 1500, 1200 and 576 octets, over IPv4 */
    const size_t limits[] = { 1468, 1168, 544 };
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_auto(Sim) sim = { 0 };
        Path path = { .limit = limits[i] };
        long_init(&sim, &path);
        sim_connect_with(&sim, NULL);
        g_assert_cmpstr(sim.detail, ==, NULL);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
        sim_assert_keys_agree(&sim);
        g_assert_cmpint(sim.link.now, <, (Duration)(i * 2 + 1) * DURATION_SECOND);
        if (i == 0)
            g_assert_cmpuint(path.n_too_long, ==, 0);
        else
            g_assert_cmpuint(path.n_too_long, >, 0);
    }
}

/* Whatever the length: the first cut and the next must not give the same number of pieces, of which
 * the gateway would join some of the one and some of the other. */
static void
test_every_length(void)
{
    unsigned n_cut_again = 0;
    for (int n_domains = 1; n_domains <= N_DOMAINS; n_domains++) {
        g_auto(Sim) sim = { 0 };
        Path path = { .limit = 1168 };
        long_init(&sim, &path);
        g_ptr_array_set_size(sim.request_split_dns, 2 + n_domains);
        sim_connect_with(&sim, NULL);
        g_assert_cmpstr(sim.detail, ==, NULL);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
        n_cut_again += path.n_cuts > 1;
    }
    g_assert_cmpuint(n_cut_again, >, N_DOMAINS / 4);
}

/* What was found stays: the next long messages, here rekeyings with many selectors, go through at
 * once, in the next IKE SA too. */
static void
test_size_stays(void)
{
    g_auto(Sim) sim = { 0 };
    Path path = { .limit = 1168 };
    long_init(&sim, &path);
    for (uint8_t i = 0; i < N_SELECTORS; i++) {
        const uint8_t octets[4] = { 10, 99, i, 0 };
        InetPrefix prefix = { inet_address_new(INET_V4, octets), 24 };
        TrafficSelector selector = traffic_selector_for_prefix(&prefix);
        g_array_append_val(sim.config->remote_selectors, selector);
    }
    sim.config->ike_lifetime = 60 * DURATION_SECOND;
    sim.config->child_lifetime = 40 * DURATION_SECOND;
    sim_connect_with(&sim, NULL);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    uint64_t spi = ike_engine_spi_i(sim.engine);
    unsigned lost = path.n_too_long;
    path.longest = 0;
    sim_run(&sim, 120 * DURATION_SECOND);
    g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, spi);
    g_assert_cmpuint(sim.n_installed, >=, 3);
    g_assert_cmpuint(path.longest, >, 1000); /* there were long ones */
    g_assert_cmpuint(path.n_too_long, ==, lost);
}

/* Without RFC 7383 there is nothing to be done, and that is said. */
static void
test_gateway_without(void)
{
    g_auto(Sim) sim = { 0 };
    Path path = { .limit = 1168 };
    long_init(&sim, &path);
    sim_connect_with(&sim, &(ResponderFaults){ .no_fragments = true });
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_NO_ANSWER);
}

/* What went out whole over a stream is cut when it has to go on over datagrams. */
static void
test_from_stream(void)
{
    g_auto(Sim) sim = { 0 };
    Path path = { .limit = G_MAXUINT16 };
    long_init(&sim, &path);
    sim.path.stream = true;
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    sim_start(&sim);
    while (ike_engine_state(sim.engine) != IKE_STATE_AUTHENTICATING)
        g_assert_true(sim_step(&sim));
    sim.link.blocked[LINK_DOWN] = true;
    g_assert_true(sim_step(&sim));
    sim.link.blocked[LINK_DOWN] = false;
    path.limit = 1468;
    path.longest = 0;
    sim.path.stream = false;
    sim.path.id++;
    ike_engine_path_changed(sim.engine, &sim.path, sim.link.now);
    sim_drain(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(path.n_too_long, ==, 0);
    g_assert_cmpuint(path.longest, <=, 1280);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/fragments/narrow-paths", test_narrow_paths);
    g_test_add_func("/sim/fragments/every-length", test_every_length);
    g_test_add_func("/sim/fragments/size-stays", test_size_stays);
    g_test_add_func("/sim/fragments/gateway-without", test_gateway_without);
    g_test_add_func("/sim/fragments/from-stream", test_from_stream);
    return g_test_run();
}
