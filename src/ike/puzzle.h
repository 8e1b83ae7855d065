/*
 * A gateway's puzzle (RFC 8019, section 7): four different keys with which a PRF over its octets
 * ends in so many zero bits. Solved in slices, so that nobody waits for it, and with a bound on the
 * work: a gateway that asks for more gets none.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PUZZLE_MAX_BITS  18                  /* about a million tries, some seconds */
#define PUZZLE_FREE_BITS 10                  /* where the gateway leaves it to us */
#define PUZZLE_SLICE     1024                /* tries at a time, some milliseconds */
#define PUZZLE_MAX_WORK  (UINT32_C(1) << 23) /* tries in all: bad luck has an end too */

typedef struct _Puzzle Puzzle;
typedef enum { PUZZLE_WORKING, PUZZLE_SOLVED, PUZZLE_GIVEN_UP } PuzzleState;

/* bits 0: as many as we like. NULL: not one that we solve. */
Puzzle *puzzle_new(uint16_t prf, uint8_t bits, GBytes *octets);
void puzzle_free(Puzzle *puzzle);
/* One slice. */
PuzzleState puzzle_work(Puzzle *puzzle);
/* The four keys, once it is solved. */
GBytes *puzzle_solution(const Puzzle *puzzle);
/* For who has set it. */
bool puzzle_is_solved_by(uint16_t prf, uint8_t bits, GBytes *octets, GBytes *solution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Puzzle, puzzle_free)
