#include "exchanges.h"

#include <string.h>

#include "certificates.h"
#include "crypto/algorithms.h"
#include "ike-responder-private.h"

#define MSK       "sixty-four octets of keys as an EAP method with keys makes them."
#define TICK      (500 * DURATION_MILLISECOND)
#define PATIENCE  6 /* transmissions of a request of the gateway's */
#define LONG_TIME (24 * 60 * DURATION_MINUTE)

/* --- Before the start --- */

static ResponderFaults *
make_gateway(Sim *sim)
{
    sim->gateway = ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    return ike_responder_faults(sim->gateway);
}

static void
prepare_cookie(Sim *sim)
{
    make_gateway(sim)->want_cookie = true;
}

static void
prepare_other_group(Sim *sim)
{
    make_gateway(sim)->want_group = KE_ECP_256;
}

static GPtrArray *
make_chain(const char *pem)
{
    GPtrArray *chain = certificate_list_from_pem(pem, strlen(pem), NULL);
    g_assert_nonnull(chain);
    return chain;
}

static void
prepare_certificates(Sim *sim)
{
    g_autoptr(GError) error = NULL;
    sim->config->local_auth = sim->config->remote_auth = IKE_AUTH_CERTIFICATE;
    sim->config->trust = trust_store_new(ca_pem, strlen(ca_pem), &error);
    sim->config->local_chain = make_chain(client_pem);
    sim->config->wall_clock_s = CERTIFICATES_TIME;
    sim->key = private_key_from_pem(client_key, strlen(client_key), NULL, &error);
    g_clear_pointer(&sim->gateway_config.psk, secret_unref);
    sim->gateway_config.chain = make_chain(gateway_p256_pem);
    sim->gateway_config.key =
        private_key_from_pem(gateway_p256_key, strlen(gateway_p256_key), NULL, &error);
    g_assert_no_error(error);
}

static void
prepare_fragments(Sim *sim)
{
    sim->config->fragment_size = sim->gateway_config.fragment_size = 200;
}

static void
prepare_eap(Sim *sim)
{
    sim->config->local_auth = IKE_AUTH_EAP;
    sim->eap_msk = secret_new(MSK, strlen(MSK));
    sim->gateway_config.eap_msk = secret_ref(sim->eap_msk);
    sim->gateway_config.eap_requests = 1;
}

static void
prepare_rekey_child(Sim *sim)
{
    sim->config->child_lifetime = 10 * DURATION_MINUTE;
}

static void
prepare_rekey_child_group(Sim *sim)
{
    prepare_rekey_child(sim);
    make_gateway(sim)->create_child_group = KE_ECP_256;
}

static void
prepare_rekey_ike(Sim *sim)
{
    sim->config->ike_lifetime = 10 * DURATION_MINUTE;
    sim->config->child_lifetime = LONG_TIME;
}

static void
prepare_rekey_ike_group(Sim *sim)
{
    prepare_rekey_ike(sim);
    make_gateway(sim)->create_child_group = KE_ECP_256;
}

/* Two additional key exchanges in each rekeying. */
static void
prepare_additional(Sim *sim)
{
    static const char ike[] = "aes256gcm16-prfsha384-x25519-ke1_ecp256-ke3_ecp384";
    static const char esp[] = "aes256gcm16-x25519-ke1_ecp256-ke3_ecp384";
    IkeProposalList **lists[] = { &sim->config->ike_proposals, &sim->gateway_config.ike_proposals,
                                  &sim->config->esp_proposals, &sim->gateway_config.esp_proposals };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        ike_proposal_list_unref(*lists[i]);
        *lists[i] = i < 2 ? ike_proposal_list_from_words(ike, IKE_PROTOCOL_IKE, NULL)
                          : ike_proposal_list_from_words(esp, IKE_PROTOCOL_ESP, NULL);
        g_assert_nonnull(*lists[i]);
    }
}

static void
prepare_followup_child(Sim *sim)
{
    prepare_additional(sim);
    prepare_rekey_child(sim);
}

static void
prepare_followup_ike(Sim *sim)
{
    prepare_additional(sim);
    prepare_rekey_ike(sim);
}

/* --- What sets it off --- */

/* Time passes until the engine does what is due. */
static void
trigger_silence(Sim *sim)
{
    sim->link.now = ike_engine_next_deadline(sim->engine);
    ike_engine_timeout(sim->engine, sim->link.now);
}

