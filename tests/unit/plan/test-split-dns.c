/* Which names resolve inside: every rule of RFC 8598 that decides it, one a case. The gateway's
 * attributes are written as words: "corp.example" is a domain, "+" a good anchor, "+bad" a broken
 * one, "+tagN" one with that key tag, "other" an attribute of another type, "-" an empty domain. */
#include "plan/split-dns.h"

#include <string.h>

#define DIGEST "F78CF3344F72137235098ECBBD08947C2C9001C7F6A085A17F518B5D8F6B916D"

typedef struct {
    const char *attributes;
    const char *domains, *add, *search, *trust, *public_anchors, *held;
    bool full, all, dnssec_off, anonymous, no_servers;
} Given;

typedef struct {
    const char *name;
    Given given;
    /* "corp.example!31406" is validated with that key, "~." every name, "two.example?" searched. */
    const char *domains;
    const char *anchors, *negative;
    const char *refused; /* "anchor:NAME:CODE" */
    bool validate, warning;
} Case;

static GByteArray *
anchor_value(unsigned tag, const char *digest)
{
    GByteArray *out = g_byte_array_new();
    uint8_t head[4] = { (uint8_t)(tag >> 8), (uint8_t)tag, 8, 2 };
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, (const guint8 *)digest, (guint)strlen(digest));
    return out;
}

static GByteArray *
attribute_value(const char *word, uint16_t *type)
{
    unsigned tag = 31406;
    *type = ATTRIBUTE_INTERNAL_DNSSEC_TA;
    if (strcmp(word, "+bad") == 0)
        return anchor_value(tag, "F78C");
    if (*word == '+') {
        if (word[1] != '\0')
            tag = (unsigned)g_ascii_strtoull(word + strlen("+tag"), NULL, 10);
        return anchor_value(tag, DIGEST);
    }
    *type = strcmp(word, "other") == 0 ? 1 : ATTRIBUTE_INTERNAL_DNS_DOMAIN;
    GByteArray *out = g_byte_array_new();
    if (strcmp(word, "-") != 0)
        g_byte_array_append(out, (const guint8 *)word, (guint)strlen(word));
    return out;
}

static char **
words(const char *text)
{
    /* Not by g_strsplit: with a sanitizer in it, that measures the rest of a long text each time.
     */
    GPtrArray *out = g_ptr_array_new();
    const char *from = text;
    for (const char *c = text; text != NULL && *text != '\0'; c++) {
        if (*c != ' ' && *c != '\0')
            continue;
        g_ptr_array_add(out, g_strndup(from, (gsize)(c - from)));
        from = c + 1;
        if (*c == '\0')
            break;
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

static SplitDnsPlan *
plan_for(const Given *given)
{
    g_auto(GStrv) offered = words(given->attributes), domains = words(given->domains),
                  add = words(given->add), search = words(given->search),
                  trust = words(given->trust), held = words(given->held),
                  public_anchors = words(given->public_anchors);
    g_autoptr(GPtrArray) values =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    guint n = g_strv_length(offered);
    g_autofree SplitDnsAttribute *attributes = g_new0(SplitDnsAttribute, n + 1);
    for (guint i = 0; i < n; i++) {
        GByteArray *value = attribute_value(offered[i], &attributes[i].type);
        g_ptr_array_add(values, value);
        attributes[i].data = value->data;
        attributes[i].length = value->len;
    }
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    InetAddress server;
    InetRange everything = inet_range_any(INET_V4);
    g_assert_true(inet_address_parse("10.99.0.1", &server));
    if (!given->no_servers)
        g_array_append_val(servers, server);
    g_array_append_val(remote, everything);
    SplitDnsOffer offer = { .attributes = attributes,
                            .n_attributes = n,
                            .servers = servers,
                            .remote = remote,
                            .full_tunnel = given->full,
                            .domains = domains,
                            .add_domains = add,
                            .search_domains = search,
                            .trust_anchor_domains = trust,
                            .public_anchor_domains =
                                given->public_anchors != NULL ? public_anchors : NULL,
                            .anonymous_gateway = given->anonymous,
                            .use_servers_for_all = given->all,
                            .dnssec = !given->dnssec_off,
                            .held = held,
                            .where = "of the test" };
    return split_dns_plan_new(&offer);
}

static char *
join(GPtrArray *list)
{
    g_ptr_array_add(list, NULL);
    return g_strjoinv(" ", (char **)list->pdata);
}

/* A key that came and was refused is not called one that did not come. */
static void
check_why(const SplitDnsPlan *plan, const SplitDnsDomain *domain)
{
    bool key_refused = false;
    for (guint i = 0; i < plan->refused->len; i++) {
        const Refusal *refusal = plan->refused->pdata[i];
        key_refused = key_refused || (strcmp(refusal->kind, "anchor") == 0 &&
                                      strcmp(refusal->name, domain->name) == 0 &&
                                      strcmp(refusal->code, "below-unvalidated") != 0);
    }
    if (domain->why != NULL && strstr(domain->why, "the gateway sent") != NULL)
        g_assert_cmpint(strstr(domain->why, "refused") != NULL, ==, key_refused);
}

static char *
domains_of(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plan->domains->len; i++) {
        const SplitDnsDomain *domain = plan->domains->pdata[i];
        g_autofree char *tag =
            domain->validated ? g_strdup_printf("!%u", domain->key_tag) : g_strdup("");
        /* It is said why, and only then. */
        g_assert_true((domain->why == NULL) == (domain->validated || plan->all_names));
        check_why(plan, domain);
        g_ptr_array_add(list, g_strconcat(domain->name, domain->search ? "?" : "", tag, NULL));
    }
    if (plan->all_names)
        g_ptr_array_add(list, g_strdup("~."));
    return join(list);
}

static char *
refused_of(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plan->refused->len; i++) {
        const Refusal *refusal = plan->refused->pdata[i];
        g_assert_cmpuint(strlen(refusal->why), >, 0);
        g_ptr_array_add(list, g_strjoin(":", refusal->kind, refusal->name, refusal->code, NULL));
    }
    return join(list);
}

