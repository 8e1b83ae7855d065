/* The gateway that holds the keys says something else than it should, in each message of each
 * exchange: every octet of what it seals changed, its content cut at every octet, and each request
 * of ours answered by an error. Afterwards the engine is up on an IKE SA that the gateway has too,
 * or closed with a reason. */
#include <string.h>

#include "exchanges.h"
#include "ike-responder-private.h"
#include "ike/registry.h"

typedef struct {
    const Exchange *exchange;
    unsigned number; /* within the exchange, of its direction */
    bool request;
    uint8_t type; /* exchange type */
} Case;

/* --- What the gateway seals, changed --- */

typedef struct {
    const Case *test;
    Sim *sim;
    unsigned base;
    bool truncate, hit;
    size_t octet;
    size_t length; /* of the content */
    uint8_t mask;
    GBytes *changed; /* what arrives instead */
} Change;

static ResponderSa *
find_sa(Sim *sim, const IkeHeader *header)
{
    for (guint i = 0; i < sim->gateway->sas->len; i++) {
        ResponderSa *sa = g_ptr_array_index(sim->gateway->sas, i);
        if (sa->ike->spi_i == header->spi_i && sa->ike->spi_r == header->spi_r)
            return sa;
    }
    return NULL;
}

/* The octet behind the content is the type of its first payload. */
static GBytes *
reseal(Change *change, ResponderSa *sa, const IkeMessage *message, GBytes *plain)
{
    const uint8_t *octets = g_bytes_get_data(plain, &change->length);
    g_autofree uint8_t *copy = g_memdup2(octets, change->length);
    uint8_t first = message->sk.first_inner;
    size_t length = change->length;
    if (change->truncate)
        length = MIN(change->octet, length);
    else if (change->octet < length)
        copy[change->octet] ^= change->mask;
    else
        first ^= change->mask;
    g_autoptr(GPtrArray) datagrams = responder_seal_raw(sa, &message->header, first, copy, length);
    return g_bytes_ref(g_ptr_array_index(datagrams, 0));
}

static LinkFate
changing_script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Change *change = data;
    if (direction != LINK_DOWN || number != change->base + change->test->number)
        return (LinkFate){ 0 };
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(ike_message_parse(datagram, &message, NULL), ==, IKE_DECODE_OK);
    ResponderSa *sa = find_sa(change->sim, &message->header);
    g_assert_nonnull(sa);
    g_autoptr(GBytes) plain = payload_sk_open(&message->sk, datagram, sa->ike->sealer.aead, NULL);
    g_assert_nonnull(plain);
    change->changed = reseal(change, sa, message, plain);
    change->hit = true;
    /* What it would make of our answer to something that it never asked is of no interest. */
    if (change->test->request)
        ike_responder_faults(change->sim->gateway)->deaf = true;
    return (LinkFate){ .instead = change->changed };
}

/* Both ends may hold Child SAs of which the other knows nothing: the gateway lied about them. */
static bool
assert_sane(Sim *sim)
{
    g_assert_cmpuint(sim->n_configured, <=, 1);
    if (sim->closed) {
        g_assert_cmpuint(sim->installed->len, ==, 0);
        g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
        return false;
    }
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->installed->len, <=, 2);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 1);
    const ResponderSa *sa = ike_responder_sa(sim->gateway);
    g_assert_cmpuint(sa->ike->spi_i, ==, ike_engine_spi_i(sim->engine));
    g_assert_cmpuint(sa->ike->spi_r, ==, ike_engine_spi_r(sim->engine));
    return true;
}

/* The length of what was changed. */
static size_t
run_change(const Case *test, bool truncate, size_t octet, uint8_t mask)
{
    g_auto(Sim) sim = { 0 };
    Change change = { test, &sim, 0, truncate, false, octet, 0, mask, NULL };
    exchange_begin(&sim, test->exchange);
    change.base = sim.link.sent[LINK_DOWN];
    sim.link.script = changing_script;
    sim.link.script_data = &change;
    exchange_trigger(&sim, test->exchange);
    while (!change.hit)
        g_assert_true(sim_step(&sim));
    sim.link.script = NULL;
    exchange_settle(&sim);
    assert_sane(&sim);
    g_bytes_unref(change.changed);
    return change.length;
}

static void
run_changed(gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    size_t length = 1;
    for (size_t octet = 0; octet <= length; octet++)
        length = run_change(data, false, octet, (uint8_t)(1 << g_rand_int_range(rand, 0, 8)));
}