/* The same, with traffic all the time. */
static void
trigger_age(Sim *sim)
{
    unsigned sent = sim->n_sent[LINK_UP];
    while (sim->n_sent[LINK_UP] == sent) {
        ike_engine_traffic_seen(sim->engine, sim->link.now);
        sim_run(sim, DURATION_SECOND);
    }
}

static void
trigger_path(Sim *sim)
{
    sim->path.local.port++;
    ike_engine_path_changed(sim->engine, &sim->path, sim->link.now);
}

static void
trigger_close(Sim *sim)
{
    ike_engine_close(sim->engine, IKE_CLOSE_REQUESTED, sim->link.now);
}

static void
trigger_gateway_liveness(Sim *sim)
{
    responder_sa_liveness(sim->gateway, ike_responder_sa(sim->gateway));
}

static void
trigger_gateway_delete(Sim *sim)
{
    responder_sa_delete(sim->gateway, ike_responder_sa(sim->gateway));
}

static void
trigger_gateway_delete_child(Sim *sim)
{
    responder_sa_delete_child(sim->gateway, ike_responder_sa(sim->gateway));
}

static void
trigger_gateway_new_child(Sim *sim)
{
    responder_sa_new_child(sim->gateway, ike_responder_sa(sim->gateway));
}

static void
trigger_gateway_rekey_child(Sim *sim)
{
    responder_sa_rekey_child(sim->gateway, ike_responder_sa(sim->gateway));
}

static void
trigger_gateway_rekey_ike(Sim *sim)
{
    responder_sa_rekey_ike(sim->gateway, ike_responder_sa(sim->gateway));
}

const Exchange exchanges[] = {
    { "connect-psk", NULL, NULL, false },
    { "connect-cookie", prepare_cookie, NULL, false },
    { "connect-other-group", prepare_other_group, NULL, false },
    { "connect-certificates", prepare_certificates, NULL, false },
    { "connect-fragments", prepare_fragments, NULL, false },
    { "connect-eap", prepare_eap, NULL, false },
    { "liveness-local", NULL, trigger_silence, false },
    { "liveness-remote", NULL, trigger_gateway_liveness, false },
    { "update-addresses", NULL, trigger_path, false },
    { "delete-ike-local", NULL, trigger_close, true },
    { "delete-ike-remote", NULL, trigger_gateway_delete, true },
    { "delete-child-remote", NULL, trigger_gateway_delete_child, false },
    { "new-child-remote", NULL, trigger_gateway_new_child, false },
    { "rekey-child-local", prepare_rekey_child, trigger_age, false },
    { "rekey-child-local-other-group", prepare_rekey_child_group, trigger_age, false },
    { "rekey-child-remote", NULL, trigger_gateway_rekey_child, false },
    { "rekey-ike-local", prepare_rekey_ike, trigger_age, false },
    { "rekey-ike-local-other-group", prepare_rekey_ike_group, trigger_age, false },
    { "rekey-ike-remote", NULL, trigger_gateway_rekey_ike, false },
    { "followup-child-local", prepare_followup_child, trigger_age, false },
    { "followup-child-remote", prepare_additional, trigger_gateway_rekey_child, false },
    { "followup-new-child-remote", prepare_additional, trigger_gateway_new_child, false },
    { "followup-ike-local", prepare_followup_ike, trigger_age, false },
    { "followup-ike-remote", prepare_additional, trigger_gateway_rekey_ike, false },
};
const size_t n_exchanges = G_N_ELEMENTS(exchanges);

void
exchange_begin(Sim *sim, const Exchange *exchange)
{
    sim_init(sim, 1);
    if (exchange->prepare != NULL)
        exchange->prepare(sim);
    if (exchange->trigger == NULL)
        return;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_cmpstr(sim->detail, ==, NULL);
}

void
exchange_trigger(Sim *sim, const Exchange *exchange)
{
    if (exchange->trigger == NULL) {
        sim_start(sim);
        return;
    }
    exchange->trigger(sim);
    sim_drain(sim);
}

/* --- The gateway's patience --- */

/* One for each SA, by its place: what it asked last, and how often. */
typedef struct {
    const ResponderSa *sa;
    uint32_t message_id;
    unsigned sent;
} Patience;

