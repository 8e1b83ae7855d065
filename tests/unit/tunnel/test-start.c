/* START: what it must have, what it may lack, what is refused. */
#include "tunnel/start.h"

#include "channel/channel.h"
#include "test-pki.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    GVariantDict dict;
} Body;

static void
body_init(Body *body)
{
    GVariantBuilder transports;
    g_variant_builder_init(&transports, G_VARIANT_TYPE("a(yq)"));
    g_variant_builder_add(&transports, "(yq)", (guint8)RECORD_TRANSPORT_UDP, (guint16)4500);
    g_variant_builder_add(&transports, "(yq)", (guint8)RECORD_TRANSPORT_TCP, (guint16)4500);
    g_variant_dict_init(&body->dict, NULL);
    g_variant_dict_insert(&body->dict, START_CONNECTION, "s", "work");
    g_variant_dict_insert_value(
        &body->dict, START_LOCAL_ID,
        g_variant_new("(y@ay)", (guint8)2, channel_variant_from_octets("tess", 4)));
    g_variant_dict_insert_value(
        &body->dict, START_REMOTE_ID,
        g_variant_new("(y@ay)", (guint8)2, channel_variant_from_octets("gw.example", 10)));
    g_variant_dict_insert(&body->dict, START_LOCAL_AUTH, "s", "psk");
    g_variant_dict_insert(&body->dict, START_REMOTE_AUTH, "s", "psk");
    g_variant_dict_insert_value(&body->dict, START_TRANSPORTS, g_variant_builder_end(&transports));
}

static TunnelStart *
read_body(Body *body, int anchors, GError **error)
{
    g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_dict_end(&body->dict));
    return tunnel_start_new(variant, anchors, -1, 1234, error);
}

static void
expect_refused(Body *body, int anchors)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunnelStart) start = read_body(body, anchors, &error);
    g_assert_null(start);
    g_assert_nonnull(error);
}

static void
test_least(void)
{
    g_autoptr(GError) error = NULL;
    Body body;
    body_init(&body);
    g_autoptr(TunnelStart) start = read_body(&body, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(start->connection, ==, "work");
    g_assert_cmpint(start->ike->local_auth, ==, IKE_AUTH_PSK);
    g_assert_cmpint((int)start->ike->wall_clock_s, ==, 1234);
    g_assert_cmpuint(start->fallback.n_transports, ==, 2);
    g_assert_cmpint(start->fallback.transports[1].kind, ==, FALLBACK_TCP);
    g_assert_cmpuint(ike_proposal_list_length(start->ike->ike_proposals), >, 0);
    g_assert_cmpuint(start->ike->remote_selectors->len, ==, 0);
    g_assert_cmpuint(start->pinned_mtu, ==, 0);
}

static void
add_tls(Body *body)
{
    GVariantBuilder transports;
    g_variant_builder_init(&transports, G_VARIANT_TYPE("a(yq)"));
    g_variant_builder_add(&transports, "(yq)", (guint8)RECORD_TRANSPORT_TCP, (guint16)4500);
    g_variant_builder_add(&transports, "(yq)", (guint8)RECORD_TRANSPORT_TLS, (guint16)443);
    g_variant_dict_insert_value(&body->dict, START_TRANSPORTS, g_variant_builder_end(&transports));
}

/* Also where the gateway shows no certificate in IKE, TLS has to know whom to trust. */
static void
test_tls_needs_trust(void)
{
    g_autoptr(TestIdentity) authority =
        test_identity_new(&(TestPkiSpec){ .name = "CA", .authority = true }, NULL);
    const char *pem = test_identity_certificate_pem(authority);
    g_autoptr(GError) error = NULL;
    Body body;
    body_init(&body);
    add_tls(&body);
    expect_refused(&body, -1);
    int anchors = memfd_create("anchors", MFD_CLOEXEC);
    g_assert_cmpint(write(anchors, pem, strlen(pem)), ==, (ssize_t)strlen(pem));
    body_init(&body);
    add_tls(&body);
    g_autoptr(TunnelStart) start = read_body(&body, anchors, &error);
    g_assert_no_error(error);
    g_assert_nonnull(start->trust);
    g_assert_null(start->ike->trust);
    g_assert_cmpint(start->fallback.transports[1].kind, ==, FALLBACK_TLS);
    g_assert_cmpuint(start->fallback.transports[1].port, ==, 443);
    close(anchors);
}

static void
test_lacking(void)
{
    static const char *const needed[] = { START_CONNECTION, START_LOCAL_ID,    START_REMOTE_ID,
                                          START_LOCAL_AUTH, START_REMOTE_AUTH, START_TRANSPORTS };
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        Body body;
        g_test_message("without %s", needed[i]);
        body_init(&body);
        g_variant_dict_remove(&body.dict, needed[i]);
        expect_refused(&body, -1);
    }
}

