#include "plan/split-dns.h"

#include "base/error.h"
#include "base/names.h"
#include "plan/name-map.h"
#include "plan/split-dns-servers.h"

#include <idn2.h>
#include <libpsl.h>
#include <string.h>

#define NO_DOMAIN "(no domain)" /* for whom a key is that follows none */

static void
domain_free(gpointer data)
{
    SplitDnsDomain *domain = data;
    g_free(domain->name);
    g_free(domain->why);
    g_free(domain);
}

static bool
is_listed(char *const *list, const char *name)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool
is_below_any(char *const *list, const char *name)
{
    for (; *list != NULL; list++)
        if (dns_name_is_at_or_below(name, *list))
            return true;
    return false;
}

/* A name under which strangers register theirs: nobody's inside domain by mistake. */
static bool
is_public(const char *name)
{
    return dns_name_count_labels(name) <= 1 || psl_is_public_suffix(psl_builtin(), name);
}

static SplitDnsDomain *
find_domain(const SplitDnsPlan *plan, const char *name)
{
    return g_hash_table_lookup(plan->by_name, name);
}

static void
refuse_domain(SplitDnsPlan *plan, const char *name, const char *code, const char *why,
              const char *where)
{
    refusals_add(plan->refused, "domain", g_strdup(*name == '\0' ? "." : name), code, "%s%s%s", why,
                 where != NULL ? " " : "", where != NULL ? where : "");
}

/* NULL where it cannot be had: too many, or somebody else's tunnel holds it or a name above it. Two
 * entities must not both answer for one name (RFC 8598, section 8). */
static SplitDnsDomain *
add_domain(SplitDnsPlan *plan, const char *name)
{
    SplitDnsDomain *domain = find_domain(plan, name);
    if (domain != NULL)
        return domain;
    if (name_map_nearest(plan->held, name) != NULL) {
        refuse_domain(plan, name, "held", "another tunnel of somebody else has it", NULL);
        return NULL;
    }
    if (plan->domains->len >= plan->max_domains) {
        refuse_domain(plan, name, "too-many", "more than can be kept", NULL);
        plan->too_many++;
        return NULL;
    }
    domain = g_new0(SplitDnsDomain, 1);
    domain->name = g_strdup(name);
    g_ptr_array_add(plan->domains, domain);
    g_hash_table_insert(plan->by_name, domain->name, domain);
    return domain;
}

/* RFC 8598, section 3.1: internationalised names come as A-labels. What says it is one and is none
 * (RFC 5891, section 5.4) would be shown to people as something else than what is asked for. */
static bool
has_bad_a_label(const char *name)
{
    char *text = NULL;
    if (strncmp(name, "xn--", 4) != 0 && strstr(name, ".xn--") == NULL)
        return false;
    int status = idn2_to_unicode_8z8z(name, &text, IDN2_NONTRANSITIONAL);
    idn2_free(text);
    return status != IDN2_OK;
}

/* RFC 8598, sections 5 and 6: the client decides which domains it lets a gateway have. */
static bool
domain_is_accepted(SplitDnsPlan *plan, const SplitDnsOffer *offer, const char *name)
{
    if (*name == '\0') {
        refuse_domain(plan, name, "root", "the root is nobody's inside domain", NULL);
        return false;
    }
    if (has_bad_a_label(name)) {
        refuse_domain(plan, name, "malformed", "a label starts with xn-- and is no A-label", NULL);
        return false;
    }
    if (offer->domains[0] != NULL && !is_below_any(offer->domains, name)) {
        refuse_domain(plan, name, "not-listed", "not in domains", offer->where);
        return false;
    }
    /* RFC 6762, section 3: whoever is on the link is asked for those, where a link has mDNS. */
    if (dns_name_is_at_or_below(name, "local") && !is_below_any(offer->domains, name)) {
        refuse_domain(plan, name, "multicast",
                      "other links may ask for names in local by mDNS; to accept it all the same, "
                      "name it in domains",
                      offer->where);
        return false;
    }
    if (is_public(name) && !is_listed(offer->domains, name)) {
        refuse_domain(plan, name, "public-suffix",
                      "a public suffix; to accept it, name it in domains", offer->where);
        return false;
    }
    return true;
}

