/*
 * The data path: TUN queue on one side, transports on the other, ESP between. Two threads, one for
 * each direction, each taking a packet all the way; SAs and transports reach them as snapshots that
 * are published whole. IKE messages that arrive are handed to the main loop; IKE messages that
 * leave are written by the sending thread. With no SA or no transport it is "pinned": what comes
 * out of the TUN is answered with an error at once, so that inside names and connections fail fast
 * and nothing leaks.
 */
#pragma once
#include "base/offloads.h"
#include "esp/esp-sa.h"
#include "esp/selectors.h"
#include "transport/transport.h"

#include <gio/gio.h>

#define DATAPATH_MAX_SAS        40 /* at a time: several selectors, and rekeys overlap */
#define DATAPATH_MAX_TRANSPORTS 4  /* listened to at a time: moves overlap */
#define DATAPATH_MAX_PACKET     9216
#define DATAPATH_MAX_EXPECTED   8  /* SPIs; the oldest goes */
#define DATAPATH_MAX_EARLY      32 /* packets held for them; the oldest is dropped */

typedef struct _Datapath Datapath;

typedef struct {
    /* All in the main loop. */
    void (*ike_received)(GBytes *message, Transport *transport, gpointer user_data);
    /* error: an errno. A stream is over; over UDP it is a hint. */
    void (*transport_failed)(Transport *transport, int error, gpointer user_data);
    /* After datapath_watch_sending: a packet has left. */
    void (*sent)(gpointer user_data);
} DatapathHandler;

/* What a pair has carried: of its two directions the larger figure. */
typedef struct {
    uint32_t spi; /* inbound */
    uint64_t packets, octets;
} DatapathUsage;

typedef struct {
    uint64_t packets_in, octets_in, packets_out, octets_out; /* inner packets */
    uint64_t drop_forged, drop_replayed, drop_malformed, drop_unknown_spi, drop_selectors_in,
        drop_selectors_out, drop_too_big, drop_congested, drop_exhausted, drop_garbage;
    uint64_t rejected; /* answered while pinned */
    uint64_t tun_errors;
    uint64_t marked, drop_queue; /* by the queue before a stream */
} DatapathStatistics;

/* tun: taken, non-blocking; offloads: its TUN_OFFLOAD_*. Handlers run in the thread-default main
 * context of the caller. The threads start at once. */
Datapath *datapath_new(int tun, unsigned offloads, const DatapathHandler *handler,
                       gpointer user_data);
/* Stops the threads. No handler runs afterwards. */
void datapath_free(Datapath *datapath);

/* Sends by transport (NULL: pinned) and listens to it; others are listened to until they are
 * removed. Where a stream was sent by, packets wait until it holds nothing unsent or
 * unacknowledged, for a bounded time; IKE does not wait. */
void datapath_set_transport(Datapath *datapath, Transport *transport);
void datapath_remove_transport(Datapath *datapath, Transport *transport);
/* A pair is added; it is sent by before older ones, where its selectors allow. All are referenced.
 */
void datapath_install(Datapath *datapath, EspInbound *inbound, EspOutbound *outbound,
                      EspSelectors *selectors);
/* The same where the peer began the rekeying: it takes the new SA only when it has our answer, so
 * outbound comes into use when something came by inbound, or when older ones are retired (RFC 7296,
 * section 2.8). At once where there is none to send by until then. */
void datapath_install_later(Datapath *datapath, EspInbound *inbound, EspOutbound *outbound,
                            EspSelectors *selectors);
/* spi: inbound, of a pair that was offered. What comes by it before it is installed is held, and
 * goes on when it is. */
void datapath_expect(Datapath *datapath, uint32_t spi);
/* An ESP packet that was read before the data path had its transport: as if it came now. */
void datapath_hold(Datapath *datapath, const uint8_t *packet, size_t length);
/* From one packet to the next: sends by transport and the new pair; all pairs before are retired,
 * but they and their transports are still listened to. */
void datapath_take_over(Datapath *datapath, Transport *transport, EspInbound *inbound,
                        EspOutbound *outbound, EspSelectors *selectors);
/* spi: inbound. Nothing is sent by the pair any more; what comes by it is still taken. */
void datapath_retire(Datapath *datapath, uint32_t spi);
void datapath_remove(Datapath *datapath, uint32_t spi);
/* Forgets all SAs and transports. */
void datapath_pin(Datapath *datapath);
/* Largest inner packet, 0: any. Larger ones are answered with "too big" where their sender is to
 * make them smaller; TCP is told in its SYN, in both directions. */
void datapath_set_mtu(Datapath *datapath, uint32_t mtu);
/* By the transport that is sent by. */
void datapath_send_ike(Datapath *datapath, Transport *transport, GBytes *message);
/* As one packet that no router may cut into pieces. */
void datapath_send_probe(Datapath *datapath, Transport *transport, GBytes *message);
/* At once; nothing over a stream. True where one was sent. */
bool datapath_send_keepalive(Datapath *datapath);
void datapath_get_statistics(Datapath *datapath, DatapathStatistics *statistics);
/* usage: room for DATAPATH_MAX_SAS. How many there are. */
size_t datapath_get_usage(Datapath *datapath, DatapathUsage *usage);
/* The next packet that leaves is told, that one only. */
void datapath_watch_sending(Datapath *datapath);
/* Authentic ESP packets so far: a change is a sign of life. */
uint64_t datapath_authentic(Datapath *datapath);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Datapath, datapath_free)
