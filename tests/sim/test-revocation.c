/* Between the gateway's proof and the tunnel: is its certificate revoked? What the engine asks for
 * that, and what it does with each answer (RFC 4806; RFC 7296, section 2.21.2). */
#include "sim.h"

#include <string.h>

#include "certificates.h"
#include "ike/registry.h"

#define STAPLED "an OCSP response"

/* What the engine asked, for the test that runs. */
static struct {
    unsigned asked;
    guint path_length, n_ocsp;
    char *last_subject;
} seen;

static void
note(const IkeCredentialRequest *request)
{
    seen.asked++;
    seen.path_length = request->chain->len;
    seen.n_ocsp = request->ocsp->len;
    g_free(seen.last_subject);
    seen.last_subject =
        certificate_subject_to_string(request->chain->pdata[request->chain->len - 1]);
}

static bool
say_good(const IkeCredentialRequest *request, IkeCredential *credential)
{
    note(request);
    return true;
}

static bool
say_revoked(const IkeCredentialRequest *request, IkeCredential *credential)
{
    note(request);
    credential->why = IKE_CLOSE_CERT_REVOKED;
    credential->detail = "stolen in May";
    return false;
}

static bool
say_unknown(const IkeCredentialRequest *request, IkeCredential *credential)
{
    note(request);
    credential->why = IKE_CLOSE_REVOCATION_UNKNOWN;
    credential->detail = "nobody could say";
    return false;
}

static GPtrArray *
make_chain(const char *first, const char *second)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    const char *pems[2] = { first, second };
    for (int i = 0; i < 2 && pems[i] != NULL; i++) {
        g_autoptr(GPtrArray) one = certificate_list_from_pem(pems[i], strlen(pems[i]), NULL);
        g_ptr_array_add(chain, certificate_ref(one->pdata[0]));
    }
    return chain;
}

static PrivateKey *
make_key(const char *pem)
{
    g_autoptr(GError) error = NULL;
    PrivateKey *key = private_key_from_pem(pem, strlen(pem), NULL, &error);
    g_assert_no_error(error);
    return key;
}

static void
init(Sim *sim, const char *certificate, const char *intermediate, const char *key)
{
    g_free(seen.last_subject);
    memset(&seen, 0, sizeof seen);
    sim_init(sim, 7);
    sim->config->local_auth = sim->config->remote_auth = IKE_AUTH_CERTIFICATE;
    sim->config->trust = trust_store_new(ca_pem, strlen(ca_pem), NULL);
    sim->config->local_chain = make_chain(client_pem, NULL);
    sim->config->wall_clock_s = CERTIFICATES_TIME;
    sim->config->check_revocation = true;
    sim->key = make_key(client_key);
    g_clear_pointer(&sim->gateway_config.psk, secret_unref);
    sim->gateway_config.chain = make_chain(certificate, intermediate);
    sim->gateway_config.key = make_key(key);
    sim->gateway_config.ocsp = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(sim->gateway_config.ocsp, g_bytes_new(STAPLED, strlen(STAPLED)));
    sim->judge_revocation = say_good;
}

/* <--  HDR, SK {IDr, CERT, CERT, AUTH, ...}       the owner is asked, and says good */
static void
test_good(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_below_pem, intermediate_pem, gateway_below_key);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpstr(sim.detail, ==, NULL);
    g_assert_cmpuint(seen.asked, ==, 1);
    /* The gateway's, the intermediate, the anchor, which is not on the wire. */
    g_assert_cmpuint(seen.path_length, ==, 3);
    g_autoptr(GPtrArray) anchor = make_chain(ca_pem, NULL);
    g_autofree char *name = certificate_subject_to_string(anchor->pdata[0]);
    g_assert_cmpstr(seen.last_subject, ==, name);
    g_assert_cmpuint(seen.n_ocsp, ==, 0); /* it was not asked for */
    sim_assert_keys_agree(&sim);
}

/* HDR, SK {IDi, CERT, CERTREQ, CERTREQ(OCSP), ...}  -->
 *                        <--  HDR, SK {IDr, CERT, CERT(OCSP), AUTH, ...} */
static void
test_stapled(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.config->request_ocsp = true;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(seen.path_length, ==, 2);
    g_assert_cmpuint(seen.n_ocsp, ==, 1);
}

/* A gateway that sends more than anybody needs. */
static void
test_many_stapled(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.config->request_ocsp = true;
    for (int i = 0; i < 3 * IKE_ENGINE_MAX_OCSP; i++)
        g_ptr_array_add(sim.gateway_config.ocsp, g_bytes_new(STAPLED, strlen(STAPLED)));
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(seen.n_ocsp, ==, IKE_ENGINE_MAX_OCSP);
}

