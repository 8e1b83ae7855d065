/* IKE_SA_INIT and IKE_AUTH with every answer that a gateway may give (RFC 7296, sections 1.2, 2.6
 * and 2.21). */
#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "ike/message.h"

/* A sim that has got as far as it gets. */
static void
connect_with(Sim *sim, const ResponderFaults *faults)
{
    sim->gateway = ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    if (faults != NULL)
        *ike_responder_faults(sim->gateway) = *faults;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
}

static void
assert_up(Sim *sim)
{
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->n_installed, ==, 1);
    g_assert_cmpuint(sim->n_configured, ==, 1);
    sim_assert_keys_agree(sim);
}

static void
assert_closed(Sim *sim, IkeCloseReason reason, const char *words)
{
    g_assert_true(sim->closed);
    g_assert_cmpstr(ike_close_reason_to_string(sim->reason), ==,
                    ike_close_reason_to_string(reason));
    if (strstr(sim->detail, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", sim->detail, words);
    g_assert_cmpint(ike_engine_next_deadline(sim->engine), ==, INSTANT_NEVER);
    g_assert_cmpuint(sim->installed->len, ==, 0);
}

/* HDR, SAi1, KEi, Ni  -->
 *                        <--  HDR, SAr1, KEr, Nr
 * HDR, SK {IDi, IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}  -->
 *                        <--  HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr} */
static void
test_psk(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, NULL);
    assert_up(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
    g_assert_cmpuint(sim.configuration->addresses->len, ==, 2);
    g_assert_cmpuint(sim.configuration->split_dns->len, ==, 2);
    g_assert_cmpuint(sim.configuration->dns->len, ==, 1);
    g_assert_cmpuint(sim.configuration->remote_ts->len, ==, 2);
    g_assert_cmpstr(sim.configuration->gateway_id, ==, "gw.example");
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, "aes256gcm16-prfsha384-x25519");
    g_assert_cmpstr(sim.configuration->esp_algorithms, ==, "aes256gcm16-esn");
    g_assert_true(sim.configuration->mobike);
    g_assert_false(sim.configuration->nat_here);
    const InetPrefix *v4 = &g_array_index(sim.configuration->addresses, InetPrefix, 0);
    const InetPrefix *v6 = &g_array_index(sim.configuration->addresses, InetPrefix, 1);
    g_assert_cmpuint(v4->length, ==, 32);
    g_assert_cmpuint(v6->length, ==, 64);
    g_assert_cmpuint(v6->address.octets[15], ==, 0x10);
}

/* The same inputs, times and random octets give the same outputs. */
static void
test_repeatable(void)
{
    uint64_t spi[2];
    uint32_t child[2];
    for (int i = 0; i < 2; i++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 7);
        connect_with(&sim, NULL);
        spi[i] = ike_engine_spi_i(sim.engine);
        child[i] = ((const IkeChild *)g_ptr_array_index(sim.installed, 0))->spi_in;
    }
    g_assert_cmpuint(spi[0], ==, spi[1]);
    g_assert_cmpuint(child[0], ==, child[1]);
}

typedef struct {
    const char *ike, *esp;
} Suite;

static void
test_suite(gconstpointer data)
{
    const Suite *suite = data;
    g_auto(Sim) sim = { 0 };
    g_autoptr(GError) error = NULL;
    sim_init(&sim, 2);
    ike_proposal_list_unref(sim.gateway_config.ike_proposals);
    ike_proposal_list_unref(sim.gateway_config.esp_proposals);
    sim.gateway_config.ike_proposals =
        ike_proposal_list_from_words(suite->ike, IKE_PROTOCOL_IKE, &error);
    g_assert_no_error(error);
    sim.gateway_config.esp_proposals =
        ike_proposal_list_from_words(suite->esp, IKE_PROTOCOL_ESP, &error);
    g_assert_no_error(error);
    ike_proposal_list_unref(sim.config->ike_proposals);
    ike_proposal_list_unref(sim.config->esp_proposals);
    sim.config->ike_proposals = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    sim.config->esp_proposals = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    connect_with(&sim, NULL);
    assert_up(&sim);
    g_assert_cmpstr(sim.configuration->ike_algorithms, ==, suite->ike);
    g_autofree char *esp = g_strconcat(suite->esp, "-esn", NULL);
    g_assert_cmpstr(sim.configuration->esp_algorithms, ==, esp);
}