static void
run_truncated(gconstpointer data)
{
    size_t length = 1;
    for (size_t octet = 0; octet < length; octet++)
        length = run_change(data, true, octet, 0);
}

/* --- Our requests, answered by an error --- */

typedef struct {
    const Case *test;
    Sim *sim;
    unsigned base;
    uint16_t error;
    bool hit, answered;
} Refusal;

static LinkFate
refusing_script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Refusal *refusal = data;
    ResponderFaults *faults = ike_responder_faults(refusal->sim->gateway);
    if (direction == LINK_UP && number == refusal->base + refusal->test->number) {
        refusal->hit = true;
        faults->init_error = faults->auth_error = faults->eap_error = refusal->error;
        faults->create_child_error = faults->info_error = refusal->error;
        faults->followup_error = refusal->error;
    } else if (direction == LINK_DOWN && refusal->hit && !refusal->answered) {
        refusal->answered = true;
        faults->init_error = faults->auth_error = faults->eap_error = 0;
        faults->create_child_error = faults->info_error = faults->followup_error = 0;
    }
    return (LinkFate){ 0 };
}

static void
run_error(const Case *test, uint16_t error)
{
    g_auto(Sim) sim = { 0 };
    Refusal refusal = { test, &sim, 0, error, false, false };
    exchange_begin(&sim, test->exchange);
    refusal.base = sim.link.sent[LINK_UP];
    sim.link.script = refusing_script;
    sim.link.script_data = &refusal;
    exchange_trigger(&sim, test->exchange);
    exchange_settle(&sim);
    g_assert_true(refusal.answered);
    /* A gateway that says so and yet keeps the Child SA, or does not delete it, keeps it alone. */
    if (error == IKE_NOTIFY_CHILD_SA_NOT_FOUND || test->type == IKE_EXCHANGE_INFORMATIONAL)
        assert_sane(&sim);
    else
        exchange_assert_agree(&sim);
}

static void
run_errors(gconstpointer data)
{
    static const uint16_t errors[] = {
        IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
        IKE_NOTIFY_INVALID_IKE_SPI,
        IKE_NOTIFY_INVALID_MAJOR_VERSION,
        IKE_NOTIFY_INVALID_SYNTAX,
        IKE_NOTIFY_INVALID_MESSAGE_ID,
        IKE_NOTIFY_INVALID_SPI,
        IKE_NOTIFY_NO_PROPOSAL_CHOSEN,
        IKE_NOTIFY_INVALID_KE_PAYLOAD,
        IKE_NOTIFY_AUTHENTICATION_FAILED,
        IKE_NOTIFY_SINGLE_PAIR_REQUIRED,
        IKE_NOTIFY_NO_ADDITIONAL_SAS,
        IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE,
        IKE_NOTIFY_FAILED_CP_REQUIRED,
        IKE_NOTIFY_TS_UNACCEPTABLE,
        IKE_NOTIFY_INVALID_SELECTORS,
        IKE_NOTIFY_TEMPORARY_FAILURE,
        IKE_NOTIFY_CHILD_SA_NOT_FOUND,
        IKE_NOTIFY_STATE_NOT_FOUND,
        8191,  /* the last of the standard's errors */
        16383, /* the last of anybody's */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++)
        run_error(data, errors[i]);
}

/* --- The table --- */

static void
add(const Case *test, LinkDirection direction, const char *name, GTestDataFunc run)
{
    g_autofree char *path = g_strdup_printf(
        "/sim/exchanges-inside/%s/%s-%u/%s", test->exchange->name,
        direction == LINK_UP ? "to-gateway" : "from-gateway", test->number + 1, name);
    g_test_add_data_func_full(path, g_memdup2(test, sizeof *test), run, g_free);
}

static void
add_exchange(const Exchange *exchange)
{
    ExchangeShape shape;
    exchange_look(exchange, &shape);
    for (unsigned direction = 0; direction < 2; direction++) {
        for (unsigned number = 0; number < shape.n[direction]; number++) {
            const IkeHeader *header = &shape.headers[direction][number];
            Case test = { exchange, number, !ike_header_is_response(header), header->exchange };
            bool fragment = header->next_payload == IKE_PAYLOAD_SKF;
            if (direction == LINK_UP && test.request && !fragment)
                add(&test, direction, "refused", run_errors);
            if (direction == LINK_UP || fragment || test.type == IKE_EXCHANGE_SA_INIT)
                continue;
            add(&test, direction, "changed", run_changed);
            add(&test, direction, "truncated", run_truncated);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < n_exchanges; i++)
        add_exchange(&exchanges[i]);
    return g_test_run();
}
