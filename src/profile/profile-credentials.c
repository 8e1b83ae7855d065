#include "profile/profile-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/distinguished-name.h"
#include "crypto/error.h"
#include "crypto/pkcs12.h"
#include "profile/profile-eap.h"
#include "profile/profile-identity.h"
#include "profile/profile-keys.h"

enum { ID_DER_ASN1_DN = 9 };

/* One file that a key of the profile names. */
typedef struct {
    const Profile *profile;
    const char *group, *key, *path;
    size_t limit;
    bool secret; /* others must not read it */
    const ProfileFiles *files;
} Source;

/* Everybody may read a certificate, only root and the service a key. */
static bool
refuse_unreadable(const Source *source, int error_number, GError **error)
{
    if (error_number != EACCES && error_number != EPERM) {
        profile_refuse(error, source->profile, source->group, source->key, PROFILE_ERROR_UNREADABLE,
                       "%s cannot be read: %s", source->path, g_strerror(error_number));
        return false;
    }
    profile_refuse(error, source->profile, source->group, source->key, PROFILE_ERROR_UNREADABLE,
                   "%s cannot be read by the service. To mend it: chgrp ginnel '%s'; chmod %s '%s' "
                   "(and the folders above it must let group ginnel pass)",
                   source->path, source->path, source->secret ? "0640" : "0644", source->path);
    return false;
}

/* handed: by whoever read it, with rights that are his business. */
static bool
check_file(const Source *source, int fd, bool handed, size_t *length, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return refuse_unreadable(source, errno, error);
    const char *why = NULL;
    if (!S_ISREG(status.st_mode))
        why = "is no regular file";
    else if (status.st_size == 0)
        why = "is empty";
    else if ((guint64)status.st_size > source->limit)
        why = "is longer than such a file can be";
    if (why != NULL) {
        profile_refuse(error, source->profile, source->group, source->key, PROFILE_ERROR_CREDENTIAL,
                       "%s %s", source->path, why);
        return false;
    }
    if (source->secret && !handed && (status.st_mode & S_IRWXO) != 0) {
        profile_refuse(error, source->profile, source->group, source->key, PROFILE_ERROR_UNREADABLE,
                       "everybody on this machine may use %s. To mend it: chgrp ginnel '%s'; chmod "
                       "0640 '%s'",
                       source->path, source->path, source->path);
        return false;
    }
    *length = (size_t)status.st_size;
    return true;
}

/* Everything as a Secret, because one reader serves keys and certificates alike. */
static Secret *
read_source(const Source *source, GError **error)
{
    int handed = profile_files_get(source->files, source->group, source->key);
    /* O_NONBLOCK: a pipe at that path must not stop the service. */
    int fd = handed >= 0 ? fcntl(handed, F_DUPFD_CLOEXEC, 3)
                         : open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        refuse_unreadable(source, errno, error);
        return NULL;
    }
    size_t length = 0, done = 0;
    uint8_t *data;
    if (!check_file(source, fd, handed >= 0, &length, error)) {
        close(fd);
        return NULL;
    }
    g_autoptr(Secret) content = secret_new_blank(length, &data);
    int error_number = 0;
    while (done < length && error_number == 0) {
        ssize_t n = pread(fd, data + done, length - done, (off_t)done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0) /* somebody cut it meanwhile */
            error_number = EIO;
        else if (errno != EINTR)
            error_number = errno;
    }
    close(fd);
    if (error_number != 0) {
        refuse_unreadable(source, error_number, error);
        return NULL;
    }
    return g_steal_pointer(&content);
}

static GBytes *
read_plain(const Source *source, GError **error)
{
    g_autoptr(Secret) content = read_source(source, error);
    return content != NULL ? g_bytes_new(secret_data(content), secret_length(content)) : NULL;
}

static GPtrArray *
parse_certificates(const Source *source, GBytes *pem, GError **error)
{
    g_autoptr(GError) why = NULL;
    gsize length;
    const char *text = g_bytes_get_data(pem, &length);
    GPtrArray *list = certificate_list_from_pem(text, length, &why);
    if (list == NULL)
        profile_refuse(error, source->profile, source->group, source->key, PROFILE_ERROR_CREDENTIAL,
                       "%s holds no certificate in PEM form: %s", source->path, why->message);
    return list;
}

