#include "virtual-link.h"

#include <string.h>

typedef struct {
    Instant at;
    LinkDirection direction;
    bool lane;
    GBytes *datagram;
} Packet;

static void
packet_free(gpointer data)
{
    Packet *packet = data;
    g_bytes_unref(packet->datagram);
    g_free(packet);
}

void
virtual_link_init(VirtualLink *link, Duration delay)
{
    memset(link, 0, sizeof *link);
    link->delay = delay;
    g_queue_init(&link->packets);
}

void
virtual_link_clear(VirtualLink *link)
{
    g_queue_clear_full(&link->packets, packet_free);
}

static gint
by_arrival(gconstpointer a, gconstpointer b, gpointer data)
{
    const Packet *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

static GBytes *
damage(const LinkFate *fate, GBytes *datagram)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    gsize kept = fate->truncate ? MIN(fate->length, length) : length;
    uint8_t *copy = g_malloc(kept + 1);
    memcpy(copy, octets, kept);
    if (fate->flip && fate->octet < kept)
        copy[fate->octet] ^= fate->mask;
    return g_bytes_new_take(copy, kept);
}

static void
enqueue(VirtualLink *link, LinkDirection direction, GBytes *datagram, Duration delay)
{
    Packet *packet = g_new0(Packet, 1);
    packet->at = instant_after(link->now, delay);
    packet->direction = direction;
    packet->lane = link->lane;
    packet->datagram = g_bytes_ref(datagram);
    g_queue_insert_sorted(&link->packets, packet, by_arrival, NULL);
}

void
virtual_link_send(VirtualLink *link, LinkDirection direction, GBytes *datagram)
{
    LinkFate fate = { 0 };
    unsigned number = link->sent[direction]++;
    if (link->script != NULL)
        fate = link->script(link->script_data, direction, number, datagram);
    if (fate.lost || link->blocked[direction])
        return;
    Duration again_after = fate.again_after > 0 ? fate.again_after : DURATION_MILLISECOND;
    g_autoptr(GBytes) arriving = damage(&fate, fate.instead != NULL ? fate.instead : datagram);
    enqueue(link, direction, arriving, link->delay + fate.extra_delay);
    if (fate.doubled)
        enqueue(link, direction, arriving, link->delay + fate.extra_delay + again_after);
}

Instant
virtual_link_next(const VirtualLink *link)
{
    const Packet *packet = g_queue_peek_head((GQueue *)&link->packets);
    return packet != NULL ? packet->at : INSTANT_NEVER;
}

GBytes *
virtual_link_receive(VirtualLink *link, LinkDirection *direction)
{
    if (virtual_link_next(link) > link->now)
        return NULL;
    Packet *packet = g_queue_pop_head(&link->packets);
    GBytes *datagram = g_bytes_ref(packet->datagram);
    *direction = packet->direction;
    link->lane = packet->lane;
    packet_free(packet);
    return datagram;
}

LinkFate
link_chance_script(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    LinkChance *chance = data;
    LinkFate fate = { 0 };
    fate.lost = g_rand_int_range(chance->rand, 0, 100) < (gint)chance->lost_percent;
    fate.doubled = g_rand_int_range(chance->rand, 0, 100) < (gint)chance->doubled_percent;
    if (g_rand_int_range(chance->rand, 0, 100) < (gint)chance->late_percent)
        fate.extra_delay = g_rand_int_range(chance->rand, 1, 200) * DURATION_MILLISECOND;
    gsize length = g_bytes_get_size(datagram);
    if (length > 0 && g_rand_int_range(chance->rand, 0, 100) < (gint)chance->corrupt_percent) {
        fate.flip = true;
        fate.octet = (size_t)g_rand_int_range(chance->rand, 0, (gint)length);
        fate.mask = (uint8_t)(1 << g_rand_int_range(chance->rand, 0, 8));
    }
    return fate;
}
