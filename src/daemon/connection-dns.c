/*
 * What is told of a connection's names: what the gateway offered, what is in force and by whom, and
 * where a name is asked.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "base/error.h"
#include "base/names.h"
#include "bus/errors.h"
#include "plan/encrypted-dns.h"
#include "system/resolver-test.h"

#include <string.h>

#define OFFERED_MAX 512 /* that are shown */
#define CALLS_MAX   16  /* that are open at a time */

/* ---- what was offered ---- */

static char *
encrypted_words(uint16_t type, const uint8_t *data, gsize length)
{
    g_autoptr(EncryptedResolver) resolver = encrypted_resolver_parse(
        type == ATTRIBUTE_ENCDNS_IP4 ? INET_V4 : INET_V6, data, length, NULL);
    if (resolver == NULL)
        return error_quote(data, length, 80);
    g_autofree char *address =
        inet_address_to_string(&g_array_index(resolver->addresses, InetAddress, 0));
    return g_strdup_printf("%s, %s, %s", resolver->name, address, resolver->protocols);
}

static char *
anchor_words(const uint8_t *data, gsize length)
{
    g_autoptr(TrustAnchor) anchor = trust_anchor_parse("", data, length, NULL);
    return anchor != NULL ? g_strdup_printf("%u", anchor->key_tag) : error_quote(data, length, 80);
}

static void
add_offered(GVariantBuilder *list, uint16_t type, GVariant *value)
{
    gsize length;
    const uint8_t *data = g_variant_get_fixed_array(value, &length, 1);
    const char *kind = NULL;
    g_autofree char *words = NULL;
    switch (type) {
    case ATTRIBUTE_INTERNAL_DNS_DOMAIN:
        kind = "domain";
        words = error_quote(data, length, 300);
        break;
    case ATTRIBUTE_INTERNAL_DNSSEC_TA:
        kind = "anchor";
        words = anchor_words(data, length);
        break;
    case ATTRIBUTE_ENCDNS_IP4:
    case ATTRIBUTE_ENCDNS_IP6:
        kind = "encrypted";
        words = encrypted_words(type, data, length);
        break;
    case ATTRIBUTE_ENCDNS_DIGEST_INFO:
        kind = "digest";
        words = error_quote(data, length, 80);
        break;
    default:
        return;
    }
    if (length > 0)
        g_variant_builder_add(list, "(ss)", kind, words);
}

GVariant *
connection_offered_variant(GVariant *configure)
{
    GVariantBuilder list;
    g_autoptr(GVariant) servers =
        g_variant_lookup_value(configure, CONFIGURE_DNS, G_VARIANT_TYPE("aay"));
    g_autoptr(GVariant) attributes =
        g_variant_lookup_value(configure, CONFIGURE_SPLIT_DNS, G_VARIANT_TYPE("a(qay)"));
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(ss)"));
    for (gsize i = 0; servers != NULL && i < g_variant_n_children(servers); i++) {
        g_autoptr(GVariant) octets = g_variant_get_child_value(servers, i);
        gsize length;
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        if (length != 4 && length != 16)
            continue;
        InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
        g_autofree char *text = inet_address_to_string(&address);
        g_variant_builder_add(&list, "(ss)", "server", text);
    }
    for (gsize i = 0; attributes != NULL && i < MIN(g_variant_n_children(attributes), OFFERED_MAX);
         i++) {
        guint16 type;
        g_autoptr(GVariant) value = NULL;
        g_variant_get_child(attributes, i, "(q@ay)", &type, &value);
        add_offered(&list, type, value);
    }
    return g_variant_builder_end(&list);
}

/* ---- GetDns ---- */

typedef struct {
    GDBusMethodInvocation *invocation;
    GVariantDict told;
} DnsCall;

static guint open_calls;