static void
refuse_anchor(SplitDnsPlan *plan, const char *name, const char *code, const char *why,
              const char *where)
{
    refusals_add(plan->refused, "anchor", g_strdup(*name == '\0' ? "." : name), code, "%s%s%s", why,
                 where != NULL ? " " : "", where != NULL ? where : "");
    SplitDnsDomain *domain = find_domain(plan, name);
    if (domain != NULL)
        domain->key_refused = true;
}

/* At or below an entry of the list. Entries that are the root or a public suffix do not count, nor
 * do they for what lies below them, unless the profile overrides that by name (RFC 8598, section
 * 6).
 */
static bool
is_white_listed(const SplitDnsOffer *offer, const char *name)
{
    for (char *const *entry = offer->trust_anchor_domains; *entry != NULL; entry++) {
        bool counts = **entry != '\0' &&
                      (!is_public(*entry) || (offer->public_anchor_domains != NULL &&
                                              is_listed(offer->public_anchor_domains, *entry)));
        if (counts && dns_name_is_at_or_below(name, *entry))
            return true;
    }
    return false;
}

/* RFC 8598, section 6: only for names on a list that the administrator made, never for the root,
 * and only where the domain itself was accepted. */
static void
take_anchor(SplitDnsPlan *plan, const SplitDnsOffer *offer, const char *domain,
            const SplitDnsAttribute *attribute)
{
    g_autoptr(GError) error = NULL;
    if (domain == NULL) {
        refusals_add(plan->refused, "anchor", g_strdup(NO_DOMAIN), "no-domain",
                     "it does not follow the domain that it is for");
        return;
    }
    if (*domain == '\0') {
        refuse_anchor(plan, domain, "root", "the root's key is not the gateway's to give", NULL);
        return;
    }
    if (!is_white_listed(offer, domain)) {
        if (is_public(domain))
            refuse_anchor(plan, domain, "public-suffix",
                          "a public suffix: its key is not the gateway's to give", NULL);
        else
            refuse_anchor(plan, domain, "not-listed", "not in trust-anchor-domains", offer->where);
        return;
    }
    if (!offer->dnssec) {
        refuse_anchor(plan, domain, "dnssec-off", "dnssec = off", offer->where);
        return;
    }
    if (find_domain(plan, domain) == NULL) {
        refuse_anchor(plan, domain, "domain-refused", "its domain was refused", NULL);
        return;
    }
    g_autoptr(TrustAnchor) anchor =
        plan->anchors->len == SPLIT_DNS_MAX_ANCHORS
            ? NULL
            : trust_anchor_parse(domain, attribute->data, attribute->length, &error);
    if (anchor == NULL) {
        refuse_anchor(plan, domain, error != NULL ? "malformed" : "too-many",
                      error != NULL ? error->message : "too many keys", NULL);
        return;
    }
    g_ptr_array_add(plan->anchors, g_steal_pointer(&anchor));
}

/* NULL for what is not a name; an empty attribute says nothing. */
static char *
take_domain(SplitDnsPlan *plan, const SplitDnsOffer *offer, const SplitDnsAttribute *attribute)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = dns_name_normalise(attribute->data, attribute->length, &error);
    if (name == NULL && attribute->length > 0)
        refusals_add(plan->refused, "domain", error_quote(attribute->data, attribute->length, 80),
                     "malformed", "%s", error->message);
    if (name != NULL && domain_is_accepted(plan, offer, name))
        add_domain(plan, name);
    return g_steal_pointer(&name);
}

static void
take_attributes(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    /* An anchor belongs to the domain right before it, with nothing but other anchors between
     * (RFC 8598, section 4.2). */
    g_autofree char *domain = NULL;
    for (size_t i = 0; i < offer->n_attributes; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        if (attribute->type == ATTRIBUTE_INTERNAL_DNSSEC_TA) {
            if (attribute->length > 0)
                take_anchor(plan, offer, domain, attribute);
            continue;
        }
        g_clear_pointer(&domain, g_free);
        if (attribute->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN)
            domain = take_domain(plan, offer, attribute);
    }
}

static void
set_unvalidated(SplitDnsDomain *domain, const char *why)
{
    domain->validated = false;
    domain->key_tag = 0;
    g_free(domain->why);
    domain->why = g_strdup(why);
}

