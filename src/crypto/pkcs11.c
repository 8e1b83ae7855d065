#include "config.h"

#include "crypto/pkcs11.h"

#include "crypto/auth-request.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <string.h>

#define MAX_OBJECTS 64 /* of a token, that are looked at for the chain */

G_DEFINE_QUARK(ginnel_pkcs11_error, pkcs11_error)

/* The token's code asks for the PIN while something else is being done. */
typedef struct {
    const Secret *pin;
    bool asked, wrong, last;
    char *token;
} PinEntry;

static int
enter_pin(void *data, int attempt, const char *token_url, const char *token_label, unsigned flags,
          char *pin, size_t pin_max)
{
    PinEntry *entry = data;
    if (entry->token == NULL && token_label != NULL)
        entry->token = g_utf8_make_valid(token_label, -1);
    /* Another attempt follows a wrong PIN: the same again would lock the token. */
    entry->wrong = entry->wrong || (attempt > 0 && entry->pin != NULL);
    entry->asked = true;
    entry->last = (flags & GNUTLS_PIN_FINAL_TRY) != 0;
    if (entry->wrong || entry->last || entry->pin == NULL || secret_length(entry->pin) >= pin_max)
        return -1;
    memcpy(pin, secret_data(entry->pin), secret_length(entry->pin));
    pin[secret_length(entry->pin)] = '\0';
    return 0;
}

static bool
fail(GError **error, int code, const char *why)
{
    g_set_error_literal(error, PKCS11_ERROR, code, why);
    return false;
}

static bool
fail_of_library(GError **error, int rc, const PinEntry *entry)
{
    if (rc == GNUTLS_E_PKCS11_PIN_LOCKED)
        return fail(error, PKCS11_ERROR_PIN_LOCKED,
                    "its PIN is locked after too many wrong ones. Unlock it with the token's own "
                    "program and its PUK");
    if (rc == GNUTLS_E_PKCS11_PIN_EXPIRED)
        return fail(error, PKCS11_ERROR_FAILED,
                    "its PIN has expired. Set a new one with the token's own program");
    if (entry->last)
        return fail(error, PKCS11_ERROR_PIN_LAST,
                    "it has one try at the PIN left, and then it locks itself; that one is yours. "
                    "Enter the PIN with the token's own program, then come back");
    if (entry->wrong)
        return fail(error, PKCS11_ERROR_PIN_WRONG, "the PIN is wrong");
    if (entry->asked && entry->pin == NULL)
        return fail(error, PKCS11_ERROR_PIN_NEEDED, "it wants a PIN");
    g_set_error(error, PKCS11_ERROR, PKCS11_ERROR_FAILED, "%s", gnutls_strerror(rc));
    return false;
}

/* No PIN in the URI: profiles are read by everybody. */
static bool
check_uri(const char *uri, GError **error)
{
    if (!g_str_has_prefix(uri, "pkcs11:") || strstr(uri, "pin-value") != NULL ||
        strstr(uri, "pin-source") != NULL || strstr(uri, "module-path") != NULL)
        return fail(error, PKCS11_ERROR_FAILED,
                    "no pkcs11: URI, or one with a PIN or a module, which are not taken from it");
    return true;
}

static bool
is_present(const char *uri)
{
    unsigned flags;
    return gnutls_pkcs11_token_get_flags(uri, &flags) == 0;
}

static void
free_list(gnutls_pkcs11_obj_t *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        gnutls_pkcs11_obj_deinit(list[i]);
    gnutls_free(list);
}

