/* Who is asked about a path, in which order, and what follows from the answers: against a stand-in
 * for ginneld on the other end of the channel. */
#include "tunnel/revocation.h"

#include "test-revocation.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CRL_URL  "http://crl.example/root.crl"
#define OCSP_URL "http://ocsp.example:8080/ask"

/* What the stand-in answers a request for a host: HTTP, or the reason why there is none. */
typedef struct {
    const char *host;
    GBytes *content;  /* of status 200; NULL: none */
    const char *text; /* the whole answer instead */
    const char *why;
} WebAnswer;

typedef struct {
    Channel *tunnel, *daemon;
    Requests *requests;
    RevocationCache *cache;
    TestIdentity *root, *middle, *gateway;
    GPtrArray *chain, *stapled;
    WebAnswer answers[4];
    GString *asked; /* "host:port/path " and so on */
    /* The verdict. */
    unsigned done, told_asked, told_unknown;
    bool ok;
    IkeCloseReason why;
    char *detail;
} Bed;

static void
send_content(Bed *bed, guint serial, const WebAnswer *answer)
{
    g_autoptr(GByteArray) octets = g_byte_array_new();
    static const char head[] = "HTTP/1.0 200 OK\r\n\r\n";
    if (answer->content != NULL) {
        g_byte_array_append(octets, (const guint8 *)head, sizeof head - 1);
        g_byte_array_append(octets, g_bytes_get_data(answer->content, NULL),
                            (guint)g_bytes_get_size(answer->content));
    } else if (answer->text != NULL) {
        g_byte_array_append(octets, (const guint8 *)answer->text, (guint)strlen(answer->text));
    }
    channel_send(bed->daemon, RECORD_FETCH_REPLY,
                 g_variant_new("(u@ays)", serial,
                               channel_variant_from_octets(octets->data, octets->len),
                               answer->why != NULL ? answer->why : ""),
                 NULL, 0);
}

static void
daemon_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Bed *bed = data;
    guint serial;
    guint16 port;
    const char *host, *target;
    g_autoptr(GVariant) posted = NULL;
    g_assert_cmpint(type, ==, RECORD_FETCH);
    g_variant_get(body, "(u&sq&s@ay)", &serial, &host, &port, &target, &posted);
    bool posts = g_variant_get_size(posted) > 0;
    g_string_append_printf(bed->asked, "%s %s:%u%s ", posts ? "POST" : "GET", host, port, target);
    for (size_t i = 0; i < G_N_ELEMENTS(bed->answers); i++) {
        if (g_strcmp0(bed->answers[i].host, host) == 0) {
            send_content(bed, serial, &bed->answers[i]);
            return;
        }
    }
    send_content(bed, serial, &(WebAnswer){ .why = "no answer" });
}

static void
tunnel_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    requests_reply(((Bed *)data)->requests, body, -1);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
add_certificate(Bed *bed, const TestIdentity *identity)
{
    g_ptr_array_add(bed->chain, certificate_ref(test_identity_certificate(identity)));
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    static const ChannelHandler tunnel = { tunnel_received, closed };
    static const ChannelHandler daemon = { daemon_received, closed };
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->tunnel = channel_new(pair[0], &tunnel, bed);
    bed->daemon = channel_new(pair[1], &daemon, bed);
    bed->requests = requests_new(bed->tunnel);
    bed->cache = revocation_cache_new();
    bed->asked = g_string_new(NULL);
    bed->root = test_identity_new(&(TestPkiSpec){ .name = "Root", .authority = true }, NULL);
    bed->gateway = test_identity_new(
        &(TestPkiSpec){ .name = "gw.example", .crl_urls = CRL_URL, .ocsp_urls = OCSP_URL },
        bed->root);
    bed->chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    bed->stapled = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    add_certificate(bed, bed->gateway);
    add_certificate(bed, bed->root);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    requests_free(bed->requests);
    channel_free(bed->tunnel);
    channel_free(bed->daemon);
    revocation_cache_free(bed->cache);
    g_string_free(bed->asked, TRUE);
    g_ptr_array_unref(bed->chain);
    g_ptr_array_unref(bed->stapled);
    test_identity_free(bed->root);
    test_identity_free(bed->middle);
    test_identity_free(bed->gateway);
    for (size_t i = 0; i < G_N_ELEMENTS(bed->answers); i++)
        g_clear_pointer(&bed->answers[i].content, g_bytes_unref);
    g_free(bed->detail);
}

static void
checked(uint32_t serial, const IkeCredential *credential, gpointer data)
{
    Bed *bed = data;
    g_assert_cmpuint(serial, ==, 7);
    bed->done++;
    bed->ok = credential->ok;
    bed->why = credential->why;
    g_free(bed->detail);
    bed->detail = g_strdup(credential->detail);
}

static void
told(const char *event, const char *text, gpointer data)
{
    Bed *bed = data;
    bool asked = strcmp(event, "revocation-asked") == 0;
    g_assert_true(asked || strcmp(event, "revocation-unknown") == 0);
    bed->told_asked += asked;
    bed->told_unknown += !asked;
}

