/*
 * A token of software (SoftHSM) with two keys and their certificates, and what ginneld gets of it
 * over the private protocol.
 */
#include "token/service.h"

#include "channel/channel.h"
#include "crypto/algorithms.h"
#include "crypto/signature.h"
#include "test-pki.h"

#include <glib/gstdio.h>
#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>

#define MODULE      "/usr/lib/softhsm/libsofthsm2.so"
#define TOKEN_URL   "pkcs11:token=ginnel-test"
#define KEY         TOKEN_URL ";object=first"
#define INIT_LENGTH 60

static TestIdentity *identity, *root, *between, *leaf;
static const char *limited_module;

static const uint8_t octets[32] = { 1, 2, 3 };

/* ---- the token ---- */

static int
give_pin(void *data, int attempt, const char *url, const char *label, unsigned flags, char *pin,
         size_t pin_max)
{
    g_strlcpy(pin, "1234", pin_max);
    return 0;
}

static void
put(const char *label, const TestIdentity *who)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    const char *key_pem = test_identity_key_pem(who);
    const char *certificate_pem = test_identity_certificate_pem(who);
    gnutls_datum_t id = { (void *)label, (unsigned)strlen(label) };
    gnutls_datum_t key_datum = { (void *)key_pem, (unsigned)strlen(key_pem) };
    gnutls_datum_t datum = { (void *)certificate_pem, (unsigned)strlen(certificate_pem) };
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&certificate);
    g_assert_cmpint(gnutls_x509_privkey_import2(key, &key_datum, GNUTLS_X509_FMT_PEM, NULL, 0), ==,
                    0);
    g_assert_cmpint(gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_PEM), ==, 0);
    g_assert_cmpint(gnutls_pkcs11_copy_x509_privkey2(TOKEN_URL, key, label, &id,
                                                     GNUTLS_KEY_DIGITAL_SIGNATURE,
                                                     GNUTLS_PKCS11_OBJ_FLAG_LOGIN),
                    ==, 0);
    g_assert_cmpint(gnutls_pkcs11_copy_x509_crt2(TOKEN_URL, certificate, label, &id,
                                                 GNUTLS_PKCS11_OBJ_FLAG_LOGIN |
                                                     GNUTLS_PKCS11_OBJ_FLAG_MARK_NOT_PRIVATE),
                    ==, 0);
    gnutls_x509_privkey_deinit(key);
    gnutls_x509_crt_deinit(certificate);
}

static void
put_hierarchy(void)
{
    const TestPkiSpec root_spec = { .name = "root", .authority = true };
    const TestPkiSpec between_spec = { .name = "between", .authority = true };
    const TestPkiSpec leaf_spec = { .name = "leaf" };
    root = test_identity_new(&root_spec, NULL);
    between = test_identity_new(&between_spec, root);
    leaf = test_identity_new(&leaf_spec, between);
    put("root", root);
    put("between", between);
    put("leaf", leaf);
}

static void
load_module(const char *path)
{
    g_assert_cmpint(gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_MANUAL, NULL), ==, 0);
    g_assert_cmpint(gnutls_pkcs11_add_provider(path, NULL), ==, 0);
}

/* Loaded anew after it was filled: the library keeps a login open for as long as it has sessions.
 */
static void
make_token(const char *folder)
{
    g_autofree char *configuration = g_build_filename(folder, "softhsm2.conf", NULL);
    g_autofree char *text =
        g_strdup_printf("directories.tokendir = %s\nlog.level = ERROR\n", folder);
    g_assert_true(g_file_set_contents(configuration, text, -1, NULL));
    g_setenv("SOFTHSM2_CONF", configuration, TRUE);
    /* A token without a name is none that the library sees. */
    const char *init = "softhsm2-util --init-token --free --label ginnel-test --so-pin 87654321 "
                       "--pin 1234 >/dev/null";
    g_assert_cmpint(system(init), ==, 0);
    load_module(MODULE);
    gnutls_pkcs11_set_pin_function(give_pin, NULL);
    TestPkiSpec spec = { .name = "first", .key = TEST_KEY_RSA_2048 };
    identity = test_identity_new(&spec, NULL);
    put("first", identity);
    put("second", identity);
    put_hierarchy();
    gnutls_pkcs11_deinit();
    load_module(MODULE);
}

/* ---- one request, as ginneld makes it ---- */

typedef struct {
    RecordType type;
    GVariant *body;
    bool ended;
} Answer;

static void
answered(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    Answer *answer = data;
    answer->type = type;
    answer->body = g_variant_ref(body);
}

static void
ended(Channel *channel, const GError *error, gpointer data)
{
    ((Answer *)data)->ended = true;
}

static void
service_closed(gpointer data)
{
    ((Answer *)data)->ended = true;
}

static const ChannelHandler handler = { answered, ended };

static GVariant *
ask(RecordType type, GVariant *body, RecordType wanted)
{
    int fds[2];
    Answer answer = { 0 };
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
    TokenService *service = token_service_new(fds[1], service_closed, &answer);
    g_autoptr(Channel) channel = channel_new(fds[0], &handler, &answer);
    channel_send(channel, type, body, NULL, 0);
    while (answer.body == NULL && !answer.ended)
        g_main_context_iteration(NULL, TRUE);
    token_service_free(service);
    g_assert_nonnull(answer.body);
    g_assert_cmpuint(answer.type, ==, wanted);
    return answer.body;
}

