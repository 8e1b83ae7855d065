/* IKE_AUTH with certificates on both sides (RFC 7296, section 2.15; RFC 7427): who is let in, and
 * the reasons for which a gateway is not. */
#include "sim.h"

#include <string.h>

#include "certificates.h"
#include "crypto/algorithms.h"
#include "ike/registry.h"

static void
append_pem(GPtrArray *chain, const char *pem)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = certificate_list_from_pem(pem, strlen(pem), &error);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(chain, certificate_ref(g_ptr_array_index(list, i)));
}

static GPtrArray *
make_chain(const char *first, const char *second)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    append_pem(chain, first);
    if (second != NULL)
        append_pem(chain, second);
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

typedef struct {
    const char *name;
    const char *certificate, *intermediate, *key;
    int64_t wall_clock_s;
    const char *expects, *says; /* identities; NULL: gw.example */
    ResponderFaults faults;
    bool fails;
    IkeCloseReason reason;
    const char *words[3];
} Case;

static void
set_id(IkeIdentity *id, const char *name)
{
    if (name == NULL)
        return;
    g_bytes_unref(id->data);
    id->data = g_bytes_new(name, strlen(name));
}

static void
init_case(Sim *sim, const Case *test)
{
    g_autoptr(GError) error = NULL;
    sim_init(sim, 5);
    sim->config->local_auth = sim->config->remote_auth = IKE_AUTH_CERTIFICATE;
    sim->config->trust = trust_store_new(ca_pem, strlen(ca_pem), &error);
    g_assert_no_error(error);
    sim->config->local_chain = make_chain(client_pem, NULL);
    sim->config->wall_clock_s = test->wall_clock_s != 0 ? test->wall_clock_s : CERTIFICATES_TIME;
    set_id(&sim->config->remote_id, test->expects);
    sim->key = make_key(client_key);
    g_clear_pointer(&sim->gateway_config.psk, secret_unref);
    set_id(&sim->gateway_config.id, test->says);
    sim->gateway_config.chain = make_chain(test->certificate, test->intermediate);
    sim->gateway_config.key = make_key(test->key);
    sim->gateway = ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    *ike_responder_faults(sim->gateway) = test->faults;
}

/* HDR, SK {IDi, CERT, CERTREQ, IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}  -->
 *                        <--  HDR, SK {IDr, CERT, [CERT,] AUTH, CP(CFG_REPLY), SAr2, TSi, TSr} */
static void
test_case(gconstpointer data)
{
    const Case *test = data;
    g_auto(Sim) sim = { 0 };
    init_case(&sim, test);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    if (!test->fails) {
        g_assert_cmpstr(sim.detail, ==, NULL);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
        g_assert_cmpint(sim.configuration->gateway_not_after, >, CERTIFICATES_TIME);
        sim_assert_keys_agree(&sim);
        return;
    }
    g_assert_true(sim.closed);
    g_assert_cmpstr(ike_close_reason_to_string(sim.reason), ==,
                    ike_close_reason_to_string(test->reason));
    for (size_t i = 0; i < G_N_ELEMENTS(test->words) && test->words[i] != NULL; i++) {
        if (strstr(sim.detail, test->words[i]) == NULL)
            g_error("\"%s\" does not say \"%s\"", sim.detail, test->words[i]);
    }
    g_assert_cmpuint(sim.n_configured, ==, 0);
    g_assert_cmpint(sim.link.now, <, DURATION_SECOND);
    sim_run(&sim, DURATION_SECOND);
    g_assert_cmpuint(ike_responder_count(sim.gateway), ==, 0);
}

/* A gateway that proves itself by a pre-shared key where a certificate is expected. */
static void
test_psk_instead(void)
{
    g_auto(Sim) sim = { 0 };
    g_autoptr(GError) error = NULL;
    sim_init(&sim, 1);
    sim.config->remote_auth = IKE_AUTH_CERTIFICATE;
    sim.config->trust = trust_store_new(ca_pem, strlen(ca_pem), &error);
    g_assert_no_error(error);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_AUTH_REMOTE);
    g_assert_cmpuint(sim.n_credentials, ==, 1);
}

/* Any trusted certificate will not do. */
static void
test_nobody_expected(void)
{
    static const Case anybody = { "anybody", gateway_p256_pem, NULL, gateway_p256_key };
    g_auto(Sim) sim = { 0 };
    init_case(&sim, &anybody);
    g_clear_pointer(&sim.config->remote_id.data, g_bytes_unref);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_assert_true(sim.closed);
    g_assert_cmpint(sim.reason, ==, IKE_CLOSE_IDENTITY_MISMATCH);
}

/* A gateway may name itself by its certificate's subject, if that carries the expected name. */
static void
test_distinguished_name(void)
{
    static const Case right = { "right", gateway_p256_pem, NULL, gateway_p256_key };
    static const Case wrong = { "wrong", gateway_named_pem, NULL, gateway_named_key };
    const Case *tests[2] = { &right, &wrong };
    for (int i = 0; i < 2; i++) {
        g_auto(Sim) sim = { 0 };
        init_case(&sim, tests[i]);
        const Certificate *certificate = g_ptr_array_index(sim.gateway_config.chain, 0);
        g_bytes_unref(sim.gateway_config.id.data);
        sim.gateway_config.id.type = IKE_ID_DER_ASN1_DN;
        sim.gateway_config.id.data = g_bytes_ref(certificate_subject_der(certificate));
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        g_assert_true(sim.closed == (i == 1));
        if (i == 1)
            g_assert_cmpint(sim.reason, ==, IKE_CLOSE_IDENTITY_MISMATCH);
    }
}

