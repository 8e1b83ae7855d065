#include "sim.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "ike/auth.h"
#include "ike/payload-id.h"

#define CONNECT_LIMIT (5 * DURATION_MINUTE)
/* How long a gateway that is no fool takes packets by what was deleted, and a caller that replaces
 * an engine. */
#define LINGER (2 * DURATION_SECOND)

static void
fill(Rng *rng, void *out, size_t length)
{
    SimRng *self = (SimRng *)rng;
    uint8_t *octets = out;
    for (size_t i = 0; i < length; i++)
        octets[i] = (uint8_t)g_rand_int_range(self->rand, 0, 256);
}

static IkeIdentity
fqdn(const char *name)
{
    return (IkeIdentity){ .type = IKE_ID_FQDN, .data = g_bytes_new(name, strlen(name)) };
}

static void
add_attributes(ResponderConfig *config)
{
    static const uint8_t v4[] = { 10, 77, 0, 10 }, dns[] = { 10, 99, 0, 1 };
    static const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x77, 0,    0, 0,
                                  0,    0,    0,    0,    0, 0,    0x10, 64 };
    static const char domain[] = "corp.example", other[] = "two.example";
    responder_config_add_attribute(config, IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS, v4, sizeof v4);
    responder_config_add_attribute(config, IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS, v6, sizeof v6);
    responder_config_add_attribute(config, IKE_ATTRIBUTE_INTERNAL_IP4_DNS, dns, sizeof dns);
    responder_config_add_attribute(config, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, domain,
                                   sizeof domain - 1);
    responder_config_add_attribute(config, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, other,
                                   sizeof other - 1);
}

static InetEndpoint
endpoint(const char *address, uint16_t port)
{
    InetEndpoint result = { .port = port };
    bool ok = inet_address_parse(address, &result.address);
    g_assert(ok);
    return result;
}

void
sim_ask(Sim *sim, uint16_t type, const void *value, size_t length)
{
    g_ptr_array_add(sim->request_split_dns, ike_config_attribute_new(type, value, length));
}

IkeEngine *
sim_engine_new(Sim *sim)
{
    IkeEngine *engine = ike_engine_new(sim->config, &sim->client_rng.rng);
    ike_engine_request_split_dns(engine, sim->request_split_dns);
    return engine;
}

void
sim_init(Sim *sim, guint32 seed)
{
    memset(sim, 0, sizeof *sim);
    sim->client_rng = (SimRng){ { fill }, g_rand_new_with_seed(seed) };
    sim->gateway_rng = (SimRng){ { fill }, g_rand_new_with_seed(seed + 1000000) };
    sim->psk = secret_new(SIM_PSK, strlen(SIM_PSK));
    sim->config = ike_config_new();
    sim->config->local_id = fqdn("tess.example");
    sim->config->remote_id = fqdn("gw.example");
    sim->config->ike_proposals =
        ike_proposal_list_from_words("aes256gcm16-prfsha384-x25519-ecp256", IKE_PROTOCOL_IKE, NULL);
    sim->config->esp_proposals =
        ike_proposal_list_from_words("aes256gcm16-x25519-ecp256", IKE_PROTOCOL_ESP, NULL);
    sim->request_split_dns = g_ptr_array_new_with_free_func(ike_config_attribute_free);
    sim_ask(sim, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, NULL, 0);
    sim_ask(sim, IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA, NULL, 0);
    sim->config->wall_clock_s = 1795467600; /* a day on which the test certificates are valid */
    sim->gateway_config.id = fqdn("gw.example");
    sim->gateway_config.psk = secret_new(SIM_PSK, strlen(SIM_PSK));
    sim->gateway_config.ike_proposals = ike_proposal_list_ref(sim->config->ike_proposals);
    sim->gateway_config.esp_proposals = ike_proposal_list_ref(sim->config->esp_proposals);
    add_attributes(&sim->gateway_config);
    sim->path = (IkePath){ .id = 1,
                           .local = endpoint("192.0.2.10", 40000),
                           .remote = endpoint("198.51.100.1", 4500) };
    sim->installed = g_ptr_array_new_with_free_func((GDestroyNotify)ike_child_free);
    sim->gateway_children = g_ptr_array_new_with_free_func((GDestroyNotify)ike_child_free);
    virtual_link_init(&sim->link, 20 * DURATION_MILLISECOND);
}

