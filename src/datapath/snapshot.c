#include "datapath/snapshot.h"

#include <string.h>

static void
sa_ref(const SnapshotSa *sa)
{
    esp_inbound_ref(sa->inbound);
    esp_outbound_ref(sa->outbound);
    esp_selectors_ref(sa->selectors);
}

static void
sa_unref(const SnapshotSa *sa)
{
    esp_inbound_unref(sa->inbound);
    esp_outbound_unref(sa->outbound);
    esp_selectors_unref(sa->selectors);
}

Snapshot *
snapshot_copy(const Snapshot *from)
{
    Snapshot *to = g_new0(Snapshot, 1);
    if (from == NULL)
        return to;
    *to = *from;
    if (to->sending != NULL)
        transport_ref(to->sending);
    for (size_t i = 0; i < to->n_listening; i++)
        transport_ref(to->listening[i]);
    for (size_t i = 0; i < to->n_sas; i++)
        sa_ref(&to->sas[i]);
    return to;
}

void
snapshot_free(Snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    transport_unref(snapshot->sending);
    for (size_t i = 0; i < snapshot->n_listening; i++)
        transport_unref(snapshot->listening[i]);
    for (size_t i = 0; i < snapshot->n_sas; i++)
        sa_unref(&snapshot->sas[i]);
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
drop_sa(Snapshot *snapshot, size_t i)
{
    sa_unref(&snapshot->sas[i]);
    snapshot->n_sas--;
    memmove(&snapshot->sas[i], &snapshot->sas[i + 1],
            (snapshot->n_sas - i) * sizeof snapshot->sas[0]);
}

static SnapshotSa *
find_sa(Snapshot *snapshot, uint32_t spi)
{
    for (size_t i = 0; i < snapshot->n_sas; i++)
        if (esp_inbound_spi(snapshot->sas[i].inbound) == spi)
            return &snapshot->sas[i];
    return NULL;
}

void
snapshot_expect(Snapshot *snapshot, uint32_t spi)
{
    memmove(&snapshot->expected[1], &snapshot->expected[0],
            sizeof snapshot->expected - sizeof snapshot->expected[0]);
    snapshot->expected[0] = spi;
}

bool
snapshot_expects(const Snapshot *snapshot, uint32_t spi)
{
    for (size_t i = 0; i < DATAPATH_MAX_EXPECTED; i++)
        if (spi != 0 && snapshot->expected[i] == spi)
            return true;
    return false;
}

static void
expect_no_more(Snapshot *snapshot, uint32_t spi)
{
    for (size_t i = 0; i < DATAPATH_MAX_EXPECTED; i++)
        if (snapshot->expected[i] == spi)
            snapshot->expected[i] = 0;
}

void
snapshot_add_sa(Snapshot *snapshot, const SnapshotSa *sa)
{
    if (snapshot->n_sas == DATAPATH_MAX_SAS)
        drop_sa(snapshot, snapshot->n_sas - 1);
    memmove(&snapshot->sas[1], &snapshot->sas[0], snapshot->n_sas * sizeof snapshot->sas[0]);
    snapshot->sas[0] = *sa;
    sa_ref(sa);
    snapshot->n_sas++;
    expect_no_more(snapshot, esp_inbound_spi(sa->inbound));
}

void
snapshot_remove_sa(Snapshot *snapshot, uint32_t spi)
{
    const SnapshotSa *sa = find_sa(snapshot, spi);
    if (sa != NULL)
        drop_sa(snapshot, (size_t)(sa - snapshot->sas));
}

void
snapshot_retire_sa(Snapshot *snapshot, uint32_t spi)
{
    SnapshotSa *sa = find_sa(snapshot, spi);
    if (sa != NULL)
        sa->retired = true;
}

bool
snapshot_can_send(const Snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_sas; i++)
        if (!snapshot->sas[i].retired)
            return snapshot->sending != NULL;
    return false;
}

const SnapshotSa *
snapshot_choose(const Snapshot *snapshot, const InnerPacket *packet)
{
    const SnapshotSa *later = NULL;
    for (size_t i = 0; i < snapshot->n_sas; i++) {
        const SnapshotSa *sa = &snapshot->sas[i];
        if (sa->retired || !esp_selectors_allow(sa->selectors, packet, true))
            continue;
        /* What came by it shows that the peer has it. */
        if (!sa->later || esp_inbound_packets(sa->inbound) > 0)
            return sa;
        later = sa;
    }
    return later;
}