/* HDR, SAi1, KEi, Ni  -->                  <--  HDR(A,0), N(COOKIE)
 * HDR, N(COOKIE), SAi1, KEi, Ni  -->       <--  HDR, SAr1, KEr, Nr */
static void
test_cookie(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .want_cookie = true });
    assert_up(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 3);
}

static void
inject_cookie(Sim *sim, size_t length)
{
    static const uint8_t octets[65] = { 1 };
    IkeHeader header = { .spi_i = ike_engine_spi_i(sim->engine),
                         .exchange = IKE_EXCHANGE_SA_INIT,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    ike_message_add_notify(message, IKE_NOTIFY_COOKIE, octets, length);
    g_autoptr(GBytes) datagram = ike_message_write(message, NULL);
    sim_inject(sim, g_bytes_get_data(datagram, NULL), g_bytes_get_size(datagram));
}

/* 1 to 64 octets: others are no cookies (RFC 7296, section 2.6). */
static void
test_cookie_lengths(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim_start(&sim);
    inject_cookie(&sim, 0);
    inject_cookie(&sim, 65);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 1);
    inject_cookie(&sim, 64);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
    inject_cookie(&sim, 1);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 3);
}

/* Attributes that we do not know, or that there are no more (5, INTERNAL_ADDRESS_EXPIRY), among
 * those that we want (RFC 7296, sections 1.7 and 3.15.1). */
static void
test_unknown_attributes(void)
{
    static const uint16_t types[] = { 5, 16383, IKE_ATTRIBUTE_APPLICATION_VERSION };
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        responder_config_add_attribute(&sim.gateway_config, types[i], "\0\0\0\1", 4);
    connect_with(&sim, NULL);
    assert_up(&sim);
    g_assert_cmpuint(sim.configuration->addresses->len, ==, 2);
    g_assert_cmpuint(sim.configuration->split_dns->len, ==, 2);
    g_assert_cmpuint(sim.configuration->dns->len, ==, 1);
}

static void
test_cookie_forever(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .cookie_forever = true });
    assert_closed(&sim, IKE_CLOSE_PROTOCOL, "cookie");
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 1 + IKE_ENGINE_MAX_COOKIES);
}

/* HDR, SAi1, KEi, Ni  -->                  <--  HDR(A,0), N(INVALID_KE_PAYLOAD)
 * HDR, SAi1, KEi', Ni  -->                 <--  HDR, SAr1, KEr, Nr */
static void
test_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .want_group = KE_ECP_256 });
    assert_up(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 3);
}

static void
test_cookie_and_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .want_cookie = true, .want_group = KE_ECP_256 });
    assert_up(&sim);
}

/* A group that was not offered would be a downgrade: not obeyed, but told. */
static void
test_group_not_offered(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .want_group = KE_MODP_2048 });
    assert_closed(&sim, IKE_CLOSE_NO_PROPOSAL, "wants the key exchange modp2048");
    g_assert_cmpint(sim.link.now, >=, 2 * DURATION_SECOND);
}

/* Over datagrams a refusal may be forged: it counts after two seconds. */
static void
test_no_proposal(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .init_error = IKE_NOTIFY_NO_PROPOSAL_CHOSEN });
    assert_closed(&sim, IKE_CLOSE_NO_PROPOSAL, "aes256gcm16");
    g_assert_cmpint(sim.link.now, >=, 2 * DURATION_SECOND);
    g_assert_cmpint(sim.link.now, <, 3 * DURATION_SECOND);
}

