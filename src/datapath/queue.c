#include "datapath/queue.h"

#include <glib.h>
#include <string.h>

#define AHEAD_ROOM (32 * 1024)
#define ALIGN      _Alignof(QueueItem)

static void
ring_init(QueueRing *ring, size_t room, size_t most)
{
    size_t memory = room + sizeof(QueueItem) + most + ALIGN;
    *ring = (QueueRing){ .memory = g_malloc(memory), .room = memory, .most = most };
}

static uint8_t *
ring_space(QueueRing *ring)
{
    size_t item_room = sizeof(QueueItem) + ring->most;
    if (ring->n == 0)
        ring->start = ring->end = ring->wrap = 0;
    bool wrapped = ring->wrap != 0;
    if (wrapped && ring->start - ring->end < item_room)
        return NULL;
    if (!wrapped && ring->room - ring->end < item_room) {
        if (ring->start < item_room)
            return NULL;
        ring->wrap = ring->end;
        ring->end = 0;
    }
    return ring->memory + ring->end + sizeof(QueueItem);
}

/* item->packet is at ring_space. */
static void
ring_push(QueueRing *ring, const QueueItem *item)
{
    memcpy(ring->memory + ring->end, item, sizeof *item);
    ring->end += (sizeof *item + item->length + ALIGN - 1) / ALIGN * ALIGN;
    ring->n++;
    ring->octets += item->length;
}

/* The oldest, which stays; false where there is none. */
static bool
ring_peek(QueueRing *ring, QueueItem *item)
{
    if (ring->n == 0)
        return false;
    if (ring->wrap != 0 && ring->start == ring->wrap)
        ring->start = ring->wrap = 0;
    memcpy(item, ring->memory + ring->start, sizeof *item);
    return true;
}

static void
ring_drop(QueueRing *ring, const QueueItem *item)
{
    ring->start += (sizeof *item + item->length + ALIGN - 1) / ALIGN * ALIGN;
    ring->n--;
    ring->octets -= item->length;
}

/* An item lies before its packet, and is written later. */
G_STATIC_ASSERT(sizeof(QueueItem) >= TUN_HEADROOM);

void
queue_init(Queue *queue)
{
    memset(queue, 0, sizeof *queue);
    ring_init(&queue->rest, QUEUE_ROOM, TUN_MAX_PACKET);
    ring_init(&queue->ahead, AHEAD_ROOM, QUEUE_QUANTUM);
}

void
queue_clear(Queue *queue)
{
    g_clear_pointer(&queue->rest.memory, g_free);
    g_clear_pointer(&queue->ahead.memory, g_free);
}

uint8_t *
queue_space(Queue *queue)
{
    return ring_space(&queue->rest);
}

/* Not what would overtake its own flow, nor where there is nobody to go before. */
static bool
goes_ahead(const Queue *queue, unsigned flow, size_t length)
{
    return queue->rest.n > 0 && queue->rest_items[flow] == 0 &&
           queue->ahead_octets[flow] + length <= QUEUE_QUANTUM;
}

void
queue_push(Queue *queue, const TunHeader *header, size_t length, uint32_t hash, Instant now)
{
    QueueItem item = { .came = now,
                       .header = *header,
                       .length = length,
                       .packet = queue_space(queue),
                       .flow = hash % QUEUE_FLOWS };
    uint8_t *ahead = goes_ahead(queue, item.flow, length) ? ring_space(&queue->ahead) : NULL;
    if (ahead == NULL) {
        ring_push(&queue->rest, &item);
        queue->rest_items[item.flow]++;
        return;
    }
    memcpy(ahead, item.packet, length);
    item.packet = ahead;
    item.ahead = true;
    ring_push(&queue->ahead, &item);
    queue->ahead_octets[item.flow] += (uint16_t)length;
}

/* RFC 8290, section 4.2. The turn of the others waits for what goes before them of the same flow.
 */
static bool
is_turn_of_rest(const Queue *queue, const QueueItem *next)
{
    return queue->turn >= QUEUE_TURN && queue->ahead_octets[next->flow] == 0;
}

bool
queue_pop(Queue *queue, QueueItem *item)
{
    QueueItem next;
    bool rest = ring_peek(&queue->rest, &next);
    if (queue->ahead.n > 0 && !(rest && is_turn_of_rest(queue, &next))) {
        ring_peek(&queue->ahead, item);
        ring_drop(&queue->ahead, item);
        queue->ahead_octets[item->flow] -= (uint16_t)item->length;
        queue->turn += item->length;
        return true;
    }
    if (!rest)
        return false;
    *item = next;
    ring_drop(&queue->rest, item);
    queue->rest_items[item->flow]--;
    queue->turn = 0;
    return true;
}

size_t
queue_length(const Queue *queue)
{
    return queue->ahead.n + queue->rest.n;
}

size_t
queue_standing(const Queue *queue)
{
    return queue->rest.octets;
}
