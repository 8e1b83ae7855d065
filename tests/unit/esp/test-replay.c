/* The anti-replay window as a table of numbers and expectations. */
#include "esp/replay.h"

#include <glib.h>
#include <string.h>

#define W REPLAY_WINDOW

typedef struct {
    uint64_t sequence;
    bool fresh;
} Step;

static void
play(const Step *steps, size_t n)
{
    ReplayWindow window;
    memset(&window, 0, sizeof window);
    for (size_t i = 0; i < n; i++) {
        g_test_message("step %zu: %" G_GUINT64_FORMAT, i, steps[i].sequence);
        g_assert_cmpint(replay_look(&window, steps[i].sequence), ==, steps[i].fresh);
        g_assert_cmpint(replay_mark(&window, steps[i].sequence), ==, steps[i].fresh);
    }
}

static void
test_table(void)
{
    static const Step steps[] = {
        { 0, false },
        { 1, true },
        { 1, false },
        { 9, true },
        { 8, true },
        { 7, true },
        { 7, false },
        { 8, false },
        { 9, false },
        { 10, true },
        { W, true },
        { W, false },
        { W - 1, true },
        { W + 1, true },
        { 2, true },
        { 1, false },
        { 2, false },
        { W + 2, true },
        { 2, false },
        { 3, true },
        { W + 64, true },
        { 64, false },
        { 65, true },
        { 65, false },
        { 3 * W, true },
        { 2 * W, false },
        { 2 * W + 1, true },
        { 2 * W + 1, false },
        { 3 * W - 1, true },
        { 100 * W, true },
        { 3 * W, false },
        { 99 * W + 1, true },
        { 99 * W, false },
        { UINT64_MAX, true },
        { UINT64_MAX, false },
        { UINT64_MAX - W, false },
        { UINT64_MAX - W + 1, true },
    };
    play(steps, G_N_ELEMENTS(steps));
}

/* Against a window that remembers everything. */
static void
test_against_a_set(void)
{
    ReplayWindow window;
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GRand) rand = g_rand_new_with_seed(4303);
    uint64_t highest = 0, at = 1;
    memset(&window, 0, sizeof window);
    for (unsigned i = 0; i < 400000; i++) {
        at += (uint64_t)g_rand_int_range(rand, 0, 4) == 0 ? (uint64_t)g_rand_int_range(rand, 1, 300)
                                                          : 1;
        gint32 back = g_rand_int_range(rand, 0, W + 500);
        uint64_t sequence = at > (uint64_t)back && i % 3 == 0 ? at - (uint64_t)back : at;
        bool too_old = highest >= W && sequence <= highest - W;
        bool known = g_hash_table_contains(seen, GSIZE_TO_POINTER(sequence));
        g_assert_cmpint(replay_mark(&window, sequence), ==, !too_old && !known);
        g_hash_table_add(seen, GSIZE_TO_POINTER(sequence));
        highest = MAX(highest, sequence);
    }
}

/* RFC 4303, appendix A2.2: the half that is not sent follows from where the window is. */
static void
test_infer(void)
{
    ReplayWindow window;
    const uint64_t wrap = G_GUINT64_CONSTANT(1) << 32;
    memset(&window, 0, sizeof window);
    g_assert_cmpuint(replay_infer(&window, 5, false), ==, 5);
    g_assert_cmpuint(replay_infer(&window, 5, true), ==, 5);
    window.highest = wrap - 10;
    g_assert_cmpuint(replay_infer(&window, (uint32_t)(wrap - 5), true), ==, wrap - 5);
    g_assert_cmpuint(replay_infer(&window, 3, true), ==, wrap + 3);
    g_assert_cmpuint(replay_infer(&window, (uint32_t)(wrap - 10 - W + 1), true), ==,
                     wrap - 10 - W + 1);
    window.highest = wrap + 10;
    g_assert_cmpuint(replay_infer(&window, (uint32_t)(wrap - 5), true), ==, wrap - 5);
    g_assert_cmpuint(replay_infer(&window, 11, true), ==, wrap + 11);
    window.highest = 7 * wrap + W + 100;
    g_assert_cmpuint(replay_infer(&window, 101, true), ==, 7 * wrap + 101);
    g_assert_cmpuint(replay_infer(&window, 100, true), ==, 8 * wrap + 100);
    g_assert_cmpuint(replay_infer(&window, W + 101, true), ==, 7 * wrap + W + 101);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp/replay/table", test_table);
    g_test_add_func("/esp/replay/against-a-set", test_against_a_set);
    g_test_add_func("/esp/replay/infers-the-high-half", test_infer);
    return g_test_run();
}