static void
test_no_proposal_stream(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.path.stream = true;
    connect_with(&sim, &(ResponderFaults){ .init_error = IKE_NOTIFY_NO_PROPOSAL_CHOSEN });
    assert_closed(&sim, IKE_CLOSE_NO_PROPOSAL, "aes256gcm16");
    g_assert_cmpint(sim.link.now, <, 100 * DURATION_MILLISECOND);
}

/* A forged refusal arrives first, the gateway's answer after it. */
static void
test_forged_refusal(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim_start(&sim);
    IkeHeader header = { .spi_i = ike_engine_spi_i(sim.engine),
                         .exchange = IKE_EXCHANGE_SA_INIT,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr(IkeMessage) forged = ike_message_new(&header);
    ike_message_add_notify(forged, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
    g_autoptr(GBytes) datagram = ike_message_write(forged, NULL);
    sim_inject(&sim, g_bytes_get_data(datagram, NULL), g_bytes_get_size(datagram));
    g_assert_true(sim_connect(&sim));
    assert_up(&sim);
}

static void
test_wrong_version(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .wrong_version = true });
    assert_closed(&sim, IKE_CLOSE_VERSION, "INVALID_MAJOR_VERSION");
}

/* 0.5 + 1 + 2 + 4 + 8 + 16 s, six transmissions. */
static void
test_nobody_there(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .deaf = true });
    assert_closed(&sim, IKE_CLOSE_NO_ANSWER, "198.51.100.1:4500");
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 6);
    g_assert_cmpint(sim.link.now, ==, 31500 * DURATION_MILLISECOND);
}

/* Over a stream the patience is the same and nothing is repeated (RFC 9329, section 6). */
static void
test_nobody_there_stream(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.path.stream = true;
    connect_with(&sim, &(ResponderFaults){ .deaf = true });
    assert_closed(&sim, IKE_CLOSE_NO_ANSWER, "198.51.100.1:4500");
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 1);
    g_assert_cmpint(sim.link.now, ==, 31500 * DURATION_MILLISECOND);
}

static void
test_auth_unanswered(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .silent_auth = true });
    assert_closed(&sim, IKE_CLOSE_NO_ANSWER, "sign-in");
}

static void
test_wrong_psk(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    secret_unref(sim.psk);
    sim.psk = secret_new("another", 7);
    connect_with(&sim, NULL);
    assert_closed(&sim, IKE_CLOSE_AUTH_LOCAL, "tess.example");
    g_assert_cmpint(sim.link.now, <, 1 * DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* HDR, SK {N(AUTHENTICATION_FAILED), D}  -->  follows, and the gateway's SA is gone. */
static void
test_gateway_without_psk(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .wrong_auth = true });
    assert_closed(&sim, IKE_CLOSE_AUTH_REMOTE, "pre-shared key");
    g_assert_cmpuint(sim.n_configured, ==, 0);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

static void
test_wrong_identity(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    g_bytes_unref(sim.gateway_config.id.data);
    sim.gateway_config.id.data = g_bytes_new("other.example", 13);
    connect_with(&sim, NULL);
    assert_closed(&sim, IKE_CLOSE_IDENTITY_MISMATCH,
                  "The gateway says that it is other.example, but the profile expects gw.example");
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

typedef struct {
    const char *name;
    ResponderFaults faults;
    IkeCloseReason reason;
    const char *words;
} ErrorCase;

static const ErrorCase error_cases[] = {
    { "auth-failed",
      { .auth_error = IKE_NOTIFY_AUTHENTICATION_FAILED },
      IKE_CLOSE_AUTH_LOCAL,
      "tess.example" },
    { "auth-syntax",
      { .auth_error = IKE_NOTIFY_INVALID_SYNTAX },
      IKE_CLOSE_PROTOCOL,
      "INVALID_SYNTAX" },
    { "child-no-proposal",
      { .child_error = IKE_NOTIFY_NO_PROPOSAL_CHOSEN },
      IKE_CLOSE_NO_CHILD_PROPOSAL,
      "ESP" },
    { "child-ts",
      { .child_error = IKE_NOTIFY_TS_UNACCEPTABLE },
      IKE_CLOSE_TS_UNACCEPTABLE,
      "0.0.0.0/0" },
    { "pool-exhausted",
      { .child_error = IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE },
      IKE_CLOSE_NO_ADDRESS,
      "pool" },
    { "cp-required",
      { .child_error = IKE_NOTIFY_FAILED_CP_REQUIRED },
      IKE_CLOSE_NO_ADDRESS,
      "address" },
    { "child-other", { .child_error = 8191 }, IKE_CLOSE_PROTOCOL, "8191" },
    { "no-address", { .no_address = true }, IKE_CLOSE_NO_ADDRESS, "address" },
    { "no-config", { .no_config = true }, IKE_CLOSE_NO_ADDRESS, "address" },
    { "malformed", { .malformed_auth = true }, IKE_CLOSE_PROTOCOL, "breaks the protocol" },
    { "critical", { .critical_auth = true }, IKE_CLOSE_PROTOCOL, "critical" },
};

/* Each its own reason, within a second, and nothing of ours stays at the gateway. */
static void
test_error(gconstpointer data)
{
    const ErrorCase *error_case = data;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &error_case->faults);
    /* It closes with a DELETE, whose answer takes another turn. */
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, error_case->reason, error_case->words);
    g_assert_cmpuint(sim.n_configured, ==, 0);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

static void
test_wider_selectors(void)
{
    g_auto(Sim) sim = { 0 };
    InetPrefix prefix;
    sim_init(&sim, 1);
    inet_prefix_parse("10.99.0.0/24", &prefix, NULL);
    TrafficSelector selector = traffic_selector_for_prefix(&prefix);
    g_array_append_val(sim.config->remote_selectors, selector);
    connect_with(&sim, &(ResponderFaults){ .wider_selectors = true });
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_TS_UNACCEPTABLE, "10.99.0.0/24");
}

