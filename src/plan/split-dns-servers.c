#include "plan/split-dns-servers.h"

#include "base/error.h"
#include "plan/encrypted-dns.h"

#include <string.h>

#define DNS_PORT 53
/* What a gateway can make us look at. */
#define MAX_RESOLVERS 32

static void
server_clear(gpointer data)
{
    g_clear_pointer(&((SplitDnsServer *)data)->name, g_free);
}

static bool
is_inside(const SplitDnsOffer *offer, const InetAddress *server)
{
    for (guint i = 0; i < offer->remote->len; i++)
        if (inet_range_contains(&g_array_index(offer->remote, InetRange, i), server))
            return inet_address_is_unicast(server);
    return false;
}

/* port and name: of an encrypted one, else 0 and NULL. */
static void
take_server(SplitDnsPlan *plan, const SplitDnsOffer *offer, const InetAddress *address,
            uint16_t port, const char *name)
{
    if (!is_inside(offer, address)) {
        g_autofree char *text = inet_address_to_string(address);
        refusals_add(plan->refused, "server", g_strdup(text), "not-inside",
                     "the tunnel does not reach %s", text);
        return;
    }
    SplitDnsServer server = { .address = *address, .port = port, .name = g_strdup(name) };
    if (plan->servers->len < SPLIT_DNS_MAX_SERVERS)
        g_array_append_val(plan->servers, server);
    else
        server_clear(&server);
}

/* ---- encrypted ones ---- */

static void
refuse_octets(SplitDnsPlan *plan, const SplitDnsAttribute *attribute, const GError *why)
{
    refusals_add(plan->refused, "server", error_quote(attribute->data, attribute->length, 80),
                 "malformed", "%s", why->message);
}

static gint
by_priority(gconstpointer a, gconstpointer b)
{
    const EncryptedResolver *left = *(EncryptedResolver *const *)a;
    const EncryptedResolver *right = *(EncryptedResolver *const *)b;
    return (gint)left->priority - (gint)right->priority;
}

/* A stable sort: among equals the gateway's order counts. */
static GPtrArray *
read_resolvers(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)encrypted_resolver_free);
    for (size_t i = 0; i < offer->n_attributes && out->len < MAX_RESOLVERS; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        bool v4 = attribute->type == ATTRIBUTE_ENCDNS_IP4;
        g_autoptr(GError) error = NULL;
        if ((!v4 && attribute->type != ATTRIBUTE_ENCDNS_IP6) || attribute->length == 0)
            continue;
        EncryptedResolver *resolver = encrypted_resolver_parse(
            v4 ? INET_V4 : INET_V6, attribute->data, attribute->length, &error);
        if (resolver != NULL)
            g_ptr_array_add(out, resolver);
        else
            refuse_octets(plan, attribute, error);
    }
    g_ptr_array_sort(out, by_priority);
    return out;
}

static void
digest_clear(gpointer data)
{
    SplitDnsDigest *digest = data;
    g_free(digest->name);
    g_bytes_unref(digest->digest);
}

/* SHA-1 is not to be trusted any more, others are not known. */
static bool
hash_is_usable(uint16_t hash)
{
    return hash >= 2 && hash <= 4;
}

/* Names of digests that cannot be compared are noted: whose it is must not be asked without. */
static void
read_digests(SplitDnsPlan *plan, const SplitDnsOffer *offer, GPtrArray *unusable)
{
    for (size_t i = 0; i < offer->n_attributes && plan->digests->len < MAX_RESOLVERS; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        g_autoptr(GError) error = NULL;
        if (attribute->type != ATTRIBUTE_ENCDNS_DIGEST_INFO || attribute->length == 0)
            continue;
        g_autoptr(EncryptedDigest) parsed =
            encrypted_digest_parse(attribute->data, attribute->length, &error);
        if (parsed == NULL) {
            refuse_octets(plan, attribute, error);
        } else if (!hash_is_usable(parsed->hash)) {
            g_ptr_array_add(unusable, g_strdup(parsed->name != NULL ? parsed->name : ""));
        } else {
            SplitDnsDigest digest = { g_strdup(parsed->name), parsed->hash,
                                      g_bytes_ref(parsed->digest) };
            g_array_append_val(plan->digests, digest);
        }
    }
}

