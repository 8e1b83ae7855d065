#include "config.h"

#include "daemon/eap-signer.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/chap.h"
#include "daemon/signing.h"

enum { /* HandshakeType (RFC 8446, appendix B.3) */
       TLS_CLIENT_HELLO = 1,
       TLS_SERVER_HELLO = 2,
       TLS_CLIENT_KEY_EXCHANGE = 16,
};
#define TLS_VERSION_1_2  0x0303
#define TLS13_PADDING    64
#define TLS_MAX_MESSAGES 16

typedef enum { KIND_CHALLENGE, KIND_PASSWORD, KIND_TLS, KIND_COUNT } Kind;

struct _EapSigner {
    unsigned allowed;
    char *user_name;
    Secret *password;
    PrivateKey *key;
    unsigned spent[KIND_COUNT]; /* since the connect began */
    int64_t last_use_s[KIND_COUNT];
    unsigned uses;
    int64_t uses_since_s;
};

EapSigner *
eap_signer_new(unsigned allowed, const char *user_name, Secret *password, PrivateKey *key)
{
    EapSigner *signer = g_new0(EapSigner, 1);
    signer->allowed = allowed;
    signer->user_name = g_strdup(user_name);
    signer->key = key;
    eap_signer_set_password(signer, password);
    return signer;
}

void
eap_signer_free(EapSigner *signer)
{
    if (signer == NULL)
        return;
    g_free(signer->user_name);
    g_clear_pointer(&signer->password, secret_unref);
    g_clear_pointer(&signer->key, private_key_free);
    g_free(signer);
}

void
eap_signer_begin(EapSigner *signer)
{
    memset(signer->spent, 0, sizeof signer->spent);
}

const char *
eap_signer_user_name(const EapSigner *signer)
{
    return signer->user_name;
}

void
eap_signer_set_password(EapSigner *signer, Secret *password)
{
    Secret *before = signer->password;
    signer->password = password != NULL ? secret_ref(password) : NULL;
    g_clear_pointer(&before, secret_unref);
}

bool
eap_signer_has_password(const EapSigner *signer)
{
    return signer->password != NULL;
}

void
eap_signer_set_key(EapSigner *signer, PrivateKey *key)
{
    g_clear_pointer(&signer->key, private_key_free);
    signer->key = key;
}

static bool
refuse(GError **error, const char *why)
{
    g_set_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED, "refused: %s", why);
    return false;
}

/* ---- limits ---- */

static bool
count(EapSigner *signer, Kind kind, int64_t now_s, GError **error)
{
    static const unsigned most[KIND_COUNT] = { EAP_SIGNER_MAX_CHALLENGES, EAP_SIGNER_MAX_PASSWORDS,
                                               EAP_SIGNER_MAX_TLS };
    if (now_s - signer->uses_since_s >= EAP_SIGNER_USES_S) {
        signer->uses_since_s = now_s;
        signer->uses = 0;
    }
    /* A session that renews its authentication does so without beginning a connect. */
    if (now_s - signer->last_use_s[kind] >= EAP_SIGNER_WINDOW_S)
        signer->spent[kind] = 0;
    if (signer->spent[kind] >= most[kind] || signer->uses >= EAP_SIGNER_MAX_USES)
        return refuse(error, "too many requests");
    signer->uses++;
    signer->spent[kind]++;
    signer->last_use_s[kind] = now_s;
    return true;
}

/* ---- forms ---- */

static Chunk
octets_of(GVariant *request, gsize index, GVariant **holder)
{
    gsize length;
    *holder = g_variant_get_child_value(request, index);
    const void *data = g_variant_get_fixed_array(*holder, &length, 1);
    return chunk(data, length);
}

/* What MSCHAPv2 hashes: the name behind a domain (RFC 2759, section 4). */
static const char *
bare_name(const char *name)
{
    const char *domain = strrchr(name, '\\');
    return domain != NULL ? domain + 1 : name;
}

static bool
is_our_name(const EapSigner *signer, const Chunk *name)
{
    const char *forms[] = { signer->user_name, bare_name(signer->user_name) };
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        if (strlen(forms[i]) == name->length && memcmp(forms[i], name->data, name->length) == 0)
            return true;
    return false;
}

static bool
admit_mschap(const EapSigner *signer, GVariant *request, GError **error)
{
    g_autoptr(GVariant) first = NULL, second = NULL, third = NULL;
    Chunk authenticator = octets_of(request, 1, &first);
    Chunk peer = octets_of(request, 2, &second);
    Chunk name = octets_of(request, 3, &third);
    if ((signer->allowed & EAP_SIGNER_MSCHAP) == 0)
        return refuse(error, "the profile's method is not MSCHAPv2");
    if (authenticator.length != MSCHAPV2_CHALLENGE || peer.length != MSCHAPV2_CHALLENGE)
        return refuse(error, "a challenge of another length than MSCHAPv2 has");
    return is_our_name(signer, &name) || refuse(error, "another user's name");
}

static bool
admit_md5(const EapSigner *signer, GVariant *request, GError **error)
{
    g_autoptr(GVariant) holder = NULL;
    Chunk challenge = octets_of(request, 2, &holder);
    if ((signer->allowed & EAP_SIGNER_MD5) == 0)
        return refuse(error, "the profile's method is not MD5");
    return (challenge.length > 0 && challenge.length <= CHAP_MAX_CHALLENGE) ||
           refuse(error, "a challenge of a length that MD5 does not have");
}

