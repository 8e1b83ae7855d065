/* The Puzzle Solution payload (RFC 8019, section 8.2): four keys of one length. */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_PUZZLE_KEYS     4
#define PAYLOAD_PUZZLE_MAX_DATA 1024 /* octets */

typedef struct {
    GBytes *keys; /* one behind the other */
} PayloadPuzzle;

bool payload_puzzle_parse(ByteReader *body, PayloadPuzzle *out, GError **error);
void payload_puzzle_write(const PayloadPuzzle *puzzle, ByteWriter *writer);
void payload_puzzle_clear(PayloadPuzzle *puzzle);
