#include "profile/profile-credentials.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/error.h"
#include "profile/profile-file.h"
#include "test-pki.h"

#define NOW   G_GINT64_CONSTANT(1800000000) /* 2027 */
#define LATER G_GINT64_CONSTANT(9000000000) /* 2255 */

/* ECDSA P-256, CN=tess@example.com, made for this test. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjjCCATOgAwIBAgIUOxXFW9rLetpM66Pz7z75Yx0muh8wCgYIKoZIzj0EAwIw\n"
    "GzEZMBcGA1UEAwwQdGVzc0BleGFtcGxlLmNvbTAgFw0yNjExMjMyMTQyNTlaGA8y\n"
    "MTAwMTAyNjIxNDI1OVowGzEZMBcGA1UEAwwQdGVzc0BleGFtcGxlLmNvbTBZMBMG\n"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABKdz3KbbDWZDfh7vkZTATsecswGyUbxYWCqZ\n"
    "GezwypDALdKIEcTjraLeyhQ/YANV0ZCDn7PMytN7EkLkroq6RcyjUzBRMB0GA1Ud\n"
    "DgQWBBQPewrT1YVlfWvMKpSlbtTk6CtnyzAfBgNVHSMEGDAWgBQPewrT1YVlfWvM\n"
    "KpSlbtTk6CtnyzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCw\n"
    "kTLhidaG1oahGkl/DbXVQ4GW66rDJsP5fJxdk7Tw/AIhAMHa8NliQwwKbSzJyPTy\n"
    "JK1yCA42B6SAYC3LVXXBS4QT\n"
    "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOTInFXcKiOY/wYFW\n"
                          "1pcIpmMSUe60PGfME8vs9hejwrWhRANCAASnc9ym2w1mQ34e75GUwE7HnLMBslG8\n"
                          "WFgqmRns8MqQwC3SiBHE462i3soUP2ADVdGQg5+zzMrTexJC5K6KukXM\n"
                          "-----END PRIVATE KEY-----\n";
static const char other_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK033gjVpwJ8MceIM\n"
                                "49Vq/qAh7CS+8izjr4Zj9/HmkkuhRANCAATP044pQL9EiQ8YSGyWwoHygVMavFxZ\n"
                                "TKHCWWLVhma1B8PgWoVD0wedx81twtNdmXHurUCxfK+Mff8ifVN6zlsH\n"
                                "-----END PRIVATE KEY-----\n";

typedef struct {
    char *folder;
} Files;

static void
put(Files *files, const char *name, const char *text, gssize length, int mode)
{
    g_autofree char *path = g_build_filename(files->folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, length, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static void
set_up(Files *files, gconstpointer data)
{
    files->folder = g_dir_make_tmp("ginnel-credentials-XXXXXX", NULL);
    put(files, "c", certificate, -1, 0644);
    put(files, "k", key, -1, 0640);
    put(files, "other", other_key, -1, 0640);
    put(files, "s", "secret\n", -1, 0640);
    put(files, "open", "secret\n", -1, 0644);
    put(files, "empty", "", 0, 0640);
    put(files, "nonsense", "nonsense", -1, 0640);
}

static void
tear_down(Files *files, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(files->folder, 0, NULL);
    const char *base;
    while ((base = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(files->folder, base, NULL);
        g_remove(path);
    }
    g_rmdir(files->folder);
    g_free(files->folder);
}

/* In the text "@" stands for the folder. */
static Profile *
parse(Files *files, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "@", -1);
    g_autofree char *whole = g_strjoinv(files->folder, parts);
    g_autoptr(GError) unexpected = NULL;
    Profile *profile = profile_parse("work", "F", whole, strlen(whole), &unexpected);
    g_assert_no_error(unexpected);
    return profile;
}

static ProfileCredentials *
load(Files *files, const char *text, int64_t now, GError **error)
{
    g_autoptr(Profile) profile = parse(files, text);
    return profile_credentials_load(profile, NULL, now, error);
}

#define WITH_CERTIFICATE(certificate_file, key_file, ca_file)                                      \
    "[gateway]\naddress = gw\nca = @/" ca_file "\n[user]\ncertificate = @/" certificate_file       \
    "\nkey = @/" key_file "\n"
#define WITH_PSK(secret_file)                                                                      \
    "[gateway]\naddress = gw\n[user]\nid = t\nauth = psk\nsecret-file = @/" secret_file "\n"

static void
check_refused(Files *files, const char *text, int64_t now, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProfileCredentials) credentials = load(files, text, now, &error);
    g_assert_null(credentials);
    g_assert_error(error, PROFILE_ERROR, code);
    g_auto(GStrv) parts = g_strsplit(message, "@", -1);
    g_autofree char *expected = g_strjoinv(files->folder, parts);
    g_assert_cmpstr(error->message, ==, expected);
}