static void
free_configuration(Sim *sim)
{
    IkeOutput output = { .kind = IKE_OUTPUT_CONFIGURE, .configuration = sim->configuration };
    ike_output_clear(&output);
    sim->configuration = NULL;
}

void
sim_clear(Sim *sim)
{
    g_clear_pointer(&sim->engine, ike_engine_free);
    g_clear_pointer(&sim->old_engine, ike_engine_free);
    g_clear_pointer(&sim->esp, esp_model_free);
    g_clear_pointer(&sim->gateway, ike_responder_free);
    g_clear_pointer(&sim->config, ike_config_unref);
    g_clear_pointer(&sim->request_split_dns, g_ptr_array_unref);
    responder_config_clear(&sim->gateway_config);
    virtual_link_clear(&sim->link);
    g_clear_pointer(&sim->psk, secret_unref);
    g_clear_pointer(&sim->ppk, secret_unref);
    g_clear_pointer(&sim->eap_msk, secret_unref);
    g_clear_pointer(&sim->key, private_key_free);
    g_clear_pointer(&sim->installed, g_ptr_array_unref);
    g_clear_pointer(&sim->gateway_children, g_ptr_array_unref);
    free_configuration(sim);
    g_clear_pointer(&sim->detail, g_free);
    g_clear_pointer(&sim->redirected, g_free);
    g_clear_pointer(&sim->ticket, ike_ticket_free);
    g_rand_free(sim->client_rng.rand);
    g_rand_free(sim->gateway_rng.rand);
}

/* --- The caller's part: credentials --- */

static void
sign(Sim *sim, const IkeCredentialRequest *request, IkeCredential *credential)
{
    PayloadId id = { .type = sim->config->local_id.type, .data = sim->config->local_id.data };
    g_autoptr(GBytes) body = payload_id_body(&id);
    g_autoptr(Secret) maced_id = auth_maced_id(request->prf, request->sk_p, body);
    credential->ok = true;
    if (sim->config->local_auth == IKE_AUTH_PSK) {
        g_autoptr(Secret) mac = auth_psk(request->prf, sim->psk, request->message, request->nonce,
                                         maced_id, request->int_auth);
        credential->method = AUTH_METHOD_PSK;
        credential->auth = g_bytes_new(secret_data(mac), secret_length(mac));
        return;
    }
    g_autoptr(GError) error = NULL;
    Chunk octets[] = { chunk_bytes(request->message), chunk_bytes(request->nonce),
                       chunk_secret(maced_id),
                       request->int_auth != NULL ? chunk_bytes(request->int_auth)
                                                 : chunk(NULL, 0) };
    private_key_sign_auth(sim->key, (const uint16_t *)(void *)request->hashes->data,
                          request->hashes->len, false, octets, G_N_ELEMENTS(octets),
                          &credential->method, &credential->auth, &error);
    g_assert_no_error(error);
}

static void
verify(Sim *sim, const IkeCredentialRequest *request, IkeCredential *credential)
{
    g_autoptr(Secret) maced_id = auth_maced_id(request->prf, request->sk_p, request->id_body);
    g_autoptr(Secret) mac = auth_psk(request->prf, sim->psk, request->message, request->nonce,
                                     maced_id, request->int_auth);
    g_autoptr(GBytes) expected = g_bytes_new(secret_data(mac), secret_length(mac));
    credential->ok = g_bytes_equal(expected, request->auth) && !sim->refuse_verify;
}

/* RFC 8784, section 3 */
static void
mix(Sim *sim, const IkeCredentialRequest *request, IkeCredential *credential)
{
    const Secret *plain[] = { request->sk_d, request->sk_pi, request->sk_pr };
    Secret *mixed[3];
    credential->ok = sim->ppk != NULL;
    for (size_t i = 0; sim->ppk != NULL && i < G_N_ELEMENTS(plain); i++) {
        Chunk input = chunk_secret(plain[i]);
        mixed[i] = prf_plus(request->prf, sim->ppk, &input, 1, input.length);
    }
    if (sim->ppk == NULL)
        return;
    credential->sk_d = mixed[0];
    credential->sk_pi = mixed[1];
    credential->sk_pr = mixed[2];
}