/* By an anchor of its own, or by the nearest above it. owners: of anchors, the first of each. */
static void
find_anchor(SplitDnsDomain *domain, GHashTable *owners)
{
    const TrustAnchor *anchor = name_map_nearest(owners, domain->name);
    domain->validated = anchor != NULL;
    if (anchor != NULL)
        domain->key_tag = anchor->key_tag;
    else
        set_unvalidated(domain, domain->key_refused ? "the gateway sent a key that was refused"
                                                    : "the gateway sent no key");
}

static void
find_anchors(SplitDnsPlan *plan)
{
    g_autoptr(GHashTable) owners = name_map_new();
    for (guint i = plan->anchors->len; i-- > 0;) {
        TrustAnchor *anchor = plan->anchors->pdata[i];
        g_hash_table_insert(owners, anchor->owner, anchor);
    }
    for (guint i = 0; i < plan->domains->len; i++)
        find_anchor(plan->domains->pdata[i], owners);
}

/* On a link that validates, a name without a key of its own would fail where the gateway's server
 * cannot prove it unsigned: it needs a negative anchor, and that needs the user's word, because a
 * gateway could so strip a public name of its signatures (RFC 8598, section 8). */
static void
settle_unvalidated(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(domain_free);
    for (guint i = 0; i < plan->domains->len; i++) {
        SplitDnsDomain *domain = plan->domains->pdata[i];
        bool named = is_below_any(offer->domains, domain->name) ||
                     is_below_any(offer->add_domains, domain->name) ||
                     is_below_any(offer->search_domains, domain->name);
        if (!domain->validated && named)
            g_ptr_array_add(plan->negative, g_strdup(domain->name));
        /* Without any key the machine's own setting decides whether it resolves. */
        if (domain->validated || named || plan->anchors->len == 0) {
            g_ptr_array_add(kept, domain);
            continue;
        }
        refuse_domain(plan, domain->name, "unvalidated",
                      "it came without a key beside a domain with one; to accept it unvalidated, "
                      "name it in domains",
                      offer->where);
        g_hash_table_remove(plan->by_name, domain->name);
        domain_free(domain);
    }
    g_ptr_array_set_free_func(plan->domains, NULL);
    g_ptr_array_unref(plan->domains);
    plan->domains = g_steal_pointer(&kept);
}

/* A link's negative anchor wins over positive ones below it: what lies there is not validated, and
 * nobody shall believe that it is. */
static void
drop_overruled_anchors(SplitDnsPlan *plan)
{
    static const char why[] = "it lies below a domain that is accepted without a key";
    g_autoptr(GHashTable) negative = name_map_new();
    for (guint i = 0; i < plan->negative->len; i++)
        g_hash_table_add(negative, plan->negative->pdata[i]);
    for (guint i = plan->anchors->len; i-- > 0;) {
        const TrustAnchor *anchor = plan->anchors->pdata[i];
        if (name_map_nearest(negative, anchor->owner) == NULL)
            continue;
        refuse_anchor(plan, anchor->owner, "below-unvalidated", why, NULL);
        g_ptr_array_remove_index(plan->anchors, i);
    }
    for (guint i = 0; i < plan->domains->len; i++) {
        SplitDnsDomain *domain = plan->domains->pdata[i];
        if (domain->validated && name_map_nearest(negative, domain->name) != NULL)
            set_unvalidated(domain, why);
    }
}

static void
settle_validation(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    find_anchors(plan);
    plan->validation = offer->dnssec ? SPLIT_DNS_VALIDATE_AS_MACHINE : SPLIT_DNS_VALIDATE_NO;
    if (!offer->dnssec)
        return;
    settle_unvalidated(plan, offer);
    drop_overruled_anchors(plan);
    if (plan->anchors->len > 0)
        plan->validation = SPLIT_DNS_VALIDATE_YES;
}

static void
add_search_domains(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    for (char *const *name = offer->search_domains; *name != NULL; name++) {
        SplitDnsDomain *domain = add_domain(plan, *name);
        if (domain != NULL)
            domain->search = true;
    }
}

/* Domains without a server to ask (RFC 8598, section 3.2). */
static void
refuse_serverless(SplitDnsPlan *plan)
{
    for (guint i = 0; i < plan->domains->len; i++)
        refuse_domain(plan, ((SplitDnsDomain *)plan->domains->pdata[i])->name, "no-server",
                      "there is no DNS server to ask for it", NULL);
}