static void
test_certificate_and_key(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProfileCredentials) credentials =
        load(files, WITH_CERTIFICATE("c", "k", "c"), NOW, &error);
    g_assert_no_error(error);
    g_assert_nonnull(credentials->key);
    g_assert_nonnull(credentials->ca);
    g_assert_null(credentials->secret);
    g_assert_cmpuint(credentials->chain->len, ==, 1);
    g_assert_cmpuint(g_bytes_get_size(credentials->chain_pem), ==, strlen(certificate));
}

static void
test_identity_is_the_subject(Files *files, gconstpointer data)
{
    const char text[] = "[gateway]\naddress = gw\n[user]\ncertificate = /c\nkey = /k\n";
    g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), NULL);
    g_autoptr(ProfileCredentials) credentials =
        load(files, WITH_CERTIFICATE("c", "k", "c"), NOW, NULL);
    g_autoptr(GBytes) octets = NULL;
    uint8_t type;
    g_assert_true(profile_user_identity(profile, credentials, &type, &octets, NULL));
    g_assert_cmpuint(type, ==, 9);
    g_assert_true(
        g_bytes_equal(octets, certificate_subject_der(g_ptr_array_index(credentials->chain, 0))));
}

static void
test_key_of_another_certificate(Files *files, gconstpointer data)
{
    check_refused(files, WITH_CERTIFICATE("c", "other", "c"), NOW, PROFILE_ERROR_CREDENTIAL,
                  "F, line 6: [user] key: @/other is not the key of the first certificate in @/c");
}

static void
test_expired_certificate(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProfileCredentials) credentials =
        load(files, WITH_CERTIFICATE("c", "k", "c"), LATER, &error);
    g_assert_null(credentials);
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_EXPIRED);
}

static void
test_what_is_no_pem(Files *files, gconstpointer data)
{
    const char *const texts[] = { WITH_CERTIFICATE("nonsense", "k", "c"),
                                  WITH_CERTIFICATE("c", "nonsense", "c"),
                                  WITH_CERTIFICATE("c", "k", "nonsense"),
                                  WITH_CERTIFICATE("c", "k", "empty") };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ProfileCredentials) credentials = load(files, texts[i], NOW, &error);
        g_assert_null(credentials);
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
    }
}

static void
test_missing_and_odd_files(Files *files, gconstpointer data)
{
    check_refused(files, WITH_PSK("nowhere"), NOW, PROFILE_ERROR_UNREADABLE,
                  "F, line 6: [user] secret-file: @/nowhere cannot be read: No such file or "
                  "directory");
    check_refused(files, WITH_PSK("."), NOW, PROFILE_ERROR_CREDENTIAL,
                  "F, line 6: [user] secret-file: @/. is no regular file");
    check_refused(files, WITH_PSK("empty"), NOW, PROFILE_ERROR_CREDENTIAL,
                  "F, line 6: [user] secret-file: @/empty is empty");
    g_autofree char *fifo = g_build_filename(files->folder, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0640), ==, 0);
    check_refused(files, WITH_PSK("fifo"), NOW, PROFILE_ERROR_CREDENTIAL,
                  "F, line 6: [user] secret-file: @/fifo is no regular file");
}

static void
test_secret_that_everybody_reads(Files *files, gconstpointer data)
{
    check_refused(files, WITH_PSK("open"), NOW, PROFILE_ERROR_UNREADABLE,
                  "F, line 6: [user] secret-file: everybody on this machine may use @/open. To "
                  "mend it: chgrp ginnel '@/open'; chmod 0640 '@/open'");
}

static void
test_unreadable_file_says_how_to_mend(Files *files, gconstpointer data)
{
    bool root = geteuid() == 0;
    put(files, "closed", "secret", -1, 0);
    if (root) /* who may read everything: as nobody, then */
        g_assert_cmpint(seteuid(65534), ==, 0);
    check_refused(files, WITH_PSK("closed"), NOW, PROFILE_ERROR_UNREADABLE,
                  "F, line 6: [user] secret-file: @/closed cannot be read by the service. To mend "
                  "it: chgrp ginnel '@/closed'; chmod 0640 '@/closed' (and the folders above it "
                  "must let group ginnel pass)");
    if (root)
        g_assert_cmpint(seteuid(0), ==, 0);
}

