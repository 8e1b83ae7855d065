#include "datapath/datapath.h"

#include "datapath/worker.h"

#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What waits for the main loop; a gateway has a window of one. */
#define MAX_DELIVERIES 64
#define MAX_IKE_QUEUE  256
#define DRAIN_MOST     (150 * DURATION_MILLISECOND) /* of a user's patience, in a move */

typedef struct {
    Transport *transport;
    GBytes *message; /* NULL: a failure */
    int error;
} Delivery;

static void
delivery_free(gpointer data)
{
    Delivery *delivery = data;
    transport_unref(delivery->transport);
    g_clear_pointer(&delivery->message, g_bytes_unref);
    g_free(delivery);
}

/* The oldest; NULL where there is none. */
static Delivery *
next_delivery(Datapath *datapath)
{
    pthread_mutex_lock(&datapath->lock);
    Delivery *delivery = g_queue_pop_head(&datapath->deliveries);
    pthread_mutex_unlock(&datapath->lock);
    return delivery;
}

static gboolean
deliver(int fd, GIOCondition condition, gpointer data)
{
    Datapath *datapath = data;
    Delivery *delivery;
    worker_slept(fd);
    if (g_atomic_int_compare_and_exchange(&datapath->left, 1, 0))
        datapath->handler.sent(datapath->user_data);
    while ((delivery = next_delivery(datapath)) != NULL) {
        if (delivery->message != NULL)
            datapath->handler.ike_received(delivery->message, delivery->transport,
                                           datapath->user_data);
        else
            datapath->handler.transport_failed(delivery->transport, delivery->error,
                                               datapath->user_data);
        delivery_free(delivery);
    }
    return G_SOURCE_CONTINUE;
}

/* message: taken. Not by GLib's own hand: it wakes the main loop while it holds the lock that the
 * main loop wants next. */
static void
hand_over(Datapath *datapath, Transport *transport, GBytes *message, int error)
{
    Delivery *delivery = g_new0(Delivery, 1);
    *delivery = (Delivery){ transport_ref(transport), message, error };
    pthread_mutex_lock(&datapath->lock);
    bool room = g_queue_get_length(&datapath->deliveries) < MAX_DELIVERIES;
    if (room)
        g_queue_push_tail(&datapath->deliveries, delivery);
    pthread_mutex_unlock(&datapath->lock);
    if (room)
        worker_wake(datapath->wake);
    else
        delivery_free(delivery);
}

void
datapath_deliver_ike(Datapath *datapath, Transport *transport, const uint8_t *message,
                     size_t length)
{
    hand_over(datapath, transport, g_bytes_new(message, length), 0);
}

void
datapath_deliver_failure(Datapath *datapath, Transport *transport, int error)
{
    hand_over(datapath, transport, NULL, error);
}

void
datapath_deliver_sent(Datapath *datapath)
{
    if (!g_atomic_int_compare_and_exchange(&datapath->watching, 1, 0))
        return;
    g_atomic_int_set(&datapath->left, 1);
    worker_wake(datapath->wake);
}

void
datapath_watch_sending(Datapath *datapath)
{
    if (datapath->handler.sent != NULL)
        g_atomic_int_set(&datapath->watching, 1);
}

static void
collect_retired(Datapath *datapath)
{
    uint64_t sender = __atomic_load_n(&datapath->sender.generation, __ATOMIC_ACQUIRE);
    uint64_t receiver = __atomic_load_n(&datapath->receiver.generation, __ATOMIC_ACQUIRE);
    Snapshot *oldest;
    while ((oldest = g_queue_peek_head(&datapath->retired)) != NULL &&
           oldest->generation < MIN(sender, receiver))
        snapshot_free(g_queue_pop_head(&datapath->retired));
}

static void
publish(Datapath *datapath, Snapshot *next)
{
    Snapshot *before = datapath->current;
    next->generation = before->generation + 1;
    __atomic_store_n(&datapath->current, next, __ATOMIC_RELEASE);
    g_queue_push_tail(&datapath->retired, before);
    worker_wake(datapath->sender.wake);
    worker_wake(datapath->receiver.wake);
    collect_retired(datapath);
}