static void
plan_split(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    /* A gateway that nobody vouched for says nothing about names (RFC 8598, section 8). */
    if (!offer->anonymous_gateway)
        take_attributes(plan, offer);
    for (char *const *name = offer->add_domains; *name != NULL; name++)
        add_domain(plan, *name);
    add_search_domains(plan, offer);
    settle_validation(plan, offer);
    plan->all_names = offer->use_servers_for_all;
    if (plan->servers->len == 0) {
        refuse_serverless(plan);
    } else if (plan->domains->len == 0 && !plan->all_names) {
        plan->warning = g_strdup_printf(
            "The gateway names DNS servers but no domains; name those to be asked inside: "
            "set add-domains under [dns] %s.",
            offer->where);
        g_array_set_size(plan->servers, 0);
    }
}

/* RFC 8598, section 2: with everything in the tunnel there is nothing to split. */
static void
plan_full(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    g_autofree char *last = NULL;
    plan->all_names = true;
    plan->validation = offer->dnssec ? SPLIT_DNS_VALIDATE_AS_MACHINE : SPLIT_DNS_VALIDATE_NO;
    add_search_domains(plan, offer);
    for (size_t i = 0; i < offer->n_attributes; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        if (attribute->length == 0)
            continue;
        if (attribute->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN) {
            g_free(last);
            last = error_quote(attribute->data, attribute->length, 80);
            refusals_add(plan->refused, "domain", g_strdup(last), "full-tunnel",
                         "not needed: every name is asked inside");
        }
        if (attribute->type == ATTRIBUTE_INTERNAL_DNSSEC_TA)
            refusals_add(plan->refused, "anchor", g_strdup(last != NULL ? last : NO_DOMAIN),
                         "full-tunnel", "keys are taken for split tunnels only");
    }
}

SplitDnsPlan *
split_dns_plan_new(const SplitDnsOffer *offer)
{
    SplitDnsPlan *plan = g_new0(SplitDnsPlan, 1);
    plan->domains = g_ptr_array_new_with_free_func(domain_free);
    plan->max_domains = offer->max_domains != 0 ? offer->max_domains : SPLIT_DNS_MAX_DOMAINS;
    plan->by_name = name_map_new();
    plan->held = name_map_new();
    for (char *const *name = offer->held; *name != NULL; name++)
        g_hash_table_add(plan->held, *name);
    plan->anchors = g_ptr_array_new_with_free_func((GDestroyNotify)trust_anchor_free);
    plan->negative = g_ptr_array_new_with_free_func(g_free);
    plan->refused = refusals_new();
    plan->by_other = offer->by_other;
    split_dns_choose_servers(offer, plan);
    if (offer->full_tunnel)
        plan_full(plan, offer);
    else
        plan_split(plan, offer);
    g_clear_pointer(&plan->held, g_hash_table_unref); /* its keys are the offer's */
    if (plan->too_many > 0 && plan->warning == NULL)
        plan->warning = g_strdup_printf(
            "Names in %u of the gateway's domains are asked outside: no more than %u can be kept; "
            "choose some by domains under [dns] %s.",
            plan->too_many, plan->max_domains, offer->where);
    if (plan->servers->len == 0) {
        plan->all_names = plan->encrypted = false;
        plan->validation = SPLIT_DNS_VALIDATE_AS_MACHINE;
        g_hash_table_remove_all(plan->by_name);
        g_array_set_size(plan->digests, 0);
        g_ptr_array_set_size(plan->domains, 0);
        g_ptr_array_set_size(plan->anchors, 0);
        g_ptr_array_set_size(plan->negative, 0);
    }
    return plan;
}

void
split_dns_plan_use_stub(SplitDnsPlan *plan, const InetEndpoint *stub, bool validates)
{
    plan->stub = *stub;
    plan->stub_validates = validates;
}

void
split_dns_plan_free(SplitDnsPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->servers);
    g_array_unref(plan->digests);
    g_hash_table_unref(plan->by_name);
    g_ptr_array_unref(plan->domains);
    g_ptr_array_unref(plan->anchors);
    g_ptr_array_unref(plan->negative);
    g_ptr_array_unref(plan->refused);
    g_free(plan->warning);
    g_free(plan);
}