static RevocationCheck *
new_check(Bed *bed, bool strict)
{
    IkeCredentialRequest wanted = { .serial = 7, .chain = bed->chain, .ocsp = bed->stapled };
    g_string_truncate(bed->asked, 0);
    bed->done = bed->told_asked = bed->told_unknown = 0;
    return revocation_check_new(bed->requests, bed->cache, rng_system(), &wanted, strict,
                                TEST_PKI_NOW, checked, told, bed);
}

static void
check(Bed *bed, bool strict)
{
    RevocationCheck *one = new_check(bed, strict);
    revocation_check_run(one);
    while (bed->done == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(bed->done, ==, 1);
    revocation_check_free(one);
}

static void
assert_refused(const Bed *bed, IkeCloseReason why, const char *words)
{
    g_assert_false(bed->ok);
    g_assert_cmpint(bed->why, ==, why);
    if (strstr(bed->detail, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", bed->detail, words);
}

static GBytes *
ocsp(const Bed *bed, const TestIdentity *about, TestOcspStatus status)
{
    return test_ocsp(&(TestOcspSpec){ .issuer = bed->root, .about = about, .status = status });
}

static GBytes *
crl(const Bed *bed, const TestIdentity *revoked)
{
    return test_crl(&(TestCrlSpec){ .issuer = bed->root, .revoked = revoked });
}

static void
test_ocsp_first(Bed *bed, gconstpointer data)
{
    bed->answers[0] = (WebAnswer){ "ocsp.example", ocsp(bed, bed->gateway, TEST_OCSP_GOOD) };
    bed->answers[1] = (WebAnswer){ "crl.example", crl(bed, bed->gateway) };
    check(bed, true);
    g_assert_true(bed->ok);
    g_assert_cmpstr(bed->asked->str, ==, "POST ocsp.example:8080/ask ");
    g_assert_cmpuint(bed->told_asked, ==, 1);
    g_assert_cmpuint(bed->told_unknown, ==, 0);
}

static void
test_crl_next(Bed *bed, gconstpointer data)
{
    bed->answers[0] = (WebAnswer){ "ocsp.example", ocsp(bed, bed->gateway, TEST_OCSP_UNKNOWN) };
    bed->answers[1] = (WebAnswer){ "crl.example", crl(bed, NULL) };
    check(bed, true);
    g_assert_true(bed->ok);
    g_assert_cmpstr(bed->asked->str, ==, "POST ocsp.example:8080/ask GET crl.example:80/root.crl ");
}

static void
test_revoked_by_ocsp(Bed *bed, gconstpointer data)
{
    bed->answers[0] = (WebAnswer){ "ocsp.example", ocsp(bed, bed->gateway, TEST_OCSP_REVOKED) };
    check(bed, false);
    assert_refused(bed, IKE_CLOSE_CERT_REVOKED, "CN=gw.example was revoked by CN=Root");
}

static void
test_revoked_by_crl(Bed *bed, gconstpointer data)
{
    bed->answers[1] = (WebAnswer){ "crl.example", crl(bed, bed->gateway) };
    check(bed, false);
    assert_refused(bed, IKE_CLOSE_CERT_REVOKED, "CN=gw.example was revoked by CN=Root");
}

static void
test_nobody_answers(Bed *bed, gconstpointer data)
{
    check(bed, false);
    g_assert_true(bed->ok);
    g_assert_cmpuint(bed->told_asked, ==, 2);
    g_assert_cmpuint(bed->told_unknown, ==, 1);
    check(bed, true);
    g_assert_cmpuint(bed->told_unknown, ==, 0);
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN, "CN=gw.example");
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN, "http://ocsp.example:8080/ask: no answer");
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN, CRL_URL ": no answer");
}

/* What cannot be believed is as good as no answer. */
static void
test_nonsense(Bed *bed, gconstpointer data)
{
    bed->answers[0] = (WebAnswer){ .host = "ocsp.example", .text = "HTTP/1.0 503 Busy\r\n\r\n" };
    bed->answers[1] =
        (WebAnswer){ "crl.example",
                     test_crl(&(TestCrlSpec){ .issuer = bed->root, .signer = bed->gateway }) };
    check(bed, false);
    g_assert_true(bed->ok);
    check(bed, true);
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN, "status 503");
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN, "not signed by CN=Root");
}

static void
test_stapled(Bed *bed, gconstpointer data)
{
    g_ptr_array_add(bed->stapled, ocsp(bed, bed->root, TEST_OCSP_GOOD));
    g_ptr_array_add(bed->stapled, ocsp(bed, bed->gateway, TEST_OCSP_GOOD));
    check(bed, true);
    g_assert_true(bed->ok);
    g_assert_cmpstr(bed->asked->str, ==, "");
}

