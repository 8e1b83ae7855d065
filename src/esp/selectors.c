#include "esp/selectors.h"

/*
 * Thousands of networks are looked up as few are: those with any protocol and port are joined into
 * ranges that do not overlap, found by halving; the others are sorted by where they begin, each
 * with how far it and all before it reach, so that a look back ends soon.
 */
typedef struct {
    EspSelector selector;
    InetAddress reach; /* the last address of this one and those before, in its family */
} Narrow;

typedef struct {
    GArray *wide;   /* InetRange, sorted, apart from each other */
    GArray *narrow; /* Narrow, sorted by first address */
} Side;

struct _EspSelectors {
    gatomicrefcount references;
    Side local, remote;
};

static bool
is_wide(const EspSelector *selector)
{
    return selector->protocol == 0 && selector->start_port == 0 && selector->end_port == 65535;
}

static gint
by_first(gconstpointer a, gconstpointer b)
{
    const EspSelector *one = a, *other = b;
    return inet_address_compare(&one->range.first, &other->range.first);
}

static void
add_wide(GArray *wide, const InetRange *range)
{
    InetRange *before = wide->len > 0 ? &g_array_index(wide, InetRange, wide->len - 1) : NULL;
    if (before == NULL || before->first.family != range->first.family ||
        inet_address_compare(&range->first, &before->last) > 0)
        g_array_append_val(wide, *range);
    else if (inet_address_compare(&range->last, &before->last) > 0)
        before->last = range->last;
}

static void
add_narrow(GArray *narrow, const EspSelector *selector)
{
    Narrow one = { *selector, selector->range.last };
    const Narrow *before = narrow->len > 0 ? &g_array_index(narrow, Narrow, narrow->len - 1) : NULL;
    if (before != NULL && before->reach.family == one.reach.family &&
        inet_address_compare(&before->reach, &one.reach) > 0)
        one.reach = before->reach;
    g_array_append_val(narrow, one);
}

static Side
side_new(const GArray *from)
{
    Side side = { g_array_new(FALSE, FALSE, sizeof(InetRange)),
                  g_array_new(FALSE, FALSE, sizeof(Narrow)) };
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_array_append_vals(sorted, from->data, from->len);
    g_array_sort(sorted, by_first);
    for (guint i = 0; i < sorted->len; i++) {
        const EspSelector *selector = &g_array_index(sorted, EspSelector, i);
        if (is_wide(selector))
            add_wide(side.wide, &selector->range);
        else
            add_narrow(side.narrow, selector);
    }
    return side;
}

static void
side_clear(Side *side)
{
    g_array_unref(side->wide);
    g_array_unref(side->narrow);
}

EspSelectors *
esp_selectors_new(const GArray *local, const GArray *remote)
{
    EspSelectors *selectors = g_new0(EspSelectors, 1);
    g_atomic_ref_count_init(&selectors->references);
    selectors->local = side_new(local);
    selectors->remote = side_new(remote);
    return selectors;
}

EspSelectors *
esp_selectors_ref(EspSelectors *selectors)
{
    g_atomic_ref_count_inc(&selectors->references);
    return selectors;
}

void
esp_selectors_unref(EspSelectors *selectors)
{
    if (selectors == NULL || !g_atomic_ref_count_dec(&selectors->references))
        return;
    side_clear(&selectors->local);
    side_clear(&selectors->remote);
    g_free(selectors);
}

static bool
wide_allows(const GArray *wide, const InetAddress *address)
{
    guint from = 0, to = wide->len;
    while (from < to) {
        guint middle = from + (to - from) / 2;
        const InetRange *range = &g_array_index(wide, InetRange, middle);
        if (inet_address_compare(address, &range->first) < 0)
            to = middle;
        else if (inet_address_compare(address, &range->last) > 0)
            from = middle + 1;
        else
            return true;
    }
    return false;
}

static bool
narrow_fits(const EspSelector *selector, const InetAddress *address, uint16_t port,
            const InnerPacket *packet)
{
    if (!inet_range_contains(&selector->range, address) ||
        (selector->protocol != 0 && selector->protocol != packet->protocol))
        return false;
    bool any_port = selector->start_port == 0 && selector->end_port == 65535;
    bool opaque = selector->start_port > selector->end_port;
    return any_port || (opaque && packet->fragment) ||
           (!packet->fragment && port >= selector->start_port && port <= selector->end_port);
}

/* How many of them begin no later than address. */
static guint
begin_before(const GArray *narrow, const InetAddress *address)
{
    guint from = 0, to = narrow->len;
    while (from < to) {
        guint middle = from + (to - from) / 2;
        const Narrow *one = &g_array_index(narrow, Narrow, middle);
        if (inet_address_compare(&one->selector.range.first, address) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool
narrow_allows(const GArray *narrow, const InetAddress *address, uint16_t port,
              const InnerPacket *packet)
{
    for (guint i = begin_before(narrow, address); i > 0; i--) {
        const Narrow *one = &g_array_index(narrow, Narrow, i - 1);
        if (inet_address_compare(&one->reach, address) < 0)
            return false;
        if (narrow_fits(&one->selector, address, port, packet))
            return true;
    }
    return false;
}

static bool
side_allows(const Side *side, const InetAddress *address, uint16_t port, const InnerPacket *packet)
{
    return wide_allows(side->wide, address) || narrow_allows(side->narrow, address, port, packet);
}

bool
esp_selectors_allow(const EspSelectors *selectors, const InnerPacket *packet, bool outbound)
{
    const Side *source = outbound ? &selectors->local : &selectors->remote;
    const Side *destination = outbound ? &selectors->remote : &selectors->local;
    return side_allows(source, &packet->source, packet->source_port, packet) &&
           side_allows(destination, &packet->destination, packet->destination_port, packet);
}
