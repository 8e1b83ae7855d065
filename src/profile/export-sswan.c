/* strongSwan's .sswan. */
#include "profile/export-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "crypto/certificate.h"

static void
member(JsonBuilder *builder, const char *name, const char *value)
{
    if (value == NULL)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

/* The words of import-sswan.c the other way. */
static const char *
type_of(Exporting *exporting)
{
    const char *auth = export_get(exporting, "user-auth");
    const char *eap = export_get(exporting, "user-eap");
    const char *second = export_get(exporting, "user-second-auth");
    if (g_strcmp0(auth, "eap") == 0 && g_strcmp0(eap, "tls") == 0) {
        export_say(exporting, "user-eap");
        export_say(exporting, "user-auth");
        return "ikev2-eap-tls";
    }
    if (g_strcmp0(auth, "eap") == 0) {
        export_say(exporting, "user-auth");
        return "ikev2-eap";
    }
    if (auth != NULL && strcmp(auth, "certificate") != 0)
        return NULL;
    export_say(exporting, "user-auth");
    if (g_strcmp0(second, "eap") == 0)
        export_say(exporting, "user-second-auth");
    return g_strcmp0(second, "eap") == 0 ? "ikev2-cert-eap" : "ikev2-cert";
}

static void
add_revocation(Exporting *exporting, JsonBuilder *builder)
{
    const char *value = export_say(exporting, "gateway-revocation");
    if (value == NULL)
        return;
    json_builder_set_member_name(builder, "revocation");
    json_builder_begin_object(builder);
    bool off = strcmp(value, "off") == 0;
    json_builder_set_member_name(builder, off ? "crl" : "strict");
    json_builder_add_boolean_value(builder, strcmp(value, "strict") == 0);
    if (off) {
        json_builder_set_member_name(builder, "ocsp");
        json_builder_add_boolean_value(builder, FALSE);
    }
    json_builder_end_object(builder);
}

static void
add_remote(Exporting *exporting, JsonBuilder *builder)
{
    json_builder_set_member_name(builder, "remote");
    json_builder_begin_object(builder);
    /* It knows one address; the others are told as left out. */
    if (exporting->profile->gateway_addresses[1] == NULL)
        export_say(exporting, "gateway-address");
    member(builder, "addr", exporting->profile->gateway_addresses[0]);
    member(builder, "id", export_say(exporting, "gateway-id"));
    if (exporting->authorities != NULL && exporting->authorities->len == 1) {
        GBytes *der = certificate_der(exporting->authorities->pdata[0]);
        g_autofree char *text = g_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
        export_say(exporting, "gateway-ca");
        member(builder, "cert", text);
    }
    add_revocation(exporting, builder);
    json_builder_end_object(builder);
}

static void
add_local(Exporting *exporting, JsonBuilder *builder)
{
    json_builder_set_member_name(builder, "local");
    json_builder_begin_object(builder);
    member(builder, "id", export_say(exporting, "user-id"));
    member(builder, "eap_id", export_say(exporting, "user-eap-id"));
    json_builder_end_object(builder);
}

static void
add_networks(Exporting *exporting, JsonBuilder *builder)
{
    const char *list = export_say(exporting, "network-include");
    if (list == NULL)
        return;
    g_auto(GStrv) items = g_strsplit_set(list, "; \t", -1);
    json_builder_set_member_name(builder, "split-tunneling");
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "subnets");
    json_builder_begin_array(builder);
    for (size_t i = 0; items[i] != NULL; i++)
        if (*items[i] != '\0')
            json_builder_add_string_value(builder, items[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
add_proposal(Exporting *exporting, JsonBuilder *builder, const char *setting, const char *name)
{
    g_autofree char *list = g_strdup(export_say(exporting, setting));
    if (list != NULL)
        member(builder, name, g_strdelimit(list, ";", ','));
}

static void
add_members(Exporting *exporting, JsonBuilder *builder, const char *type)
{
    g_autofree char *uuid = g_uuid_string_random();
    guint64 mtu = 0;
    member(builder, "uuid", uuid);
    member(builder, "name", exporting->title);
    member(builder, "type", type);
    add_remote(exporting, builder);
    add_local(exporting, builder);
    add_proposal(exporting, builder, "proposals-ike", "ike-proposal");
    add_proposal(exporting, builder, "proposals-esp", "esp-proposal");
    const char *text = export_get(exporting, "network-mtu");
    if (text != NULL && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &mtu, NULL)) {
        export_say(exporting, "network-mtu");
        json_builder_set_member_name(builder, "mtu");
        json_builder_add_int_value(builder, (gint64)mtu);
    }
    add_networks(exporting, builder);
}

char *
export_sswan(Exporting *exporting, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    const char *type = type_of(exporting);
    if (type == NULL) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED,
                    "sswan has no way to say user-auth = %s", export_get(exporting, "user-auth"));
        return NULL;
    }
    json_builder_begin_object(builder);
    add_members(exporting, builder, type);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}