static char *
anchors_of(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < plan->anchors->len; i++) {
        const TrustAnchor *anchor = plan->anchors->pdata[i];
        g_ptr_array_add(list, g_strdup_printf("%s!%u", anchor->owner, anchor->key_tag));
    }
    return join(list);
}

static char *
negative_of(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (guint i = 0; i < plan->negative->len; i++)
        g_ptr_array_add(list, plan->negative->pdata[i]);
    return join(list);
}

static const Case cases[] = {
    { "domains-of-the-gateway", { "corp.example two.example" }, "corp.example two.example" },
    { "normal-form", { "CORP.Example. corp.example" }, "corp.example" },
    /* ---- RFC 8598, section 2: full tunnel ---- */
    { "full-tunnel-asks-everything-inside", { "", .full = true }, "~." },
    { "full-tunnel-ignores-domains-and-anchors",
      { "corp.example +", .full = true, .trust = "corp.example" },
      "~.",
      .refused = "domain:corp.example:full-tunnel anchor:corp.example:full-tunnel" },
    { "full-tunnel-searches", { "", .full = true, .search = "corp.example" }, "corp.example? ~." },
    /* ---- section 3.2: servers ---- */
    { "no-server",
      { "corp.example", .no_servers = true },
      "",
      .refused = "domain:corp.example:no-server" },
    { "servers-and-no-domain", { "" }, "", .warning = true },
    { "servers-and-an-empty-domain", { "-" }, "", .warning = true },
    { "add-domains", { "", .add = "corp.example" }, "corp.example", .negative = "corp.example" },
    { "use-servers-for-all", { "", .all = true }, "~." },
    { "search-domains",
      { "corp.example", .search = "corp.example two.example" },
      "corp.example? two.example?",
      .negative = "corp.example two.example" },
    /* ---- section 5: a limited set ---- */
    { "limited-by-profile",
      { "corp.example two.example www.corp.example", .domains = "corp.example" },
      "corp.example www.corp.example",
      .refused = "domain:two.example:not-listed",
      .negative = "corp.example www.corp.example" },
    { "not-by-a-suffix-of-a-label",
      { "evilcorp.example", .domains = "corp.example" },
      "",
      .refused = "domain:evilcorp.example:not-listed",
      .warning = true },
    { "never-the-root", { "." }, "", .refused = "domain:.:root", .warning = true },
    { "root-not-even-where-listed",
      { ".", .domains = "." },
      "",
      .refused = "domain:.:root",
      .warning = true },
    { "top-level-domain",
      { "example" },
      "",
      .refused = "domain:example:public-suffix",
      .warning = true },
    { "public-suffix", { "co.uk" }, "", .refused = "domain:co.uk:public-suffix", .warning = true },
    { "public-suffix-named-in-the-profile",
      { "internal", .domains = "internal" },
      "internal",
      .negative = "internal" },
    { "what-is-asked-by-multicast",
      { "corp.local two.example" },
      "two.example",
      .refused = "domain:corp.local:multicast" },
    { "what-is-asked-by-multicast-named-in-the-profile",
      { "corp.local", .domains = "corp.local" },
      "corp.local",
      .negative = "corp.local" },
    { "malformed",
      { "corp..example bad!name corp.example" },
      "corp.example",
      .refused = "domain:corp..example:malformed domain:bad!name:malformed" },
    { "escapes-and-wildcards-are-no-names",
      { "corp\\.evil.example *.example c\\046rp.example corp.example" },
      "corp.example",
      .refused = "domain:corp\\x5c.evil.example:malformed domain:*.example:malformed "
                 "domain:c\\x5c046rp.example:malformed" },
    { "doubled-in-any-case-counts-once",
      { "corp.example CORP.example cOrP.eXaMpLe. corp.example" },
      "corp.example" },
    { "two-final-dots",
      { "corp.example.. two.example" },
      "two.example",
      .refused = "domain:corp.example..:malformed" },
    /* ---- section 3.1: internationalised names ---- */
    { "a-labels", { "XN--bcher-kva.example" }, "xn--bcher-kva.example" },
    { "u-labels-are-not-for-the-wire",
      { "b\303\274cher.example two.example" },
      "two.example",
      .refused = "domain:b\\xc3\\xbccher.example:malformed" },
    { "no-a-label-at-all",
      { "xn--9999999999999.example two.example" },
      "two.example",
      .refused = "domain:xn--9999999999999.example:malformed" },
    { "public-suffix-as-a-labels",
      { "xn--55qx5d.cn two.example" },
      "two.example",
      .refused = "domain:xn--55qx5d.cn:public-suffix" },
    /* ---- section 8: two entities ---- */
    { "held-by-another",
      { "corp.example two.example", .held = "corp.example" },
      "two.example",
      .refused = "domain:corp.example:held" },
    { "below-what-another-holds",
      { "www.corp.example two.example", .held = "corp.example" },
      "two.example",
      .refused = "domain:www.corp.example:held" },
    { "held-goes-before-the-profile",
      { "two.example", .add = "corp.example", .held = "corp.example" },
      "two.example",
      .refused = "domain:corp.example:held" },
    { "anonymous-gateway",
      { "corp.example +", .trust = "corp.example", .anonymous = true },
      "",
      .warning = true },
    /* The longest name wins in the resolver: theirs stays theirs. */
    { "above-what-another-holds", { "corp.example", .held = "www.corp.example" }, "corp.example" },
    { "search-does-not-take-what-another-holds",
      { "two.example", .search = "corp.example", .held = "corp.example" },
      "two.example",
      .refused = "domain:corp.example:held" },
    /* ---- sections 4.2 and 6: anchors ---- */
    { "anchor",
      { "corp.example +", .trust = "corp.example" },
      "corp.example!31406",
      "corp.example!31406",
      .validate = true },
    { "anchor-below-a-listed-name",
      { "www.corp.example +", .trust = "corp.example" },
      "www.corp.example!31406",
      "www.corp.example!31406",
      .validate = true },
    { "anchor-above-a-listed-name",
      { "corp.example +", .trust = "www.corp.example" },
      "corp.example",
      .refused = "anchor:corp.example:not-listed" },
    { "empty-white-list",
      { "corp.example +" },
      "corp.example",
      .refused = "anchor:corp.example:not-listed" },
    { "anchor-before-its-domain",
      { "+ corp.example", .trust = "corp.example" },
      "corp.example",
      .refused = "anchor:(no domain):no-domain" },
    { "anchor-after-another-attribute",
      { "corp.example other +", .trust = "corp.example" },
      "corp.example",
      .refused = "anchor:(no domain):no-domain" },
    { "anchor-after-a-malformed-domain",
      { "corp.example bad!name +", .trust = "corp.example" },
      "corp.example",
      .refused = "domain:bad!name:malformed anchor:(no domain):no-domain" },
    { "two-anchors-of-one-domain",
      { "corp.example +tag1 +tag2", .trust = "corp.example" },
      "corp.example!1",
      "corp.example!1 corp.example!2",
      .validate = true },
    { "anchor-of-a-refused-domain",
      { "corp.example + two.example", .domains = "two.example", .trust = "corp.example" },
      "two.example",
      .refused = "domain:corp.example:not-listed anchor:corp.example:domain-refused",
      .negative = "two.example" },
    { "anchor-for-the-root",
      { ". + two.example", .trust = "." },
      "two.example",
      .refused = "domain:.:root anchor:.:root" },
    { "anchor-for-a-top-level-domain",
      { "example + two.example", .domains = "example", .trust = "corp.example" },
      "example two.example",
      .refused = "anchor:example:public-suffix",
      .negative = "example two.example" },
    /* A white list that holds the root, a top-level domain or a public suffix does not hold it. */
    { "white-list-with-the-root",
      { "corp.example +", .trust = "." },
      "corp.example",
      .refused = "anchor:corp.example:not-listed" },
    { "white-list-with-a-top-level-domain",
      { "example + corp.example +", .domains = "example", .trust = "example" },
      "example corp.example",
      .refused = "anchor:example:public-suffix anchor:corp.example:not-listed",
      .negative = "example corp.example" },
    { "white-list-with-a-public-suffix",
      { "corp.co.uk +", .trust = "co.uk" },
      "corp.co.uk",
      .refused = "anchor:corp.co.uk:not-listed" },
    { "public-suffix-by-override",
      { "internal + www.internal", .domains = "internal", .trust = "internal",
        .public_anchors = "internal" },
      "internal!31406 www.internal!31406",
      "internal!31406",
      .validate = true },
    { "malformed-anchor",
      { "corp.example +bad", .trust = "corp.example" },
      "corp.example",
      .refused = "anchor:corp.example:malformed" },
    { "dnssec-off",
      { "corp.example +", .trust = "corp.example", .dnssec_off = true },
      "corp.example",
      .refused = "anchor:corp.example:dnssec-off" },
    /* ---- section 8: a domain without a key beside one with a key ---- */
    { "unvalidated-beside-validated",
      { "corp.example + two.example", .trust = "corp.example" },
      "corp.example!31406",
      "corp.example!31406",
      .refused = "domain:two.example:unvalidated",
      .validate = true },
    { "unvalidated-that-the-profile-names",
      { "corp.example + two.example", .domains = "corp.example two.example",
        .trust = "corp.example" },
      "corp.example!31406 two.example",
      "corp.example!31406",
      "two.example",
      .validate = true },
    { "unvalidated-that-the-profile-adds",
      { "corp.example +", .add = "two.example", .trust = "corp.example" },
      "corp.example!31406 two.example",
      "corp.example!31406",
      "two.example",
      .validate = true },
    { "below-a-validated-one",
      { "corp.example + www.corp.example", .trust = "corp.example" },
      "corp.example!31406 www.corp.example!31406",
      "corp.example!31406",
      .validate = true },
    /* resolved lets the negative anchor above win: nothing would be validated. */
    { "below-an-unvalidated-one",
      { "corp.example www.corp.example +", .domains = "corp.example", .trust = "corp.example" },
      "corp.example www.corp.example",
      .refused = "anchor:www.corp.example:below-unvalidated",
      .negative = "corp.example" },
};