static GVariant *
read_certificate(const char *uri)
{
    return ask(RECORD_TOKEN_READ, g_variant_new("(s)", uri), RECORD_TOKEN_CERTIFICATE);
}

static void
init_message(uint8_t message[INIT_LENGTH])
{
    memset(message, 0, INIT_LENGTH);
    memset(message, 0x11, 8);
    message[16] = 33;
    message[17] = 0x20;
    message[18] = 34;
    message[19] = 0x08;
    message[27] = INIT_LENGTH;
}

static GVariant *
sign_by(const char *uri, const char *pin, uint8_t exchange, bool rsa_pkcs1)
{
    static const uint16_t hashes[] = { HASH_SHA2_256 };
    uint8_t message[INIT_LENGTH];
    init_message(message);
    message[18] = exchange;
    GVariant *request = g_variant_new(
        "(u@ay@ayq@ay@aq@ay)", 7, channel_variant_from_octets(message, sizeof message),
        channel_variant_from_octets(octets, sizeof octets), PRF_HMAC_SHA2_256,
        channel_variant_from_octets(octets, sizeof octets),
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT16, hashes, G_N_ELEMENTS(hashes), 2),
        channel_variant_from_octets(NULL, 0));
    return ask(RECORD_TOKEN_SIGN,
               g_variant_new("(s@ayby@ay@(uayayqayaqay))", uri,
                             channel_variant_from_octets(pin, strlen(pin)), rsa_pkcs1, 2,
                             channel_variant_from_octets("tess", 4), request),
               RECORD_TOKEN_SIGNED);
}

static GVariant *
sign(const char *uri, const char *pin)
{
    return sign_by(uri, pin, 34, false);
}

static void
assert_status(GVariant *body, unsigned wanted)
{
    uint8_t status;
    g_variant_get_child(body, 0, "y", &status);
    g_assert_cmpuint(status, ==, wanted);
    g_variant_unref(body);
}

/* ---- tests ---- */

static GPtrArray *
read_list(const char *uri)
{
    g_autoptr(GVariant) body = read_certificate(uri);
    g_autoptr(GVariant) pem = g_variant_get_child_value(body, 1);
    gsize length;
    const char *text = g_variant_get_fixed_array(pem, &length, 1);
    GPtrArray *list = certificate_list_from_pem(text, length, NULL);
    g_assert_nonnull(list);
    return list;
}

static void
assert_certificate(GPtrArray *list, guint i, const TestIdentity *wanted)
{
    g_assert_true(g_bytes_equal(certificate_der(list->pdata[i]),
                                certificate_der(test_identity_certificate(wanted))));
}

static void
test_reads(void)
{
    g_autoptr(GPtrArray) list = read_list(KEY);
    g_assert_cmpuint(list->len, ==, 1);
    assert_certificate(list, 0, identity);
}

/* The authority itself is there too, and stays there. */
static void
test_reads_what_is_between(void)
{
    g_autoptr(GPtrArray) list = read_list(TOKEN_URL ";object=leaf");
    g_assert_cmpuint(list->len, ==, 2);
    assert_certificate(list, 0, leaf);
    assert_certificate(list, 1, between);
}

/* Signed with the key, and whether by RSA with PSS. */
static void
assert_auth(GVariant *body, bool pss)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) auth = g_variant_get_child_value(body, 2);
    uint8_t message[INIT_LENGTH];
    init_message(message);
    uint8_t method;
    const char *token;
    g_variant_get_child(body, 1, "y", &method);
    g_variant_get_child(body, 4, "&s", &token);
    g_assert_cmpuint(method, ==, AUTH_METHOD_DIGITAL_SIGNATURE);
    g_assert_cmpstr(token, ==, "ginnel-test");
    Chunk key = chunk(octets, sizeof octets), id = chunk("\2\0\0\0tess", 8);
    g_autoptr(Secret) sk_p = secret_new(key.data, key.length);
    g_autoptr(Secret) mac = prf_compute(PRF_HMAC_SHA2_256, sk_p, &id, 1);
    Chunk chunks[] = { chunk(message, sizeof message), key, chunk_secret(mac) };
    gsize length;
    const void *data = g_variant_get_fixed_array(auth, &length, 1);
    g_assert_true(certificate_verify_auth(test_identity_certificate(identity), method, data, length,
                                          chunks, G_N_ELEMENTS(chunks), &error));
    g_assert_no_error(error);
    g_assert_cmpint(signature_is_rsa_pss(method, data, length), ==, pss);
}

static void
test_signs(void)
{
    g_autoptr(GVariant) body = sign(KEY, "1234");
    assert_auth(body, true);
    g_autoptr(GVariant) other = sign_by(KEY, "1234", 34, true);
    assert_auth(other, false);
}

