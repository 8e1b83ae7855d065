/*
 * What the threads of a data path work with: immutable, published whole, freed when both threads
 * have gone on to a later one.
 */
#pragma once
#include "datapath/datapath.h"

typedef struct {
    EspInbound *inbound;
    EspOutbound *outbound;
    EspSelectors *selectors;
    bool later;   /* the peer is not known to have it yet */
    bool retired; /* nothing is sent by it any more */
} SnapshotSa;

typedef struct {
    uint64_t generation;
    uint32_t mtu;
    Transport *sending; /* NULL: pinned */
    Transport *listening[DATAPATH_MAX_TRANSPORTS];
    size_t n_listening;
    SnapshotSa sas[DATAPATH_MAX_SAS]; /* newest first */
    size_t n_sas;
    uint32_t expected[DATAPATH_MAX_EXPECTED]; /* inbound SPIs, newest first; 0: none */
} Snapshot;

Snapshot *snapshot_copy(const Snapshot *from); /* NULL: an empty one */
void snapshot_free(Snapshot *snapshot);
void snapshot_listen(Snapshot *snapshot, Transport *transport);
void snapshot_unlisten(Snapshot *snapshot, const Transport *transport);
/* Referenced. The oldest goes where there is no room. */
void snapshot_add_sa(Snapshot *snapshot, const SnapshotSa *sa);
/* spi: inbound. It is expected until it is added. */
void snapshot_expect(Snapshot *snapshot, uint32_t spi);
bool snapshot_expects(const Snapshot *snapshot, uint32_t spi);
/* spi: inbound. */
void snapshot_remove_sa(Snapshot *snapshot, uint32_t spi);
void snapshot_retire_sa(Snapshot *snapshot, uint32_t spi);
bool snapshot_can_send(const Snapshot *snapshot);
/* The SA that an outbound packet goes by: the newest that the peer has and whose selectors allow
 * it, else the oldest of those that it is not known to have. NULL: none. */
const SnapshotSa *snapshot_choose(const Snapshot *snapshot, const InnerPacket *packet);