static SplitDnsValidation
validation_of(const Case *one, const SplitDnsPlan *plan)
{
    if (plan->servers->len == 0)
        return SPLIT_DNS_VALIDATE_AS_MACHINE;
    if (one->given.dnssec_off)
        return SPLIT_DNS_VALIDATE_NO;
    return one->validate ? SPLIT_DNS_VALIDATE_YES : SPLIT_DNS_VALIDATE_AS_MACHINE;
}

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    g_autoptr(SplitDnsPlan) plan = plan_for(&one->given);
    g_autofree char *domains = domains_of(plan), *refused = refused_of(plan),
                    *anchors = anchors_of(plan), *negative = negative_of(plan);
    g_assert_cmpstr(domains, ==, one->domains);
    g_assert_cmpstr(refused, ==, one->refused != NULL ? one->refused : "");
    g_assert_cmpstr(anchors, ==, one->anchors != NULL ? one->anchors : "");
    g_assert_cmpstr(negative, ==, one->negative != NULL ? one->negative : "");
    g_assert_cmpint(plan->validation, ==, validation_of(one, plan));
    g_assert_true((plan->warning != NULL) == one->warning);
    /* The link is set up where there is something to ask for, and only there. */
    g_assert_true((plan->servers->len > 0) == (*domains != '\0'));
}

