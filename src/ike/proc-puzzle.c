/*
 * Puzzles of a gateway under attack (RFC 8019): one with its cookie before IKE_SA_INIT goes on, one
 * in IKE_SA_INIT's answer before IKE_AUTH. Until a puzzle is solved nothing is sent; what is too
 * much work in IKE_SA_INIT is left, and the cookie alone returned, as by those who know no puzzles.
 */
#include "ike/proc.h"

/* NULL where message has none that we solve. */
static Puzzle *
read_puzzle(const IkeMessage *message, GBytes *octets)
{
    uint16_t prf;
    uint8_t bits;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_PUZZLE);
    if (notify == NULL)
        return NULL;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    if (!byte_reader_u16(&reader, &prf) || !byte_reader_u8(&reader, &bits))
        return NULL;
    return puzzle_new(prf, bits, octets);
}

bool
proc_puzzle_under_way(const IkeEngine *engine)
{
    return engine->setup.puzzle != NULL;
}

bool
proc_puzzle_init(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    g_clear_pointer(&setup->solution, g_bytes_unref);
    setup->puzzle = read_puzzle(message, setup->cookie);
    if (setup->puzzle != NULL)
        retransmit_stop(&sa->retransmit);
    return setup->puzzle != NULL;
}

/* S = Nr | SPIr (RFC 8019, section 7.2.3). */
void
proc_puzzle_note_auth(IkeEngine *engine, const IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, G_MAXUINT16);
    byte_writer_bytes(&writer, setup->nonce_r);
    byte_writer_u64(&writer, sa->spi_r);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    g_clear_pointer(&setup->solution, g_bytes_unref);
    setup->puzzle = read_puzzle(message, octets);
}

void
proc_puzzle_work(IkeEngine *engine)
{
    IkeSetup *setup = &engine->setup;
    PuzzleState state = puzzle_work(setup->puzzle);
    if (state == PUZZLE_WORKING)
        return;
    if (state == PUZZLE_SOLVED)
        setup->solution = puzzle_solution(setup->puzzle);
    g_clear_pointer(&setup->puzzle, puzzle_free);
    IkeSa *sa = engine_sa(engine);
    if (sa->state == SA_CREATE_LOCAL_INIT)
        proc_init_send(engine, sa);
    else if (sa->state == SA_CREATE_LOCAL_ANSWERED && setup->authenticate)
        proc_intermediate_start(engine, sa);
}
