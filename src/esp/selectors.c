#include "esp/selectors.h"

struct _EspSelectors {
    gatomicrefcount references;
    GArray *local, *remote;
};

static GArray *
copy_selectors(const GArray *from)
{
    GArray *to = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    return g_array_append_vals(to, from->data, from->len);
}

EspSelectors *
esp_selectors_new(const GArray *local, const GArray *remote)
{
    EspSelectors *selectors = g_new0(EspSelectors, 1);
    g_atomic_ref_count_init(&selectors->references);
    selectors->local = copy_selectors(local);
    selectors->remote = copy_selectors(remote);
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
    g_array_unref(selectors->local);
    g_array_unref(selectors->remote);
    g_free(selectors);
}

static bool
any_allows(const GArray *list, const InetAddress *address, uint16_t port, const InnerPacket *packet)
{
    for (guint i = 0; i < list->len; i++) {
        const EspSelector *selector = &g_array_index(list, EspSelector, i);
        if (!inet_range_contains(&selector->range, address))
            continue;
        if (selector->protocol != 0 && selector->protocol != packet->protocol)
            continue;
        bool any_port = selector->start_port == 0 && selector->end_port == 65535;
        bool opaque = selector->start_port > selector->end_port;
        if (any_port || (opaque && packet->fragment) ||
            (!packet->fragment && port >= selector->start_port && port <= selector->end_port))
            return true;
    }
    return false;
}

bool
esp_selectors_allow(const EspSelectors *selectors, const InnerPacket *packet, bool outbound)
{
    const GArray *source = outbound ? selectors->local : selectors->remote;
    const GArray *destination = outbound ? selectors->remote : selectors->local;
    return any_allows(source, &packet->source, packet->source_port, packet) &&
           any_allows(destination, &packet->destination, packet->destination_port, packet);
}