static void
test_size_is_bounded(Files *files, gconstpointer data)
{
    g_autofree char *text = g_strnfill(PROFILE_SECRET_MAX_LENGTH + 1, 'a');
    put(files, "long", text, PROFILE_SECRET_MAX_LENGTH, 0640);
    g_autoptr(ProfileCredentials) fits = load(files, WITH_PSK("long"), NOW, NULL);
    g_assert_cmpuint(secret_length(fits->secret), ==, PROFILE_SECRET_MAX_LENGTH);
    put(files, "long", text, PROFILE_SECRET_MAX_LENGTH + 1, 0640);
    check_refused(files, WITH_PSK("long"), NOW, PROFILE_ERROR_CREDENTIAL,
                  "F, line 6: [user] secret-file: @/long is longer than such a file can be");
}

static void
check_secret(const char *text, gsize length, const char *octets, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) secret = profile_secret_parse(text, length, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), octets, n);
}

static void
test_secret_forms(void)
{
    check_secret("abc", 3, "abc", 3);
    check_secret("abc\n", 4, "abc", 3);
    check_secret("abc\r\n", 5, "abc", 3);
    check_secret("abc\n\n", 5, "abc\n", 4);
    check_secret(" a\0b ", 5, " a\0b ", 5);
    check_secret("0x00Ff\n", 7, "\x00\xff", 2);
    check_secret("0", 1, "0", 1);
    const char *const wrong[] = { "", "\n", "0x", "0x1", "0xzz", "0x00 " };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(profile_secret_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
    }
}

#define CERTIFICATE_PROFILE                                                                        \
    "[gateway]\naddress = gw.example\n[user]\ncertificate = @/cert\nkey = @/locked\n"

static TestIdentity *
put_locked_key(Files *files)
{
    TestIdentity *identity = test_identity_new(&(TestPkiSpec){ .name = "tess" }, NULL);
    g_autofree char *locked = test_identity_key_pkcs8(identity, "open sesame");
    put(files, "cert", test_identity_certificate_pem(identity), -1, 0644);
    put(files, "locked", locked, -1, 0640);
    put(files, "passphrase", "open sesame\n", -1, 0640);
    return identity;
}

