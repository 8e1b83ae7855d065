/*
 * Apple's configuration profiles: a property list, alone or inside a signed message. The VPN
 * payload of type IKEv2, and the certificates that stand beside it.
 */
#include "profile/import-private.h"

#include <plist/plist.h>
#include <string.h>

#include "base/error.h"
#include "crypto/cms.h"
#include "profile/plist-values.h"

#define FORMAT       "mobileconfig"
#define MAX_PAYLOADS 64

typedef struct {
    Import *import;
    plist_t payloads; /* array: the whole file's */
    plist_t ikev2, vpn;
    const Secret *passphrase;
} Reading;

/* ---- certificates ---- */

static plist_t
payload_by_uuid(plist_t payloads, const char *uuid)
{
    for (uint32_t i = 0; uuid != NULL && i < plist_values_length(payloads, MAX_PAYLOADS); i++) {
        plist_t payload = plist_array_get_item(payloads, i);
        if (g_strcmp0(plist_values_string(payload, "PayloadUUID"), uuid) == 0)
            return payload;
    }
    return NULL;
}

/* What its own payload says comes before what was typed. */
static void
take_identity(const Reading *reading, plist_t payload)
{
    gsize length = 0;
    const char *password = plist_values_string(payload, "Password");
    const void *data = plist_values_data(payload, "PayloadContent", &length);
    g_autoptr(Secret) own = password != NULL ? secret_new(password, strlen(password)) : NULL;
    if (data != NULL)
        import_add_pkcs12(reading->import, data, length, own != NULL ? own : reading->passphrase,
                          "PayloadCertificateUUID");
}

static void
take_user_certificate(const Reading *reading)
{
    const char *uuid = plist_values_string(reading->ikev2, "PayloadCertificateUUID");
    plist_t payload = payload_by_uuid(reading->payloads, uuid);
    const char *type = payload != NULL ? plist_values_string(payload, "PayloadType") : NULL;
    if (uuid == NULL)
        return;
    if (g_strcmp0(type, "com.apple.security.pkcs12") == 0)
        take_identity(reading, payload);
    else
        import_note(reading->import, IMPORT_NOT_CARRIED, "PayloadCertificateUUID",
                    type == NULL
                        ? "no such payload is in the file"
                        : "a certificate that is fetched (SCEP, ACME), or of another kind");
}

static void
take_authorities(const Reading *reading)
{
    for (uint32_t i = 0; i < plist_values_length(reading->payloads, MAX_PAYLOADS); i++) {
        plist_t payload = plist_array_get_item(reading->payloads, i);
        const char *type = plist_values_string(payload, "PayloadType");
        gsize length = 0;
        const void *data = plist_values_data(payload, "PayloadContent", &length);
        if (data != NULL && g_strcmp0(type, "com.apple.security.root") == 0)
            import_add_certificate(reading->import, "gateway-ca", data, length, type);
        else if (data != NULL && (g_strcmp0(type, "com.apple.security.pem") == 0 ||
                                  g_strcmp0(type, "com.apple.security.pkcs1") == 0))
            import_note(reading->import, IMPORT_NOT_CARRIED, type,
                        "a certificate between: the gateway sends those itself");
    }
}

/* ---- who ---- */

static void
take_secret_text(plist_t dict, const char *key, Secret **place, Import *import)
{
    const char *text = plist_values_string(dict, key);
    if (text == NULL || *text == '\0' || *place != NULL)
        return;
    *place = secret_new(text, strlen(text));
    import_note(import, IMPORT_TAKEN, key, "kept as a secret");
}

static void
take_eap(const Reading *reading, const char *method)
{
    Import *import = reading->import;
    const char *name = plist_values_string(reading->ikev2, "AuthName");
    import_take(import, "user-auth", "eap", "ExtendedAuthEnabled");
    if (strcmp(method, "Certificate") == 0)
        import_change(import, "user-eap", "tls", "AuthenticationMethod");
    import_take(import, "user-eap-id", name, "AuthName");
    if (import_get(import, "user-id") == NULL && name != NULL)
        import_change(import, "user-id", name, "AuthName");
    take_secret_text(reading->ikev2, "AuthPassword", &import->password, import);
    if (plist_values_dict(reading->ikev2, "EAPClientConfiguration") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "EAPClientConfiguration",
                    "EAP methods are agreed upon: set user-eap where one is wanted");
}

