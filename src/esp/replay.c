#include "esp/replay.h"

#include <glib.h>

static uint64_t *
word_of(ReplayWindow *window, uint64_t sequence)
{
    return &window->bitmap[sequence / 64 % REPLAY_WORDS];
}

/* RFC 4303, appendix A2.2: the window may lie across a wrap of the low half. */
uint64_t
replay_infer(const ReplayWindow *window, uint32_t low, bool esn)
{
    if (!esn)
        return low;
    uint32_t top_low = (uint32_t)window->highest;
    uint64_t high = window->highest >> 32;
    uint32_t bottom = top_low - (REPLAY_WINDOW - 1);
    if (top_low >= REPLAY_WINDOW - 1) {
        if (low < bottom)
            high++;
    } else if (low >= bottom && high > 0) {
        high--;
    }
    return high << 32 | low;
}

bool
replay_look(const ReplayWindow *window, uint64_t sequence)
{
    if (sequence == 0)
        return false;
    if (sequence > window->highest)
        return true;
    if (window->highest - sequence >= REPLAY_WINDOW)
        return false;
    uint64_t word = window->bitmap[sequence / 64 % REPLAY_WORDS];
    return (word >> (sequence % 64) & 1) == 0;
}

bool
replay_mark(ReplayWindow *window, uint64_t sequence)
{
    if (!replay_look(window, sequence))
        return false;
    if (sequence > window->highest) {
        uint64_t from = window->highest / 64 + 1, to = sequence / 64;
        if (to >= from && to - from >= REPLAY_WORDS)
            from = to - (REPLAY_WORDS - 1);
        for (uint64_t word = from; word <= to; word++)
            window->bitmap[word % REPLAY_WORDS] = 0;
        window->highest = sequence;
    }
    *word_of(window, sequence) |= G_GUINT64_CONSTANT(1) << (sequence % 64);
    return true;
}