/* The method of the test responder. */
static void
answer_eap(Sim *sim, const IkeCredentialRequest *request, IkeCredential *credential)
{
    static const uint8_t wrong[] = { 2, 1, 0, 6, 254, 0 };
    const uint8_t *packet = g_bytes_get_data(request->eap, NULL);
    sim->n_eap++;
    sim->n_eap_second += request->eap_second;
    credential->ok = packet[0] != 4 && !sim->eap_refuse;
    credential->why = IKE_CLOSE_EAP_FAILED;
    credential->detail = packet[0] == 4 ? "the password is wrong" : "nobody is here";
    if (packet[0] == 1)
        credential->eap =
            sim->eap_wrong ? g_bytes_new(wrong, sizeof wrong) : responder_eap_answer(request->eap);
    credential->msk = packet[0] == 3 ? sim->eap_msk : NULL;
    credential->eap_mutual = sim->eap_mutual;
}

static void
answer_credential(Sim *sim, const IkeCredentialRequest *request)
{
    IkeCredential credential = { 0 };
    sim->n_credentials++;
    if (sim->withhold || (sim->withhold_verify && request->kind == IKE_CREDENTIAL_PSK_VERIFY) ||
        (sim->withhold_eap && request->kind == IKE_CREDENTIAL_EAP) ||
        (sim->withhold_revocation && request->kind == IKE_CREDENTIAL_REVOCATION))
        return;
    if (request->kind == IKE_CREDENTIAL_SIGN)
        sign(sim, request, &credential);
    else if (request->kind == IKE_CREDENTIAL_PPK)
        mix(sim, request, &credential);
    else if (request->kind == IKE_CREDENTIAL_EAP)
        answer_eap(sim, request, &credential);
    else if (request->kind == IKE_CREDENTIAL_REVOCATION)
        credential.ok =
            sim->judge_revocation == NULL || sim->judge_revocation(request, &credential);
    else
        verify(sim, request, &credential);
    ike_engine_supply(sim->engine, request->serial, &credential, sim->link.now);
    g_clear_pointer(&credential.auth, g_bytes_unref);
    secret_unref((Secret *)credential.sk_d);
    secret_unref((Secret *)credential.sk_pi);
    secret_unref((Secret *)credential.sk_pr);
    g_clear_pointer(&credential.eap, g_bytes_unref);
}

/* --- Outputs --- */

static void
forget_child(Sim *sim, uint32_t spi_in, Instant at)
{
    sim->n_removed++;
    if (sim->esp != NULL)
        esp_model_remove(sim->esp, LINK_UP, spi_in, at);
    for (guint i = 0; i < sim->installed->len; i++) {
        const IkeChild *child = g_ptr_array_index(sim->installed, i);
        if (child->spi_in == spi_in) {
            g_ptr_array_remove_index(sim->installed, i);
            return;
        }
    }
    g_error("REMOVE_CHILD for a Child SA that was never installed");
}

/* The first Child SA of another engine takes over from all before. */
static void
install(Sim *sim, const IkeChild *child)
{
    if (sim->old_engine != NULL)
        for (guint i = 0; i < sim->installed->len; i++)
            esp_model_retire(sim->esp, LINK_UP,
                             ((IkeChild *)g_ptr_array_index(sim->installed, i))->spi_in);
    esp_model_install(sim->esp, LINK_UP, child);
}

static void
replace_engine(Sim *sim)
{
    g_assert_null(sim->old_engine);
    sim->old_engine = sim->engine;
    sim->engine = sim_engine_new(sim);
    ike_engine_replaces(sim->engine);
    ike_engine_initiate(sim->engine, &sim->path, sim->link.now);
    ike_engine_authenticate(sim->engine, sim->link.now);
}

/* False when it is closed. */
static bool
take_old_output(Sim *sim, IkeOutput *output)
{
    if (output->kind == IKE_OUTPUT_SEND)
        virtual_link_send(&sim->link, LINK_UP, output->datagram);
    else if (output->kind == IKE_OUTPUT_RETIRE_CHILD && sim->esp != NULL)
        esp_model_retire(sim->esp, LINK_UP, output->child->spi_in);
    else if (output->kind == IKE_OUTPUT_REMOVE_CHILD)
        forget_child(sim, output->child->spi_in, instant_after(sim->link.now, LINGER));
    return output->kind != IKE_OUTPUT_CLOSED;
}

