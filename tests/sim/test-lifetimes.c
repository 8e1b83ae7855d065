/* Soft and hard limits by time, octets and packets; what is asked for when rekeying does not come
 * about; gateways whose idea of a key exchange for Child SAs differs (RFC 7296, sections 1.3.1 and
 * 2.8; RFC 4478). */
#include "sim.h"

#include "crypto/algorithms.h"
#include "ike-responder-private.h"
#include "ike/engine-private.h"
#include "ike/registry.h"

static void
go_up(Sim *sim)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
}

static uint32_t
spi(const Sim *sim)
{
    g_assert_cmpuint(sim->installed->len, ==, 1);
    return ((const IkeChild *)g_ptr_array_index(sim->installed, 0))->spi_in;
}

static void
use(Sim *sim, uint64_t packets, uint64_t octets)
{
    ike_engine_child_used(sim->engine, spi(sim), packets, octets, sim->link.now);
    sim_drain(sim);
    sim_run(sim, 5 * DURATION_SECOND);
}

static void
assert_expired(Sim *sim)
{
    g_assert_true(sim->closed);
    g_assert_cmpint(sim->reason, ==, IKE_CLOSE_EXPIRED);
    g_assert_cmpuint(sim->n_replace, ==, 1);
    g_assert_cmpuint(sim->installed->len, ==, 0);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
}

static void
test_octets(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->child_octets = 1000000;
    go_up(&sim);
    use(&sim, 1, 899999); /* below what jitter may take away */
    g_assert_cmpuint(sim.n_installed, ==, 1);
    use(&sim, 1, 1000000);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.n_replace, ==, 0);
}

static void
test_packets(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->child_packets = 1000;
    go_up(&sim);
    use(&sim, 899, 1);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    use(&sim, 1000, 1);
    g_assert_cmpuint(sim.n_installed, ==, 2);
}

/* Without anything configured: long before the sequence numbers of a Child SA without ESN run out.
 */
static void
test_sequence_numbers(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    ike_proposal_list_unref(sim.config->esp_proposals);
    sim.config->esp_proposals =
        ike_proposal_list_from_words("aes256gcm16-x25519-noesn", IKE_PROTOCOL_ESP, NULL);
    go_up(&sim);
    use(&sim, UINT64_C(0x80000000), 1);
    g_assert_cmpuint(sim.n_installed, ==, 1);
    use(&sim, UINT64_C(0xb0000000), 1);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_NO_ADDITIONAL_SAS;
    use(&sim, UINT64_C(0xffffffff), 1);
    assert_expired(&sim);
}

/* Long before the message IDs of an IKE SA run out, by whoever's requests (RFC 7296, section 2.2).
 */
static void
test_message_ids(void)
{
    for (int ours = 0; ours < 2; ours++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        go_up(&sim);
        uint64_t before = ike_engine_spi_i(sim.engine);
        Window *client = &engine_sa(sim.engine)->window;
        Window *gateway = &ike_responder_sa(sim.gateway)->ike->window;
        uint32_t *sides[][2] = { { &client->next_in, &gateway->next_out },
                                 { &client->next_out, &gateway->next_in } };
        *sides[ours][0] = *sides[ours][1] = UINT32_C(0x7ffffff0);
        sim_run(&sim, DURATION_MINUTE);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), ==, before);
        *sides[ours][0] = *sides[ours][1] = UINT32_C(0x7fffffff);
        sim_run(&sim, DURATION_MINUTE);
        g_assert_cmpuint(ike_engine_spi_i(sim.engine), !=, before);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
        g_assert_cmpuint(engine_sa(sim.engine)->window.next_out, <, 10); /* from 0 again */
    }
}

/* Rekeying is refused for good: REPLACE at once, once; the old keys go on until the hard limit. */
static void
test_child_refused(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->child_lifetime = 60 * DURATION_MINUTE;
    go_up(&sim);
    Instant up = sim.link.now;
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
    sim_run(&sim, 53 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 0);
    sim_run(&sim, 8 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 1);
    g_assert_cmpint(sim.replace_deadline, >=, up + 89 * DURATION_MINUTE);
    g_assert_cmpint(sim.replace_deadline, <=, up + 91 * DURATION_MINUTE);
    sim_run(&sim, 28 * DURATION_MINUTE);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    sim_run(&sim, 2 * DURATION_MINUTE);
    assert_expired(&sim);
}

static void
test_ike_refused(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->ike_lifetime = 10 * DURATION_MINUTE;
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
    sim_run(&sim, 11 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 1);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    sim_run(&sim, 5 * DURATION_MINUTE);
    assert_expired(&sim);
}