static void
test_unknown_auth(void)
{
    Body body;
    body_init(&body);
    g_variant_dict_insert(&body.dict, START_LOCAL_AUTH, "s", "magic");
    expect_refused(&body, -1);
}

static void
eap_body(Body *body, const char *const *methods)
{
    body_init(body);
    g_variant_dict_insert(&body->dict, START_LOCAL_AUTH, "s", "eap");
    g_variant_dict_insert(&body->dict, START_EAP_METHODS, "^as", methods);
    g_variant_dict_insert(&body->dict, START_EAP_INNER, "s", "pap");
    g_variant_dict_insert(&body->dict, START_EAP_IDENTITY, "s", "anonymous");
    g_variant_dict_insert(&body->dict, START_EAP_USER, "s", "tess");
    g_variant_dict_insert(&body->dict, START_EAP_SERVER_NAME, "s", "");
}

static void
test_eap(void)
{
    static const char *const methods[] = { "peap", "ttls", "magic", NULL };
    static const char *const unknown[] = { "magic", NULL };
    g_autoptr(GError) error = NULL;
    Body body;
    eap_body(&body, methods);
    g_autoptr(TunnelStart) start = read_body(&body, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(start->ike->local_auth, ==, IKE_AUTH_EAP);
    g_assert_cmpint(start->ike->second_auth, ==, IKE_AUTH_NONE);
    g_assert_cmpuint(start->eap.methods, ==, EAP_METHOD_PEAP | EAP_METHOD_TTLS);
    g_assert_cmpuint(start->eap.inner_methods, ==, EAP_METHOD_PAP);
    g_assert_cmpstr(start->eap.identity, ==, "anonymous");
    g_assert_cmpstr(start->eap.inner_identity, ==, "tess");
    g_assert_null(start->eap.server_name);
    eap_body(&body, unknown);
    expect_refused(&body, -1);
}

static void
test_second_round(void)
{
    static const char *const methods[] = { "mschapv2", NULL };
    g_autoptr(GError) error = NULL;
    Body body;
    eap_body(&body, methods);
    g_variant_dict_insert(&body.dict, START_LOCAL_AUTH, "s", "psk");
    g_variant_dict_insert_value(
        &body.dict, START_SECOND_ID,
        g_variant_new("(y@ay)", (guint8)2, channel_variant_from_octets("tess", 4)));
    g_autoptr(TunnelStart) start = read_body(&body, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(start->ike->second_auth, ==, IKE_AUTH_EAP);
    g_assert_cmpuint(start->eap.methods, ==, EAP_METHOD_MSCHAPV2);
}

static void
test_revocation(void)
{
    static const struct {
        const char *word;
        bool check, strict;
    } cases[] = { { "off", false, false }, { "soft", true, false }, { "strict", true, true } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Body body;
        body_init(&body);
        g_variant_dict_insert(&body.dict, START_REVOCATION, "s", cases[i].word);
        g_autoptr(TunnelStart) start = read_body(&body, -1, NULL);
        g_assert_true(start->ike->check_revocation == cases[i].check);
        g_assert_true(start->ike->request_ocsp == cases[i].check);
        g_assert_true(start->revocation_strict == cases[i].strict);
    }
    Body body;
    body_init(&body);
    g_variant_dict_insert(&body.dict, START_REVOCATION, "s", "perhaps");
    expect_refused(&body, -1);
}

static void
test_certificate_without_chain(void)
{
    Body body;
    body_init(&body);
    g_variant_dict_insert(&body.dict, START_LOCAL_AUTH, "s", "certificate");
    expect_refused(&body, -1);
}

static int
anchors_of(const char *text)
{
    int fd = memfd_create("anchors", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
    return fd;
}

static void
test_anchors(void)
{
    static const char *const bad[] = { "", "no certificate at all" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Body body;
        int fd = anchors_of(bad[i]);
        body_init(&body);
        g_variant_dict_insert(&body.dict, START_REMOTE_AUTH, "s", "certificate");
        expect_refused(&body, fd);
        close(fd);
    }
    Body none, closed;
    body_init(&none);
    g_variant_dict_insert(&none.dict, START_REMOTE_AUTH, "s", "certificate");
    expect_refused(&none, -1);
    int pipe_ends[2]; /* cannot be read from its beginning */
    g_assert_cmpint(pipe(pipe_ends), ==, 0);
    body_init(&closed);
    g_variant_dict_insert(&closed.dict, START_REMOTE_AUTH, "s", "certificate");
    expect_refused(&closed, pipe_ends[0]);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* Others for the EAP server, or the gateway's. */
static void
test_eap_anchors(void)
{
    static const char *const methods[] = { "peap", NULL };
    g_autoptr(TestIdentity) gateway =
        test_identity_new(&(TestPkiSpec){ .name = "gateway's", .authority = true }, NULL);
    g_autoptr(TestIdentity) server =
        test_identity_new(&(TestPkiSpec){ .name = "server's", .authority = true }, NULL);
    for (int i = 0; i < 3; i++) {
        Body body;
        g_autoptr(GError) error = NULL;
        int anchors = anchors_of(test_identity_certificate_pem(gateway));
        int own = i == 0 ? -1 : anchors_of(i == 1 ? test_identity_certificate_pem(server) : "");
        body_init(&body);
        g_variant_dict_insert(&body.dict, START_LOCAL_AUTH, "s", "eap");
        g_variant_dict_insert(&body.dict, START_REMOTE_AUTH, "s", "certificate");
        g_variant_dict_insert(&body.dict, START_EAP_METHODS, "^as", methods);
        g_variant_dict_insert(&body.dict, START_EAP_INNER, "s", "eap-mschapv2");
        g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_dict_end(&body.dict));
        g_autoptr(TunnelStart) start = tunnel_start_new(variant, anchors, own, 1234, &error);
        close(anchors);
        if (own >= 0)
            close(own);
        g_assert_true((start == NULL) == (i == 2)); /* none at all is no answer */
        if (start == NULL)
            continue;
        g_assert_true((start->eap.trust == start->ike->trust) == (i == 0));
        g_assert_true(start->eap.inner_as_eap);
        g_assert_cmpuint(start->eap.inner_methods, ==, EAP_METHOD_MSCHAPV2);
    }
}

static void
test_networks(void)
{
    GVariantBuilder include;
    Body body;
    g_autoptr(GError) error = NULL;
    body_init(&body);
    g_variant_builder_init(&include, G_VARIANT_TYPE("a(ayy)"));
    g_variant_builder_add(&include, "(@ayy)", channel_variant_from_octets("\12\143\0\0", 4), 24);
    g_variant_builder_add(&include, "(@ayy)", channel_variant_from_octets("\12\143\0\0", 4), 33);
    g_variant_builder_add(&include, "(@ayy)", channel_variant_from_octets("\12\143\0", 3), 24);
    g_variant_dict_insert_value(&body.dict, START_INCLUDE, g_variant_builder_end(&include));
    g_variant_dict_insert(&body.dict, START_DELAY, "x", (gint64)-5);
    g_variant_dict_insert(&body.dict, START_TIMES, "(xxxxx)", G_MININT64, G_MININT64, G_MININT64,
                          G_MININT64, G_MININT64);
    g_autoptr(TunnelStart) start = read_body(&body, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(start->ike->remote_selectors->len, ==, 1);
    g_assert_cmpint((int)start->delay, ==, 0);
    g_assert_cmpint((int)start->fallback.fallback_after, ==, 0);
}

static void
test_proposal_words(void)
{
    Body body;
    body_init(&body);
    g_variant_dict_insert(&body.dict, START_IKE_PROPOSALS, "s", "aes256gcm16-prfsha384-x25519");
    g_autoptr(TunnelStart) start = read_body(&body, -1, NULL);
    g_assert_cmpuint(ike_proposal_list_length(start->ike->ike_proposals), ==, 1);
    body_init(&body);
    g_variant_dict_insert(&body.dict, START_ESP_PROPOSALS, "s", "rot13");
    expect_refused(&body, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tunnel/start/least", test_least);
    g_test_add_func("/tunnel/start/lacking", test_lacking);
    g_test_add_func("/tunnel/start/tls-needs-trust", test_tls_needs_trust);
    g_test_add_func("/tunnel/start/unknown-auth", test_unknown_auth);
    g_test_add_func("/tunnel/start/eap", test_eap);
    g_test_add_func("/tunnel/start/second-round", test_second_round);
    g_test_add_func("/tunnel/start/revocation", test_revocation);
    g_test_add_func("/tunnel/start/certificate-without-chain", test_certificate_without_chain);
    g_test_add_func("/tunnel/start/anchors", test_anchors);
    g_test_add_func("/tunnel/start/eap-anchors", test_eap_anchors);
    g_test_add_func("/tunnel/start/networks", test_networks);
    g_test_add_func("/tunnel/start/proposal-words", test_proposal_words);
    return g_test_run();
}