static void
test_narrowed_selectors(void)
{
    g_auto(Sim) sim = { 0 };
    InetPrefix prefix;
    sim_init(&sim, 1);
    inet_prefix_parse("10.99.0.0/24", &prefix, NULL);
    TrafficSelector selector = traffic_selector_for_prefix(&prefix);
    sim.gateway_config.local_ts = g_array_new(FALSE, FALSE, sizeof selector);
    g_array_append_val(sim.gateway_config.local_ts, selector);
    connect_with(&sim, NULL);
    assert_up(&sim);
    g_assert_cmpuint(sim.configuration->remote_ts->len, ==, 1);
}

/* A big CFG_REPLY comes in fragments (RFC 7383), also when they are doubled or late. */
static void
test_fragments(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *domain = g_strdup_printf("department-%u.corp.example", i);
        responder_config_add_attribute(&sim.gateway_config, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN,
                                       domain, strlen(domain));
    }
    LinkChance chance = { g_rand_new_with_seed(3), 0, 30, 50, 0 };
    sim.link.script = link_chance_script;
    sim.link.script_data = &chance;
    connect_with(&sim, NULL);
    assert_up(&sim);
    g_assert_cmpuint(sim.configuration->split_dns->len, ==, 302);
    g_assert_cmpuint(sim.verdicts[IKE_VERDICT_PARTIAL], >, 5);
    g_rand_free(chance.rand);
}

/* Without the gateway's word for fragments everything is one message. */
static void
test_no_fragments(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.config->fragment_size = 200;
    connect_with(&sim, &(ResponderFaults){ .no_fragments = true });
    assert_up(&sim);
    g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
}

/* Small fragments of ours, too; over a stream none (RFC 9329, section 6). */
static void
test_own_fragments(void)
{
    for (int stream = 0; stream < 2; stream++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        sim.config->fragment_size = 200;
        sim.path.stream = stream != 0;
        connect_with(&sim, NULL);
        assert_up(&sim);
        if (stream)
            g_assert_cmpuint(sim.n_sent[LINK_UP], ==, 2);
        else
            g_assert_cmpuint(sim.n_sent[LINK_UP], >, 3);
    }
}