/* "Later", for minutes: the two ends have lost each other (RFC 7296, section 2.25). */
static void
test_temporary_for_minutes(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->child_lifetime = 60 * DURATION_MINUTE;
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_error = IKE_NOTIFY_TEMPORARY_FAILURE;
    sim_run(&sim, 58 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 0);
    sim_run(&sim, 8 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 1);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
}

static void
test_reauthentication(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->reauth_lifetime = 100 * DURATION_MINUTE;
    go_up(&sim);
    sim_run(&sim, 89 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 0);
    sim_run(&sim, 12 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 1);
    sim_run(&sim, 48 * DURATION_MINUTE);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    sim_run(&sim, 3 * DURATION_MINUTE);
    assert_expired(&sim);
}

/* HDR, SK {..., N(AUTH_LIFETIME)}: in time before that (RFC 4478, section 3). */
static void
test_auth_lifetime(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.auth_lifetime = 3600;
    go_up(&sim);
    sim_run(&sim, 53 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 0);
    sim_run(&sim, 3 * DURATION_MINUTE);
    g_assert_cmpuint(sim.n_replace, ==, 1);
    g_assert_cmpint(sim.replace_deadline, <=, 60 * DURATION_MINUTE + DURATION_SECOND);
    sim_run(&sim, 5 * DURATION_MINUTE);
    assert_expired(&sim);
}

static void
test_auth_lifetime_of_seconds(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.auth_lifetime = 1;
    go_up(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    assert_expired(&sim);
}

/* The next SA is made before the old one goes, and a new day begins. */
static void
test_replaced(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->reauth_lifetime = 100 * DURATION_MINUTE;
    sim.config->initial_contact = true;
    sim.replace = true;
    go_up(&sim);
    sim_run(&sim, 1000 * DURATION_MINUTE);
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim.n_replace, >=, 9);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
    g_assert_cmpuint(ike_responder_count_initial_contacts(sim.gateway), ==, 1); /* the first */
}

/* --- With a key exchange of its own, or without --- */

static void
rekey_with(Sim *sim, const char *ours, const char *theirs, uint16_t ke)
{
    ike_proposal_list_unref(sim->config->esp_proposals);
    ike_proposal_list_unref(sim->gateway_config.esp_proposals);
    sim->config->esp_proposals = ike_proposal_list_from_words(ours, IKE_PROTOCOL_ESP, NULL);
    sim->gateway_config.esp_proposals =
        ike_proposal_list_from_words(theirs, IKE_PROTOCOL_ESP, NULL);
    sim->config->child_octets = 1000;
    go_up(sim);
    for (unsigned i = 2; i < 5; i++) {
        use(sim, 1, 1000);
        g_assert_cmpuint(sim->n_installed, ==, i);
        g_assert_cmpuint(((const IkeChild *)g_ptr_array_index(sim->installed, 0))->ke, ==, ke);
    }
    g_assert_cmpuint(sim->n_replace, ==, 0);
}

static void
test_gateway_without_pfs(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    rekey_with(&sim, "aes256gcm16-x25519", "aes256gcm16", KE_NONE);
}

static void
test_gateway_with_pfs(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.needs_ke = true;
    rekey_with(&sim, "aes256gcm16", "aes256gcm16-x25519", KE_CURVE25519);
}

/* A gateway that wants exactly what it has: no proposals without beside those with. */
static void
test_picky_gateway(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway_config.no_ke = true;
    rekey_with(&sim, "aes256gcm16-x25519", "aes256gcm16", KE_NONE);
}

/* <--  HDR, SK {N(INVALID_KE_PAYLOAD)} of a group that we do not offer. */
static void
test_group_unknown(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->child_octets = 1000;
    go_up(&sim);
    ike_responder_faults(sim.gateway)->create_child_group = KE_MODP_2048;
    use(&sim, 1, 1000);
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(((const IkeChild *)g_ptr_array_index(sim.installed, 0))->ke, ==, KE_NONE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/sim/lifetimes/" name, function)
    ADD("octets", test_octets);
    ADD("packets", test_packets);
    ADD("sequence-numbers", test_sequence_numbers);
    ADD("message-ids", test_message_ids);
    ADD("child-refused", test_child_refused);
    ADD("ike-refused", test_ike_refused);
    ADD("temporary-for-minutes", test_temporary_for_minutes);
    ADD("reauthentication", test_reauthentication);
    ADD("auth-lifetime", test_auth_lifetime);
    ADD("auth-lifetime-of-seconds", test_auth_lifetime_of_seconds);
    ADD("replaced", test_replaced);
    ADD("gateway-without-pfs", test_gateway_without_pfs);
    ADD("gateway-with-pfs", test_gateway_with_pfs);
    ADD("picky-gateway", test_picky_gateway);
    ADD("group-unknown", test_group_unknown);
    return g_test_run();
}
