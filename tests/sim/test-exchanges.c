/* What a bad link, or a stranger on it, can do to each message of each exchange: lost, doubled,
 * late, overtaken, cut at every octet, every bit changed, replaced by a forged error. What is
 * sealed is discarded, and the repetition makes it good; what is not sealed ends with both sides up
 * or both without the other. */
#include <string.h>

#include "exchanges.h"
#include "ike/message.h"
#include "ike/registry.h"

#define EXCHANGE_OCTET 18 /* of IKE's header */
#define SAMPLES        6  /* runs in which a sealed message itself is damaged */

typedef struct Case Case;

typedef struct {
    const char *name;
    void (*run)(const Case *test);
    LinkFate fate; /* of run_fate */
} Fault;

struct Case {
    const Exchange *exchange;
    LinkDirection direction;
    unsigned number; /* within the exchange */
    const Fault *fault;
};

/* One run: what happens to the datagram of the case. */
typedef struct Hit Hit;
struct Hit {
    const Case *test;
    LinkFate fate;
    void (*on_hit)(Hit *hit, GBytes *datagram);
    uint16_t error; /* of a forged message */
    Sim *sim;
    unsigned base; /* number of the exchange's first datagram */
    bool hit, clear;
    size_t length;
};

static LinkFate
script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Hit *hit = data;
    if (direction != hit->test->direction || number != hit->base + hit->test->number)
        return (LinkFate){ 0 };
    const uint8_t *octets = g_bytes_get_data(datagram, NULL);
    hit->hit = true;
    hit->clear = octets[EXCHANGE_OCTET] == IKE_EXCHANGE_SA_INIT;
    hit->length = g_bytes_get_size(datagram);
    if (hit->on_hit != NULL)
        hit->on_hit(hit, datagram);
    return hit->fate;
}

static void
run(Sim *sim, Hit *hit)
{
    exchange_begin(sim, hit->test->exchange);
    hit->sim = sim;
    hit->base = sim->link.sent[hit->test->direction];
    sim->link.script = script;
    sim->link.script_data = hit;
    exchange_trigger(sim, hit->test->exchange);
    exchange_settle(sim);
    g_assert_true(hit->hit);
}

static void
run_fate(const Case *test)
{
    g_auto(Sim) sim = { 0 };
    Hit hit = { .test = test, .fate = test->fault->fate };
    run(&sim, &hit);
    exchange_assert_done(&sim, test->exchange);
}

/* The message arrives changed. Sealed, it is discarded and the repetition does it. In the clear it
 * may be believed until AUTH finds out; then nobody is up. */
static void
run_damaged(const Case *test, LinkFate fate, bool may_fail)
{
    g_auto(Sim) sim = { 0 };
    Hit hit = { .test = test, .fate = fate };
    run(&sim, &hit);
    if (!may_fail) {
        exchange_assert_done(&sim, test->exchange);
        return;
    }
    if (!exchange_assert_agree(&sim))
        g_assert_cmpuint(sim.n_configured, ==, 0);
}

/* --- Sealed: everything at once, in front of the message itself --- */

static void
assert_discarded(Sim *sim, LinkDirection direction, const uint8_t *octets, size_t length)
{
    if (direction == LINK_UP) {
        IkePath mirrored = { .id = sim->path.id,
                             .local = sim->path.remote,
                             .remote = sim->path.local };
        g_assert_false(ike_responder_receive(sim->gateway, &mirrored, octets, length));
        return;
    }
    IkeVerdict verdict = ike_engine_receive(sim->engine, &sim->path, octets, length, sim->link.now);
    g_assert_cmpint(verdict, ==, IKE_VERDICT_DISCARD);
    g_auto(IkeOutput) output = { 0 };
    g_assert_false(ike_engine_next_output(sim->engine, &output));
}

static void
hit_truncated(Hit *hit, GBytes *datagram)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    for (size_t kept = 0; kept < length; kept++) {
        g_autofree uint8_t *copy = g_memdup2(octets, kept);
        assert_discarded(hit->sim, hit->test->direction, copy, kept);
    }
}

static void
hit_flipped(Hit *hit, GBytes *datagram)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    g_autofree uint8_t *copy = g_memdup2(octets, length);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_discarded(hit->sim, hit->test->direction, copy, length);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Learns whether the message is sealed, and if it is, tries everything on it. */
static void
hit_sealed(const Case *test, Hit *hit, void (*attack)(Hit *hit, GBytes *datagram))
{
    g_auto(Sim) look = { 0 };
    *hit = (Hit){ .test = test };
    run(&look, hit);
    if (hit->clear)
        return;
    g_auto(Sim) sim = { 0 };
    Hit all = { .test = test, .on_hit = attack };
    run(&sim, &all);
    exchange_assert_done(&sim, test->exchange);
}