static void
test_server_outside(void)
{
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    static const char *const texts[] = { "192.0.2.53", "127.0.0.1", "10.99.0.1" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        InetAddress server;
        g_assert_true(inet_address_parse(texts[i], &server));
        g_array_append_val(servers, server);
    }
    InetPrefix inside;
    g_assert_true(inet_prefix_parse("10.99.0.0/24", &inside, NULL));
    InetRange range = inet_prefix_to_range(&inside);
    g_array_append_val(remote, range);
    char *none[] = { NULL }, *add[] = { (char *)"corp.example", NULL };
    SplitDnsOffer offer = { .servers = servers,
                            .remote = remote,
                            .domains = none,
                            .add_domains = add,
                            .search_domains = none,
                            .trust_anchor_domains = none,
                            .dnssec = true,
                            .held = none,
                            .where = "of the test" };
    g_autoptr(SplitDnsPlan) plan = split_dns_plan_new(&offer);
    g_autofree char *refused = refused_of(plan);
    g_assert_cmpstr(refused, ==, "server:192.0.2.53:not-inside server:127.0.0.1:not-inside");
    g_assert_cmpuint(plan->servers->len, ==, 1);
}

/* A name with a NUL in it is delimited by its length: it is not the name before the NUL. */
static void
test_embedded_nul(void)
{
    static const uint8_t name[] = "corp.example\0.evil.example";
    SplitDnsAttribute attribute = { ATTRIBUTE_INTERNAL_DNS_DOMAIN, name, sizeof name - 1 };
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    char *none[] = { NULL };
    SplitDnsOffer offer = { .attributes = &attribute,
                            .n_attributes = 1,
                            .servers = servers,
                            .remote = remote,
                            .domains = none,
                            .add_domains = none,
                            .search_domains = none,
                            .trust_anchor_domains = none,
                            .dnssec = true,
                            .held = none,
                            .where = "of the test" };
    g_autoptr(SplitDnsPlan) plan = split_dns_plan_new(&offer);
    g_autofree char *refused = refused_of(plan);
    g_assert_cmpstr(refused, ==, "domain:corp.example\\x00.evil.example:malformed");
}