static void
drain_old(Sim *sim)
{
    bool open = sim->old_engine != NULL;
    while (open) {
        g_auto(IkeOutput) output = { 0 };
        if (!ike_engine_next_output(sim->old_engine, &output))
            return;
        open = take_old_output(sim, &output);
    }
    g_clear_pointer(&sim->old_engine, ike_engine_free);
}

static bool
by_other(const Sim *sim, uint32_t path)
{
    return sim->other.id != 0 && path == sim->other.id;
}

static void
send_by_path(Sim *sim, LinkDirection direction, GBytes *datagram, bool other)
{
    sim->link.lane = other;
    if (!sim->lost[other])
        virtual_link_send(&sim->link, direction, datagram);
}

static void
take_output(Sim *sim, IkeOutput *output)
{
    g_assert_false(sim->closed); /* CLOSED is the last one */
    switch (output->kind) {
    case IKE_OUTPUT_SEND:
        sim->n_sent[LINK_UP]++;
        sim->n_repeated += output->is_request && output->transmission > 1;
        send_by_path(sim, LINK_UP, output->datagram, by_other(sim, output->path));
        break;
    case IKE_OUTPUT_EXPECT_CHILD:
        sim->expected = output->child->spi_in;
        break;
    case IKE_OUTPUT_INSTALL_CHILD:
        g_assert_true(output->child->peer_began || output->child->spi_in == sim->expected);
        g_assert_cmpuint(sim->n_configured, ==, sim->replace ? sim->n_replace + 1 : 1);
        sim->n_installed++;
        if (sim->esp != NULL)
            install(sim, output->child);
        g_ptr_array_add(sim->installed, g_steal_pointer(&output->child));
        break;
    case IKE_OUTPUT_RETIRE_CHILD:
        sim->n_retired++;
        if (sim->esp != NULL)
            esp_model_retire(sim->esp, LINK_UP, output->child->spi_in);
        break;
    case IKE_OUTPUT_REMOVE_CHILD:
        forget_child(sim, output->child->spi_in, sim->link.now);
        break;
    case IKE_OUTPUT_CONFIGURE:
        sim->n_configured++;
        free_configuration(sim);
        sim->configuration = g_steal_pointer(&output->configuration);
        break;
    case IKE_OUTPUT_CREDENTIAL_NEEDED:
        answer_credential(sim, output->credential);
        break;
    case IKE_OUTPUT_STATE_CHANGED:
        sim->state = output->state;
        if (sim->old_engine != NULL && sim->state == IKE_STATE_ESTABLISHED)
            ike_engine_close(sim->old_engine, IKE_CLOSE_REPLACED, sim->link.now);
        break;
    case IKE_OUTPUT_REPLACE:
        if (output->suspect) {
            sim->n_suspect++;
            break;
        }
        sim->n_replace++;
        sim->replace_deadline = output->deadline;
        if (sim->replace)
            replace_engine(sim);
        break;
    case IKE_OUTPUT_PATH_ANSWERED:
        sim->n_answered++;
        sim->answered_path = output->path;
        sim->answered_told = output->told;
        break;
    case IKE_OUTPUT_PROBED:
        sim->n_probed++;
        sim->probed_packet = output->packet;
        sim->probed_whole = output->whole;
        break;
    case IKE_OUTPUT_TICKET:
        g_clear_pointer(&sim->ticket, ike_ticket_free);
        sim->ticket = g_steal_pointer(&output->ticket);
        break;
    case IKE_OUTPUT_REDIRECT:
        sim->n_redirect++;
        g_free(sim->redirected);
        sim->redirected = output->redirect->name != NULL
                              ? g_strdup(output->redirect->name)
                              : inet_address_to_string(&output->redirect->address);
        sim->redirected_up = output->redirect->established;
        break;
    case IKE_OUTPUT_CLOSED:
        sim->closed = true;
        sim->reason = output->reason;
        sim->detail = g_steal_pointer(&output->detail);
        g_assert_nonnull(sim->detail);
        break;
    }
}

