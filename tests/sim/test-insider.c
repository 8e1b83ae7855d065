/* A gateway that holds the keys and sends nonsense: every octet of what it protects changed, one at
 * a time. Nothing crashes, nothing is installed that was not agreed on, and a malformed request is
 * answered before the end (RFC 7296, section 2.21.3). */
#include "sim.h"

#include <string.h>

#include "ike-responder-private.h"

typedef void (*Ask)(IkeResponder *responder, ResponderSa *sa);

/* The content of a message that the gateway has sealed. */
static GBytes *
open_own(ResponderSa *sa, GBytes *datagram, uint8_t *first, IkeHeader *header)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(ike_message_parse(datagram, &message, NULL), ==, IKE_DECODE_OK);
    *first = message->sk.first_inner;
    *header = message->header;
    GBytes *plain = payload_sk_open(&message->sk, datagram, sa->ike->sealer.aead, NULL);
    g_assert_nonnull(plain);
    return plain;
}

static void
inject_changed(Sim *sim, ResponderSa *sa, GBytes *datagram, size_t octet, uint8_t mask)
{
    uint8_t first;
    IkeHeader header;
    gsize length;
    g_autoptr(GBytes) plain = open_own(sa, datagram, &first, &header);
    const uint8_t *octets = g_bytes_get_data(plain, &length);
    g_autofree uint8_t *copy = g_memdup2(octets, length);
    if (octet < length)
        copy[octet] ^= mask;
    else
        first ^= mask; /* the type of the first payload */
    g_autoptr(GPtrArray) datagrams = responder_seal_raw(sa, &header, first, copy, length);
    GBytes *changed = g_ptr_array_index(datagrams, 0);
    sim_inject(sim, g_bytes_get_data(changed, NULL), g_bytes_get_size(changed));
}

/* Whatever it was: it is over soon, or both ends still talk. */
static void
assert_sane(Sim *sim)
{
    sim_run(sim, 40 * DURATION_SECOND);
    g_assert_cmpuint(sim->installed->len, <=, 2);
    if (sim->closed)
        g_assert_cmpuint(sim->installed->len, ==, 0);
    g_assert_cmpuint(sim->n_configured, <=, 1);
}

static size_t
content_length(ResponderSa *sa, GBytes *datagram)
{
    uint8_t first;
    IkeHeader header;
    g_autoptr(GBytes) plain = open_own(sa, datagram, &first, &header);
    return g_bytes_get_size(plain);
}

/* <--  HDR, SK {changed} */
static void
test_request(gconstpointer data)
{
    Ask ask = *(const Ask *)data;
    size_t length = 1;
    for (size_t octet = 0; octet <= length; octet++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        ResponderSa *sa = ike_responder_sa(sim.gateway);
        sim.link.blocked[LINK_DOWN] = true; /* the original is not for the engine */
        ask(sim.gateway, sa);
        sim_drain(&sim);
        sim.link.blocked[LINK_DOWN] = false;
        GBytes *datagram = g_ptr_array_index(sa->ike->window.request, 0);
        length = content_length(sa, datagram);
        unsigned sent = sim.n_sent[LINK_UP];
        inject_changed(&sim, sa, datagram, octet, (uint8_t)(1 << octet % 8));
        g_assert_cmpuint(sim.n_sent[LINK_UP], >, sent); /* it gets an answer */
        /* The responder would take the answer for one to what it had asked. */
        ike_responder_faults(sim.gateway)->deaf = true;
        assert_sane(&sim);
    }
}

/* <--  HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}, changed */
static void
test_auth_response(void)
{
    size_t length = 1;
    unsigned n_up = 0, n_closed = 0;
    for (size_t octet = 0; octet <= length; octet++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        sim_start(&sim);
        while (sim.n_sent[LINK_DOWN] < 1)
            g_assert_true(sim_step(&sim));
        g_assert_true(sim_step(&sim)); /* IKE_SA_INIT's answer arrives */
        sim.link.blocked[LINK_DOWN] = true;
        while (sim.n_sent[LINK_DOWN] < 2)
            g_assert_true(sim_step(&sim));
        ResponderSa *sa = ike_responder_sa(sim.gateway);
        GBytes *datagram = g_ptr_array_index(sa->ike->window.response, 0);
        length = content_length(sa, datagram);
        sim.link.blocked[LINK_DOWN] = false;
        inject_changed(&sim, sa, datagram, octet, (uint8_t)(1 << octet % 8));
        n_up += sim.state == IKE_STATE_ESTABLISHED;
        assert_sane(&sim);
        n_closed += sim.closed;
    }
    /* Most of it matters; reserved bits and addresses do not. */
    g_assert_cmpuint(n_closed, >, 50);
    g_assert_cmpuint(n_up, >, 5);
}

/* Plaintext of chance, as a request and as the answer to a liveness check. */
static void
test_chance(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (unsigned i = 0; i < 500; i++) {
        uint8_t plain[64];
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        ResponderSa *sa = ike_responder_sa(sim.gateway);
        bool response = i % 2 != 0;
        size_t length = (size_t)g_rand_int_range(rand, 0, sizeof plain);
        for (size_t j = 0; j < length; j++)
            plain[j] = (uint8_t)g_rand_int_range(rand, 0, 256);
        if (response) {
            ike_responder_faults(sim.gateway)->deaf = true;
            sim_run(&sim, 30 * DURATION_SECOND); /* our liveness check is out */
        }
        g_autoptr(IkeMessage) model =
            response ? ike_sa_new_response(sa->ike, IKE_EXCHANGE_INFORMATIONAL, 2)
                     : ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
        uint8_t first = (uint8_t)g_rand_int_range(rand, 32, 55);
        g_autoptr(GPtrArray) datagrams =
            responder_seal_raw(sa, &model->header, first, plain, length);
        GBytes *datagram = g_ptr_array_index(datagrams, 0);
        IkeVerdict verdict =
            sim_inject(&sim, g_bytes_get_data(datagram, NULL), g_bytes_get_size(datagram));
        g_assert_cmpint(verdict, !=, IKE_VERDICT_DISCARD);
        assert_sane(&sim);
    }
}

static const Ask rekey_child = responder_sa_rekey_child;
static const Ask rekey_ike = responder_sa_rekey_ike;
static const Ask new_child = responder_sa_new_child;
static const Ask delete_child = responder_sa_delete_child;
static const Ask delete_ike = responder_sa_delete;

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/sim/insider/rekey-child", &rekey_child, test_request);
    g_test_add_data_func("/sim/insider/rekey-ike", &rekey_ike, test_request);
    g_test_add_data_func("/sim/insider/new-child", &new_child, test_request);
    g_test_add_data_func("/sim/insider/delete-child", &delete_child, test_request);
    g_test_add_data_func("/sim/insider/delete-ike", &delete_ike, test_request);
    g_test_add_func("/sim/insider/auth-response", test_auth_response);
    g_test_add_func("/sim/insider/chance", test_chance);
    return g_test_run();
}