static void
test_many_domains(void)
{
    g_autoptr(GString) attributes = g_string_new("a0.example");
    for (int i = 1; i < 2 * SPLIT_DNS_MAX_DOMAINS; i++)
        g_string_append_printf(attributes, " a%d.example", i);
    g_autoptr(SplitDnsPlan) plan = plan_for(&(Given){ attributes->str });
    g_assert_cmpuint(plan->domains->len, ==, SPLIT_DNS_MAX_DOMAINS);
    g_assert_cmpuint(plan->refused->len, <=, REFUSALS_MAX);
    g_assert_cmpuint(plan->refused->len, >, 0);
}

/* 253 octets are a name, 254 are none; labels of 63 and 64 the same. */
static void
test_long_names(void)
{
    g_autoptr(GString) name = g_string_new(NULL);
    while (name->len < 240)
        g_string_append(name, "abcdefghi.");
    g_string_append(name, "abcde.example");
    g_assert_cmpuint(name->len, ==, 253);
    g_autofree char *long_label = g_strnfill(63, 'a'), *longer_label = g_strnfill(64, 'a');
    g_autofree char *offered = g_strdup_printf("%s. x%s %s.example %s.example", name->str,
                                               name->str, long_label, longer_label);
    g_autofree char *expected = g_strdup_printf("%s %s.example", name->str, long_label);
    g_autoptr(SplitDnsPlan) plan = plan_for(&(Given){ offered });
    g_autofree char *domains = domains_of(plan);
    g_assert_cmpstr(domains, ==, expected);
    g_assert_cmpuint(plan->refused->len, ==, 2);
}