static void
take_gateway_output(Sim *sim, ResponderOutput *output)
{
    switch (output->kind) {
    case RESPONDER_OUTPUT_SEND:
        sim->n_sent[LINK_DOWN]++;
        send_by_path(sim, LINK_DOWN, output->datagram, by_other(sim, output->path.id));
        break;
    case RESPONDER_OUTPUT_CHILD:
        if (sim->esp != NULL)
            esp_model_install(sim->esp, LINK_DOWN, output->child);
        g_ptr_array_add(sim->gateway_children, g_steal_pointer(&output->child));
        break;
    case RESPONDER_OUTPUT_CHILD_RETIRED:
        if (sim->esp != NULL)
            esp_model_retire(sim->esp, LINK_DOWN, output->child->spi_in);
        break;
    case RESPONDER_OUTPUT_CHILD_GONE:
        if (sim->esp != NULL)
            esp_model_remove(sim->esp, LINK_DOWN, output->child->spi_in,
                             instant_after(sim->link.now, LINGER));
        break;
    }
}

void
sim_drain(Sim *sim)
{
    for (;;) {
        g_auto(IkeOutput) output = { 0 };
        if (!ike_engine_next_output(sim->engine, &output))
            break;
        take_output(sim, &output);
    }
    drain_old(sim);
    for (;;) {
        g_auto(ResponderOutput) output = { 0 };
        if (!ike_responder_next_output(sim->gateway, &output))
            break;
        take_gateway_output(sim, &output);
    }
}

void
sim_start(Sim *sim)
{
    sim->gateway = sim->gateway != NULL
                       ? sim->gateway
                       : ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    sim->engine = sim_engine_new(sim);
    ike_engine_initiate(sim->engine, &sim->path, sim->link.now);
    ike_engine_authenticate(sim->engine, sim->link.now);
    sim_drain(sim);
}

static IkeVerdict
inject_by(Sim *sim, const IkePath *path, const uint8_t *datagram, size_t length)
{
    IkeVerdict verdict = ike_engine_receive(sim->engine, path, datagram, length, sim->link.now);
    sim->verdicts[verdict]++;
    if (verdict == IKE_VERDICT_DISCARD && sim->old_engine != NULL)
        ike_engine_receive(sim->old_engine, path, datagram, length, sim->link.now);
    sim_drain(sim);
    return verdict;
}

static void
deliver(Sim *sim)
{
    LinkDirection direction;
    gsize length;
    g_autoptr(GBytes) datagram = virtual_link_receive(&sim->link, &direction);
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    const IkePath *path = sim->link.lane ? &sim->other : &sim->path;
    if (sim->esp != NULL && esp_model_arrived(sim->esp, direction, datagram, sim->link.now))
        return;
    if (direction == LINK_DOWN) {
        inject_by(sim, path, octets, length);
        return;
    }
    IkePath mirrored = {
        .id = path->id, .stream = path->stream, .local = path->remote, .remote = path->local
    };
    ike_responder_receive(sim->gateway, &mirrored, octets, length);
    sim_drain(sim);
}

IkeVerdict
sim_inject(Sim *sim, const uint8_t *datagram, size_t length)
{
    return inject_by(sim, &sim->path, datagram, length);
}

static Instant
client_deadline(const Sim *sim)
{
    Instant deadline = ike_engine_next_deadline(sim->engine);
    if (sim->old_engine == NULL)
        return deadline;
    return instant_earlier(deadline, ike_engine_next_deadline(sim->old_engine));
}

static Instant
gateway_deadline(const Sim *sim)
{
    return sim->gateway_interval > 0 ? sim->gateway_repeats_at : INSTANT_NEVER;
}

static bool
gateway_repeats(Sim *sim)
{
    if (gateway_deadline(sim) > sim->link.now)
        return false;
    sim->gateway_repeats_at = instant_after(sim->link.now, sim->gateway_interval);
    ike_responder_repeat(sim->gateway);
    sim_drain(sim);
    return true;
}

bool
sim_step(Sim *sim)
{
    Instant arrival = virtual_link_next(&sim->link);
    Instant deadline = client_deadline(sim);
    Instant next = instant_earlier(instant_earlier(arrival, deadline), gateway_deadline(sim));
    if (next == INSTANT_NEVER)
        return false;
    sim->link.now = next > sim->link.now ? next : sim->link.now;
    if (gateway_repeats(sim))
        return true;
    if (arrival <= deadline) {
        deliver(sim);
        return true;
    }
    ike_engine_timeout(sim->engine, sim->link.now);
    if (sim->old_engine != NULL)
        ike_engine_timeout(sim->old_engine, sim->link.now);
    sim_drain(sim);
    /* A deadline that has been served may not stand: the caller's loop would spin. */
    g_assert_cmpint(client_deadline(sim), >, sim->link.now);
    return true;
}