/* Whether uri names exactly one thing of a kind; *found (may be NULL): what it is. */
static bool
find_one(const char *uri, unsigned kind, const PinEntry *entry, gnutls_x509_crt_t found,
         GError **error)
{
    gnutls_pkcs11_obj_t *list = NULL;
    unsigned n = 0;
    if (!is_present(uri))
        return fail(error, PKCS11_ERROR_ABSENT,
                    "no token fits the URI. Is it plugged in, and its PKCS#11 module installed? "
                    "\"p11tool --list-tokens\" shows those that can be seen");
    int rc = gnutls_pkcs11_obj_list_import_url4(&list, &n, uri, kind);
    if (rc < 0 && rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return fail_of_library(error, rc, entry);
    bool ok = n == 1;
    if (n == 0)
        fail(error, PKCS11_ERROR_ABSENT,
             kind & GNUTLS_PKCS11_OBJ_FLAG_CRT
                 ? "the token holds no certificate that fits the URI (or only a private one)"
                 : "the token holds no private key that fits the URI");
    else if (n > 1)
        fail(error, PKCS11_ERROR_SEVERAL,
             "several things in tokens fit the URI. Add id=... or object=... to it");
    else if (found != NULL && (rc = gnutls_x509_crt_import_pkcs11(found, list[0])) < 0)
        ok = fail_of_library(error, rc, entry);
    free_list(list, n);
    return ok;
}

/* What of uri says which token it is. */
static char *
token_of(const char *uri)
{
    static const char *const names[] = { "token=", "serial=", "model=", "manufacturer=",
                                         "slot-id=" };
    g_auto(GStrv) parts = g_strsplit(uri + strlen("pkcs11:"), ";", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (size_t i = 0; parts[i] != NULL; i++)
        for (size_t k = 0; k < G_N_ELEMENTS(names); k++)
            if (g_str_has_prefix(parts[i], names[k]))
                g_ptr_array_add(kept, parts[i]);
    g_ptr_array_add(kept, NULL);
    g_autofree char *list = g_strjoinv(";", (char **)kept->pdata);
    return g_strconcat("pkcs11:", list, NULL);
}

static void
append_pem(GString *text, gnutls_x509_crt_t certificate)
{
    gnutls_datum_t pem = { 0 };
    if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem) == 0)
        g_string_append_len(text, (const char *)pem.data, pem.size);
    gnutls_free(pem.data);
}

static bool
signed_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
    unsigned status;
    return gnutls_x509_crt_check_issuer(certificate, issuer) == 1 &&
           gnutls_x509_crt_verify(certificate, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
                                  &status) == 0 &&
           status == 0;
}

/* The one that signed certificate, where it is in the list and not the authority itself: the
 * gateway knows that or does not. */
static gnutls_x509_crt_t
find_issuer(gnutls_pkcs11_obj_t *list, unsigned n, gnutls_x509_crt_t certificate)
{
    for (unsigned i = 0; i < n; i++) {
        gnutls_x509_crt_t issuer;
        gnutls_x509_crt_init(&issuer);
        if (gnutls_x509_crt_import_pkcs11(issuer, list[i]) == 0 && signed_by(certificate, issuer) &&
            gnutls_x509_crt_check_issuer(issuer, issuer) == 0)
            return issuer;
        gnutls_x509_crt_deinit(issuer);
    }
    return NULL;
}

/* Takes certificate. */
static void
append_chain(GString *text, const char *token, gnutls_x509_crt_t certificate)
{
    gnutls_pkcs11_obj_t *list = NULL;
    unsigned n_list = 0;
    if (gnutls_pkcs11_obj_list_import_url4(&list, &n_list, token, GNUTLS_PKCS11_OBJ_FLAG_CRT) < 0)
        n_list = 0;
    for (unsigned n = 0; n < CERTIFICATE_MAX_CHAIN && certificate != NULL; n++) {
        append_pem(text, certificate);
        gnutls_x509_crt_t issuer = find_issuer(list, MIN(n_list, MAX_OBJECTS), certificate);
        gnutls_x509_crt_deinit(certificate);
        certificate = issuer;
    }
    if (certificate != NULL)
        gnutls_x509_crt_deinit(certificate);
    free_list(list, n_list);
}

