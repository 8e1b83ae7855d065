/*
 * Identities of every type (RFC 7296, section 3.5), ours and the gateway's, with pre-shared keys
 * and with certificates; and what a gateway's CERTREQ makes of our certificates (section 3.7).
 */
#include "sim.h"

#include "crypto/distinguished-name.h"
#include "ike/registry.h"
#include "test-pki.h"

#include <string.h>

typedef struct {
    const char *name;
    uint8_t type;
    const char *data;
    size_t length;
    const char *other; /* another one of the same length */
    const char *words; /* what people are told of it */
} Kind;

static const Kind kinds[] = {
    { "ipv4", IKE_ID_IPV4_ADDR, "\xc0\0\2\1", 4, "\xc0\0\2\2", "192.0.2.1" },
    { "ipv6", IKE_ID_IPV6_ADDR, " \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16,
      " \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\2", "2001:db8::1" },
    { "fqdn", IKE_ID_FQDN, "gw.example", 10, "gx.example", "gw.example" },
    { "rfc822", IKE_ID_RFC822_ADDR, "gw@example", 10, "gx@example", "gw@example" },
    { "dn", IKE_ID_DER_ASN1_DN, "0\r1\v0\t\6\3U\4\3\f\2gw", 15, "0\r1\v0\t\6\3U\4\3\f\2gx",
      "CN=gw" },
    { "gn", IKE_ID_DER_ASN1_GN, "\x82\2gw", 4, "\x82\2gx", "gn:" },
    { "key-id", IKE_ID_KEY_ID, "\0gw", 3, "\0gx", "key-id:" },
};

static void
set_id(IkeIdentity *id, uint8_t type, const void *data, size_t length)
{
    g_clear_pointer(&id->data, g_bytes_unref);
    id->type = type;
    id->data = g_bytes_new(data, length);
}

static void
connect(Sim *sim)
{
    sim->gateway = ike_responder_new(&sim->gateway_config, &sim->gateway_rng.rng);
    sim_start(sim);
    g_assert_true(sim_connect(sim));
}

static void
assert_known_as(Sim *sim, const IkeIdentity *us)
{
    IkeIdentity seen = ike_responder_client_id(sim->gateway);
    g_assert_cmpuint(seen.type, ==, us->type);
    g_assert_true(g_bytes_equal(seen.data, us->data));
}

/* HDR, SK {IDi, IDr, AUTH, ...}  -->  <--  HDR, SK {IDr, AUTH, ...} */
static void
test_psk(gconstpointer data)
{
    const Kind *kind = data;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 3);
    set_id(&sim.config->local_id, kind->type, kind->other, kind->length);
    set_id(&sim.config->remote_id, kind->type, kind->data, kind->length);
    set_id(&sim.gateway_config.id, kind->type, kind->data, kind->length);
    connect(&sim);
    g_assert_cmpstr(sim.detail, ==, NULL);
    sim_assert_up(&sim);
    assert_known_as(&sim, &sim.config->local_id);
}

static void
test_another(gconstpointer data)
{
    const Kind *kind = data;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 3);
    set_id(&sim.config->remote_id, kind->type, kind->data, kind->length);
    set_id(&sim.gateway_config.id, kind->type, kind->other, kind->length);
    connect(&sim);
    sim_assert_closed(&sim, IKE_CLOSE_IDENTITY_MISMATCH, kind->words);
}

/* The same octets as another type are somebody else. */
static void
test_another_type(gconstpointer data)
{
    const Kind *kind = data;
    g_auto(Sim) sim = { 0 };
    sim_init(&sim, 3);
    set_id(&sim.config->remote_id, kind->type, kind->data, kind->length);
    set_id(&sim.gateway_config.id, kind->type == IKE_ID_KEY_ID ? IKE_ID_FQDN : IKE_ID_KEY_ID,
           kind->data, kind->length);
    connect(&sim);
    sim_assert_closed(&sim, IKE_CLOSE_IDENTITY_MISMATCH, kind->words);
}

/* ---- certificates ---- */

typedef struct {
    TestIdentity *root, *between, *user, *gateway;
} Pki;

static void
pki_set_up(Pki *pki, gconstpointer data)
{
    pki->root = test_identity_new(&(TestPkiSpec){ .name = "root", .authority = true }, NULL);
    pki->between =
        test_identity_new(&(TestPkiSpec){ .name = "between", .authority = true }, pki->root);
    pki->user = test_identity_new(&(TestPkiSpec){ .name = "tess" }, pki->between);
    pki->gateway = test_identity_new(&(TestPkiSpec){ .name = "gw",
                                                     .dns = "gw.example",
                                                     .email = "gw@example",
                                                     .addresses = "192.0.2.1 2001:db8::1" },
                                     pki->root);
}

static void
pki_tear_down(Pki *pki, gconstpointer data)
{
    test_identity_free(pki->user);
    test_identity_free(pki->gateway);
    test_identity_free(pki->between);
    test_identity_free(pki->root);
}

static GPtrArray *
list_of(TestIdentity *const *identities, size_t n)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(list, certificate_ref(test_identity_certificate(identities[i])));
    return list;
}