static Patience *
patience_for(GArray *all, const ResponderSa *sa)
{
    for (guint i = 0; i < all->len; i++) {
        Patience *one = &g_array_index(all, Patience, i);
        if (one->sa == sa)
            return one;
    }
    Patience fresh = { .sa = sa, .message_id = UINT32_MAX };
    g_array_append_val(all, fresh);
    return &g_array_index(all, Patience, all->len - 1);
}

static void
repeat_or_give_up(Sim *sim, ResponderSa *sa, GArray *all)
{
    Patience *patience = patience_for(all, sa);
    if (!window_is_busy(&sa->ike->window))
        return;
    if (patience->message_id != sa->ike->window.next_out) {
        patience->message_id = sa->ike->window.next_out;
        patience->sent = 1;
    } else if (++patience->sent <= PATIENCE) {
        responder_sa_repeat(sim->gateway, sa);
    } else {
        patience->sa = NULL;
        responder_sa_forget(sim->gateway, sa);
    }
}

static void
patient_run(Sim *sim, Duration duration, GArray *all)
{
    for (Duration passed = 0; passed < duration; passed += TICK) {
        sim_run(sim, TICK);
        for (guint i = sim->gateway->sas->len; i > 0; i--)
            repeat_or_give_up(sim, g_ptr_array_index(sim->gateway->sas, i - 1), all);
        sim_drain(sim);
    }
}

static void
ask_everybody(Sim *sim)
{
    for (guint i = 0; i < sim->gateway->sas->len; i++) {
        ResponderSa *sa = g_ptr_array_index(sim->gateway->sas, i);
        if (sa->state != RESPONDER_HALF_OPEN && sa->ike->state != SA_CLOSED &&
            !window_is_busy(&sa->ike->window))
            responder_sa_liveness(sim->gateway, sa);
    }
    sim_drain(sim);
}

void
exchange_settle(Sim *sim)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Patience));
    patient_run(sim, 80 * DURATION_SECOND, all);
    ask_everybody(sim);
    patient_run(sim, 40 * DURATION_SECOND, all);
}

/* In the order in which they are sent. */
static LinkFate
looking_script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    ExchangeShape *shape = data;
    ByteReader reader = byte_reader_for_bytes(datagram);
    g_assert_cmpuint(shape->n[direction], <, EXCHANGE_MAX_DATAGRAMS);
    IkeHeader *header = &shape->headers[direction][shape->n[direction]++];
    g_assert_true(ike_header_parse(&reader, header, NULL));
    return (LinkFate){ 0 };
}

void
exchange_look(const Exchange *exchange, ExchangeShape *shape)
{
    g_auto(Sim) sim = { 0 };
    *shape = (ExchangeShape){ 0 };
    exchange_begin(&sim, exchange);
    sim.link.script = looking_script;
    sim.link.script_data = shape;
    exchange_trigger(&sim, exchange);
    sim_run(&sim, 5 * DURATION_SECOND);
    sim.link.script = NULL;
    exchange_settle(&sim);
    exchange_assert_done(&sim, exchange);
}

/* --- What comes of it --- */

bool
exchange_assert_agree(Sim *sim)
{
    if (sim->closed) {
        g_assert_cmpuint(sim->installed->len, ==, 0);
        g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
        g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 0);
        return false;
    }
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 1);
    const ResponderSa *sa = ike_responder_sa(sim->gateway);
    g_assert_cmpuint(sa->ike->spi_i, ==, ike_engine_spi_i(sim->engine));
    g_assert_cmpuint(sa->ike->spi_r, ==, ike_engine_spi_r(sim->engine));
    g_assert_cmpuint(sim->installed->len, ==, 1);
    g_assert_cmpuint(ike_responder_count_children(sim->gateway), ==, 1);
    g_assert_cmpuint(sa->children->len, ==, 1);
    const IkeChild *ours = g_ptr_array_index(sim->installed, 0);
    const ChildSa *theirs = g_ptr_array_index(sa->children, 0);
    g_assert_cmpuint(ours->spi_in, ==, theirs->spi_out);
    g_assert_cmpuint(ours->spi_out, ==, theirs->spi_in);
    sim_assert_keys_agree(sim);
    return true;
}

void
exchange_assert_done(Sim *sim, const Exchange *exchange)
{
    g_assert_cmpint(exchange_assert_agree(sim), ==, !exchange->ends);
    if (!exchange->ends)
        g_assert_cmpuint(sim->n_configured, ==, 1);
}
