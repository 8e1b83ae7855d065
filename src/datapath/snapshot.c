#include "datapath/snapshot.h"

#include <string.h>

Snapshot *
snapshot_copy(const Snapshot *from)
{
    Snapshot *to = g_new0(Snapshot, 1);
    if (from == NULL)
        return to;
    *to = *from;
    if (to->sending != NULL)
        transport_ref(to->sending);
    if (to->outbound != NULL)
        esp_outbound_ref(to->outbound);
    if (to->selectors != NULL)
        esp_selectors_ref(to->selectors);
    for (size_t i = 0; i < to->n_listening; i++)
        transport_ref(to->listening[i]);
    for (size_t i = 0; i < to->n_inbound; i++) {
        esp_inbound_ref(to->inbound[i]);
        esp_selectors_ref(to->inbound_selectors[i]);
    }
    return to;
}

void
snapshot_free(Snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    transport_unref(snapshot->sending);
    esp_outbound_unref(snapshot->outbound);
    esp_selectors_unref(snapshot->selectors);
    for (size_t i = 0; i < snapshot->n_listening; i++)
        transport_unref(snapshot->listening[i]);
    for (size_t i = 0; i < snapshot->n_inbound; i++) {
        esp_inbound_unref(snapshot->inbound[i]);
        esp_selectors_unref(snapshot->inbound_selectors[i]);
    }
    g_free(snapshot);
}

void
snapshot_unlisten(Snapshot *snapshot, const Transport *transport)
{
    for (size_t i = 0; i < snapshot->n_listening; i++) {
        if (snapshot->listening[i] != transport)
            continue;
        transport_unref(snapshot->listening[i]);
        snapshot->n_listening--;
        memmove(&snapshot->listening[i], &snapshot->listening[i + 1],
                (snapshot->n_listening - i) * sizeof snapshot->listening[0]);
        return;
    }
}

void
snapshot_listen(Snapshot *snapshot, Transport *transport)
{
    for (size_t i = 0; i < snapshot->n_listening; i++)
        if (snapshot->listening[i] == transport)
            return;
    if (snapshot->n_listening == DATAPATH_MAX_TRANSPORTS)
        snapshot_unlisten(snapshot, snapshot->listening[0]);
    snapshot->listening[snapshot->n_listening++] = transport_ref(transport);
}

static void
drop_inbound(Snapshot *snapshot, size_t i)
{
    esp_inbound_unref(snapshot->inbound[i]);
    esp_selectors_unref(snapshot->inbound_selectors[i]);
    snapshot->n_inbound--;
    size_t rest = snapshot->n_inbound - i;
    memmove(&snapshot->inbound[i], &snapshot->inbound[i + 1], rest * sizeof snapshot->inbound[0]);
    memmove(&snapshot->inbound_selectors[i], &snapshot->inbound_selectors[i + 1],
            rest * sizeof snapshot->inbound_selectors[0]);
}

void
snapshot_add_inbound(Snapshot *snapshot, EspInbound *inbound, EspSelectors *selectors)
{
    if (snapshot->n_inbound == DATAPATH_MAX_INBOUND)
        drop_inbound(snapshot, snapshot->n_inbound - 1);
    memmove(&snapshot->inbound[1], &snapshot->inbound[0],
            snapshot->n_inbound * sizeof snapshot->inbound[0]);
    memmove(&snapshot->inbound_selectors[1], &snapshot->inbound_selectors[0],
            snapshot->n_inbound * sizeof snapshot->inbound_selectors[0]);
    snapshot->inbound[0] = esp_inbound_ref(inbound);
    snapshot->inbound_selectors[0] = esp_selectors_ref(selectors);
    snapshot->n_inbound++;
}

void
snapshot_remove_inbound(Snapshot *snapshot, uint32_t spi)
{
    for (size_t i = 0; i < snapshot->n_inbound; i++) {
        if (esp_inbound_spi(snapshot->inbound[i]) != spi)
            continue;
        drop_inbound(snapshot, i);
        return;
    }
}