static void
run_truncated(const Case *test)
{
    Hit hit;
    g_autoptr(GRand) rand = g_rand_new_with_seed(test->number);
    hit_sealed(test, &hit, hit_truncated);
    size_t runs = hit.clear ? hit.length : SAMPLES;
    for (size_t i = 0; i < runs; i++) {
        size_t kept = hit.clear ? i : (size_t)g_rand_int_range(rand, 0, (gint)hit.length);
        run_damaged(test, (LinkFate){ .truncate = true, .length = kept }, false);
    }
}

static void
run_flipped(const Case *test)
{
    Hit hit;
    g_autoptr(GRand) rand = g_rand_new_with_seed(100 + test->number);
    hit_sealed(test, &hit, hit_flipped);
    size_t runs = hit.clear ? hit.length : SAMPLES;
    for (size_t i = 0; i < runs; i++) {
        LinkFate fate = { .flip = true, .mask = (uint8_t)(1 << g_rand_int_range(rand, 0, 8)) };
        fate.octet = hit.clear ? i : (size_t)g_rand_int_range(rand, 0, (gint)hit.length);
        run_damaged(test, fate, hit.clear);
    }
}

/* --- A forged error instead of the gateway's message --- */

static void
hit_forged(Hit *hit, GBytes *datagram)
{
    g_autoptr(IkeMessage) original = NULL;
    g_assert_cmpint(ike_message_parse(datagram, &original, NULL), ==, IKE_DECODE_OK);
    g_autoptr(IkeMessage) message = ike_message_new(&original->header);
    ike_message_add_notify(message, hit->error, NULL, 0);
    hit->fate.instead = ike_message_write(message, NULL);
}

/* Only IKE_SA_INIT may be refused in the clear, and the repetition may still be answered well
 * (RFC 7296, section 2.21.1); but that one side cannot do this version is believed. */
static void
run_forged(const Case *test)
{
    static const uint16_t errors[] = {
        IKE_NOTIFY_INVALID_IKE_SPI,
        IKE_NOTIFY_INVALID_MAJOR_VERSION,
        IKE_NOTIFY_INVALID_SYNTAX,
        IKE_NOTIFY_INVALID_MESSAGE_ID,
        IKE_NOTIFY_NO_PROPOSAL_CHOSEN,
        IKE_NOTIFY_INVALID_KE_PAYLOAD,
        IKE_NOTIFY_AUTHENTICATION_FAILED,
        IKE_NOTIFY_TEMPORARY_FAILURE,
        IKE_NOTIFY_COOKIE,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        g_auto(Sim) sim = { 0 };
        Hit hit = { .test = test, .on_hit = hit_forged, .error = errors[i] };
        run(&sim, &hit);
        g_clear_pointer(&hit.fate.instead, g_bytes_unref);
        if (!hit.clear || errors[i] != IKE_NOTIFY_INVALID_MAJOR_VERSION)
            exchange_assert_done(&sim, test->exchange);
        else
            exchange_assert_agree(&sim);
    }
}

/* --- The table --- */

static const Fault faults[] = {
    { "lost", run_fate, { .lost = true } },
    { "doubled", run_fate, { .doubled = true } },
    { "doubled-much-later", run_fate, { .doubled = true, .again_after = 20 * DURATION_SECOND } },
    /* The repetition overtakes it. */
    { "late", run_fate, { .extra_delay = 700 * DURATION_MILLISECOND } },
    /* What the other side sends next, or what follows it, overtakes it. */
    { "overtaken", run_fate, { .extra_delay = 41 * DURATION_MILLISECOND } },
    { "truncated", run_truncated, { 0 } },
    { "flipped", run_flipped, { 0 } },
    { "forged", run_forged, { 0 } },
};

static void
run_case(gconstpointer data)
{
    const Case *test = data;
    test->fault->run(test);
}

static void
run_undamaged(gconstpointer data)
{
    ExchangeShape shape;
    exchange_look(data, &shape);
}

static void
add(const Exchange *exchange, LinkDirection direction, unsigned number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (faults[i].run == run_forged && direction == LINK_UP)
            continue;
        Case *test = g_new0(Case, 1);
        *test = (Case){ exchange, direction, number, &faults[i] };
        g_autofree char *path = g_strdup_printf(
            "/sim/exchanges/%s/%s-%u/%s", exchange->name,
            direction == LINK_UP ? "to-gateway" : "from-gateway", number + 1, faults[i].name);
        g_test_add_data_func_full(path, test, run_case, g_free);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < n_exchanges; i++) {
        const Exchange *exchange = &exchanges[i];
        ExchangeShape shape;
        g_autofree char *path = g_strdup_printf("/sim/exchanges/%s/undamaged", exchange->name);
        g_test_add_data_func(path, exchange, run_undamaged);
        exchange_look(exchange, &shape);
        for (unsigned number = 0; number < shape.n[LINK_UP]; number++)
            add(exchange, LINK_UP, number);
        for (unsigned number = 0; number < shape.n[LINK_DOWN]; number++)
            add(exchange, LINK_DOWN, number);
    }
    return g_test_run();
}