Datapath *
datapath_new(int tun, unsigned offloads, const DatapathHandler *handler, gpointer user_data)
{
    Datapath *datapath = g_new0(Datapath, 1);
    datapath->tun = tun;
    datapath->offloads = offloads;
    datapath->drain_most = DRAIN_MOST;
    datapath->handler = *handler;
    datapath->user_data = user_data;
    datapath->current = snapshot_copy(NULL);
    datapath->current->generation = 1;
    g_queue_init(&datapath->retired);
    g_queue_init(&datapath->ike_queue);
    g_queue_init(&datapath->deliveries);
    g_queue_init(&datapath->early);
    pthread_mutex_init(&datapath->lock, NULL);
    datapath->wake = eventfd(0, EFD_CLOEXEC);
    datapath->source = g_unix_fd_source_new(datapath->wake, G_IO_IN);
    g_source_set_callback(datapath->source, G_SOURCE_FUNC(deliver), datapath, NULL);
    g_source_attach(datapath->source, g_main_context_get_thread_default());
    datapath->sender = (Worker){ .datapath = datapath, .wake = eventfd(0, EFD_CLOEXEC) };
    datapath->receiver = (Worker){ .datapath = datapath, .wake = eventfd(0, EFD_CLOEXEC) };
    datapath->sender.thread = g_thread_new("ginnel-send", worker_send, &datapath->sender);
    datapath->receiver.thread = g_thread_new("ginnel-receive", worker_receive, &datapath->receiver);
    return datapath;
}

static void
ike_to_send_free(gpointer data)
{
    IkeToSend *item = data;
    transport_unref(item->transport);
    g_bytes_unref(item->message);
    g_free(item);
}

void
datapath_free(Datapath *datapath)
{
    if (datapath == NULL)
        return;
    g_atomic_int_set(&datapath->stopping, 1);
    worker_wake(datapath->sender.wake);
    worker_wake(datapath->receiver.wake);
    g_thread_join(datapath->sender.thread);
    g_thread_join(datapath->receiver.thread);
    g_source_destroy(datapath->source);
    g_source_unref(datapath->source);
    g_queue_clear_full(&datapath->deliveries, delivery_free);
    g_queue_clear_full(&datapath->ike_queue, ike_to_send_free);
    g_queue_clear_full(&datapath->early, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&datapath->retired, (GDestroyNotify)snapshot_free);
    snapshot_free(datapath->current);
    close(datapath->wake);
    close(datapath->sender.wake);
    close(datapath->receiver.wake);
    close(datapath->tun);
    pthread_mutex_destroy(&datapath->lock);
    g_free(datapath);
}

void
datapath_set_transport(Datapath *datapath, Transport *transport)
{
    Snapshot *next = snapshot_copy(datapath->current);
    g_clear_pointer(&next->sending, transport_unref);
    if (transport != NULL) {
        next->sending = transport_ref(transport);
        snapshot_listen(next, transport);
    }
    publish(datapath, next);
}

void
datapath_remove_transport(Datapath *datapath, Transport *transport)
{
    Snapshot *next = snapshot_copy(datapath->current);
    if (next->sending == transport)
        g_clear_pointer(&next->sending, transport_unref);
    snapshot_unlisten(next, transport);
    publish(datapath, next);
}

void
datapath_install(Datapath *datapath, EspInbound *inbound, EspOutbound *outbound,
                 EspSelectors *selectors)
{
    Snapshot *next = snapshot_copy(datapath->current);
    snapshot_add_sa(next, &(SnapshotSa){ inbound, outbound, selectors, false, false });
    publish(datapath, next);
}

void
datapath_install_later(Datapath *datapath, EspInbound *inbound, EspOutbound *outbound,
                       EspSelectors *selectors)
{
    Snapshot *next = snapshot_copy(datapath->current);
    snapshot_add_sa(next, &(SnapshotSa){ inbound, outbound, selectors, true, false });
    publish(datapath, next);
}

void
datapath_expect(Datapath *datapath, uint32_t spi)
{
    Snapshot *next = snapshot_copy(datapath->current);
    snapshot_expect(next, spi);
    publish(datapath, next);
}

void
datapath_hold(Datapath *datapath, const uint8_t *packet, size_t length)
{
    worker_hold(datapath, packet, length);
    worker_wake(datapath->receiver.wake);
}

void
datapath_take_over(Datapath *datapath, Transport *transport, EspInbound *inbound,
                   EspOutbound *outbound, EspSelectors *selectors)
{
    Snapshot *next = snapshot_copy(datapath->current);
    for (size_t i = 0; i < next->n_sas; i++)
        next->sas[i].retired = true;
    snapshot_add_sa(next, &(SnapshotSa){ inbound, outbound, selectors, false, false });
    g_clear_pointer(&next->sending, transport_unref);
    next->sending = transport_ref(transport);
    snapshot_listen(next, transport);
    publish(datapath, next);
}

