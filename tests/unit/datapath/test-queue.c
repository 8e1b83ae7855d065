/* Packets that wait: in order within a flow, whole, and never more than there is room for. */
#include "datapath/queue.h"

#include <glib.h>
#include <string.h>

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Queue, queue_clear)

static bool
push_of(Queue *queue, uint32_t flow, uint32_t number, size_t length)
{
    TunHeader header = { .size = (uint16_t)number };
    uint8_t *space = queue_space(queue);
    if (space == NULL)
        return false;
    memset(space, (int)(number & 0xff), length);
    memcpy(space, &number, sizeof number);
    queue_push(queue, &header, length, flow, number);
    return true;
}

static bool
push(Queue *queue, uint32_t number, size_t length)
{
    return push_of(queue, 7, number, length);
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
    g_assert_cmpuint(queue_standing(&queue), ==, 2000);
    for (uint32_t i = 0; i < 20; i++)
        pop(&queue, i, 100);
    g_assert_cmpuint(queue_length(&queue), ==, 0);
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
        g_assert_cmpuint(queue_standing(&queue), <=, QUEUE_ROOM + TUN_MAX_PACKET);
        g_assert_cmpuint(queue_standing(&queue), >, QUEUE_ROOM / 4);
        for (unsigned i = 0; i < 1 + round % 60 && out < in; i++, out++)
            pop(&queue, out, length_of(out));
    }
    for (; out < in; out++)
        pop(&queue, out, length_of(out));
    g_assert_cmpuint(queue_length(&queue), ==, 0);
    g_assert_cmpuint(queue_standing(&queue), ==, 0);
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

/* One packet's worth of each flow goes before what has waited for longer; what is more, and what
 * would overtake its own flow, does not. */
static void
test_little_goes_ahead(void)
{
    g_auto(Queue) queue;
    queue_init(&queue);
    for (uint32_t i = 0; i < 3; i++)
        g_assert_true(push_of(&queue, 1, i, 1000));
    g_assert_true(push_of(&queue, 2, 3, 100));
    g_assert_true(push_of(&queue, 3, 4, QUEUE_QUANTUM));
    g_assert_true(push_of(&queue, 3, 5, 100));
    g_assert_true(push_of(&queue, 3, 6, 100));
    g_assert_true(push_of(&queue, 4, 7, QUEUE_QUANTUM + 1));
    g_assert_cmpuint(queue_length(&queue), ==, 8);
    pop(&queue, 3, 100);
    pop(&queue, 4, QUEUE_QUANTUM);
    g_assert_true(push_of(&queue, 3, 8, 100)); /* its flow waits among the others */
    for (uint32_t i = 0; i < 3; i++)
        pop(&queue, i, 1000);
    pop(&queue, 5, 100);
    pop(&queue, 6, 100);
    pop(&queue, 7, QUEUE_QUANTUM + 1);
    pop(&queue, 8, 100);
    g_assert_cmpuint(queue_length(&queue), ==, 0);
}

/* The turn of the others comes when they have nothing before them. */
static void
test_turn_keeps_order(void)
{
    g_auto(Queue) queue;
    QueueItem item;
    queue_init(&queue);
    g_assert_true(push_of(&queue, 1, 0, 1000));
    for (uint32_t flow = 2; flow < 12; flow++)
        g_assert_true(push_of(&queue, flow, flow, QUEUE_QUANTUM));
    g_assert_true(push_of(&queue, 20, 12, 100));
    g_assert_true(push_of(&queue, 20, 13, QUEUE_QUANTUM));
    for (unsigned i = 0; i < 11; i++)
        g_assert_true(queue_pop(&queue, &item));
    pop(&queue, 12, 100);
    pop(&queue, 13, QUEUE_QUANTUM);
}

/* However flows mix, each stays in its order, and all comes out. */
static void
test_flows_keep_their_order(void)
{
    enum { FLOWS = 40 };
    uint32_t in[FLOWS] = { 0 }, out[FLOWS] = { 0 };
    unsigned overtaken = 0;
    g_auto(Queue) queue;
    g_autoptr(GRand) random = g_rand_new_with_seed(8290);
    queue_init(&queue);
    for (unsigned i = 0; i < 200000; i++) {
        QueueItem item;
        uint32_t flow = (uint32_t)g_rand_int_range(random, 0, FLOWS);
        flow = flow % 4 == 0 ? 0 : flow; /* one that is larger than the others */
        size_t length = 20 + (size_t)g_rand_int_range(random, 0, flow == 0 ? 9000 : 700);
        if (g_rand_int_range(random, 0, 100) < (i % 2000 < 1000 ? 55 : 45) &&
            push_of(&queue, flow, in[flow], length)) {
            in[flow]++;
            continue;
        }
        if (!queue_pop(&queue, &item))
            continue;
        uint32_t number;
        memcpy(&number, item.packet, sizeof number);
        g_assert_cmpuint(number, ==, out[item.flow]);
        out[item.flow]++;
        overtaken += item.ahead;
    }
    for (QueueItem item; queue_pop(&queue, &item);)
        out[item.flow]++;
    g_assert_cmpmem(in, sizeof in, out, sizeof out);
    g_assert_cmpuint(overtaken, >, 1000);
}

/* New flows without end do not hold up the one that waits. */
static void
test_others_have_their_turn(void)
{
    g_auto(Queue) queue;
    QueueItem item;
    uint32_t flow = 1, left = 0;
    queue_init(&queue);
    for (uint32_t i = 0; i < 100; i++)
        g_assert_true(push_of(&queue, 0, i, 1400));
    for (unsigned before = 0; left < 100;) {
        while (queue.ahead.n < 10)
            g_assert_true(push_of(&queue, 1 + flow++ % (QUEUE_FLOWS - 1), 0, 100));
        g_assert_true(queue_pop(&queue, &item));
        before = item.flow == 0 ? 0 : before + 1;
        left += item.flow == 0;
        g_assert_cmpuint(before, <=, QUEUE_TURN / 100 + 1);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/queue/first-in-first-out", test_first_in_first_out);
    g_test_add_func("/datapath/queue/round-and-round", test_round_and_round);
    g_test_add_func("/datapath/queue/empty-starts-anew", test_empty_starts_anew);
    g_test_add_func("/datapath/queue/little-goes-ahead", test_little_goes_ahead);
    g_test_add_func("/datapath/queue/turn-keeps-order", test_turn_keeps_order);
    g_test_add_func("/datapath/queue/flows-keep-their-order", test_flows_keep_their_order);
    g_test_add_func("/datapath/queue/others-have-their-turn", test_others_have_their_turn);
    return g_test_run();
}
