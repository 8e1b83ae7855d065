#include "datapath/queue.h"

#include <glib.h>
#include <string.h>

#define ITEM_ROOM (sizeof(QueueItem) + TUN_MAX_PACKET)
#define ALIGN     _Alignof(QueueItem)
#define MEMORY    (QUEUE_ROOM + ITEM_ROOM + ALIGN)

void
queue_init(Queue *queue)
{
    *queue = (Queue){ .memory = g_malloc(MEMORY) };
}

void
queue_clear(Queue *queue)
{
    g_clear_pointer(&queue->memory, g_free);
}

uint8_t *
queue_space(Queue *queue)
{
    if (queue->n == 0)
        queue->start = queue->end = queue->wrap = 0;
    bool wrapped = queue->wrap != 0;
    if (wrapped && queue->start - queue->end < ITEM_ROOM)
        return NULL;
    if (!wrapped && MEMORY - queue->end < ITEM_ROOM) {
        if (queue->start < ITEM_ROOM)
            return NULL;
        queue->wrap = queue->end;
        queue->end = 0;
    }
    return queue->memory + queue->end + sizeof(QueueItem);
}

void
queue_push(Queue *queue, const TunHeader *header, size_t length, Instant now)
{
    QueueItem item = { now, *header, length, queue->memory + queue->end + sizeof(QueueItem) };
    memcpy(queue->memory + queue->end, &item, sizeof item);
    queue->end += (sizeof item + length + ALIGN - 1) / ALIGN * ALIGN;
    queue->n++;
    queue->octets += length;
}

bool
queue_pop(Queue *queue, QueueItem *item)
{
    if (queue->n == 0)
        return false;
    if (queue->wrap != 0 && queue->start == queue->wrap)
        queue->start = queue->wrap = 0;
    memcpy(item, queue->memory + queue->start, sizeof *item);
    queue->start += (sizeof *item + item->length + ALIGN - 1) / ALIGN * ALIGN;
    queue->n--;
    queue->octets -= item->length;
    return true;
}