static void
refused(Sim *sim, IkeCloseReason reason, const char *words)
{
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    g_assert_true(sim->closed);
    g_assert_cmpint(sim->reason, ==, reason);
    g_assert_cmpstr(sim->detail, ==, words);
    g_assert_cmpuint(sim->n_configured, ==, 0);
    g_assert_cmpuint(sim->n_installed, ==, 0);
    /* The gateway, which has a tunnel by now, is told. */
    sim_run(sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim->gateway), ==, 0);
}

static void
test_revoked(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.judge_revocation = say_revoked;
    refused(&sim, IKE_CLOSE_CERT_REVOKED, "stolen in May");
    g_assert_cmpuint(seen.asked, ==, 1);
}

static void
test_unknown(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.judge_revocation = say_unknown;
    refused(&sim, IKE_CLOSE_REVOCATION_UNKNOWN, "nobody could say");
}

/* Who does not hold the key of the certificate that it shows makes us ask nobody. */
static void
test_not_asked_before_proof(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->wrong_auth = true;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_AUTH_REMOTE);
    g_assert_cmpuint(seen.asked, ==, 0);
}

static void
test_off(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.config->check_revocation = false;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    g_assert_cmpuint(seen.asked, ==, 0);
}

/* The user gives up while the responder is asked: the gateway, which is up, is told. */
static void
test_closed_meanwhile(void)
{
    g_auto(Sim) sim = { 0 };
    init(&sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim.withhold_revocation = true;
    sim_start(&sim);
    sim_run(&sim, 10 * DURATION_SECOND);
    g_assert_cmpint(sim.state, ==, IKE_STATE_AUTHENTICATING);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 1);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    sim_run(&sim, DURATION_SECOND);
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_REQUESTED);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* HDR, SK {IDi, CERTREQ, IDr, SAi2, TSi, TSr}  -->
 *                        <--  HDR, SK {IDr, CERT, AUTH, EAP}
 * The gateway's certificate is asked about before anything is asked of the user. */
static void
init_eap(Sim *sim)
{
    static const char msk[64] = "keys of an EAP method";
    init(sim, gateway_p256_pem, NULL, gateway_p256_key);
    sim->config->local_auth = IKE_AUTH_EAP;
    sim->eap_msk = secret_new(msk, sizeof msk);
    sim->gateway_config.eap_msk = secret_ref(sim->eap_msk);
    sim->gateway_config.eap_requests = 2;
}

static void
test_before_eap(void)
{
    g_auto(Sim) good = { 0 };
    init_eap(&good);
    sim_connect_with(&good, NULL);
    sim_assert_up(&good);
    g_assert_cmpuint(seen.asked, ==, 1);
    g_assert_cmpuint(good.n_eap, ==, 3);

    g_auto(Sim) bad = { 0 };
    init_eap(&bad);
    bad.judge_revocation = say_revoked;
    sim_connect_with(&bad, NULL);
    sim_assert_closed(&bad, IKE_CLOSE_CERT_REVOKED, "stolen in May");
    g_assert_cmpuint(bad.n_eap, ==, 0);
}

static void
test_closed_before_eap(void)
{
    g_auto(Sim) sim = { 0 };
    init_eap(&sim);
    sim.withhold_revocation = true;
    sim_start(&sim);
    sim_run(&sim, 10 * DURATION_SECOND);
    ike_engine_close(sim.engine, IKE_CLOSE_REQUESTED, sim.link.now);
    sim_drain(&sim);
    /* There is nothing to delete at the gateway, and nothing to wait for. */
    g_assert_true(sim.closed);
    g_assert_cmpuint(sim.n_eap, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/revocation/good", test_good);
    g_test_add_func("/sim/revocation/stapled", test_stapled);
    g_test_add_func("/sim/revocation/many-stapled", test_many_stapled);
    g_test_add_func("/sim/revocation/revoked", test_revoked);
    g_test_add_func("/sim/revocation/unknown", test_unknown);
    g_test_add_func("/sim/revocation/not-asked-before-proof", test_not_asked_before_proof);
    g_test_add_func("/sim/revocation/off", test_off);
    g_test_add_func("/sim/revocation/closed-meanwhile", test_closed_meanwhile);
    g_test_add_func("/sim/revocation/before-eap", test_before_eap);
    g_test_add_func("/sim/revocation/closed-before-eap", test_closed_before_eap);
    int result = g_test_run();
    g_free(seen.last_subject);
    return result;
}
