#include "plan/split-dns-request.h"

#include "base/names.h"

#include <string.h>

static const SplitDnsAttribute *
attribute_at(const GArray *list, guint index)
{
    return &g_array_index(list, SplitDnsAttribute, index);
}

static void
add(GArray *list, uint16_t type, const void *data, size_t length)
{
    SplitDnsAttribute attribute = { .type = type, .data = data, .length = length };
    g_array_append_val(list, attribute);
}

static bool
names_domain(const GArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++) {
        const SplitDnsAttribute *one = attribute_at(list, i);
        if (one->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN && one->length == strlen(name) &&
            memcmp(one->data, name, one->length) == 0)
            return true;
    }
    return false;
}

static guint
count_told(const SplitDnsWishes *wishes)
{
    return wishes->told != NULL ? MIN(wishes->told->len, SPLIT_DNS_MAX_TOLD) : 0;
}

static bool
is_told_of(const SplitDnsWishes *wishes, const char *name)
{
    for (guint i = 0; i < count_told(wishes); i++)
        if (strcmp(((const TrustAnchor *)wishes->told->pdata[i])->owner, name) == 0)
            return true;
    return false;
}

/* Those without an anchor of ours. */
static void
add_domains(GArray *list, const SplitDnsWishes *wishes, char *const *names)
{
    for (; *names != NULL; names++)
        if (!is_told_of(wishes, *names) && !names_domain(list, *names))
            add(list, ATTRIBUTE_INTERNAL_DNS_DOMAIN, *names, strlen(*names));
}

static void
add_told(GArray *list, const SplitDnsWishes *wishes)
{
    for (guint i = 0; i < count_told(wishes); i++) {
        const char *owner = ((const TrustAnchor *)wishes->told->pdata[i])->owner;
        if (names_domain(list, owner))
            continue;
        add(list, ATTRIBUTE_INTERNAL_DNS_DOMAIN, owner, strlen(owner));
        for (guint k = i; k < count_told(wishes); k++) {
            const TrustAnchor *anchor = wishes->told->pdata[k];
            gsize length;
            const void *value = g_bytes_get_data(anchor->value, &length);
            if (strcmp(anchor->owner, owner) == 0)
                add(list, ATTRIBUTE_INTERNAL_DNSSEC_TA, value, length);
        }
    }
}

GArray *
split_dns_request_new(const SplitDnsWishes *wishes)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(SplitDnsAttribute));
    /* RFC 8598, section 3.1: an empty attribute asks for whatever there is. */
    if (wishes->domains[0] == NULL && wishes->add_domains[0] == NULL)
        add(list, ATTRIBUTE_INTERNAL_DNS_DOMAIN, NULL, 0);
    add_domains(list, wishes, wishes->domains);
    add_domains(list, wishes, wishes->add_domains);
    if (wishes->anchors && list->len > 0)
        add(list, ATTRIBUTE_INTERNAL_DNSSEC_TA, NULL, 0);
    add_told(list, wishes);
    return list;
}

/* ---- what was told holds on ---- */

static char *
domain_at(const GArray *list, guint index)
{
    const SplitDnsAttribute *one = attribute_at(list, index);
    return one->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN && one->length > 0
               ? dns_name_normalise(one->data, one->length, NULL)
               : NULL;
}

/* How many right after it are anchors with a value: those of the domain there. */
static guint
count_anchors(const GArray *list, guint index)
{
    guint n = 0;
    while (index + 1 + n < list->len &&
           attribute_at(list, index + 1 + n)->type == ATTRIBUTE_INTERNAL_DNSSEC_TA &&
           attribute_at(list, index + 1 + n)->length > 0)
        n++;
    return n;
}

/* Name, owned -> where in the list the domain with its anchors is. */
static GHashTable *
index_anchors(const GArray *list)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->len; i++) {
        g_autofree char *name = count_anchors(list, i) > 0 ? domain_at(list, i) : NULL;
        if (name != NULL)
            g_hash_table_insert(found, g_steal_pointer(&name), GUINT_TO_POINTER(i));
    }
    return found;
}

GArray *
split_dns_keep_told(const GArray *request, const GArray *reply)
{
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(SplitDnsAttribute));
    g_autoptr(GHashTable) told = index_anchors(request), sent = index_anchors(reply);
    for (guint i = 0; i < reply->len; i++) {
        g_autofree char *name = domain_at(reply, i);
        gpointer at;
        g_array_append_val(kept, *attribute_at(reply, i));
        if (name == NULL || g_hash_table_contains(sent, name) ||
            !g_hash_table_lookup_extended(told, name, NULL, &at))
            continue;
        g_array_append_vals(kept, attribute_at(request, GPOINTER_TO_UINT(at) + 1),
                            count_anchors(request, GPOINTER_TO_UINT(at)));
    }
    return kept;
}
