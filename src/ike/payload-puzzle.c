#include "ike/payload-puzzle.h"

#include "base/error.h"

bool
payload_puzzle_parse(ByteReader *body, PayloadPuzzle *out, GError **error)
{
    size_t length = byte_reader_left(body);
    *out = (PayloadPuzzle){ 0 };
    if (length == 0 || length % PAYLOAD_PUZZLE_KEYS != 0 || length > PAYLOAD_PUZZLE_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "Puzzle Solution payload: %zu octets are not four keys of one length", length);
        return false;
    }
    out->keys = byte_reader_rest(body);
    return true;
}

void
payload_puzzle_write(const PayloadPuzzle *puzzle, ByteWriter *writer)
{
    byte_writer_bytes(writer, puzzle->keys);
}

void
payload_puzzle_clear(PayloadPuzzle *puzzle)
{
    g_clear_pointer(&puzzle->keys, g_bytes_unref);
}