static void
test_nat(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, &(ResponderFaults){ .nat = true });
    assert_up(&sim);
    g_assert_true(sim.configuration->nat_here);
}

/* HDR, SK {..., CP(CFG_REQUEST with the addresses of before), ...}  --> */
static void
test_same_addresses(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    static const char *const texts[] = { "10.77.0.99", "2001:db8:77::99" };
    sim_init(&sim, 1);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->give_wanted = true;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        InetAddress address;
        g_assert_true(inet_address_parse(texts[i], &address));
        g_array_append_val(wanted, address);
    }
    sim.engine = sim_engine_new(&sim);
    ike_engine_request_addresses(sim.engine, wanted);
    ike_engine_initiate(sim.engine, &sim.path, 0);
    ike_engine_authenticate(sim.engine, 0);
    sim_drain(&sim);
    g_assert_true(sim_connect(&sim));
    assert_up(&sim);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const InetPrefix *given = &g_array_index(sim.configuration->addresses, InetPrefix, i);
        g_autofree char *text = inet_address_to_string(&given->address);
        g_assert_cmpstr(text, ==, texts[i]);
    }
}

/* It waits at INIT_ANSWERED for as long as it takes. */
static void
test_authenticate_later(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    sim.engine = sim_engine_new(&sim);
    ike_engine_initiate(sim.engine, &sim.path, 0);
    sim_drain(&sim);
    sim_run(&sim, 10 * DURATION_SECOND);
    g_assert_cmpint(sim.state, ==, IKE_STATE_INIT_ANSWERED);
    g_assert_cmpuint(sim.n_credentials, ==, 0);
    g_assert_cmpint(ike_engine_next_deadline(sim.engine), ==, INSTANT_NEVER);
    ike_engine_authenticate(sim.engine, sim.link.now);
    sim_drain(&sim);
    g_assert_true(sim_connect(&sim));
    assert_up(&sim);
}