void
sim_run(Sim *sim, Duration duration)
{
    Instant end = instant_after(sim->link.now, duration);
    for (;;) {
        Instant next = instant_earlier(virtual_link_next(&sim->link), client_deadline(sim));
        next = instant_earlier(next, gateway_deadline(sim));
        if (next > end)
            break;
        sim_step(sim);
    }
    sim->link.now = end;
}

bool
sim_connect(Sim *sim)
{
    Instant limit = instant_after(sim->link.now, CONNECT_LIMIT);
    while (sim->state != IKE_STATE_ESTABLISHED && !sim->closed && sim->link.now < limit) {
        if (!sim_step(sim))
            break;
    }
    return sim->state == IKE_STATE_ESTABLISHED || sim->closed;
}

void
sim_assert_keys_agree(Sim *sim)
{
    g_assert_cmpuint(sim->installed->len, >, 0);
    g_assert_cmpuint(sim->gateway_children->len, >, 0);
    const IkeChild *ours = g_ptr_array_index(sim->installed, sim->installed->len - 1);
    const IkeChild *theirs =
        g_ptr_array_index(sim->gateway_children, sim->gateway_children->len - 1);
    g_assert_cmpuint(ours->spi_in, ==, theirs->spi_out);
    g_assert_cmpuint(ours->spi_out, ==, theirs->spi_in);
    g_assert_true(secret_equal(ours->encr_in, theirs->encr_out));
    g_assert_true(secret_equal(ours->encr_out, theirs->encr_in));
    g_assert_false(secret_equal(ours->encr_in, ours->encr_out));
    g_assert_cmpuint(ours->encr, ==, theirs->encr);
    g_assert_true(ours->esn == theirs->esn);
    g_assert_true((ours->integ_in == NULL && theirs->integ_out == NULL) ||
                  secret_equal(ours->integ_in, theirs->integ_out));
}

void
sim_connect_with(Sim *sim, const ResponderFaults *faults)
{
    sim->gateway = ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    if (faults != NULL)
        *ike_responder_faults(sim->gateway) = *faults;
    sim_start(sim);
    g_assert_true(sim_connect(sim));
}

void
sim_assert_up(Sim *sim)
{
    g_assert_cmpstr(sim->detail, ==, NULL);
    g_assert_cmpint(sim->state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(sim->n_installed, ==, 1);
    g_assert_cmpuint(sim->n_configured, ==, 1);
    sim_assert_keys_agree(sim);
}

void
sim_assert_closed(Sim *sim, IkeCloseReason reason, const char *words)
{
    g_assert_true(sim->closed);
    g_assert_cmpstr(ike_close_reason_to_string(sim->reason), ==,
                    ike_close_reason_to_string(reason));
    if (strstr(sim->detail, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", sim->detail, words);
    g_assert_cmpint(ike_engine_next_deadline(sim->engine), ==, INSTANT_NEVER);
    g_assert_cmpuint(sim->installed->len, ==, 0);
    sim_run(sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
}

void
sim_forget_engine(Sim *sim)
{
    g_clear_pointer(&sim->engine, ike_engine_free);
    g_ptr_array_set_size(sim->installed, 0);
    g_ptr_array_set_size(sim->gateway_children, 0);
    free_configuration(sim);
    sim->n_configured = sim->n_installed = 0;
    sim->state = IKE_STATE_IDLE;
}

void
sim_until_sent(Sim *sim)
{
    unsigned sent = sim->n_sent[LINK_UP];
    while (sim->n_sent[LINK_UP] == sent)
        g_assert_true(sim_step(sim));
}

void
sim_assert_same_child(Sim *sim)
{
    const IkeChild *ours = g_ptr_array_index(sim->installed, 0);
    bool found = false;
    for (guint i = 0; i < sim->gateway_children->len; i++) {
        const IkeChild *theirs = g_ptr_array_index(sim->gateway_children, i);
        found |= theirs->spi_in == ours->spi_out && theirs->spi_out == ours->spi_in &&
                 secret_equal(theirs->encr_in, ours->encr_out) &&
                 secret_equal(theirs->encr_out, ours->encr_in);
    }
    g_assert_true(found);
}
