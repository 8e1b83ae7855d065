/* Puzzles: solved where that is bearable (RFC 8019, sections 7.1.3 and appendix A). */
#include "ike/puzzle.h"

#include "crypto/algorithms.h"

static GBytes *
solve(uint16_t prf, uint8_t bits, GBytes *octets)
{
    g_autoptr(Puzzle) puzzle = puzzle_new(prf, bits, octets);
    g_assert_nonnull(puzzle);
    PuzzleState state = PUZZLE_WORKING;
    while (state == PUZZLE_WORKING)
        state = puzzle_work(puzzle);
    g_assert_cmpint(state, ==, PUZZLE_SOLVED);
    return puzzle_solution(puzzle);
}

static void
test_solves(void)
{
    const uint16_t prfs[] = { PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512 };
    g_autoptr(GBytes) cookie = g_bytes_new_static("a cookie", 8);
    for (size_t i = 0; i < G_N_ELEMENTS(prfs); i++) {
        g_autoptr(GBytes) solution = solve(prfs[i], 8, cookie);
        g_assert_true(puzzle_is_solved_by(prfs[i], 8, cookie, solution));
        g_assert_false(puzzle_is_solved_by(prfs[i], 40, cookie, solution));
    }
    g_autoptr(GBytes) free_choice = solve(PRF_HMAC_SHA2_256, 0, cookie);
    g_assert_true(puzzle_is_solved_by(PRF_HMAC_SHA2_256, PUZZLE_FREE_BITS, cookie, free_choice));
}

/* One key four times is no solution. */
static void
test_different_keys(void)
{
    g_autoptr(GBytes) cookie = g_bytes_new_static("a cookie", 8);
    g_autoptr(GBytes) solution = solve(PRF_HMAC_SHA2_256, 6, cookie);
    uint8_t same[16];
    for (int i = 0; i < 16; i++)
        same[i] = ((const uint8_t *)g_bytes_get_data(solution, NULL))[i % 4];
    g_autoptr(GBytes) repeated = g_bytes_new(same, sizeof same);
    g_assert_false(puzzle_is_solved_by(PRF_HMAC_SHA2_256, 6, cookie, repeated));
}

static void
test_bounds(void)
{
    g_autoptr(GBytes) cookie = g_bytes_new_static("a cookie", 8);
    g_assert_null(puzzle_new(PRF_HMAC_SHA2_256, PUZZLE_MAX_BITS + 1, cookie));
    g_assert_null(puzzle_new(PRF_HMAC_SHA2_256, 255, cookie));
    g_assert_null(puzzle_new(4711, 4, cookie));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/puzzle/solves", test_solves);
    g_test_add_func("/ike/puzzle/different-keys", test_different_keys);
    g_test_add_func("/ike/puzzle/bounds", test_bounds);
    return g_test_run();
}
