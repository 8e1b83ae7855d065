/* Controlled delay: when the queue stands and when it does not (RFC 8289). */
#include "datapath/codel.h"

#include <glib.h>

#define MS   DURATION_MILLISECOND
#define MUCH 100000

/* A packet leaves each millisecond; how many of so many are to be dropped. */
static unsigned
drops_in(Codel *codel, Instant *now, unsigned packets, Duration waited)
{
    unsigned drops = 0;
    for (unsigned i = 0; i < packets; i++, *now += MS)
        drops += codel_leaves(codel, *now, waited, MUCH);
    return drops;
}

static void
test_short_delay(void)
{
    Codel codel = { 0 };
    Instant now = DURATION_SECOND;
    g_assert_cmpuint(drops_in(&codel, &now, 10000, 4 * MS), ==, 0);
}

/* Section 4.3: what stands for less than an interval is a burst. */
static void
test_burst(void)
{
    Codel codel = { 0 };
    Instant now = DURATION_SECOND;
    g_assert_cmpuint(drops_in(&codel, &now, 100, 50 * MS), ==, 0);
    g_assert_cmpuint(drops_in(&codel, &now, 1, 1 * MS), ==, 0);
    g_assert_cmpuint(drops_in(&codel, &now, 100, 50 * MS), ==, 0);
}

/* Section 5.4: the first after 100 ms, then after 100, 71, 58, 50 ... */
static void
test_standing_queue(void)
{
    static const unsigned at[] = { 100, 200, 271, 329, 379 };
    Codel codel = { 0 };
    unsigned next = 0;
    for (unsigned ms = 0; ms < 380; ms++) {
        if (!codel_leaves(&codel, DURATION_SECOND + ms * MS, 20 * MS, MUCH))
            continue;
        g_assert_cmpuint(next, <, G_N_ELEMENTS(at));
        g_assert_cmpuint(ms, >=, at[next]);
        g_assert_cmpuint(ms, <=, at[next] + 1);
        next++;
    }
    g_assert_cmpuint(next, ==, G_N_ELEMENTS(at));
}

static void
test_more_and_more(void)
{
    Codel codel = { 0 };
    Instant now = DURATION_SECOND;
    unsigned first = drops_in(&codel, &now, 1000, 50 * MS);
    unsigned second = drops_in(&codel, &now, 1000, 50 * MS);
    g_assert_cmpuint(second, >, first);
}

/* Section 5.5: soon again it goes on at the rate that was right; much later it begins anew. */
static void
test_remembers_its_rate(void)
{
    Codel codel = { 0 };
    Instant now = DURATION_SECOND;
    drops_in(&codel, &now, 3000, 50 * MS);
    g_assert_cmpuint(drops_in(&codel, &now, 50, 1 * MS), ==, 0);
    drops_in(&codel, &now, 101, 50 * MS);
    unsigned soon = drops_in(&codel, &now, 500, 50 * MS);
    Codel other = codel;
    g_assert_cmpuint(drops_in(&other, &now, 5000, 1 * MS), ==, 0);
    drops_in(&other, &now, 101, 50 * MS);
    unsigned later = drops_in(&other, &now, 500, 50 * MS);
    g_assert_cmpuint(soon, >, 2 * later);
}

/* Of one packet that waits for long nothing is gained by dropping it. */
static void
test_last_packet(void)
{
    Codel codel = { 0 };
    for (unsigned ms = 0; ms < 1000; ms++)
        g_assert_false(codel_leaves(&codel, DURATION_SECOND + ms * MS, 500 * MS, CODEL_ONE));
}

static void
test_empty_queue(void)
{
    Codel codel = { 0 };
    Instant now = DURATION_SECOND;
    g_assert_cmpuint(drops_in(&codel, &now, 500, 50 * MS), >, 0);
    codel_empty(&codel);
    g_assert_cmpuint(drops_in(&codel, &now, 100, 50 * MS), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/codel/short-delay", test_short_delay);
    g_test_add_func("/datapath/codel/burst", test_burst);
    g_test_add_func("/datapath/codel/standing-queue", test_standing_queue);
    g_test_add_func("/datapath/codel/more-and-more", test_more_and_more);
    g_test_add_func("/datapath/codel/remembers-its-rate", test_remembers_its_rate);
    g_test_add_func("/datapath/codel/last-packet", test_last_packet);
    g_test_add_func("/datapath/codel/empty-queue", test_empty_queue);
    return g_test_run();
}