static bool
take_authentication(const Reading *reading, GError **error)
{
    Import *import = reading->import;
    const char *method = plist_values_string(reading->ikev2, "AuthenticationMethod");
    method = method != NULL ? method : "None";
    import_take(import, "user-id", plist_values_string(reading->ikev2, "LocalIdentifier"),
                "LocalIdentifier");
    if (plist_values_is_true(reading->ikev2, "ExtendedAuthEnabled")) {
        take_eap(reading, method);
    } else if (strcmp(method, "SharedSecret") == 0) {
        import_take(import, "user-auth", "psk", "AuthenticationMethod");
    } else if (strcmp(method, "Certificate") == 0) {
        import_take(import, "user-auth", "certificate", "AuthenticationMethod");
    } else {
        g_autofree char *quoted = error_quote(method, strlen(method), 40);
        return import_refuse(error, FORMAT, 0,
                             "AuthenticationMethod: \"%s\" does not say how to "
                             "sign in",
                             quoted);
    }
    if (strcmp(method, "SharedSecret") == 0) {
        import_take(import, "gateway-auth", "psk", "AuthenticationMethod");
        take_secret_text(reading->ikev2, "SharedSecret", &import->psk, import);
    }
    if (strcmp(method, "Certificate") == 0)
        take_user_certificate(reading);
    return true;
}

static void
take_ppk(const Reading *reading)
{
    Import *import = reading->import;
    const char *id = plist_values_string(reading->ikev2, "PPKIdentifier");
    const char *key = plist_values_string(reading->ikev2, "PPK");
    gsize length = 0;
    const void *octets = key == NULL ? plist_values_data(reading->ikev2, "PPK", &length) : key;
    if (octets == NULL)
        return;
    import_take(import, "user-ppk-id", id, "PPKIdentifier");
    import_add_file(import, "user-ppk-file", "ppk",
                    secret_new(octets, key != NULL ? strlen(key) : length), "PPK");
    bool mandatory = !plist_values_is_false(reading->ikev2, "PPKMandatory");
    import_take(import, "user-ppk", mandatory ? "required" : "optional", "PPKMandatory");
}

/* ---- algorithms ---- */

static const char *
word_for(const char *const (*rows)[2], size_t n, const char *theirs)
{
    for (size_t i = 0; theirs != NULL && i < n; i++)
        if (g_ascii_strcasecmp(rows[i][0], theirs) == 0)
            return rows[i][1];
    return NULL;
}

static const char *
group_word(guint64 group)
{
    static const struct {
        guint64 number;
        const char *word;
    } rows[] = { { 1, "modp768" },   { 2, "modp1024" },  { 5, "modp1536" },  { 14, "modp2048" },
                 { 15, "modp3072" }, { 16, "modp4096" }, { 17, "modp6144" }, { 18, "modp8192" },
                 { 19, "ecp256" },   { 20, "ecp384" },   { 21, "ecp521" },   { 31, "x25519" },
                 { 32, "x448" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].number == group)
            return rows[i].word;
    return "unknown";
}

static void
take_algorithms(const Reading *reading, const char *name, bool ike)
{
    static const char *const ciphers[][2] = { { "DES", "des" },
                                              { "3DES", "3des" },
                                              { "AES-128", "aes128" },
                                              { "AES-256", "aes256" },
                                              { "AES-128-GCM", "aes128gcm16" },
                                              { "AES-256-GCM", "aes256gcm16" },
                                              { "ChaCha20Poly1305", "chacha20poly1305" } };
    static const char *const hashes[][2] = { { "SHA1-96", "sha1" },
                                             { "SHA1-160", "sha1" },
                                             { "SHA2-256", "sha256" },
                                             { "SHA2-384", "sha384" },
                                             { "SHA2-512", "sha512" } };
    plist_t dict = plist_values_dict(reading->ikev2, name);
    guint64 number;
    const char *cipher =
        word_for(ciphers, G_N_ELEMENTS(ciphers), plist_values_string(dict, "EncryptionAlgorithm"));
    const char *hash =
        word_for(hashes, G_N_ELEMENTS(hashes), plist_values_string(dict, "IntegrityAlgorithm"));
    if (dict == NULL)
        return;
    if (plist_values_uint(dict, "LifeTimeInMinutes", &number) && number < G_MAXUINT32)
        import_take_lifetime(reading->import, ike ? "lifetime-ike" : "lifetime-tunnel", number * 60,
                             name);
    if (cipher == NULL)
        return;
    bool combined = strstr(cipher, "gcm") != NULL || strstr(cipher, "poly") != NULL;
    GString *words = g_string_new(cipher);
    if (hash != NULL && (ike || !combined))
        g_string_append_printf(words, combined ? "-prf%s" : "-%s", hash);
    if (plist_values_uint(dict, "DiffieHellmanGroup", &number) &&
        (ike || plist_values_is_true(reading->ikev2, "EnablePFS")))
        g_string_append_printf(words, "-%s", group_word(number));
    import_take_proposals(reading->import, ike, words->str, ';', name);
    g_string_free(words, TRUE);
}