static void
test_encrypted_key_and_its_passphrase(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TestIdentity) identity = put_locked_key(files);
    g_autoptr(ProfileCredentials) credentials =
        load(files, CERTIFICATE_PROFILE "secret-file = @/passphrase\n", NOW, &error);
    g_assert_no_error(error);
    g_assert_nonnull(credentials->key);
    g_assert_null(credentials->locked);
    g_assert_null(load(files, CERTIFICATE_PROFILE "secret-file = @/s\n", NOW, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
    g_assert_nonnull(strstr(error->message, "another passphrase than secret-file holds"));
}

/* Without secret-file it waits for somebody who knows it. */
static void
test_encrypted_key_waits(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TestIdentity) identity = put_locked_key(files);
    g_autoptr(ProfileCredentials) credentials = load(files, CERTIFICATE_PROFILE, NOW, &error);
    g_assert_no_error(error);
    g_assert_null(credentials->key);
    g_assert_nonnull(credentials->locked);
    g_autoptr(Profile) profile = parse(files, CERTIFICATE_PROFILE);
    g_autoptr(Secret) wrong = secret_new("open", 4);
    g_autoptr(Secret) right = secret_new("open sesame", 11);
    g_assert_null(profile_credentials_unlock(profile, credentials, wrong, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
    g_clear_error(&error);
    g_autoptr(PrivateKey) opened = profile_credentials_unlock(profile, credentials, right, &error);
    g_assert_no_error(error);
    g_assert_nonnull(opened);
}

/* Written by hand it is encoded in another way: what goes out is the certificate's own. */
static void
test_subject_in_words(Files *files, gconstpointer data)
{
    /* CN=Tess@Example.com, CN=Karl@Example.com */
    static const char *const ids[] = {
        "dn:0x301b3119301706035504030c1054657373404578616d706c652e636f6d",
        "dn:0x301b3119301706035504030c104b61726c404578616d706c652e636f6d",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *text = g_strdup_printf("[gateway]\naddress = gw\n[user]\nid = %s\n"
                                                "certificate = @/c\nkey = @/k\n",
                                                ids[i]);
        g_autoptr(Profile) profile = parse(files, text);
        g_autoptr(ProfileCredentials) credentials =
            profile_credentials_load(profile, NULL, NOW, NULL);
        g_autoptr(GBytes) id = NULL;
        uint8_t type;
        g_assert_true(profile_user_identity(profile, credentials, &type, &id, NULL));
        g_assert_cmpuint(type, ==, 9);
        g_assert_cmpint(g_bytes_equal(id, certificate_subject_der(credentials->chain->pdata[0])),
                        ==, i == 0);
    }
}

static void
test_eap_authority(Files *files, gconstpointer data)
{
    static const char text[] = "[gateway]\naddress = gw.example\nca = @/c\n[user]\nid = tess\n"
                               "auth = eap\neap-ca = @/%s\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *good = g_strdup_printf(text, "c");
    g_autofree char *none = g_strdup_printf(text, "nonsense");
    g_autoptr(ProfileCredentials) credentials = load(files, good, NOW, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(credentials->eap_ca), ==, strlen(certificate));
    g_assert_null(load(files, none, NOW, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
    g_assert_nonnull(strstr(error->message, "[user] eap-ca"));
}

static void
test_certificate_of_a_token(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pem = g_bytes_new_static(certificate, strlen(certificate));
    g_autoptr(GBytes) id = NULL;
    uint8_t type;
    g_autoptr(Profile) profile =
        parse(files, "[gateway]\naddress = gw\n[user]\ncertificate = pkcs11:object=a\n"
                     "key = pkcs11:object=a\n");
    g_autoptr(ProfileCredentials) credentials =
        profile_credentials_load(profile, NULL, NOW, &error);
    g_assert_no_error(error);
    g_assert_true(profile_credentials_lack_certificate(profile, credentials));
    g_assert_false(profile_user_identity(profile, credentials, &type, &id, NULL));
    g_assert_false(profile_credentials_take_certificate(profile, credentials, pem, LATER, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_EXPIRED);
    g_clear_error(&error);
    g_assert_true(profile_credentials_take_certificate(profile, credentials, pem, NOW, &error));
    g_assert_no_error(error);
    g_assert_false(profile_credentials_lack_certificate(profile, credentials));
    g_assert_true(profile_user_identity(profile, credentials, &type, &id, NULL));
    g_assert_cmpuint(type, ==, 9);
    g_assert_true(g_bytes_equal(credentials->chain_pem, pem));
}

#define PKCS12_PROFILE "[gateway]\naddress = gw.example\n[user]\ncertificate = @/tess.p12\n"

static void
test_pkcs12(Files *files, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TestIdentity) authority =
        test_identity_new(&(TestPkiSpec){ .name = "authority", .authority = true }, NULL);
    g_autoptr(TestIdentity) identity =
        test_identity_new(&(TestPkiSpec){ .name = "tess" }, authority);
    g_autoptr(GBytes) file = test_identity_pkcs12(identity, authority, "open sesame");
    put(files, "tess.p12", g_bytes_get_data(file, NULL), (gssize)g_bytes_get_size(file), 0640);
    put(files, "passphrase", "open sesame\n", -1, 0640);
    g_autoptr(ProfileCredentials) credentials =
        load(files, PKCS12_PROFILE "secret-file = @/passphrase\n", NOW, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(credentials->chain->len, ==, 2);
    g_assert_true(private_key_matches(credentials->key, g_ptr_array_index(credentials->chain, 0)));
    g_assert_null(load(files, PKCS12_PROFILE, NOW, &error));
    g_assert_nonnull(strstr(error->message, "secret-file"));
    g_clear_error(&error);
    put(files, "tess.p12", g_bytes_get_data(file, NULL), (gssize)g_bytes_get_size(file), 0644);
    g_assert_null(load(files, PKCS12_PROFILE "secret-file = @/passphrase\n", NOW, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE); /* everybody's key */
}

#define ADD(path, test)                                                                            \
    g_test_add("/profile/profile-credentials/" path, Files, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("certificate-and-key", test_certificate_and_key);
    ADD("identity-is-the-subject", test_identity_is_the_subject);
    ADD("key-of-another-certificate", test_key_of_another_certificate);
    ADD("expired-certificate", test_expired_certificate);
    ADD("what-is-no-pem", test_what_is_no_pem);
    ADD("missing-and-odd-files", test_missing_and_odd_files);
    ADD("secret-that-everybody-reads", test_secret_that_everybody_reads);
    ADD("unreadable-file-says-how-to-mend", test_unreadable_file_says_how_to_mend);
    ADD("size-is-bounded", test_size_is_bounded);
    ADD("encrypted-key-and-its-passphrase", test_encrypted_key_and_its_passphrase);
    ADD("encrypted-key-waits", test_encrypted_key_waits);
    ADD("certificate-of-a-token", test_certificate_of_a_token);
    ADD("subject-in-words", test_subject_in_words);
    ADD("eap-authority", test_eap_authority);
    ADD("pkcs12", test_pkcs12);
    g_test_add_func("/profile/profile-credentials/secret-forms", test_secret_forms);
    return g_test_run();
}