static void
test_stapled_revoked(Bed *bed, gconstpointer data)
{
    g_ptr_array_add(bed->stapled, ocsp(bed, bed->gateway, TEST_OCSP_REVOKED));
    check(bed, false);
    assert_refused(bed, IKE_CLOSE_CERT_REVOKED, "CN=gw.example was revoked");
    g_assert_cmpstr(bed->asked->str, ==, "");
}

/* Known to be good: not asked again, until the statement's end. */
static void
test_remembered(Bed *bed, gconstpointer data)
{
    bed->answers[0] = (WebAnswer){ "ocsp.example", ocsp(bed, bed->gateway, TEST_OCSP_GOOD) };
    check(bed, true);
    g_assert_cmpstr(bed->asked->str, !=, "");
    check(bed, true);
    g_assert_true(bed->ok);
    g_assert_cmpstr(bed->asked->str, ==, "");
}

static void
test_not_remembered(Bed *bed, gconstpointer data)
{
    /* Within the allowance for clocks, but over. */
    bed->answers[0] = (WebAnswer){ "ocsp.example",
                                   test_ocsp(&(TestOcspSpec){ .issuer = bed->root,
                                                              .about = bed->gateway,
                                                              .next_update = TEST_PKI_NOW - 1 }) };
    for (int i = 0; i < 2; i++) {
        check(bed, true);
        g_assert_true(bed->ok);
        g_assert_cmpstr(bed->asked->str, ==, "POST ocsp.example:8080/ask ");
    }
}

/* Intermediates count as the gateway's own does; a gateway that is fine does not save them. */
static void
test_intermediate(Bed *bed, gconstpointer data)
{
    g_autoptr(TestIdentity) below = NULL;
    bed->middle = test_identity_new(
        &(TestPkiSpec){ .name = "Middle", .authority = true, .crl_urls = CRL_URL }, bed->root);
    below = test_identity_new(&(TestPkiSpec){ .name = "below.example" }, bed->middle);
    g_ptr_array_set_size(bed->chain, 0);
    add_certificate(bed, below);
    add_certificate(bed, bed->middle);
    add_certificate(bed, bed->root);
    bed->answers[0] = (WebAnswer){ "crl.example", crl(bed, bed->middle) };
    check(bed, false);
    assert_refused(bed, IKE_CLOSE_CERT_REVOKED, "CN=Middle was revoked by CN=Root");
    check(bed, true);
    assert_refused(bed, IKE_CLOSE_REVOCATION_UNKNOWN,
                   "CN=below.example names nobody who could say");
}

/* The anchor alone: trusted because the profile says so. */
static void
test_anchor(Bed *bed, gconstpointer data)
{
    g_ptr_array_remove_index(bed->chain, 1);
    check(bed, true);
    g_assert_true(bed->ok);
    g_assert_cmpstr(bed->asked->str, ==, "");
}

/* A path that names more servers than anybody should be made to ask. */
static void
test_bounded(Bed *bed, gconstpointer data)
{
    const char *urls = CRL_URL " http://crl2.example/";
    TestIdentity *made[4] = { 0 };
    const TestIdentity *above = bed->root;
    unsigned n = 0;
    g_ptr_array_set_size(bed->chain, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
        made[i] = test_identity_new(
            &(TestPkiSpec){
                .name = "Middle", .authority = true, .crl_urls = urls, .ocsp_urls = urls },
            above);
        above = made[i];
    }
    for (size_t i = G_N_ELEMENTS(made); i > 0; i--)
        add_certificate(bed, made[i - 1]);
    add_certificate(bed, bed->root);
    check(bed, false);
    g_assert_true(bed->ok);
    for (const char *c = bed->asked->str; *c != '\0'; c++)
        n += *c == '/'; /* one a request */
    g_assert_cmpuint(n, ==, REVOCATION_MAX_FETCHES);
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++)
        test_identity_free(made[i]);
}

/* The attempt is over before the answer is there. */
static void
test_freed_meanwhile(Bed *bed, gconstpointer data)
{
    RevocationCheck *one = new_check(bed, true);
    revocation_check_run(one);
    revocation_check_free(one);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(bed->asked->str, !=, "");
    g_assert_cmpuint(bed->done, ==, 0);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Bed *bed, gconstpointer data);
    } tests[] = {
        { "ocsp-first", test_ocsp_first },
        { "crl-next", test_crl_next },
        { "revoked-by-ocsp", test_revoked_by_ocsp },
        { "revoked-by-crl", test_revoked_by_crl },
        { "nobody-answers", test_nobody_answers },
        { "nonsense", test_nonsense },
        { "stapled", test_stapled },
        { "stapled-revoked", test_stapled_revoked },
        { "remembered", test_remembered },
        { "not-remembered", test_not_remembered },
        { "intermediate", test_intermediate },
        { "anchor", test_anchor },
        { "bounded", test_bounded },
        { "freed-meanwhile", test_freed_meanwhile },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/tunnel/revocation/%s", tests[i].name);
        g_test_add(path, Bed, NULL, bed_up, tests[i].run, bed_down);
    }
    return g_test_run();
}
