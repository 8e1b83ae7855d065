/*
 * What the threads of a data path work with: immutable, published whole, freed when both threads
 * have gone on to a later one.
 */
#pragma once
#include "datapath/datapath.h"

typedef struct {
    uint64_t generation;
    uint32_t mtu;
    Transport *sending; /* NULL: pinned */
    Transport *listening[DATAPATH_MAX_TRANSPORTS];
    size_t n_listening;
    EspOutbound *outbound;
    EspSelectors *selectors;
    EspInbound *inbound[DATAPATH_MAX_INBOUND]; /* newest first */
    EspSelectors *inbound_selectors[DATAPATH_MAX_INBOUND];
    size_t n_inbound;
} Snapshot;

Snapshot *snapshot_copy(const Snapshot *from); /* NULL: an empty one */
void snapshot_free(Snapshot *snapshot);
void snapshot_listen(Snapshot *snapshot, Transport *transport);
void snapshot_unlisten(Snapshot *snapshot, const Transport *transport);
void snapshot_add_inbound(Snapshot *snapshot, EspInbound *inbound, EspSelectors *selectors);
void snapshot_remove_inbound(Snapshot *snapshot, uint32_t spi);