static bool
admit_password(const EapSigner *signer, GVariant *request, GError **error)
{
    const char *purpose;
    g_variant_get_child(request, 1, "&s", &purpose);
    bool named = (strcmp(purpose, "gtc") == 0 && (signer->allowed & EAP_SIGNER_GTC) != 0) ||
                 (strcmp(purpose, "pap") == 0 && (signer->allowed & EAP_SIGNER_PAP) != 0);
    return named || refuse(error, "the profile names no method that needs the password itself");
}

/* 64 spaces, the words, a zero, a hash (RFC 8446, section 4.4.3). */
static bool
is_tls13_client_verify(const Chunk *octets)
{
    static const char words[] = "TLS 1.3, client CertificateVerify"; /* with its zero */
    const uint8_t *data = octets->data;
    size_t hash = octets->length - MIN(octets->length, TLS13_PADDING + sizeof words);
    if (hash != 32 && hash != 48)
        return false;
    for (size_t i = 0; i < TLS13_PADDING; i++)
        if (data[i] != ' ')
            return false;
    return memcmp(data + TLS13_PADDING, words, sizeof words) == 0;
}

/* All handshake messages so far, ClientHello of TLS 1.2 first, ServerHello second,
 * ClientKeyExchange last (RFC 5246, sections 7.3 and 7.4.8). */
static bool
is_tls12_client_verify(const Chunk *octets)
{
    ByteReader reader = byte_reader(octets->data, octets->length);
    uint8_t type = 0, high;
    uint16_t low;
    for (unsigned n = 0; byte_reader_left(&reader) > 0; n++) {
        ByteReader body;
        uint16_t version = 0;
        if (n == TLS_MAX_MESSAGES || !byte_reader_u8(&reader, &type) ||
            !byte_reader_u8(&reader, &high) || !byte_reader_u16(&reader, &low) ||
            !byte_reader_sub(&reader, (size_t)high << 16 | low, &body))
            return false;
        if (n == 0 && (type != TLS_CLIENT_HELLO || !byte_reader_u16(&body, &version) ||
                       version != TLS_VERSION_1_2))
            return false;
        if (n == 1 && type != TLS_SERVER_HELLO)
            return false;
    }
    return type == TLS_CLIENT_KEY_EXCHANGE;
}

static bool
admit_tls(const EapSigner *signer, GVariant *request, GError **error)
{
    g_autoptr(GVariant) holder = NULL;
    Chunk octets = octets_of(request, 2, &holder);
    if ((signer->allowed & EAP_SIGNER_TLS) == 0)
        return refuse(error, "the profile's method is not TLS");
    return is_tls13_client_verify(&octets) || is_tls12_client_verify(&octets) ||
           refuse(error, "not what a TLS client signs");
}

bool
eap_signer_admit(EapSigner *signer, RecordType type, GVariant *request, int64_t now_s,
                 GError **error)
{
    switch (type) {
    case RECORD_MSCHAP:
        return admit_mschap(signer, request, error) && count(signer, KIND_CHALLENGE, now_s, error);
    case RECORD_MD5:
        return admit_md5(signer, request, error) && count(signer, KIND_CHALLENGE, now_s, error);
    case RECORD_PASSWORD:
        return admit_password(signer, request, error) && count(signer, KIND_PASSWORD, now_s, error);
    case RECORD_SIGN_TLS:
        return admit_tls(signer, request, error) && count(signer, KIND_TLS, now_s, error);
    default:
        return refuse(error, "no request of EAP");
    }
}

/* ---- answers ---- */

bool
eap_signer_mschap(const EapSigner *signer, GVariant *request, Mschapv2Answer *answer,
                  GError **error)
{
    g_autoptr(GVariant) first = NULL, second = NULL, third = NULL;
    Chunk authenticator = octets_of(request, 1, &first);
    Chunk peer = octets_of(request, 2, &second);
    Chunk name = octets_of(request, 3, &third);
    g_autofree char *text = g_strndup((const char *)name.data, name.length);
    return mschapv2_answer(authenticator.data, peer.data, text, signer->password, answer, error);
}

GBytes *
eap_signer_md5(const EapSigner *signer, GVariant *request)
{
    g_autoptr(GVariant) holder = NULL;
    Chunk challenge = octets_of(request, 2, &holder);
    uint8_t identifier;
    g_variant_get_child(request, 1, "y", &identifier);
    return chap_md5(identifier, signer->password, challenge.data, challenge.length);
}

Secret *
eap_signer_password(const EapSigner *signer)
{
    return secret_ref(signer->password);
}

bool
eap_signer_sign_tls(const EapSigner *signer, GVariant *request, GBytes **signature, GError **error)
{
    g_autoptr(GVariant) holder = NULL;
    Chunk octets = octets_of(request, 2, &holder);
    uint16_t scheme;
    if (signer->key == NULL)
        return refuse(error, "there is no key");
    g_variant_get_child(request, 1, "q", &scheme);
    return private_key_sign_tls(signer->key, scheme, octets.data, octets.length, signature, error);
}
