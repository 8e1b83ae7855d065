/* strongSwan's .sswan: JSON, as its client for Android reads it. */
#include "profile/import-private.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FORMAT "sswan"

/* ---- before the library sees it ---- */

/* Its parser goes down a level for each bracket. */
static bool
check_depth(const char *text, gsize length, GError **error)
{
    unsigned depth = 0, line = 1;
    bool quoted = false;
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        line += c == '\n';
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '[') && ++depth > IMPORT_MAX_DEPTH)
            return import_refuse(error, FORMAT, line, "nested too deeply");
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return true;
}

/* ---- members ---- */

/* NULL for what is absent or of another type. */
static const char *
text_of(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

static JsonObject *
object_of(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static bool
number_of(JsonObject *object, const char *name, gint64 *out)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_INT64)
        return false;
    *out = json_node_get_int(node);
    return true;
}

static bool
is_set(JsonObject *object, const char *name, bool value)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_BOOLEAN && json_node_get_boolean(node) == value;
}

/* ---- what it says ---- */

/* The type of connection; false where it is none that we know. */
static bool
take_type(Import *import, const char *type, GError **error)
{
    static const struct {
        const char *type, *auth, *eap, *second;
    } rows[] = {
        { "ikev2-eap", "eap", NULL, NULL },
        { "ikev2-cert", "certificate", NULL, NULL },
        { "ikev2-cert-eap", "certificate", NULL, "eap" },
        { "ikev2-eap-tls", "eap", "tls", NULL },
        { "ikev2-byod-eap", "eap", NULL, NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].type, type) != 0)
            continue;
        import_take(import, "user-auth", rows[i].auth, "type");
        if (rows[i].eap != NULL)
            import_take(import, "user-eap", rows[i].eap, "type");
        if (rows[i].second != NULL)
            import_take(import, "user-second-auth", rows[i].second, "type");
        if (strcmp(type, "ikev2-byod-eap") == 0)
            import_note(import, IMPORT_NOT_CARRIED, "type",
                        "the measuring of this machine (TNC) that byod asks for");
        return true;
    }
    g_autofree char *quoted = error_quote(type, strlen(type), 60);
    return import_refuse(error, FORMAT, 0, "type: \"%s\" is no type of connection", quoted);
}

static void
take_revocation(Import *import, JsonObject *remote)
{
    JsonObject *revocation = object_of(remote, "revocation");
    if (revocation == NULL)
        return;
    if (is_set(revocation, "strict", true))
        import_take(import, "gateway-revocation", "strict", "remote.revocation.strict");
    else if (is_set(revocation, "crl", false) && is_set(revocation, "ocsp", false))
        import_take(import, "gateway-revocation", "off", "remote.revocation");
    else if (is_set(revocation, "crl", false) || is_set(revocation, "ocsp", false))
        import_note(import, IMPORT_NOT_CARRIED, "remote.revocation",
                    "one of CRL and OCSP without the other: both are asked");
}

static void
take_base64(Import *import, const char *text, const Secret *passphrase, bool pkcs12,
            const char *what)
{
    gsize length;
    g_autofree guchar *data = g_base64_decode(text, &length);
    if (pkcs12)
        import_add_pkcs12(import, data, length, passphrase, what);
    else
        import_add_certificate(import, "gateway-ca", data, length, what);
    secret_wipe(data, length);
}

static void
take_remote(Import *import, JsonObject *remote)
{
    gint64 port;
    import_take(import, "gateway-address", text_of(remote, "addr"), "remote.addr");
    import_take(import, "gateway-id", text_of(remote, "id"), "remote.id");
    if (number_of(remote, "port", &port) && port != 500 && port != 4500 && port > 0 &&
        port <= G_MAXUINT16) {
        g_autofree char *order = g_strdup_printf("udp/%d;tcp/4500", (int)port);
        import_change(import, "transport-order", order, "remote.port");
    }
    if (text_of(remote, "cert") != NULL)
        take_base64(import, text_of(remote, "cert"), NULL, false, "remote.cert");
    if (is_set(remote, "certreq", false))
        import_note(import, IMPORT_NOT_CARRIED, "remote.certreq",
                    "the gateway is always told which authorities are trusted");
    take_revocation(import, remote);
}

static void
take_local(Import *import, JsonObject *local, const Secret *passphrase)
{
    const char *eap_id = text_of(local, "eap_id"), *id = text_of(local, "id");
    bool eap = g_strcmp0(import_get(import, "user-auth"), "eap") == 0 ||
               import_get(import, "user-second-auth") != NULL;
    import_take(import, "user-id", id, "local.id");
    if (eap)
        import_take(import, "user-eap-id", eap_id, "local.eap_id");
    if (id == NULL && eap && eap_id != NULL && import_get(import, "user-second-auth") == NULL)
        import_change(import, "user-id", eap_id, "local.eap_id");
    if (text_of(local, "p12") != NULL)
        take_base64(import, text_of(local, "p12"), passphrase, true, "local.p12");
    if (is_set(local, "rsa-pss", true))
        import_note(import, IMPORT_TAKEN, "local.rsa-pss", "tried first, as always");
}

