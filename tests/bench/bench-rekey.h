/*
 * The Child SA's keys change so many times a second: what an IKE engine has the data path do, begun
 * by the client, with messages that only say which keys, known to both ends (RFC 7296,
 * section 2.8).
 */
#pragma once
#include "datapath/datapath.h"

/* Of the keys with this number: SPIs and all else follow from it. */
typedef void (*BenchMakePair)(gconstpointer options, uint32_t number, EspInbound **inbound,
                              EspOutbound **outbound);

typedef struct {
    Datapath *datapath;
    Transport *transport;
    EspSelectors *selectors;
    BenchMakePair make_pair;
    gconstpointer options;
    bool client;
    uint32_t number, next; /* keys in use; those that follow, the same where nothing is under way */
    bool installed;        /* they are, and the old are about to go */
} BenchRekey;

/* Of the client: every so many milliseconds. One that has had no answer by then is asked again. */
void bench_rekey_begin(BenchRekey *rekey, guint interval_ms);
void bench_rekey_received(BenchRekey *rekey, GBytes *message);
