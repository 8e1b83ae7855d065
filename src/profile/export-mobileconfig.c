/* Apple's configuration profiles: unsigned; whoever gives them to others signs them. */
#include "profile/export-private.h"

#include <plist/plist.h>
#include <string.h>

#include "crypto/certificate.h"

static void
put(plist_t dict, const char *key, const char *value)
{
    if (value != NULL)
        plist_dict_set_item(dict, key, plist_new_string(value));
}

static plist_t
payload_new(const char *type, const char *name, const char *identifier)
{
    plist_t payload = plist_new_dict();
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *whole = g_strconcat("org.ginnel.", identifier, ".", uuid, NULL);
    put(payload, "PayloadType", type);
    put(payload, "PayloadDisplayName", name);
    put(payload, "PayloadIdentifier", whole);
    put(payload, "PayloadUUID", uuid);
    plist_dict_set_item(payload, "PayloadVersion", plist_new_uint(1));
    return payload;
}

/* ---- who ---- */

static void
add_authentication(Exporting *exporting, plist_t ikev2)
{
    const char *auth = export_say(exporting, "user-auth");
    const char *eap = export_get(exporting, "user-eap");
    bool extended = g_strcmp0(auth, "eap") == 0, tls = extended && g_strcmp0(eap, "tls") == 0;
    put(ikev2, "LocalIdentifier", export_say(exporting, "user-id"));
    if (g_strcmp0(auth, "psk") == 0) {
        export_say(exporting, "gateway-auth");
        put(ikev2, "AuthenticationMethod", "SharedSecret");
        return;
    }
    put(ikev2, "AuthenticationMethod", extended && !tls ? "None" : "Certificate");
    if (!extended)
        return;
    plist_dict_set_item(ikev2, "ExtendedAuthEnabled", plist_new_uint(1));
    put(ikev2, "AuthName", export_say(exporting, "user-eap-id"));
    if (tls)
        export_say(exporting, "user-eap");
}

/* ---- algorithms ---- */

static bool
take_word(plist_t dict, const char *word)
{
    static const struct {
        const char *word, *key, *theirs;
        unsigned number;
    } rows[] = { { "aes128", "EncryptionAlgorithm", "AES-128", 0 },
                 { "aes256", "EncryptionAlgorithm", "AES-256", 0 },
                 { "aes128gcm16", "EncryptionAlgorithm", "AES-128-GCM", 0 },
                 { "aes256gcm16", "EncryptionAlgorithm", "AES-256-GCM", 0 },
                 { "chacha20poly1305", "EncryptionAlgorithm", "ChaCha20Poly1305", 0 },
                 { "sha1", "IntegrityAlgorithm", "SHA1-96", 0 },
                 { "sha256", "IntegrityAlgorithm", "SHA2-256", 0 },
                 { "sha384", "IntegrityAlgorithm", "SHA2-384", 0 },
                 { "sha512", "IntegrityAlgorithm", "SHA2-512", 0 },
                 { "prfsha256", "IntegrityAlgorithm", "SHA2-256", 0 },
                 { "prfsha384", "IntegrityAlgorithm", "SHA2-384", 0 },
                 { "prfsha512", "IntegrityAlgorithm", "SHA2-512", 0 },
                 { "modp2048", NULL, NULL, 14 },
                 { "modp3072", NULL, NULL, 15 },
                 { "modp4096", NULL, NULL, 16 },
                 { "ecp256", NULL, NULL, 19 },
                 { "ecp384", NULL, NULL, 20 },
                 { "ecp521", NULL, NULL, 21 },
                 { "x25519", NULL, NULL, 31 },
                 { "x448", NULL, NULL, 32 } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        const char *key = rows[i].key != NULL ? rows[i].key : "DiffieHellmanGroup";
        if (plist_dict_get_item(dict, key) != NULL)
            return false;
        plist_dict_set_item(dict, key,
                            rows[i].key != NULL ? plist_new_string(rows[i].theirs)
                                                : plist_new_uint(rows[i].number));
        return true;
    }
    return false;
}

/* One proposal of one algorithm of each kind, as it knows them; else none. */
static plist_t
algorithms(const char *text)
{
    plist_t dict = plist_new_dict();
    g_auto(GStrv) words = g_strsplit(text, "-", -1);
    bool ok = strchr(text, ';') == NULL;
    for (size_t i = 0; ok && words[i] != NULL; i++)
        ok = take_word(dict, words[i]);
    if (ok)
        return dict;
    plist_free(dict);
    return NULL;
}

static guint64
minutes(const char *text)
{
    char *end;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    return number * (*end == 'h' ? 60 : *end == 'd' ? 1440 : 1);
}