/* ---- names and networks ---- */

static void
append_all(Import *import, plist_t dict, const char *key, const char *setting)
{
    plist_t list = dict != NULL ? plist_dict_get_item(dict, key) : NULL;
    for (uint32_t i = 0; i < plist_values_length(list, PROFILE_MAX_ITEMS + 1); i++) {
        const char *item = plist_values_text(plist_array_get_item(list, i));
        /* The empty domain matches every name. */
        if (item != NULL && *item == '\0' && strcmp(setting, "dns-add-domains") == 0)
            import_take(import, "dns-use-servers", "all", key);
        else
            import_append(import, setting, item, key);
    }
}

static void
take_dns(const Reading *reading)
{
    Import *import = reading->import;
    plist_t dns = plist_values_dict(reading->ikev2, "DNS");
    dns = dns != NULL ? dns : plist_values_dict(reading->vpn, "DNS");
    if (dns == NULL)
        return;
    append_all(import, dns, "SupplementalMatchDomains", "dns-add-domains");
    if (!plist_values_is_true(dns, "SupplementalMatchDomainsNoSearch"))
        append_all(import, dns, "SupplementalMatchDomains", "dns-search-domains");
    append_all(import, dns, "SearchDomains", "dns-search-domains");
    if (plist_values_string(dns, "DomainName") != NULL)
        import_append(import, "dns-search-domains", plist_values_string(dns, "DomainName"),
                      "DomainName");
    if (plist_dict_get_item(dns, "ServerAddresses") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "ServerAddresses",
                    "DNS servers come from the gateway");
}

static void
take_network(const Reading *reading)
{
    guint64 number;
    if (plist_values_is_true(reading->ikev2, "IncludeAllNetworks") ||
        plist_values_is_true(reading->vpn, "IncludeAllNetworks"))
        import_take(reading->import, "network-include", "0.0.0.0/0;::/0", "IncludeAllNetworks");
    if (plist_values_uint(reading->ikev2, "MTU", &number) && number >= PROFILE_MTU_MIN &&
        number <= G_MAXUINT16) {
        g_autofree char *text = g_strdup_printf("%u", (unsigned)number);
        import_take(reading->import, "network-mtu", text, "MTU");
    }
    if (plist_values_is_false(reading->ikev2, "DisableRedirect"))
        import_take(reading->import, "gateway-redirect", "yes", "DisableRedirect");
}