static GBytes *
load_authorities(const Profile *profile, const ProfileFiles *files, const char *key,
                 const char *path, GError **error)
{
    const char *group = strcmp(key, "ca") == 0 ? "gateway" : "user";
    Source source = { profile, group, key, path, PROFILE_CA_MAX_LENGTH, false, files };
    g_autoptr(GBytes) pem = read_plain(&source, error);
    if (pem == NULL)
        return NULL;
    g_autoptr(GError) why = NULL;
    gsize length;
    const char *text = g_bytes_get_data(pem, &length);
    g_autoptr(TrustStore) store = trust_store_new(text, length, &why);
    if (store != NULL)
        return g_steal_pointer(&pem);
    profile_refuse(error, profile, group, key, PROFILE_ERROR_CREDENTIAL,
                   "%s holds no certificate in PEM form: %s", path, why->message);
    return NULL;
}

static bool
load_ca(const Profile *profile, const ProfileFiles *files, ProfileCredentials *credentials,
        GError **error)
{
    bool gateway = profile->ca_file != NULL &&
                   (profile->gateway_auth != PROFILE_GATEWAY_PSK || profile_has_tls(profile));
    bool eap = profile->eap_ca_file != NULL && profile_has_eap(profile);
    if (gateway)
        credentials->ca = load_authorities(profile, files, "ca", profile->ca_file, error);
    if (gateway && credentials->ca == NULL)
        return false;
    if (eap)
        credentials->eap_ca =
            load_authorities(profile, files, "eap-ca", profile->eap_ca_file, error);
    return !eap || credentials->eap_ca != NULL;
}

static bool
check_validity(const Profile *profile, const ProfileCredentials *credentials, int64_t now,
               GError **error)
{
    int64_t not_after = certificate_not_after(g_ptr_array_index(credentials->chain, 0));
    if (not_after >= now)
        return true;
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(not_after);
    g_autofree char *day = date != NULL ? g_date_time_format(date, "%Y-%m-%d") : NULL;
    profile_refuse(error, profile, "user", "certificate", PROFILE_ERROR_EXPIRED,
                   "the certificate in %s was valid until %s; a new one is needed",
                   profile->certificate_file, day != NULL ? day : "long ago");
    return false;
}

static bool
check_key(const Profile *profile, const ProfileCredentials *credentials, const PrivateKey *key,
          GError **error)
{
    if (private_key_matches(key, g_ptr_array_index(credentials->chain, 0)))
        return true;
    profile_refuse(error, profile, "user", "key", PROFILE_ERROR_CREDENTIAL,
                   "%s is not the key of the first certificate in %s", profile->key_file,
                   profile->certificate_file);
    return false;
}

PrivateKey *
profile_credentials_unlock(const Profile *profile, const ProfileCredentials *credentials,
                           const Secret *passphrase, GError **error)
{
    g_autoptr(GError) why = NULL;
    const Secret *pem = credentials->locked;
    g_autoptr(PrivateKey) key =
        private_key_from_pem((const char *)secret_data(pem), secret_length(pem), passphrase, &why);
    if (key == NULL) {
        profile_refuse(error, profile, "user", "key", PROFILE_ERROR_CREDENTIAL, "%s: %s",
                       profile->key_file, why->message);
        return NULL;
    }
    if (!check_key(profile, credentials, key, error))
        return NULL;
    return g_steal_pointer(&key);
}

/* An encrypted one is opened by what secret-file holds; without that, its passphrase is asked for
 * when it is needed. */
static bool
load_key(const Profile *profile, const ProfileFiles *files, ProfileCredentials *credentials,
         GError **error)
{
    Source source = {
        profile, "user", "key", profile->key_file, PROFILE_PEM_MAX_LENGTH, true, files
    };
    if (g_str_has_prefix(profile->key_file, "pkcs11:"))
        return true; /* ginnel-token has it */
    g_autoptr(Secret) pem = read_source(&source, error);
    if (pem == NULL)
        return false;
    g_autoptr(GError) why = NULL;
    credentials->key = private_key_from_pem((const char *)secret_data(pem), secret_length(pem),
                                            credentials->secret, &why);
    if (credentials->key != NULL)
        return check_key(profile, credentials, credentials->key, error);
    bool encrypted = g_error_matches(why, CRYPTO_ERROR, CRYPTO_ERROR_WRONG_PASSWORD);
    if (encrypted && credentials->secret == NULL) {
        credentials->locked = g_steal_pointer(&pem);
        return true;
    }
    profile_refuse(error, profile, "user", encrypted ? "secret-file" : "key",
                   PROFILE_ERROR_CREDENTIAL, "%s %s: %s", profile->key_file,
                   encrypted ? "is encrypted with another passphrase than secret-file holds"
                             : "holds no private key in PEM form",
                   why->message);
    return false;
}