bool
split_dns_digest_is_of(const SplitDnsDigest *digest, const SplitDnsServer *server)
{
    return digest->name == NULL || g_strcmp0(digest->name, server->name) == 0;
}

static bool
has_digest(const SplitDnsPlan *plan, const char *name)
{
    SplitDnsServer server = { .name = (char *)name };
    for (guint i = 0; i < plan->digests->len; i++)
        if (split_dns_digest_is_of(&g_array_index(plan->digests, SplitDnsDigest, i), &server))
            return true;
    return false;
}

/* Digests of it came, and none that can be compared. */
static bool
has_unusable_digests_only(const SplitDnsPlan *plan, const GPtrArray *unusable, const char *name)
{
    bool any = false;
    for (guint i = 0; i < unusable->len; i++)
        any = any || *(char *)unusable->pdata[i] == '\0' || strcmp(unusable->pdata[i], name) == 0;
    return any && !has_digest(plan, name);
}

/* A sentence for the user, or NULL where it can be asked. Where digests came, one of them must be
 * the certificate's (RFC 9464, section 3.2). */
static char *
why_unusable(const SplitDnsOffer *offer, const EncryptedResolver *resolver, bool digest,
             const char **code)
{
    *code = "not-usable";
    if (resolver->unknown)
        return g_strdup("it demands a service parameter that is not known");
    if (!resolver->dot)
        return g_strdup_printf("it speaks %s; only dot (DNS over TLS) can be used here",
                               resolver->protocols);
    if (resolver->port == DNS_PORT)
        return g_strdup("systemd-resolved cannot do DNS over TLS on port 53");
    *code = "digest";
    if (digest)
        return g_strdup("its certificate is to be compared with a digest by a hash that is not "
                        "known, or not to be trusted");
    *code = "off";
    return offer->no_encrypted ? g_strdup_printf("encrypted = off %s", offer->where) : NULL;
}

static void
take_encrypted(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    g_autoptr(GPtrArray) resolvers = read_resolvers(plan, offer);
    g_autoptr(GPtrArray) unusable = g_ptr_array_new_with_free_func(g_free);
    read_digests(plan, offer, unusable);
    for (guint i = 0; i < resolvers->len; i++) {
        const EncryptedResolver *resolver = resolvers->pdata[i];
        const char *code;
        bool digest = has_unusable_digests_only(plan, unusable, resolver->name);
        g_autofree char *why = why_unusable(offer, resolver, digest, &code);
        if (why != NULL)
            refusals_add(plan->refused, "server", g_strdup(resolver->name), code, "%s", why);
        for (guint k = 0; why == NULL && k < resolver->addresses->len; k++)
            take_server(plan, offer, &g_array_index(resolver->addresses, InetAddress, k),
                        resolver->port, resolver->name);
    }
    plan->encrypted = plan->servers->len > 0;
}

static void
refuse_unencrypted(SplitDnsPlan *plan, const InetAddress *address)
{
    for (guint i = 0; i < plan->servers->len; i++)
        if (inet_address_equal(&g_array_index(plan->servers, SplitDnsServer, i).address, address))
            return;
    refusals_add(plan->refused, "server", inet_address_to_string(address), "unencrypted",
                 "the encrypted ones are asked");
}

void
split_dns_choose_servers(const SplitDnsOffer *offer, SplitDnsPlan *plan)
{
    plan->servers = g_array_new(FALSE, FALSE, sizeof(SplitDnsServer));
    g_array_set_clear_func(plan->servers, server_clear);
    plan->digests = g_array_new(FALSE, FALSE, sizeof(SplitDnsDigest));
    g_array_set_clear_func(plan->digests, digest_clear);
    /* A gateway that nobody vouched for says nothing about who is to be trusted (RFC 9464, section
     * 7). */
    if (!offer->anonymous_gateway)
        take_encrypted(plan, offer);
    for (guint i = 0; i < offer->servers->len; i++) {
        const InetAddress *address = &g_array_index(offer->servers, InetAddress, i);
        if (plan->encrypted)
            refuse_unencrypted(plan, address);
        else
            take_server(plan, offer, address, 0, NULL);
    }
}