static DnsCall *
call_new(GDBusMethodInvocation *invocation)
{
    if (open_calls >= CALLS_MAX) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_TOO_MANY,
                                              "Too many ask at the same time.");
        return NULL;
    }
    DnsCall *call = g_new0(DnsCall, 1);
    call->invocation = invocation;
    g_variant_dict_init(&call->told, NULL);
    open_calls++;
    return call;
}

static void
call_answer(DnsCall *call, GVariant *reply /* a{sv}, or NULL with error */, const GError *error)
{
    open_calls--;
    if (reply != NULL)
        g_dbus_method_invocation_return_value(call->invocation, g_variant_new("(@a{sv})", reply));
    else
        g_dbus_method_invocation_return_error(call->invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                                              "%s", error->message);
    g_variant_dict_clear(&call->told);
    g_free(call);
}

static void
described(GObject *source, GAsyncResult *result, gpointer data)
{
    DnsCall *call = data;
    const char *by = "";
    g_autoptr(GVariant) resolver = resolver_describe_finish(result, &by);
    g_variant_dict_insert_value(&call->told, "resolver", resolver);
    g_variant_dict_insert(&call->told, "by", "s", by);
    call_answer(call, g_variant_dict_end(&call->told), NULL);
}

const char *
connection_validated_by(const SplitDnsPlan *plan)
{
    if (plan->stub.address.family != INET_NONE && plan->stub_validates)
        return "ginnel-stub";
    return plan->validation != SPLIT_DNS_VALIDATE_NO ? "systemd-resolved" : "";
}

static void
tell_stub(const SplitDnsPlan *plan, GVariantDict *told)
{
    bool stub = plan->stub.address.family != INET_NONE;
    bool proves = plan->anchors->len > 0;
    g_autofree char *address = stub ? inet_address_to_string(&plan->stub.address) : g_strdup("");
    g_autofree char *where =
        stub ? g_strdup_printf("%s port %u", address, plan->stub.port) : g_strdup("");
    g_variant_dict_insert(told, "stub", "s", where);
    g_variant_dict_insert(told, "validates", "s", connection_validated_by(plan));
    g_variant_dict_insert(told, "clients-see", "b", proves && !(stub && plan->stub_validates));
    g_autofree char *lines = trust_anchors_to_file(plan->anchors);
    g_auto(GStrv) anchors = g_strsplit(g_strchomp(lines), "\n", -1);
    g_variant_dict_insert(told, "anchors", "^as", anchors);
}

static gboolean
on_get_dns(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    Connection *connection = data;
    DnsCall *call = call_new(invocation);
    if (call == NULL)
        return TRUE;
    if (connection->dns != NULL)
        tell_stub(connection->dns, &call->told);
    resolver_describe_async(connection->machine->resolver, connection->tun.ifindex, described,
                            call);
    return TRUE;
}

/* ---- TestName ---- */

static void
tested(GObject *source, GAsyncResult *result, gpointer data)
{
    DnsCall *call = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) told = resolver_test_finish(result, &error);
    call_answer(call, told, error);
}

static gboolean
on_test_name(GinTunnel *tunnel, GDBusMethodInvocation *invocation, const char *name, gpointer data)
{
    Connection *connection = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *normal = dns_name_normalise(name, strlen(name), &error);
    if (normal == NULL || *normal == '\0') {
        g_autofree char *quoted = error_quote(name, strlen(name), 80);
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                                              "\"%s\" is no name of a host.", quoted);
        return TRUE;
    }
    DnsCall *call = call_new(invocation);
    if (call != NULL)
        resolver_test_async(connection->machine->bus, normal, tested, call);
    return TRUE;
}

void
connection_dns_serve(Connection *connection)
{
    g_signal_connect(connection->tunnel, "handle-get-dns", G_CALLBACK(on_get_dns), connection);
    g_signal_connect(connection->tunnel, "handle-test-name", G_CALLBACK(on_test_name), connection);
    gin_tunnel_set_dns_offered(connection->tunnel,
                               g_variant_new_array(G_VARIANT_TYPE("(ss)"), NULL, 0));
}