/* One PKCS#12 file for both; its passphrase is in secret-file, since who we are stands inside. */
static bool
load_pkcs12(const Profile *profile, ProfileCredentials *credentials, const Secret *octets,
            GError **error)
{
    g_autoptr(GError) why = NULL;
    if (pkcs12_open(secret_data(octets), secret_length(octets), credentials->secret,
                    &credentials->chain_pem, &credentials->key, &why))
        return true;
    bool encrypted = g_error_matches(why, CRYPTO_ERROR, CRYPTO_ERROR_WRONG_PASSWORD);
    profile_refuse(error, profile, "user", "certificate", PROFILE_ERROR_CREDENTIAL,
                   "%s cannot be opened: %s%s", profile->certificate_file, why->message,
                   encrypted && credentials->secret == NULL
                       ? "; name a file with its passphrase: secret-file"
                       : "");
    return false;
}

static bool
load_certificate(const Profile *profile, const ProfileFiles *files, ProfileCredentials *credentials,
                 int64_t now, GError **error)
{
    /* A PKCS#12 file holds the key as well: not for everybody to read. */
    bool alone = profile->key_file == NULL;
    Source source = {
        profile, "user", "certificate", profile->certificate_file, PROFILE_PEM_MAX_LENGTH,
        alone,   files
    };
    g_autoptr(Secret) content = read_source(&source, error);
    if (content == NULL)
        return false;
    if (alone && !load_pkcs12(profile, credentials, content, error))
        return false;
    if (!alone)
        credentials->chain_pem = g_bytes_new(secret_data(content), secret_length(content));
    credentials->chain = parse_certificates(&source, credentials->chain_pem, error);
    return credentials->chain != NULL && check_validity(profile, credentials, now, error) &&
           (alone || load_key(profile, files, credentials, error));
}

static bool
wants_certificate(const Profile *profile)
{
    return profile->user_auth == PROFILE_USER_CERTIFICATE || profile_eap_has_certificate(profile);
}

bool
profile_credentials_lack_certificate(const Profile *profile, const ProfileCredentials *credentials)
{
    return wants_certificate(profile) && credentials->chain == NULL;
}

bool
profile_credentials_take_certificate(const Profile *profile, ProfileCredentials *credentials,
                                     GBytes *pem, int64_t now, GError **error)
{
    Source source = {
        profile, "user", "certificate", profile->certificate_file, PROFILE_PEM_MAX_LENGTH,
        false,   NULL
    };
    g_autoptr(GPtrArray) chain = parse_certificates(&source, pem, error);
    if (chain == NULL)
        return false;
    g_clear_pointer(&credentials->chain, g_ptr_array_unref);
    g_clear_pointer(&credentials->chain_pem, g_bytes_unref);
    credentials->chain = g_steal_pointer(&chain);
    credentials->chain_pem = g_bytes_ref(pem);
    return check_validity(profile, credentials, now, error);
}

static int
hex_value(const char *digits)
{
    if (!g_ascii_isxdigit(digits[0]) || !g_ascii_isxdigit(digits[1]))
        return -1;
    return g_ascii_xdigit_value(digits[0]) << 4 | g_ascii_xdigit_value(digits[1]);
}

Secret *
profile_secret_parse(const char *text, gsize length, GError **error)
{
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length > 0 && text[length - 1] == '\r')
        length--;
    if (length == 0) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL, "it is empty");
        return NULL;
    }
    if (length < 2 || text[0] != '0' || text[1] != 'x')
        return secret_new(text, length);
    uint8_t *octets;
    g_autoptr(Secret) secret = secret_new_blank((length - 2) / 2, &octets);
    bool ok = length > 2 && length % 2 == 0;
    for (gsize i = 2; ok && i < length; i += 2) {
        int octet = hex_value(text + i);
        ok = octet >= 0;
        octets[(i - 2) / 2] = (uint8_t)octet;
    }
    if (!ok) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL,
                    "after 0x it has something else than pairs of hexadecimal digits");
        return NULL;
    }
    return g_steal_pointer(&secret);
}

