#include "config.h"

#include "plan/gateway-check.h"

#include <string.h>

static bool
is_udp(const CheckRow *row)
{
    return row->transport.kind == FALLBACK_UDP;
}

typedef struct {
    bool any, here;         /* something answered: anywhere, at this address */
    bool udp, stream, same; /* at this address: over UDP, over a stream, by the same protocol */
} Answers;

static Answers
answers_beside(const CheckRow *rows, size_t n, const CheckRow *row)
{
    Answers answers = { 0 };
    for (size_t i = 0; i < n; i++) {
        bool here = inet_address_equal(&rows[i].address, &row->address);
        if (rows[i].outcome != CHECK_ANSWERED)
            continue;
        answers.any = true;
        answers.here |= here;
        answers.udp |= here && is_udp(&rows[i]);
        answers.stream |= here && !is_udp(&rows[i]);
        answers.same |= here && is_udp(&rows[i]) == is_udp(row);
    }
    return answers;
}

static CheckLikely
likely_of_silence(const CheckRow *row, const Answers *answers)
{
    if (!answers->any)
        return CHECK_LIKELY_ALL_DEAD;
    if (!answers->here)
        return CHECK_LIKELY_ADDRESS_DEAD;
    if (answers->same)
        return CHECK_LIKELY_PORT_DROPPED;
    return is_udp(row) ? CHECK_LIKELY_UDP_DROPPED : CHECK_LIKELY_STREAM_DROPPED;
}

CheckLikely
gateway_check_likely(const CheckRow *rows, size_t n, size_t index)
{
    const CheckRow *row = &rows[index];
    Answers answers = answers_beside(rows, n, row);
    switch (row->outcome) {
    case CHECK_ANSWERED:
        return CHECK_LIKELY_NONE;
    case CHECK_REFUSED:
        return CHECK_LIKELY_NOTHING_LISTENS;
    case CHECK_UNREACHABLE:
        return CHECK_LIKELY_NO_ROUTE;
    case CHECK_FAILED:
        return CHECK_LIKELY_OTHER;
    case CHECK_SILENT:
        return likely_of_silence(row, &answers);
    }
    return CHECK_LIKELY_OTHER;
}

const char *
gateway_check_likely_word(CheckLikely likely)
{
    switch (likely) {
    case CHECK_LIKELY_NONE:
    case CHECK_LIKELY_OTHER:
        return "";
    case CHECK_LIKELY_NOTHING_LISTENS:
        return "nothing-listens";
    case CHECK_LIKELY_NO_ROUTE:
        return "no-route";
    case CHECK_LIKELY_UDP_DROPPED:
        return "udp-dropped";
    case CHECK_LIKELY_PORT_DROPPED:
        return "port-dropped";
    case CHECK_LIKELY_STREAM_DROPPED:
        return "stream-dropped";
    case CHECK_LIKELY_ADDRESS_DEAD:
        return "address-dead";
    case CHECK_LIKELY_ALL_DEAD:
        return "all-dead";
    }
    return "";
}

const char *
gateway_check_outcome_word(CheckOutcome outcome)
{
    switch (outcome) {
    case CHECK_SILENT:
        return "silent";
    case CHECK_ANSWERED:
        return "answered";
    case CHECK_REFUSED:
        return "refused";
    case CHECK_UNREACHABLE:
        return "unreachable";
    case CHECK_FAILED:
        return "failed";
    }
    return "";
}

CheckOutcome
gateway_check_outcome(const char *why)
{
    if (strcmp(why, "no answer") == 0)
        return CHECK_SILENT;
    if (strcmp(why, "refused") == 0)
        return CHECK_REFUSED;
    return strcmp(why, "unreachable") == 0 ? CHECK_UNREACHABLE : CHECK_FAILED;
}