/* What the resolver does not take for one link is refused, its anchors with it, and the user told.
 */
static void
test_resolver_takes_few(void)
{
    g_auto(GStrv) none = g_new0(char *, 1);
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    static const char *const names[] = { "a.example", "b.example", "c.example" };
    SplitDnsAttribute attributes[G_N_ELEMENTS(names)];
    InetAddress server;
    InetRange everything = inet_range_any(INET_V4);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        attributes[i] = (SplitDnsAttribute){ ATTRIBUTE_INTERNAL_DNS_DOMAIN,
                                             (const uint8_t *)names[i], strlen(names[i]) };
    g_assert_true(inet_address_parse("10.99.0.1", &server));
    g_array_append_val(servers, server);
    g_array_append_val(remote, everything);
    SplitDnsOffer offer = { .attributes = attributes,
                            .n_attributes = G_N_ELEMENTS(attributes),
                            .servers = servers,
                            .remote = remote,
                            .domains = none,
                            .add_domains = none,
                            .search_domains = none,
                            .trust_anchor_domains = none,
                            .held = none,
                            .max_domains = 2,
                            .where = "of the test" };
    g_autoptr(SplitDnsPlan) plan = split_dns_plan_new(&offer);
    g_autofree char *refused = refused_of(plan);
    g_assert_cmpuint(plan->domains->len, ==, 2);
    g_assert_cmpstr(refused, ==, "domain:c.example:too-many");
    g_assert_nonnull(strstr(plan->warning, "Names in 1 of"));
}

/* 1,000 domains and 200 anchors from one gateway, while 40 tunnels hold 1,000 each: each anchor
 * with its own domain. */
static void
test_many_of_everything(void)
{
    g_autoptr(GString) offered = g_string_new("corp.test.example");
    g_autoptr(GString) held = g_string_new("h.test.example");
    for (int i = 0; i < 1000; i++) {
        g_string_append_printf(offered, " a%d.corp.example", i);
        if (i < 200)
            g_string_append_printf(offered, " +tag%d", i + 1);
    }
    for (int i = 0; i < 40 * 1000; i++)
        g_string_append_printf(held, " d%d.t%d.other.example", i, i % 40);
    g_autoptr(SplitDnsPlan) plan =
        plan_for(&(Given){ offered->str, .held = held->str, .trust = "corp.example" });
    g_assert_cmpuint(plan->anchors->len, ==, 200);
    g_assert_cmpuint(plan->domains->len, ==, 200);
    for (guint i = 0; i < plan->domains->len; i++)
        g_assert_cmpuint(((SplitDnsDomain *)plan->domains->pdata[i])->key_tag, ==, i + 1);
    /* Named by the profile, the others are let in unvalidated. */
    g_autoptr(SplitDnsPlan) named =
        plan_for(&(Given){ offered->str, .held = held->str,
                           .domains = "corp.example corp.test.example", .trust = "corp.example" });
    g_assert_cmpuint(named->domains->len, ==, 1001);
    g_assert_cmpuint(named->anchors->len, ==, 200);
    g_assert_cmpuint(named->negative->len, ==, 801);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/plan/split-dns/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/plan/split-dns/server-outside", test_server_outside);
    g_test_add_func("/plan/split-dns/embedded-nul", test_embedded_nul);
    g_test_add_func("/plan/split-dns/many-domains", test_many_domains);
    g_test_add_func("/plan/split-dns/long-names", test_long_names);
    g_test_add_func("/plan/split-dns/resolver-takes-few", test_resolver_takes_few);
    g_test_add_func("/plan/split-dns/many-of-everything", test_many_of_everything);
    return g_test_run();
}