static Secret *
load_secret(const Profile *profile, const ProfileFiles *files, const char *key, const char *path,
            GError **error)
{
    const char *group = g_str_has_prefix(key, "proxy-") ? "transport" : "user";
    Source source = { profile, group, key, path, PROFILE_SECRET_MAX_LENGTH, true, files };
    g_autoptr(Secret) content = read_source(&source, error);
    if (content == NULL)
        return NULL;
    g_autoptr(GError) why = NULL;
    Secret *secret =
        profile_secret_parse((const char *)secret_data(content), secret_length(content), &why);
    if (secret == NULL)
        profile_refuse(error, profile, group, key, PROFILE_ERROR_CREDENTIAL, "%s: %s", path,
                       why->message);
    return secret;
}

static bool
load_secrets(const Profile *profile, const ProfileFiles *files, ProfileCredentials *credentials,
             GError **error)
{
    if (profile->secret_file != NULL)
        credentials->secret =
            load_secret(profile, files, "secret-file", profile->secret_file, error);
    if (profile->secret_file != NULL && credentials->secret == NULL)
        return false;
    if (profile->ppk_file != NULL)
        credentials->ppk = load_secret(profile, files, "ppk-file", profile->ppk_file, error);
    if (profile->ppk_file != NULL && credentials->ppk == NULL)
        return false;
    if (profile->proxy_secret_file != NULL)
        credentials->proxy =
            load_secret(profile, files, "proxy-secret-file", profile->proxy_secret_file, error);
    return profile->proxy_secret_file == NULL || credentials->proxy != NULL;
}

ProfileCredentials *
profile_credentials_load(const Profile *profile, const ProfileFiles *files, int64_t now,
                         GError **error)
{
    g_autoptr(ProfileCredentials) credentials = g_new0(ProfileCredentials, 1);
    bool certificate = wants_certificate(profile) && !profile_certificate_is_in_token(profile);
    if (!load_ca(profile, files, credentials, error) ||
        !load_secrets(profile, files, credentials, error))
        return NULL;
    if (certificate && !load_certificate(profile, files, credentials, now, error))
        return NULL;
    return g_steal_pointer(&credentials);
}

void
profile_credentials_free(ProfileCredentials *credentials)
{
    if (credentials == NULL)
        return;
    g_clear_pointer(&credentials->ca, g_bytes_unref);
    g_clear_pointer(&credentials->proxy, secret_unref);
    g_clear_pointer(&credentials->eap_ca, g_bytes_unref);
    g_clear_pointer(&credentials->chain_pem, g_bytes_unref);
    g_clear_pointer(&credentials->chain, g_ptr_array_unref);
    g_clear_pointer(&credentials->key, private_key_free);
    g_clear_pointer(&credentials->locked, secret_unref);
    g_clear_pointer(&credentials->secret, secret_unref);
    g_clear_pointer(&credentials->ppk, secret_unref);
    g_free(credentials);
}

/* A distinguished name may be encoded in several ways; gateways know the one in the certificate. */
static void
use_own_subject(const ProfileCredentials *credentials, uint8_t type, GBytes **octets)
{
    if (type != ID_DER_ASN1_DN || credentials->chain == NULL)
        return;
    GBytes *subject = certificate_subject_der(g_ptr_array_index(credentials->chain, 0));
    if (!distinguished_name_equal(g_bytes_get_data(subject, NULL), g_bytes_get_size(subject),
                                  g_bytes_get_data(*octets, NULL), g_bytes_get_size(*octets)))
        return;
    g_bytes_unref(*octets);
    *octets = g_bytes_ref(subject);
}

bool
profile_user_identity(const Profile *profile, const ProfileCredentials *credentials, uint8_t *type,
                      GBytes **octets, GError **error)
{
    if (profile->user_id != NULL) {
        if (!profile_identity_parse(profile->user_id, type, octets, error))
            return false;
        use_own_subject(credentials, *type, octets);
        return true;
    }
    if (credentials->chain == NULL) {
        profile_refuse(error, profile, "user", "id", PROFILE_ERROR_MISSING, "it is missing");
        return false;
    }
    *type = ID_DER_ASN1_DN;
    *octets = g_bytes_ref(certificate_subject_der(g_ptr_array_index(credentials->chain, 0)));
    return true;
}
