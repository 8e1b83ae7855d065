/* Packets that wait: in order, whole, and never more than there is room for. */
#include "datapath/queue.h"

#include <glib.h>
#include <string.h>

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Queue, queue_clear)

static bool
push(Queue *queue, uint32_t number, size_t length)
{
    TunHeader header = { .size = (uint16_t)number };
    uint8_t *space = queue_space(queue);
    if (space == NULL)
        return false;
    memset(space, (int)(number & 0xff), length);
    memcpy(space, &number, sizeof number);
    queue_push(queue, &header, length, number);
    return true;
}

static void
pop(Queue *queue, uint32_t number, size_t length)
{
    QueueItem item;
    g_assert_true(queue_pop(queue, &item));
    g_assert_cmpmem(item.packet, sizeof number, &number, sizeof number);
    g_assert_cmpuint(item.length, ==, length);
    g_assert_cmpint(item.came, ==, number);
    g_assert_cmpuint(item.header.size, ==, (uint16_t)number);
    g_assert_cmpuint(item.packet[length - 1], ==, number & 0xff);
}

static size_t
length_of(uint32_t number)
{
    return 20 + number * 7919 % 3000 + (number % 50 == 0 ? 60000 : 0);
}

static void
test_first_in_first_out(void)
{
    g_auto(Queue) queue;
    QueueItem item;
    queue_init(&queue);
    g_assert_false(queue_pop(&queue, &item));
    for (uint32_t i = 0; i < 20; i++)
        g_assert_true(push(&queue, i, 100));
    g_assert_cmpuint(queue.octets, ==, 2000);
    for (uint32_t i = 0; i < 20; i++)
        pop(&queue, i, 100);
    g_assert_cmpuint(queue.n, ==, 0);
    g_assert_false(queue_pop(&queue, &item));
}

/* What is full stays bounded, takes again when something has left, and goes round many times. */
static void
test_round_and_round(void)
{
    g_auto(Queue) queue;
    queue_init(&queue);
    uint32_t in = 0, out = 0;
    for (unsigned round = 0; round < 300; round++) {
        while (push(&queue, in, length_of(in)))
            in++;
        g_assert_cmpuint(queue.octets, <=, QUEUE_ROOM + TUN_MAX_PACKET);
        g_assert_cmpuint(queue.octets, >, QUEUE_ROOM / 4);
        for (unsigned i = 0; i < 1 + round % 60 && out < in; i++, out++)
            pop(&queue, out, length_of(out));
    }
    for (; out < in; out++)
        pop(&queue, out, length_of(out));
    g_assert_cmpuint(queue.n, ==, 0);
    g_assert_cmpuint(queue.octets, ==, 0);
}

/* One at a time it is always the same memory. */
static void
test_empty_starts_anew(void)
{
    g_auto(Queue) queue;
    queue_init(&queue);
    const uint8_t *first = queue_space(&queue);
    for (uint32_t i = 0; i < 1000; i++) {
        g_assert_true(queue_space(&queue) == first);
        g_assert_true(push(&queue, i, 60000));
        pop(&queue, i, 60000);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/queue/first-in-first-out", test_first_in_first_out);
    g_test_add_func("/datapath/queue/round-and-round", test_round_and_round);
    g_test_add_func("/datapath/queue/empty-starts-anew", test_empty_starts_anew);
    return g_test_run();
}