GBytes *
pkcs11_read_certificates(const char *uri, GError **error)
{
    PinEntry entry = { 0 };
    gnutls_x509_crt_t certificate;
    if (!check_uri(uri, error))
        return NULL;
    g_autofree char *token = token_of(uri);
    GString *text = g_string_new(NULL);
    gnutls_x509_crt_init(&certificate);
    gnutls_pkcs11_set_pin_function(enter_pin, &entry);
    bool found = find_one(uri, GNUTLS_PKCS11_OBJ_FLAG_CRT, &entry, certificate, error);
    if (found)
        append_chain(text, token, certificate);
    else
        gnutls_x509_crt_deinit(certificate);
    gnutls_pkcs11_set_pin_function(NULL, NULL);
    g_free(entry.token);
    g_autoptr(GBytes) pem = g_string_free_to_bytes(text);
    return found ? g_steal_pointer(&pem) : NULL;
}

static PrivateKey *
open_key(const char *uri, const PinEntry *entry, GError **error)
{
    if (!find_one(uri, GNUTLS_PKCS11_OBJ_FLAG_PRIVKEY | GNUTLS_PKCS11_OBJ_FLAG_LOGIN, entry, NULL,
                  error))
        return NULL;
    gnutls_privkey_t handle;
    gnutls_privkey_init(&handle);
    int rc = gnutls_privkey_import_url(handle, uri, 0);
    if (rc == 0)
        return private_key_wrap(handle);
    gnutls_privkey_deinit(handle);
    fail_of_library(error, rc, entry);
    return NULL;
}

/* A PIN of text; NULL is fine. */
static bool
check_pin(const Secret *pin, GError **error)
{
    return pin == NULL || memchr(secret_data(pin), '\0', secret_length(pin)) == NULL ||
           fail(error, PKCS11_ERROR_PIN_WRONG, "the PIN is wrong");
}

static PrivateKey *
begin(const char *uri, PinEntry *entry, GError **error)
{
    if (!check_uri(uri, error) || !check_pin(entry->pin, error))
        return NULL;
    gnutls_pkcs11_set_pin_function(enter_pin, entry);
    return open_key(uri, entry, error);
}

/* cause: of the signature, where it failed. */
static bool
end(PinEntry *entry, bool ok, const GError *cause, char **token, GError **error)
{
    gnutls_pkcs11_set_pin_function(NULL, NULL);
    *token = g_steal_pointer(&entry->token);
    if (cause != NULL)
        fail(error, PKCS11_ERROR_FAILED, cause->message);
    return ok;
}

bool
pkcs11_sign(const Pkcs11Sign *sign, uint8_t *method, GBytes **auth, char **token, GError **error)
{
    g_auto(AuthRequest) request = { 0 };
    g_autoptr(GError) cause = NULL;
    PinEntry entry = { .pin = sign->pin };
    *token = NULL;
    const char *why = auth_request_read(&request, sign->request, false);
    if (why != NULL)
        return fail(error, PKCS11_ERROR_FAILED, why);
    g_autoptr(PrivateKey) key = begin(sign->uri, &entry, error);
    bool ok = key != NULL && auth_request_sign(&request, key, sign->id_type, sign->id,
                                               sign->rsa_pkcs1, method, auth, &cause);
    return end(&entry, ok, cause, token, error);
}

bool
pkcs11_sign_tls(const char *uri, const Secret *pin, GVariant *request, GBytes **signature,
                char **token, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GVariant) octets = g_variant_get_child_value(request, 2);
    PinEntry entry = { .pin = pin };
    uint16_t scheme;
    *token = NULL;
    g_variant_get_child(request, 1, "q", &scheme);
    Chunk data = auth_request_chunk(octets);
    g_autoptr(PrivateKey) key = begin(uri, &entry, error);
    bool ok =
        key != NULL && private_key_sign_tls(key, scheme, data.data, data.length, signature, &cause);
    return end(&entry, ok, cause, token, error);
}