static void
use_certificates(Sim *sim, Pki *pki)
{
    TestIdentity *const ours[] = { pki->user, pki->root, pki->between };
    TestIdentity *const theirs[] = { pki->gateway };
    sim_init(sim, 5);
    sim->config->local_auth = sim->config->remote_auth = IKE_AUTH_CERTIFICATE;
    sim->config->trust = test_identity_trust(pki->root);
    sim->config->local_chain = list_of(ours, G_N_ELEMENTS(ours));
    sim->config->wall_clock_s = TEST_PKI_NOW;
    sim->key = test_identity_key(pki->user);
    g_clear_pointer(&sim->gateway_config.psk, secret_unref);
    sim->gateway_config.chain = list_of(theirs, G_N_ELEMENTS(theirs));
    sim->gateway_config.key = test_identity_key(pki->gateway);
}

/* What its certificate says: names, addresses, subject, a GeneralName. */
static void
test_certificate(Pki *pki, gconstpointer data)
{
    g_autoptr(GBytes) name = distinguished_name_parse("cn=GW", NULL);
    gsize length;
    const void *octets = g_bytes_get_data(name, &length);
    for (size_t i = 0; i < 7; i++) {
        g_auto(Sim) sim = { 0 };
        use_certificates(&sim, pki);
        set_id(&sim.config->remote_id, kinds[i].type, kinds[i].data, kinds[i].length);
        if (i == 4)
            set_id(&sim.config->remote_id, kinds[i].type, octets, length);
        if (i == 5)
            set_id(&sim.config->remote_id, kinds[i].type, "\x82\ngw.example", 12);
        sim.gateway_config.id.type = sim.config->remote_id.type;
        g_clear_pointer(&sim.gateway_config.id.data, g_bytes_unref);
        sim.gateway_config.id.data = g_bytes_ref(sim.config->remote_id.data);
        connect(&sim);
        if (i == 6) /* no key identifier of that certificate */
            sim_assert_closed(&sim, IKE_CLOSE_IDENTITY_MISMATCH, "key-id:");
        else
            sim_assert_up(&sim);
    }
}

/* The profile expects the subject, and the gateway gives a name, or another's. */
static void
test_subject_expected(Pki *pki, gconstpointer data)
{
    static const char *const says[] = { "gw.example", "vpn.example" };
    for (size_t i = 0; i < G_N_ELEMENTS(says); i++) {
        g_auto(Sim) sim = { 0 };
        g_autoptr(GBytes) name = distinguished_name_parse("CN=gw", NULL);
        use_certificates(&sim, pki);
        set_id(&sim.config->remote_id, IKE_ID_DER_ASN1_DN, g_bytes_get_data(name, NULL),
               g_bytes_get_size(name));
        set_id(&sim.gateway_config.id, IKE_ID_FQDN, says[i], strlen(says[i]));
        connect(&sim);
        if (i == 0)
            sim_assert_up(&sim);
        else
            sim_assert_closed(&sim, IKE_CLOSE_IDENTITY_MISMATCH, "CN=gw");
    }
}

static GBytes *
hash_of(TestIdentity *authority)
{
    g_autoptr(TrustStore) store = test_identity_trust(authority);
    return trust_store_certreq(store);
}

/* <--  HDR, SAr1, KEr, Nr, CERTREQ
 * HDR, SK {IDi, CERT, [CERT,] ...}  --> */
static void
check_shown(Pki *pki, GBytes *authorities, guint wanted)
{
    g_auto(Sim) sim = { 0 };
    use_certificates(&sim, pki);
    sim.gateway_config.authorities = authorities;
    connect(&sim);
    sim_assert_up(&sim);
    g_assert_cmpuint(ike_responder_client_certificates(sim.gateway), ==, wanted);
}

/* Ours, and the one between; never the root; not what the gateway says that it has. */
static void
test_certreq(Pki *pki, gconstpointer data)
{
    static const uint8_t strange[20] = { 1 };
    check_shown(pki, NULL, 2);
    check_shown(pki, hash_of(pki->root), 2);
    check_shown(pki, hash_of(pki->between), 1);
    check_shown(pki, g_bytes_new(strange, sizeof strange), 2);
    check_shown(pki, g_bytes_new(NULL, 0), 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *same = g_strdup_printf("/sim/identity/psk/%s", kinds[i].name);
        g_autofree char *other = g_strdup_printf("/sim/identity/another/%s", kinds[i].name);
        g_autofree char *type = g_strdup_printf("/sim/identity/another-type/%s", kinds[i].name);
        g_test_add_data_func(same, &kinds[i], test_psk);
        g_test_add_data_func(other, &kinds[i], test_another);
        g_test_add_data_func(type, &kinds[i], test_another_type);
    }
    g_test_add("/sim/identity/certificate", Pki, NULL, pki_set_up, test_certificate, pki_tear_down);
    g_test_add("/sim/identity/subject-expected", Pki, NULL, pki_set_up, test_subject_expected,
               pki_tear_down);
    g_test_add("/sim/identity/certreq", Pki, NULL, pki_set_up, test_certreq, pki_tear_down);
    return g_test_run();
}