static void
append_items(Import *import, JsonNode *node, const char *setting, const char *what)
{
    if (node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
        json_node_get_value_type(node) == G_TYPE_STRING) {
        g_auto(GStrv) items = g_strsplit_set(json_node_get_string(node), " ,", -1);
        for (size_t i = 0; items[i] != NULL; i++)
            if (*items[i] != '\0')
                import_append(import, setting, items[i], what);
        return;
    }
    JsonArray *list =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; list != NULL && i < json_array_get_length(list) && i < PROFILE_MAX_ITEMS + 1;
         i++) {
        JsonNode *item = json_array_get_element(list, i);
        bool text = JSON_NODE_HOLDS_VALUE(item) && json_node_get_value_type(item) == G_TYPE_STRING;
        import_append(import, setting, text ? json_node_get_string(item) : NULL, what);
    }
}

static void
take_split_tunnelling(Import *import, JsonObject *object)
{
    JsonObject *split = object_of(object, "split-tunneling");
    if (split == NULL)
        return;
    append_items(import, json_object_get_member(split, "subnets"), "network-include",
                 "split-tunneling.subnets");
    if (json_object_has_member(split, "excluded"))
        import_note(import, IMPORT_NOT_CARRIED, "split-tunneling.excluded",
                    "networks are named that go inside, not those that do not");
    if (is_set(split, "block-ipv4", true) || is_set(split, "block-ipv6", true))
        import_note(import, IMPORT_NOT_CARRIED, "split-tunneling.block-ipv4, block-ipv6",
                    "what does not go inside goes outside");
}

static void
note_what_is_left(Import *import, JsonObject *object)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        { "apps", "which programs use it: the whole machine does" },
        { "excluded-apps", "which programs do not use it: the whole machine does" },
        { "dns-servers", "DNS servers come from the gateway" },
        { "nat-keepalive", "its interval is measured" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (json_object_has_member(object, rows[i].name))
            import_note(import, IMPORT_NOT_CARRIED, rows[i].name, "%s", rows[i].why);
}

static bool
take_profile(JsonObject *object, const Secret *passphrase, const char *fallback, GPtrArray *list,
             GError **error)
{
    gint64 mtu;
    const char *type = text_of(object, "type");
    JsonObject *remote = object_of(object, "remote");
    g_autoptr(Import) import = import_new(text_of(object, "name"), fallback);
    if (type == NULL || remote == NULL || text_of(remote, "addr") == NULL)
        return import_refuse(error, FORMAT, 0, "%s is missing",
                             type == NULL ? "type" : "remote.addr");
    if (!take_type(import, type, error))
        return false;
    take_remote(import, remote);
    take_local(import, object_of(object, "local"), passphrase);
    if (text_of(object, "ike-proposal") != NULL)
        import_take_proposals(import, true, text_of(object, "ike-proposal"), ',', "ike-proposal");
    if (text_of(object, "esp-proposal") != NULL)
        import_take_proposals(import, false, text_of(object, "esp-proposal"), ',', "esp-proposal");
    if (number_of(object, "mtu", &mtu) && mtu >= PROFILE_MTU_MIN && mtu <= G_MAXUINT16) {
        g_autofree char *text = g_strdup_printf("%d", (int)mtu);
        import_take(import, "network-mtu", text, "mtu");
    }
    take_split_tunnelling(import, object);
    note_what_is_left(import, object);
    import_add(list, g_steal_pointer(&import));
    return true;
}

bool
import_read_sswan(const char *text, gsize length, const Secret *passphrase, const char *fallback,
                  GPtrArray *list, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) why = NULL;
    if (!g_utf8_validate_len(text, length, NULL))
        return import_refuse(error, FORMAT, 0, "it is no UTF-8");
    if (!check_depth(text, length, error))
        return false;
    if (!json_parser_load_from_data(parser, text, (gssize)length, &why)) {
        /* "<data>:2:9: Parse error: ..." */
        g_auto(GStrv) parts = g_strsplit(why->message, ":", 4);
        bool placed = g_strv_length(parts) == 4;
        const char *words = placed ? g_strchug(parts[3]) : why->message;
        g_autofree char *quoted = error_quote(words, strlen(words), 200);
        return import_refuse(error, FORMAT, placed ? (unsigned)atoi(parts[1]) : 0, "%s", quoted);
    }
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return import_refuse(error, FORMAT, 1, "it is no JSON object");
    return take_profile(json_node_get_object(root), passphrase, fallback, list, error);
}
