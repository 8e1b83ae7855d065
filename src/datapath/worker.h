/* The two threads of a data path, and what they share. Only datapath includes this. */
#pragma once
#include "datapath/snapshot.h"
#include "base/instant.h"
#include "datapath/tun.h"

#include <poll.h>
#include <pthread.h>

typedef struct {
    Transport *transport;
    GBytes *message;
    bool probe; /* transport_send_probe */
} IkeToSend;

typedef struct {
    Datapath *datapath;
    GThread *thread;
    int wake;            /* eventfd */
    uint64_t generation; /* atomic: of the snapshot that the thread works with */
    guint resting;       /* atomic: it waits, and all that it had has left */
} Worker;

struct _Datapath {
    int tun;
    unsigned offloads;   /* TUN_OFFLOAD_* */
    Duration drain_most; /* what is sent waits for the stream that was left for no longer */
    DatapathHandler handler;
    gpointer user_data;
    Snapshot *current;    /* atomic pointer, written by the main loop only */
    GQueue retired;       /* Snapshot, oldest first */
    gint stopping;        /* atomic */
    gint watching;        /* atomic: the next packet that leaves is told */
    gint left;            /* atomic: it has left, and the main loop is yet to hear of it */
    int wake;             /* eventfd: there is something for the main loop */
    GSource *source;      /* of that */
    pthread_mutex_t lock; /* of the queues: rare, never for a packet of an SA that is in use */
    GQueue ike_queue;     /* IkeToSend */
    GQueue deliveries;    /* Delivery: for the main loop */
    GQueue early;         /* GBytes: ESP packets that came before their SA, oldest first */
    Worker sender, receiver;
    DatapathStatistics statistics; /* each counter is written by one thread, read by any */
    uint64_t authentic;
};

gpointer worker_send(gpointer worker);
gpointer worker_receive(gpointer worker);
void worker_wake(int eventfd);
/* After poll has said that it was woken. */
void worker_slept(int eventfd);
bool worker_stopping(const Worker *worker);
/* Takes the newest snapshot and says so: older ones may be freed once both threads have. */
const Snapshot *worker_snapshot(Worker *worker);
/* A packet of our own to the TUN. */
void worker_answer(Datapath *datapath, uint8_t *packet, size_t length);
/* Until the receiver is woken next. */
void worker_hold(Datapath *datapath, const uint8_t *packet, size_t length);

/* To the main loop. */
void datapath_deliver_ike(Datapath *datapath, Transport *transport, const uint8_t *message,
                          size_t length);
void datapath_deliver_sent(Datapath *datapath);
void datapath_deliver_failure(Datapath *datapath, Transport *transport, int error);

static inline void
count(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}
