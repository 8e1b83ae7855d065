#include "plan/split-dns.h"

#include "base/error.h"
#include "base/names.h"

#include <libpsl.h>
#include <string.h>

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
    for (guint i = 0; i < plan->domains->len; i++) {
        SplitDnsDomain *domain = plan->domains->pdata[i];
        if (strcmp(domain->name, name) == 0)
            return domain;
    }
    return NULL;
}

static SplitDnsDomain *
add_domain(SplitDnsPlan *plan, const char *name)
{
    SplitDnsDomain *domain = find_domain(plan, name);
    if (domain != NULL || plan->domains->len == SPLIT_DNS_MAX_DOMAINS)
        return domain;
    domain = g_new0(SplitDnsDomain, 1);
    domain->name = g_strdup(name);
    g_ptr_array_add(plan->domains, domain);
    return domain;
}

static void
refuse_domain(SplitDnsPlan *plan, const char *name, const char *code, const char *why,
              const char *where)
{
    refusals_add(plan->refused, "domain", g_strdup(*name == '\0' ? "." : name), code, "%s%s%s", why,
                 where != NULL ? " " : "", where != NULL ? where : "");
}

/* RFC 8598, sections 4.1 and 8: the client decides which domains it lets a gateway have. */
static bool
domain_is_accepted(SplitDnsPlan *plan, const SplitDnsOffer *offer, const char *name)
{
    if (*name == '\0') {
        refuse_domain(plan, name, "root", "the root is nobody's inside domain", NULL);
        return false;
    }
    if (offer->domains[0] != NULL && !is_below_any(offer->domains, name)) {
        refuse_domain(plan, name, "not-listed", "not in domains", offer->where);
        return false;
    }
    if (is_public(name) && !is_listed(offer->domains, name)) {
        refuse_domain(plan, name, "public-suffix",
                      "a public suffix; to accept it, name it in domains", offer->where);
        return false;
    }
    if (is_listed(offer->held, name)) {
        refuse_domain(plan, name, "held", "another tunnel of somebody else has it", NULL);
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
}

/* RFC 8598, section 6: only for names on a list that the administrator made, never for the root. */
static void
take_anchor(SplitDnsPlan *plan, const SplitDnsOffer *offer, const char *domain,
            const SplitDnsAttribute *attribute)
{
    g_autoptr(GError) error = NULL;
    if (domain == NULL) {
        refuse_anchor(plan, "", "no-domain", "it does not follow the domain that it is for", NULL);
        return;
    }
    if (*domain == '\0') {
        refuse_anchor(plan, domain, "root", "the root's key is not the gateway's to give", NULL);
        return;
    }
    if (is_public(domain) && !is_listed(offer->trust_anchor_domains, domain)) {
        refuse_anchor(plan, domain, "public-suffix",
                      "a public suffix; to accept its key, name it in trust-anchor-domains",
                      offer->where);
        return;
    }
    if (!is_below_any(offer->trust_anchor_domains, domain)) {
        refuse_anchor(plan, domain, "not-listed", "not in trust-anchor-domains", offer->where);
        return;
    }
    SplitDnsDomain *accepted = find_domain(plan, domain);
    if (accepted == NULL) {
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
    accepted->validated = true;
    accepted->key_tag = anchor->key_tag;
    g_ptr_array_add(plan->anchors, g_steal_pointer(&anchor));
}

static void
take_attributes(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    /* An anchor belongs to the domain right before it (RFC 8598, section 3.2). */
    g_autofree char *domain = NULL;
    for (size_t i = 0; i < offer->n_attributes; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        if (attribute->type == ATTRIBUTE_INTERNAL_DNSSEC_TA && attribute->length > 0)
            take_anchor(plan, offer, domain, attribute);
        if (attribute->type != ATTRIBUTE_INTERNAL_DNS_DOMAIN)
            continue;
        g_autoptr(GError) error = NULL;
        g_free(domain);
        domain = dns_name_normalise(attribute->data, attribute->length, &error);
        if (domain == NULL && attribute->length > 0)
            refusals_add(plan->refused, "domain",
                         error_quote(attribute->data, attribute->length, 80), "malformed", "%s",
                         error->message);
        if (domain != NULL && domain_is_accepted(plan, offer, domain))
            add_domain(plan, domain);
    }
}

static void
take_servers(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    for (guint i = 0; i < offer->servers->len; i++) {
        const InetAddress *server = &g_array_index(offer->servers, InetAddress, i);
        g_autofree char *text = inet_address_to_string(server);
        bool reached = false;
        for (guint k = 0; k < offer->remote->len; k++)
            reached =
                reached || inet_range_contains(&g_array_index(offer->remote, InetRange, k), server);
        if (!reached || !inet_address_is_unicast(server))
            refusals_add(plan->refused, "server", g_strdup(text), "not-inside",
                         "the tunnel does not reach %s", text);
        else if (plan->servers->len < SPLIT_DNS_MAX_SERVERS)
            g_array_append_val(plan->servers, *server);
    }
}

/* On a link that validates, a name without a key of its own would fail where the gateway's server
 * cannot prove it unsigned: it needs a negative anchor, and that needs the user's word. */
static void
settle_validation(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    plan->validate = plan->anchors->len > 0;
    for (guint i = plan->domains->len; i-- > 0;) {
        SplitDnsDomain *domain = plan->domains->pdata[i];
        for (guint k = 0; k < plan->anchors->len && !domain->validated; k++) {
            const TrustAnchor *anchor = plan->anchors->pdata[k];
            domain->validated = dns_name_is_at_or_below(domain->name, anchor->owner);
            domain->key_tag = anchor->key_tag;
        }
        if (domain->validated)
            continue;
        domain->key_tag = 0;
        domain->why = g_strdup("the gateway sent no key");
        if (!plan->validate)
            continue;
        if (is_below_any(offer->domains, domain->name) ||
            is_below_any(offer->add_domains, domain->name)) {
            g_ptr_array_add(plan->negative, g_strdup(domain->name));
            continue;
        }
        refuse_domain(plan, domain->name, "unvalidated",
                      "it came without a key beside a domain with one; to accept it unvalidated, "
                      "name it in domains",
                      offer->where);
        g_ptr_array_remove_index(plan->domains, i);
    }
}

static void
plan_split(SplitDnsPlan *plan, const SplitDnsOffer *offer)
{
    take_attributes(plan, offer);
    for (char *const *name = offer->add_domains; *name != NULL; name++)
        add_domain(plan, *name);
    for (char *const *name = offer->search_domains; *name != NULL; name++) {
        SplitDnsDomain *domain = add_domain(plan, *name);
        if (domain != NULL)
            domain->search = true;
    }
    if (!offer->dnssec)
        g_ptr_array_set_size(plan->anchors, 0);
    for (guint i = 0; i < plan->domains->len && !offer->dnssec; i++)
        ((SplitDnsDomain *)plan->domains->pdata[i])->validated = false;
    settle_validation(plan, offer);
    plan->all_names = offer->use_servers_for_all;
    if (plan->domains->len == 0 && !plan->all_names && plan->servers->len > 0) {
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
    plan->all_names = true;
    for (char *const *name = offer->search_domains; *name != NULL; name++)
        add_domain(plan, *name)->search = true;
    for (size_t i = 0; i < offer->n_attributes; i++) {
        const SplitDnsAttribute *attribute = &offer->attributes[i];
        if (attribute->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN && attribute->length > 0)
            refusals_add(plan->refused, "domain",
                         error_quote(attribute->data, attribute->length, 80), "full-tunnel",
                         "not needed: every name is asked inside");
        if (attribute->type == ATTRIBUTE_INTERNAL_DNSSEC_TA && attribute->length > 0)
            refusals_add(plan->refused, "anchor", g_strdup("?"), "full-tunnel",
                         "keys are taken for split tunnels only");
    }
}

SplitDnsPlan *
split_dns_plan_new(const SplitDnsOffer *offer)
{
    SplitDnsPlan *plan = g_new0(SplitDnsPlan, 1);
    plan->servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    plan->domains = g_ptr_array_new_with_free_func(domain_free);
    plan->anchors = g_ptr_array_new_with_free_func((GDestroyNotify)trust_anchor_free);
    plan->negative = g_ptr_array_new_with_free_func(g_free);
    plan->refused = refusals_new();
    take_servers(plan, offer);
    if (offer->full_tunnel)
        plan_full(plan, offer);
    else
        plan_split(plan, offer);
    if (plan->servers->len == 0) {
        plan->all_names = plan->validate = false;
        g_ptr_array_set_size(plan->domains, 0);
        g_ptr_array_set_size(plan->anchors, 0);
        g_ptr_array_set_size(plan->negative, 0);
    }
    return plan;
}

void
split_dns_plan_free(SplitDnsPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->servers);
    g_ptr_array_unref(plan->domains);
    g_ptr_array_unref(plan->anchors);
    g_ptr_array_unref(plan->negative);
    g_ptr_array_unref(plan->refused);
    g_free(plan->warning);
    g_free(plan);
}