void
datapath_retire(Datapath *datapath, uint32_t spi)
{
    Snapshot *next = snapshot_copy(datapath->current);
    snapshot_retire_sa(next, spi);
    publish(datapath, next);
}

void
datapath_remove(Datapath *datapath, uint32_t spi)
{
    Snapshot *next = snapshot_copy(datapath->current);
    snapshot_remove_sa(next, spi);
    publish(datapath, next);
}

size_t
datapath_get_usage(Datapath *datapath, DatapathUsage *usage)
{
    const Snapshot *snapshot = datapath->current;
    for (size_t i = 0; i < snapshot->n_sas; i++) {
        const SnapshotSa *sa = &snapshot->sas[i];
        uint64_t packets_in = esp_inbound_packets(sa->inbound);
        uint64_t octets_in = esp_inbound_octets(sa->inbound);
        uint64_t packets_out = esp_outbound_packets(sa->outbound);
        uint64_t octets_out = esp_outbound_octets(sa->outbound);
        usage[i] = (DatapathUsage){ esp_inbound_spi(sa->inbound), MAX(packets_in, packets_out),
                                    MAX(octets_in, octets_out) };
    }
    return snapshot->n_sas;
}

void
datapath_pin(Datapath *datapath)
{
    Snapshot *next = snapshot_copy(NULL);
    next->mtu = datapath->current->mtu;
    publish(datapath, next);
}

void
datapath_set_mtu(Datapath *datapath, uint32_t mtu)
{
    Snapshot *next = snapshot_copy(datapath->current);
    next->mtu = mtu;
    publish(datapath, next);
}

static void
enqueue_ike(Datapath *datapath, Transport *transport, GBytes *message, bool probe)
{
    IkeToSend *item = g_new0(IkeToSend, 1);
    *item = (IkeToSend){ transport_ref(transport), message, probe };
    pthread_mutex_lock(&datapath->lock);
    bool room = g_queue_get_length(&datapath->ike_queue) < MAX_IKE_QUEUE;
    if (room)
        g_queue_push_tail(&datapath->ike_queue, item);
    pthread_mutex_unlock(&datapath->lock);
    if (!room)
        ike_to_send_free(item);
    worker_wake(datapath->sender.wake);
}

/* Nothing that a message of ours could overtake is on its way to the socket: not what was sealed
 * for an SA that the message deletes. */
static bool
nothing_is_ahead(Datapath *datapath)
{
    pthread_mutex_lock(&datapath->lock);
    bool queued = !g_queue_is_empty(&datapath->ike_queue);
    pthread_mutex_unlock(&datapath->lock);
    /* Written to on both sides: who stops resting after this has seen what was published before. */
    return g_atomic_int_or(&datapath->sender.resting, 0) != 0 && !queued;
}

/* What is sent to the peer without waking a thread for it. error: an errno, or 0. */
static void
sent_directly(Datapath *datapath, Transport *transport, int error)
{
    if (error != 0)
        hand_over(datapath, transport, NULL, error);
}

void
datapath_send_ike(Datapath *datapath, Transport *transport, GBytes *message)
{
    if (!transport_is_stream(transport) && nothing_is_ahead(datapath)) {
        gsize length;
        const uint8_t *data = g_bytes_get_data(message, &length);
        sent_directly(datapath, transport, transport_send_ike(transport, data, length));
        return;
    }
    enqueue_ike(datapath, transport, g_bytes_ref(message), false);
}

void
datapath_send_probe(Datapath *datapath, Transport *transport, GBytes *message)
{
    enqueue_ike(datapath, transport, g_bytes_ref(message), true);
}

bool
datapath_send_keepalive(Datapath *datapath)
{
    Transport *sending = datapath->current->sending;
    if (sending == NULL || transport_is_stream(sending))
        return false;
    sent_directly(datapath, sending, transport_send_keepalive(sending));
    return true;
}

void
datapath_get_statistics(Datapath *datapath, DatapathStatistics *statistics)
{
    collect_retired(datapath); /* asked for now and then: what was let go need not wait for more */
    const uint64_t *from = (const uint64_t *)&datapath->statistics;
    uint64_t *to = (uint64_t *)statistics;
    G_STATIC_ASSERT(sizeof *statistics % sizeof *to == 0);
    for (size_t i = 0; i < sizeof *statistics / sizeof *to; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    for (size_t i = 0; i < datapath->current->n_listening; i++)
        statistics->drop_garbage += transport_garbage(datapath->current->listening[i]);
}

uint64_t
datapath_authentic(Datapath *datapath)
{
    return __atomic_load_n(&datapath->authentic, __ATOMIC_RELAXED);
}