/* What a certificate says of itself as its key's identifier, found by the octets that stand before
 * it in DER: the extension's OID, and 20 octets within 22. */
static GBytes *
key_identifier(const Certificate *certificate)
{
    static const uint8_t head[] = { 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14 };
    gsize length;
    const uint8_t *der = g_bytes_get_data(certificate_der(certificate), &length);
    const uint8_t *found = memmem(der, length, head, sizeof head);
    g_assert_nonnull(found);
    return g_bytes_new(found + sizeof head, 20);
}

/* ID_KEY_ID, with a certificate (RFC 7296, section 4). */
static void
test_key_identifier(void)
{
    static const Case plain = { "plain", gateway_p256_pem, NULL, gateway_p256_key };
    for (int i = 0; i < 2; i++) {
        g_auto(Sim) sim = { 0 };
        init_case(&sim, &plain);
        g_autoptr(GBytes) id = key_identifier(g_ptr_array_index(sim.gateway_config.chain, 0));
        IkeIdentity *both[] = { &sim.config->remote_id, &sim.gateway_config.id };
        for (size_t k = 0; k < G_N_ELEMENTS(both); k++) {
            g_bytes_unref(both[k]->data);
            both[k]->type = IKE_ID_KEY_ID;
            both[k]->data = i == 0 ? g_bytes_ref(id) : g_bytes_new_from_bytes(id, 0, 19);
        }
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        g_assert_true(sim.closed == (i == 1));
    }
}

/* The gateway by its certificate, we by a shared key (RFC 7296, section 4). */
static void
test_our_shared_key(void)
{
    static const Case plain = { "plain", gateway_p256_pem, NULL, gateway_p256_key };
    for (int wrong = 0; wrong < 2; wrong++) {
        g_auto(Sim) sim = { 0 };
        init_case(&sim, &plain);
        sim.config->local_auth = IKE_AUTH_PSK;
        sim.gateway_config.psk = wrong ? secret_new("another", 7) : secret_ref(sim.psk);
        sim_start(&sim);
        g_assert_true(sim_connect(&sim));
        g_assert_true(sim.closed == (wrong != 0));
        if (wrong)
            g_assert_cmpint(sim.reason, ==, IKE_CLOSE_AUTH_LOCAL);
    }
}

static const Case cases[] = {
    { "ecdsa-p256", gateway_p256_pem, NULL, gateway_p256_key },
    { "ecdsa-p384", gateway_p384_pem, NULL, gateway_p384_key },
    { "rsa-pss", gateway_rsa_pem, NULL, gateway_rsa_key },
    { "intermediate", gateway_below_pem, intermediate_pem, gateway_below_key },
    { "legacy-ecdsa", gateway_p256_pem, NULL, gateway_p256_key,
      .faults = { .legacy_signatures = true } },
    { "other-name", gateway_named_pem, NULL, gateway_named_key, .expects = "vpn.example",
      .says = "vpn.example" },
    { "name-in-capitals", gateway_p256_pem, NULL, gateway_p256_key, .says = "GW.example" },
    { "expired", gateway_p256_pem, NULL, gateway_p256_key, .wall_clock_s = CERTIFICATES_EXPIRED,
      .fails = true, .reason = IKE_CLOSE_CERT_EXPIRED, .words = { "gw.example", "2036" } },
    { "not-yet-valid", gateway_p256_pem, NULL, gateway_p256_key,
      .wall_clock_s = CERTIFICATES_BEFORE, .fails = true, .reason = IKE_CLOSE_CERT_NOT_YET_VALID,
      .words = { "2026" } },
    { "untrusted", gateway_other_pem, NULL, gateway_other_key, .fails = true,
      .reason = IKE_CLOSE_CERT_UNTRUSTED, .words = { "gw.example" } },
    { "intermediate-missing", gateway_below_pem, NULL, gateway_below_key, .fails = true,
      .reason = IKE_CLOSE_CERT_UNTRUSTED },
    { "wrong-usage", gateway_client_pem, NULL, gateway_client_key, .fails = true,
      .reason = IKE_CLOSE_CERT_UNTRUSTED },
    { "says-another-name", gateway_p256_pem, NULL, gateway_p256_key, .says = "other.example",
      .fails = true, .reason = IKE_CLOSE_IDENTITY_MISMATCH,
      .words = { "other.example", "gw.example" } },
    { "certificate-for-others", gateway_named_pem, NULL, gateway_named_key, .fails = true,
      .reason = IKE_CLOSE_IDENTITY_MISMATCH,
      .words = { "gw.example", "vpn.example", "elsewhere.example" } },
    { "bad-signature", gateway_p256_pem, NULL, gateway_p256_key, .faults = { .wrong_auth = true },
      .fails = true, .reason = IKE_CLOSE_AUTH_REMOTE },
    { "key-of-another", gateway_p256_pem, NULL, gateway_other_key, .fails = true,
      .reason = IKE_CLOSE_AUTH_REMOTE },
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/sim/certificate/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/sim/certificate/psk-instead", test_psk_instead);
    g_test_add_func("/sim/certificate/nobody-expected", test_nobody_expected);
    g_test_add_func("/sim/certificate/distinguished-name", test_distinguished_name);
    g_test_add_func("/sim/certificate/key-identifier", test_key_identifier);
    g_test_add_func("/sim/certificate/our-shared-key", test_our_shared_key);
    return g_test_run();
}