static GVariant *
sign_tls(uint16_t scheme)
{
    GVariant *request =
        g_variant_new("(uq@ay)", 7, scheme, channel_variant_from_octets(octets, sizeof octets));
    return ask(RECORD_TOKEN_SIGN_TLS,
               g_variant_new("(s@ay@(uqay))", KEY, channel_variant_from_octets("1234", 4), request),
               RECORD_TOKEN_SIGNED);
}

static void
test_signs_tls(void)
{
    g_autoptr(GVariant) body = sign_tls(0x0804);
    g_autoptr(GVariant) made = g_variant_get_child_value(body, 2);
    gnutls_pubkey_t key;
    gnutls_x509_crt_t certificate;
    const char *pem = test_identity_certificate_pem(identity);
    gnutls_datum_t text = { (void *)pem, (unsigned)strlen(pem) };
    gnutls_datum_t data = { (void *)octets, sizeof octets };
    gsize length;
    const void *signature = g_variant_get_fixed_array(made, &length, 1);
    gnutls_datum_t datum = { (void *)signature, (unsigned)length };
    gnutls_x509_crt_init(&certificate);
    gnutls_pubkey_init(&key);
    g_assert_cmpint(gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM), ==, 0);
    g_assert_cmpint(gnutls_pubkey_import_x509(key, certificate, 0), ==, 0);
    g_assert_cmpint(
        gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0, &data, &datum), >=, 0);
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(certificate);
    assert_status(sign_tls(0x0403), RECORD_TOKEN_FAILED); /* of another kind of key */
}

/* ---- a token that can do less ---- */

static void
reload(const char *path)
{
    gnutls_pkcs11_deinit();
    load_module(path);
}

static void
test_without_pss(void)
{
    reload(limited_module);
    g_autoptr(GVariant) body = sign(KEY, "1234");
    assert_auth(body, false);
}

static void
test_last_try(void)
{
    g_setenv("LIMITED_TOKEN_LAST", "1", TRUE);
    reload(limited_module);
    g_autoptr(GVariant) body = sign(KEY, "1234");
    g_unsetenv("LIMITED_TOKEN_LAST");
    assert_status(g_steal_pointer(&body), RECORD_TOKEN_PIN_LAST);
}

static void
test_other_octets(void)
{
    assert_status(sign_by(KEY, "1234", 35, false), RECORD_TOKEN_FAILED);
}

static void
test_no_pin(void)
{
    g_autoptr(GVariant) body = sign(KEY, "");
    const char *token;
    g_variant_get_child(body, 4, "&s", &token);
    g_assert_cmpstr(token, ==, "ginnel-test");
    assert_status(g_steal_pointer(&body), RECORD_TOKEN_PIN_NEEDED);
}

static void
test_wrong_pin(void)
{
    assert_status(sign(KEY, "9999"), RECORD_TOKEN_PIN_WRONG);
}

static void
test_absent(void)
{
    assert_status(read_certificate("pkcs11:token=other;object=first"), RECORD_TOKEN_ABSENT);
    assert_status(read_certificate(TOKEN_URL ";object=third"), RECORD_TOKEN_ABSENT);
    assert_status(sign(TOKEN_URL ";object=third", "1234"), RECORD_TOKEN_ABSENT);
}

static void
test_several(void)
{
    assert_status(read_certificate(TOKEN_URL), RECORD_TOKEN_SEVERAL);
    assert_status(sign(TOKEN_URL, "1234"), RECORD_TOKEN_SEVERAL);
}

static void
test_pin_in_uri(void)
{
    assert_status(sign(KEY "?pin-value=1234", ""), RECORD_TOKEN_FAILED);
    assert_status(sign(KEY "?pin-source=/etc/passwd", ""), RECORD_TOKEN_FAILED);
    assert_status(sign(KEY "?module-path=/tmp/x.so", ""), RECORD_TOKEN_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    limited_module = argv[1];
    g_autofree char *folder = g_dir_make_tmp("ginnel-token-XXXXXX", NULL);
    make_token(folder);
    /* Before one that gives the right PIN: a token stays open as long as its process. */
    g_test_add_func("/token/no-pin-asks-for-one", test_no_pin);
    g_test_add_func("/token/wrong-pin-is-tried-once", test_wrong_pin);
    g_test_add_func("/token/pin-in-the-uri-is-refused", test_pin_in_uri);
    g_test_add_func("/token/reads-the-certificate", test_reads);
    g_test_add_func("/token/reads-what-is-between", test_reads_what_is_between);
    g_test_add_func("/token/what-is-absent", test_absent);
    g_test_add_func("/token/several-fit", test_several);
    g_test_add_func("/token/signs-an-auth", test_signs);
    g_test_add_func("/token/signs-nothing-else", test_other_octets);
    g_test_add_func("/token/signs-as-a-tls-client", test_signs_tls);
    g_test_add_func("/token/without-pss-by-pkcs1", test_without_pss);
    g_test_add_func("/token/leaves-the-last-try", test_last_try);
    int status = g_test_run();
    gnutls_pkcs11_deinit();
    test_identity_free(identity);
    test_identity_free(leaf);
    test_identity_free(between);
    test_identity_free(root);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
    g_assert_cmpint(system(command), ==, 0);
    return status;
}
