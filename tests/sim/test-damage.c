/* What a bad link or a stranger on it can do to a connect: every message lost, doubled, late, cut
 * at every octet, and with every octet changed. It comes up or closes with a reason; what is
 * protected by keys cannot be changed without being discarded. */
#include "sim.h"

#include <string.h>

/* One datagram of the run gets one fate. */
typedef struct {
    LinkDirection direction;
    unsigned number;
    LinkFate fate;
    bool hit;
    size_t length; /* of the datagram that was hit */
} OneFate;

static LinkFate
one_fate(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    OneFate *one = data;
    if (direction != one->direction || number != one->number)
        return (LinkFate){ 0 };
    one->hit = true;
    one->length = g_bytes_get_size(datagram);
    return one->fate;
}

static void
run(Sim *sim, OneFate *one)
{
    sim_init(sim, 1);
    sim->link.script = one_fate;
    sim->link.script_data = one;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_true(one->hit);
}

static void
assert_up(Sim *sim)
{
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    sim_assert_keys_agree(sim);
}

/* IKE_SA_INIT and IKE_AUTH: datagrams 0 and 1 of each direction. */
static void
each_message(void (*check)(LinkDirection direction, unsigned number))
{
    for (unsigned number = 0; number < 2; number++) {
        check(LINK_UP, number);
        check(LINK_DOWN, number);
    }
}

static void
check_lost(LinkDirection direction, unsigned number)
{
    g_auto(Sim) sim = { 0 };
    OneFate one = { direction, number, { .lost = true } };
    run(&sim, &one);
    assert_up(&sim);
    g_assert_cmpuint(sim.n_repeated, ==, 1);
}

static void
check_doubled(LinkDirection direction, unsigned number)
{
    g_auto(Sim) sim = { 0 };
    OneFate one = { direction, number, { .doubled = true } };
    run(&sim, &one);
    sim_run(&sim, DURATION_SECOND);
    assert_up(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
}

/* So late that the repetition overtakes it. */
static void
check_late(LinkDirection direction, unsigned number)
{
    g_auto(Sim) sim = { 0 };
    OneFate one = { direction, number, { .extra_delay = 700 * DURATION_MILLISECOND } };
    run(&sim, &one);
    sim_run(&sim, 2 * DURATION_SECOND);
    assert_up(&sim);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
}

static void
check_truncated(LinkDirection direction, unsigned number)
{
    size_t length = 1;
    for (size_t kept = 0; kept < length; kept++) {
        g_auto(Sim) sim = { 0 };
        OneFate one = { direction, number, { .truncate = true, .length = kept } };
        run(&sim, &one);
        assert_up(&sim);
        length = one.length;
    }
}

/* IKE_AUTH: discarded, and the repetition goes through. IKE_SA_INIT is not protected; what was
 * changed there AUTH finds out, and either it comes up or it is closed with a reason. */
static void
check_flipped(LinkDirection direction, unsigned number)
{
    size_t length = 1;
    for (size_t octet = 0; octet < length; octet++) {
        g_auto(Sim) sim = { 0 };
        OneFate one = { direction,
                        number,
                        { .flip = true, .octet = octet, .mask = (uint8_t)(1 << octet % 8) } };
        run(&sim, &one);
        length = one.length;
        if (number == 1 || !sim.closed)
            assert_up(&sim);
        else
            g_assert_cmpuint(sim.n_configured, ==, 0);
    }
}

static void
test_lost(void)
{
    each_message(check_lost);
}

static void
test_doubled(void)
{
    each_message(check_doubled);
}

static void
test_late(void)
{
    each_message(check_late);
}

static void
test_truncated(void)
{
    each_message(check_truncated);
}

static void
test_flipped(void)
{
    each_message(check_flipped);
}

/* Hours on a bad link with rekeying: whenever it is still up, both ends agree. */
static void
test_bad_link(void)
{
    unsigned n_up = 0;
    for (guint32 seed = 0; seed < 20; seed++) {
        g_auto(Sim) sim = { 0 };
        LinkChance chance = { g_rand_new_with_seed(seed), 20, 10, 20, 5 };
        sim_init(&sim, seed);
        sim.config->retransmit_tries = 12;
        sim.config->child_lifetime = 5 * DURATION_MINUTE;
        sim.config->ike_lifetime = 12 * DURATION_MINUTE;
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        sim.link.script = link_chance_script;
        sim.link.script_data = &chance;
        sim_run(&sim, 60 * DURATION_MINUTE);
        sim.link.script = NULL;
        sim_run(&sim, 2 * DURATION_MINUTE);
        g_test_message("seed %u: %s", seed, sim.closed ? sim.detail : "up");
        if (!sim.closed) {
            n_up++;
            g_assert_cmpuint(sim.installed->len, ==, 1);
            g_assert_cmpuint(sim.n_installed, >, 5);
            sim_assert_keys_agree(&sim);
        }
        g_rand_free(chance.rand);
    }
    g_assert_cmpuint(n_up, ==, 20);
}

/* Datagrams of chance, many of them with our own header: discarded, and nothing is answered. */
static void
test_noise(void)
{
    g_auto(Sim) sim = { 0 };
    uint8_t octets[200];
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    sim_init(&sim, 1);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    unsigned sent = sim.n_sent[LINK_UP];
    const uint64_t spis[2] = { GUINT64_TO_BE(ike_engine_spi_i(sim.engine)),
                               GUINT64_TO_BE(ike_engine_spi_r(sim.engine)) };
    for (unsigned i = 0; i < 20000; i++) {
        size_t length = (size_t)g_rand_int_range(rand, 28, sizeof octets);
        for (size_t j = 0; j < length; j++)
            octets[j] = (uint8_t)g_rand_int_range(rand, 0, 256);
        memcpy(octets, spis, sizeof spis);
        octets[16] = i % 2 ? 46 : 53;
        octets[17] = 0x20;
        octets[18] = (uint8_t)(35 + i % 4);
        octets[19] = i % 3 ? 0 : 0x20;
        memset(octets + 20, 0, 8);
        octets[23] = (uint8_t)(i % 4);
        octets[27] = (uint8_t)length;
        g_assert_cmpint(sim_inject(&sim, octets, length), ==, IKE_VERDICT_DISCARD);
    }
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, sent);
    g_assert_false(sim.closed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/damage/lost", test_lost);
    g_test_add_func("/sim/damage/doubled", test_doubled);
    g_test_add_func("/sim/damage/late", test_late);
    g_test_add_func("/sim/damage/truncated", test_truncated);
    g_test_add_func("/sim/damage/flipped", test_flipped);
    g_test_add_func("/sim/damage/bad-link", test_bad_link);
    g_test_add_func("/sim/damage/noise", test_noise);
    return g_test_run();
}