static void
test_credential_refused(void)
{
    g_auto(Sim) sim = { 0 };
    IkeCredential none = { 0 };
    sim_init(&sim, 1);
    sim.withhold = true;
    sim_start(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(sim.n_credentials, ==, 1);
    ike_engine_supply(sim.engine, 99, &none, sim.link.now); /* not what was asked for */
    sim_drain(&sim);
    g_assert_false(sim.closed);
    ike_engine_supply(sim.engine, 1, &none, sim.link.now);
    sim_drain(&sim);
    assert_closed(&sim, IKE_CLOSE_CREDENTIAL, "proof");
}

/* Closing at every moment of a connect: CLOSED comes soon and nothing is left at the gateway. */
static void
test_close_any_time(void)
{
    for (unsigned steps = 0; steps < 8; steps++) {
        g_auto(Sim) sim = { 0 };
        sim_init(&sim, 1);
        sim_start(&sim);
        for (unsigned i = 0; i < steps; i++)
            sim_step(&sim);
        ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
        sim_drain(&sim);
        sim_run(&sim, 3 * DURATION_SECOND);
        assert_closed(&sim, IKE_CLOSE_REQUESTED, "");
        g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
    }
}

/* Nobody judges the gateway's AUTH any more: closing does not wait for that. */
static void
test_close_unjudged(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    sim.withhold_verify = true;
    sim_start(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    assert_closed(&sim, IKE_CLOSE_REQUESTED, "");
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* The gateway is gone when we close: two transmissions of DELETE, then CLOSED. */
static void
test_close_unanswered(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, NULL);
    ike_responder_faults(sim.gateway)->deaf = true;
    Instant start = sim.link.now;
    unsigned sent = sim.n_sent[LINK_UP];
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    while (!sim.closed && sim_step(&sim)) {
    }
    assert_closed(&sim, IKE_CLOSE_REQUESTED, "");
    g_assert_cmpuint(sim.n_sent[LINK_UP] - sent, ==, 2);
    g_assert_cmpint(sim.link.now - start, <=, 2 * DURATION_SECOND);
}

static void
test_debug_keys(void)
{
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 1);
    connect_with(&sim, NULL);
    g_autofree char *keys = ike_engine_debug_keys(sim.engine);
    g_auto(GStrv) columns = g_strsplit(keys, ",", -1);
    g_assert_cmpuint(g_strv_length(columns), ==, 8);
    g_assert_cmpuint(strlen(columns[0]), ==, 16);
    g_assert_cmpuint(strlen(columns[2]), ==, 2 * 36); /* the salt belongs to the key */
    g_assert_cmpstr(columns[4], ==, "\"AES-GCM-256 with 16 octet ICV [RFC5282]\"");
    g_assert_cmpstr(columns[7], ==, "\"NONE [RFC4306]\"");
}

static const Suite suites[] = {
    { "aes256gcm16-prfsha384-ecp384", "aes256gcm16" },
    { "chacha20poly1305-prfsha256-x25519", "chacha20poly1305" },
    { "aes256-sha384-prfsha384-ecp256", "aes256-sha256" },
    { "aes128-sha256-prfsha256-modp2048", "aes128-sha256" },
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/connect/psk", test_psk);
    g_test_add_func("/sim/connect/repeatable", test_repeatable);
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree char *path = g_strdup_printf("/sim/connect/suite/%s", suites[i].ike);
        g_test_add_data_func(path, &suites[i], test_suite);
    }
    g_test_add_func("/sim/connect/cookie", test_cookie);
    g_test_add_func("/sim/connect/cookie-lengths", test_cookie_lengths);
    g_test_add_func("/sim/connect/cookie-forever", test_cookie_forever);
    g_test_add_func("/sim/connect/other-group", test_other_group);
    g_test_add_func("/sim/connect/cookie-and-other-group", test_cookie_and_other_group);
    g_test_add_func("/sim/connect/group-not-offered", test_group_not_offered);
    g_test_add_func("/sim/connect/no-proposal", test_no_proposal);
    g_test_add_func("/sim/connect/no-proposal-stream", test_no_proposal_stream);
    g_test_add_func("/sim/connect/forged-refusal", test_forged_refusal);
    g_test_add_func("/sim/connect/wrong-version", test_wrong_version);
    g_test_add_func("/sim/connect/nobody-there", test_nobody_there);
    g_test_add_func("/sim/connect/nobody-there-stream", test_nobody_there_stream);
    g_test_add_func("/sim/connect/auth-unanswered", test_auth_unanswered);
    g_test_add_func("/sim/connect/wrong-psk", test_wrong_psk);
    g_test_add_func("/sim/connect/gateway-without-psk", test_gateway_without_psk);
    g_test_add_func("/sim/connect/wrong-identity", test_wrong_identity);
    for (size_t i = 0; i < G_N_ELEMENTS(error_cases); i++) {
        g_autofree char *path = g_strdup_printf("/sim/connect/error/%s", error_cases[i].name);
        g_test_add_data_func(path, &error_cases[i], test_error);
    }
    g_test_add_func("/sim/connect/wider-selectors", test_wider_selectors);
    g_test_add_func("/sim/connect/narrowed-selectors", test_narrowed_selectors);
    g_test_add_func("/sim/connect/fragments", test_fragments);
    g_test_add_func("/sim/connect/no-fragments", test_no_fragments);
    g_test_add_func("/sim/connect/own-fragments", test_own_fragments);
    g_test_add_func("/sim/connect/nat", test_nat);
    g_test_add_func("/sim/connect/same-addresses", test_same_addresses);
    g_test_add_func("/sim/connect/unknown-attributes", test_unknown_attributes);
    g_test_add_func("/sim/connect/authenticate-later", test_authenticate_later);
    g_test_add_func("/sim/connect/credential-refused", test_credential_refused);
    g_test_add_func("/sim/connect/close-any-time", test_close_any_time);
    g_test_add_func("/sim/connect/close-unjudged", test_close_unjudged);
    g_test_add_func("/sim/connect/close-unanswered", test_close_unanswered);
    g_test_add_func("/sim/connect/debug-keys", test_debug_keys);
    return g_test_run();
}