static void
note_what_is_left(const Reading *reading)
{
    static const struct {
        const char *key, *why;
    } rows[] = {
        { "OnDemandRules", "when to connect: that is for NetworkManager, or autoconnect" },
        { "EnableFallback", "this is Wi-Fi assist, not TCP: which is tried anyway" },
        { "DeadPeerDetectionRate", "how soon a gateway that is gone is noticed is measured" },
        { "DisableMOBIKE", "MOBIKE is used where the gateway has it" },
        { "NATKeepAliveInterval", "its interval is measured" },
        { "ServerCertificateCommonName", "the gateway is known by gateway-id" },
        { "ServerCertificateIssuerCommonName", "whom to trust is said by the authority itself" },
        { "UseConfigurationAttributeInternalIPSubnet", "always used where the gateway sends it" },
        { "ExcludeLocalNetworks", "what is on the link stays there" },
        { "TLSMinimumVersion", "at least TLS 1.2" },
        { "TLSMaximumVersion", "the latest that both know" },
        { "ProviderBundleIdentifier", "an app that belongs to it" },
        { "PostQuantumKeyExchangeMethods", "set proposals-ike for those" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (plist_dict_get_item(reading->ikev2, rows[i].key) != NULL)
            import_note(reading->import, IMPORT_NOT_CARRIED, rows[i].key, "%s", rows[i].why);
    if (plist_dict_get_item(reading->vpn, "Proxies") != NULL)
        import_note(reading->import, IMPORT_NOT_CARRIED, "Proxies",
                    "programs have their own settings for proxies");
}

/* ---- the file ---- */

static Import *
read_payload(plist_t payloads, plist_t payload, const CmsSigned *signature,
             const Secret *passphrase, const char *fallback, GError **error)
{
    const char *title = plist_values_string(payload, "UserDefinedName");
    title = title != NULL ? title : plist_values_string(payload, "PayloadDisplayName");
    g_autoptr(Import) import = import_new(title, fallback);
    Reading reading = { .import = import,
                        .payloads = payloads,
                        .ikev2 = plist_values_dict(payload, "IKEv2"),
                        .vpn = payload,
                        .passphrase = passphrase };
    const char *address = plist_values_string(reading.ikev2, "RemoteAddress");
    if (address == NULL) {
        import_refuse(error, FORMAT, 0, "RemoteAddress is missing under IKEv2");
        return NULL;
    }
    if (signature != NULL)
        import_note(import, signature->trusted ? IMPORT_TAKEN : IMPORT_CHANGED, "signature",
                    signature->trusted ? "of %s" : "of %s, whom no authority of this machine knows",
                    signature->signer);
    import_take(import, "gateway-address", address, "RemoteAddress");
    import_take(import, "gateway-id", plist_values_string(reading.ikev2, "RemoteIdentifier"),
                "RemoteIdentifier");
    if (!take_authentication(&reading, error))
        return NULL;
    take_authorities(&reading);
    take_ppk(&reading);
    take_algorithms(&reading, "IKESecurityAssociationParameters", true);
    take_algorithms(&reading, "ChildSecurityAssociationParameters", false);
    take_network(&reading);
    take_dns(&reading);
    note_what_is_left(&reading);
    return g_steal_pointer(&import);
}

static bool
read_payloads(plist_t root, const CmsSigned *signature, const Secret *passphrase,
              const char *fallback, GPtrArray *list, GError **error)
{
    plist_t payloads = plist_get_node_type(root) == PLIST_DICT
                           ? plist_dict_get_item(root, "PayloadContent")
                           : NULL;
    if (plist_values_length(payloads, 1) == 0)
        return import_refuse(error, FORMAT, 0,
                             "there is no PayloadContent: it is no configuration "
                             "profile, or an encrypted one");
    for (uint32_t i = 0; i < plist_values_length(payloads, MAX_PAYLOADS); i++) {
        plist_t payload = plist_array_get_item(payloads, i);
        const char *type = plist_values_string(payload, "VPNType");
        if (g_strcmp0(type, "IKEv2") != 0 || plist_values_dict(payload, "IKEv2") == NULL)
            continue;
        Import *import = read_payload(payloads, payload, signature, passphrase, fallback, error);
        if (import == NULL)
            return false;
        import_add(list, import);
    }
    return true;
}

static bool
read_plist(const char *text, gsize length, const CmsSigned *signature, const Secret *passphrase,
           const char *fallback, GPtrArray *list, GError **error)
{
    plist_t root = NULL;
    /* One value of a binary list may be a thousand: a short file that fills the memory. */
    if (length >= 6 && memcmp(text, "bplist", 6) == 0)
        return import_refuse(error, FORMAT, 0,
                             "it is a binary property list; plistutil makes XML "
                             "of it");
    if (!import_xml_check(text, length, FORMAT, error))
        return false;
    plist_from_xml(text, (uint32_t)length, &root);
    if (root == NULL)
        return import_refuse(error, FORMAT, 0, "it is no property list");
    bool ok = read_payloads(root, signature, passphrase, fallback, list, error);
    plist_free(root);
    return ok;
}

bool
import_read_mobileconfig(const char *text, gsize length, const Secret *passphrase,
                         const char *fallback, GPtrArray *list, GError **error)
{
    if (!cms_is_likely(text, length))
        return read_plist(text, length, NULL, passphrase, fallback, list, error);
    g_autoptr(GError) why = NULL;
    g_autoptr(CmsSigned) opened = cms_open(text, length, &why);
    if (opened == NULL)
        return import_refuse(error, FORMAT, 0, "%s", why->message);
    gsize inner;
    const char *content = g_bytes_get_data(opened->content, &inner);
    return read_plist(content, inner, opened, passphrase, fallback, list, error);
}
