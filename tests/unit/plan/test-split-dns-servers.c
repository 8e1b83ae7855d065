/* Which servers are asked. Attributes are written as words: "dot/1/NAME" is an encrypted resolver
 * at 10.99.0.2 of that priority by DNS over TLS, "h2/..." one by another protocol, "dot53/..." on
 * port 53, "out/..." outside of the tunnel, "need/..." with a mandatory parameter nobody knows,
 * "digest" one for all names, "digest/NAME", "sha1/NAME", "broken" nonsense. */
#include "plan/split-dns.h"

#include "plan/refusal.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *attributes;
    bool plain, off, anonymous, full;
    const char *servers, *refused;
    guint digests;
} Case;

static void
append_resolver(GByteArray *out, const char *kind, const char *priority, const char *name)
{
    static const guint8 inside[] = { 10, 99, 0, 2 }, outside[] = { 192, 0, 2, 7 };
    static const guint8 dot[] = { 0, 1, 0, 4, 3, 'd', 'o', 't' },
                        h2[] = { 0, 1, 0, 3, 2, 'h', '2' }, port[] = { 0, 3, 0, 2, 0, 53 },
                        need[] = { 0, 0, 0, 2, 0, 99 };
    guint8 head[4] = { 0, (guint8)atoi(priority), 1, (guint8)strlen(name) };
    g_byte_array_append(out, head, 4);
    g_byte_array_append(out, strcmp(kind, "out") == 0 ? outside : inside, 4);
    g_byte_array_append(out, (const guint8 *)name, head[3]);
    if (strcmp(kind, "need") == 0)
        g_byte_array_append(out, need, sizeof need);
    if (strcmp(kind, "h2") == 0)
        g_byte_array_append(out, h2, sizeof h2);
    else
        g_byte_array_append(out, dot, sizeof dot);
    if (strcmp(kind, "dot53") == 0)
        g_byte_array_append(out, port, sizeof port);
}

static void
append_digest(GByteArray *out, const char *name, guint8 hash)
{
    guint8 head[2] = { 1, (guint8)strlen(name) }, rest[34] = { 0, hash };
    g_byte_array_append(out, head, 2);
    g_byte_array_append(out, (const guint8 *)name, head[1]);
    g_byte_array_append(out, rest, hash == 1 ? 22 : 34);
}

static GByteArray *
value_of(const char *word, uint16_t *type)
{
    g_auto(GStrv) parts = g_strsplit(word, "/", -1);
    GByteArray *out = g_byte_array_new();
    *type = ATTRIBUTE_ENCDNS_IP4;
    if (strcmp(parts[0], "broken") == 0) {
        g_byte_array_append(out, (const guint8 *)"\0\1", 2);
    } else if (strcmp(parts[0], "digest") == 0 || strcmp(parts[0], "sha1") == 0) {
        *type = ATTRIBUTE_ENCDNS_DIGEST_INFO;
        append_digest(out, parts[1] != NULL ? parts[1] : "", *parts[0] == 's' ? 1 : 2);
    } else {
        append_resolver(out, parts[0], parts[1], parts[2]);
    }
    return out;
}

static char *
servers_of(const SplitDnsPlan *plan)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < plan->servers->len; i++) {
        const SplitDnsServer *server = &g_array_index(plan->servers, SplitDnsServer, i);
        g_autofree char *address = inet_address_to_string(&server->address);
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", address);
        g_assert_true((server->name != NULL) == plan->encrypted);
        if (server->name != NULL)
            g_string_append_printf(out, ":%u#%s", server->port, server->name);
    }
    return g_strdup(out->str);
}

static char *
refused_of(const SplitDnsPlan *plan)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < plan->refused->len; i++) {
        const Refusal *refusal = plan->refused->pdata[i];
        g_assert_cmpstr(refusal->kind, ==, "server");
        g_string_append_printf(out, "%s%s:%s", i > 0 ? " " : "", refusal->name, refusal->code);
    }
    return g_strdup(out->str);
}

