#include "datapath/worker.h"

#include <errno.h>
#include <unistd.h>

const Snapshot *
worker_snapshot(Worker *worker)
{
    const Snapshot *snapshot = __atomic_load_n(&worker->datapath->current, __ATOMIC_ACQUIRE);
    __atomic_store_n(&worker->generation, snapshot->generation, __ATOMIC_RELEASE);
    return snapshot;
}

void
worker_wake(int eventfd)
{
    uint64_t one = 1;
    while (write(eventfd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void
worker_slept(int eventfd)
{
    uint64_t count_of_wakes;
    while (read(eventfd, &count_of_wakes, sizeof count_of_wakes) < 0 && errno == EINTR)
        ;
}

bool
worker_stopping(const Worker *worker)
{
    return g_atomic_int_get(&worker->datapath->stopping) != 0;
}

void
worker_answer(Datapath *datapath, uint8_t *packet, size_t length)
{
    static const TunHeader plain = { .kind = TUN_WHOLE };
    struct iovec iov[2] = { { NULL, 0 }, { packet, length } };
    if (tun_write(datapath->tun, datapath->offloads, &plain, iov, 2) != 0)
        __atomic_fetch_add(&datapath->statistics.tun_errors, 1, __ATOMIC_RELAXED);
}

void
worker_hold(Datapath *datapath, const uint8_t *packet, size_t length)
{
    GBytes *oldest = NULL;
    pthread_mutex_lock(&datapath->lock);
    g_queue_push_tail(&datapath->early, g_bytes_new(packet, length));
    if (g_queue_get_length(&datapath->early) > DATAPATH_MAX_EARLY)
        oldest = g_queue_pop_head(&datapath->early);
    pthread_mutex_unlock(&datapath->lock);
    if (oldest == NULL)
        return;
    g_bytes_unref(oldest);
    __atomic_fetch_add(&datapath->statistics.drop_unknown_spi, 1, __ATOMIC_RELAXED);
}