static void
add_algorithms(Exporting *exporting, plist_t ikev2, bool ike)
{
    const char *setting = ike ? "proposals-ike" : "proposals-esp";
    const char *time = ike ? "lifetime-ike" : "lifetime-tunnel";
    const char *words = export_get(exporting, setting);
    plist_t dict = words != NULL ? algorithms(words) : NULL;
    if (dict != NULL)
        export_say(exporting, setting);
    if (!ike && dict != NULL && plist_dict_get_item(dict, "DiffieHellmanGroup") != NULL)
        plist_dict_set_item(ikev2, "EnablePFS", plist_new_uint(1));
    if (export_get(exporting, time) != NULL) {
        dict = dict != NULL ? dict : plist_new_dict();
        plist_dict_set_item(dict, "LifeTimeInMinutes",
                            plist_new_uint(minutes(export_say(exporting, time))));
    }
    if (dict != NULL)
        plist_dict_set_item(
            ikev2, ike ? "IKESecurityAssociationParameters" : "ChildSecurityAssociationParameters",
            dict);
}

/* ---- names and networks ---- */

static plist_t
array_of(const char *list)
{
    plist_t array = plist_new_array();
    g_auto(GStrv) items = g_strsplit_set(list, "; \t", -1);
    for (size_t i = 0; items[i] != NULL; i++)
        if (*items[i] != '\0')
            plist_array_append_item(array, plist_new_string(items[i]));
    return array;
}

/* Without servers: those come from the gateway, and Apple's clients take the domains for them. */
static void
add_dns(Exporting *exporting, plist_t vpn)
{
    const char *domains = export_say(exporting, "dns-add-domains");
    const char *search = export_say(exporting, "dns-search-domains");
    if (domains == NULL && search == NULL)
        return;
    plist_t dns = plist_new_dict();
    if (domains != NULL) {
        plist_dict_set_item(dns, "SupplementalMatchDomains", array_of(domains));
        plist_dict_set_item(dns, "SupplementalMatchDomainsNoSearch", plist_new_uint(1));
    }
    if (search != NULL)
        plist_dict_set_item(dns, "SearchDomains", array_of(search));
    plist_dict_set_item(vpn, "DNS", dns);
}

static void
add_network(Exporting *exporting, plist_t ikev2)
{
    guint64 mtu;
    const char *text = export_get(exporting, "network-mtu");
    const char *include = export_get(exporting, "network-include");
    if (text != NULL && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &mtu, NULL)) {
        export_say(exporting, "network-mtu");
        plist_dict_set_item(ikev2, "MTU", plist_new_uint(mtu));
    }
    if (g_strcmp0(include, "0.0.0.0/0;::/0") == 0) {
        export_say(exporting, "network-include");
        plist_dict_set_item(ikev2, "IncludeAllNetworks", plist_new_uint(1));
    }
    if (exporting->profile->redirect) {
        export_say(exporting, "gateway-redirect");
        plist_dict_set_item(ikev2, "DisableRedirect", plist_new_uint(0));
    }
}

/* ---- the file ---- */

static plist_t
vpn_payload(Exporting *exporting)
{
    plist_t payload = payload_new("com.apple.vpn.managed", exporting->title, "vpn");
    plist_t ikev2 = plist_new_dict();
    put(payload, "UserDefinedName", exporting->title);
    put(payload, "VPNType", "IKEv2");
    if (exporting->profile->gateway_addresses[1] == NULL)
        export_say(exporting, "gateway-address");
    put(ikev2, "RemoteAddress", exporting->profile->gateway_addresses[0]);
    put(ikev2, "RemoteIdentifier", export_say(exporting, "gateway-id"));
    add_authentication(exporting, ikev2);
    add_algorithms(exporting, ikev2, true);
    add_algorithms(exporting, ikev2, false);
    add_network(exporting, ikev2);
    add_dns(exporting, payload);
    plist_dict_set_item(payload, "IKEv2", ikev2);
    return payload;
}

static void
add_authorities(Exporting *exporting, plist_t payloads)
{
    for (guint i = 0; exporting->authorities != NULL && i < exporting->authorities->len; i++) {
        const Certificate *certificate = exporting->authorities->pdata[i];
        GBytes *der = certificate_der(certificate);
        g_autofree char *name = certificate_subject_to_string(certificate);
        plist_t payload = payload_new("com.apple.security.root", name, "root");
        plist_dict_set_item(payload, "PayloadContent",
                            plist_new_data(g_bytes_get_data(der, NULL), g_bytes_get_size(der)));
        plist_array_append_item(payloads, payload);
        export_say(exporting, "gateway-ca");
    }
}

char *
export_mobileconfig(Exporting *exporting)
{
    char *xml = NULL;
    uint32_t length = 0;
    plist_t root = payload_new("Configuration", exporting->title, "profile");
    plist_t payloads = plist_new_array();
    plist_array_append_item(payloads, vpn_payload(exporting));
    add_authorities(exporting, payloads);
    plist_dict_set_item(root, "PayloadContent", payloads);
    plist_to_xml(root, &xml, &length);
    plist_free(root);
    char *text = g_strndup(xml, length);
    plist_mem_free(xml);
    return text;
}