static SplitDnsPlan *
plan_for(const Case *one)
{
    g_auto(GStrv) offered = g_strsplit(one->attributes, " ", -1);
    g_autoptr(GPtrArray) values =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    guint n = *one->attributes == '\0' ? 0 : g_strv_length(offered);
    g_autofree SplitDnsAttribute *attributes = g_new0(SplitDnsAttribute, n + 1);
    for (guint i = 0; i < n; i++) {
        GByteArray *value = value_of(offered[i], &attributes[i].type);
        g_ptr_array_add(values, value);
        attributes[i].data = value->data;
        attributes[i].length = value->len;
    }
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    InetAddress server;
    InetPrefix inside;
    g_assert_true(inet_address_parse("10.99.0.1", &server));
    g_assert_true(inet_prefix_parse("10.99.0.0/24", &inside, NULL));
    InetRange range = inet_prefix_to_range(&inside);
    g_array_append_val(remote, range);
    if (one->plain)
        g_array_append_val(servers, server);
    char *none[] = { NULL }, *add[] = { (char *)"corp.example", NULL };
    SplitDnsOffer offer = { .attributes = attributes,
                            .n_attributes = n,
                            .servers = servers,
                            .remote = remote,
                            .full_tunnel = one->full,
                            .domains = none,
                            .add_domains = one->full ? none : add,
                            .search_domains = none,
                            .trust_anchor_domains = none,
                            .anonymous_gateway = one->anonymous,
                            .no_encrypted = one->off,
                            .held = none,
                            .where = "of the test" };
    return split_dns_plan_new(&offer);
}

static const Case cases[] = {
    { "plain", "", .plain = true, .servers = "10.99.0.1", .refused = "" },
    { "encrypted-alone", "dot/1/a.example", .servers = "10.99.0.2:853#a.example", .refused = "" },
    { "encrypted-instead-of-plain", "dot/1/a.example", .plain = true,
      .servers = "10.99.0.2:853#a.example", .refused = "10.99.0.1:unencrypted" },
    { "in-a-full-tunnel", "dot/1/a.example", .full = true, .servers = "10.99.0.2:853#a.example",
      .refused = "" },
    { "by-priority", "dot/3/c.example dot/1/a.example dot/3/d.example",
      .servers = "10.99.0.2:853#a.example 10.99.0.2:853#c.example 10.99.0.2:853#d.example",
      .refused = "" },
    { "another-protocol", "h2/1/a.example", .plain = true, .servers = "10.99.0.1",
      .refused = "a.example:not-usable" },
    { "mandatory-parameter", "need/1/a.example", .plain = true, .servers = "10.99.0.1",
      .refused = "a.example:not-usable" },
    { "port-53", "dot53/1/a.example", .plain = true, .servers = "10.99.0.1",
      .refused = "a.example:not-usable" },
    { "outside", "out/1/a.example", .plain = true, .servers = "10.99.0.1",
      .refused = "192.0.2.7:not-inside" },
    { "digest-of-all", "dot/1/a.example digest", .plain = true,
      .servers = "10.99.0.2:853#a.example", .refused = "10.99.0.1:unencrypted", .digests = 1 },
    { "digest-that-nobody-should-trust", "dot/1/a.example sha1", .plain = true,
      .servers = "10.99.0.1", .refused = "a.example:digest" },
    { "one-that-can-be-compared-is-enough", "sha1/a.example dot/1/a.example digest/a.example",
      .servers = "10.99.0.2:853#a.example", .refused = "", .digests = 1 },
    { "digest-of-another", "sha1/a.example dot/1/a.example dot/2/b.example digest/b.example",
      .servers = "10.99.0.2:853#b.example", .refused = "a.example:digest", .digests = 1 },
    { "malformed", "broken", .plain = true, .servers = "10.99.0.1",
      .refused = "\\x00\\x01:malformed" },
    { "off", "dot/1/a.example", .plain = true, .off = true, .servers = "10.99.0.1",
      .refused = "a.example:off" },
    { "anonymous-gateway", "dot/1/a.example", .plain = true, .anonymous = true,
      .servers = "10.99.0.1", .refused = "" },
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    g_autoptr(SplitDnsPlan) plan = plan_for(one);
    g_autofree char *servers = servers_of(plan), *refused = refused_of(plan);
    g_assert_cmpstr(servers, ==, one->servers);
    g_assert_cmpstr(refused, ==, one->refused);
    g_assert_cmpuint(plan->digests->len, ==, one->digests);
}

static void
test_many(void)
{
    g_autoptr(GString) attributes = g_string_new("dot/1/a.example");
    for (int i = 0; i < 500; i++)
        g_string_append(attributes, " dot/2/b.example broken");
    g_autoptr(SplitDnsPlan) plan = plan_for(&(Case){ "", attributes->str });
    g_assert_cmpuint(plan->servers->len, ==, SPLIT_DNS_MAX_SERVERS);
    g_assert_cmpuint(plan->refused->len, <=, REFUSALS_MAX);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/plan/split-dns-servers/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/plan/split-dns-servers/many", test_many);
    return g_test_run();
}
