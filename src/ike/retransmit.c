#include "ike/retransmit.h"

#define MAX_DOUBLINGS 16 /* keeps the shift within bounds whatever a configuration says */

static Duration
patience(const Retransmit *retransmit)
{
    unsigned tries = retransmit->tries < MAX_DOUBLINGS ? retransmit->tries : MAX_DOUBLINGS;
    return retransmit->interval * (((Duration)1 << tries) - 1);
}

static void
schedule(Retransmit *retransmit, Instant now)
{
    unsigned doublings = retransmit->sent - 1;
    if (doublings > MAX_DOUBLINGS)
        doublings = MAX_DOUBLINGS;
    Duration wait = retransmit->stream ? patience(retransmit)
                                       : retransmit->interval * ((Duration)1 << doublings);
    retransmit->deadline = instant_after(now, wait);
}

void
retransmit_start(Retransmit *retransmit, Duration interval, unsigned tries, bool stream,
                 Instant now)
{
    retransmit->interval = interval;
    retransmit->tries = tries;
    retransmit->stream = stream;
    retransmit->sent = 1;
    schedule(retransmit, now);
}

void
retransmit_stop(Retransmit *retransmit)
{
    retransmit->deadline = INSTANT_NEVER;
    retransmit->sent = 0;
}

RetransmitAction
retransmit_timeout(Retransmit *retransmit, Instant now)
{
    if (now < retransmit->deadline)
        return RETRANSMIT_WAIT;
    if (retransmit->stream || retransmit->sent >= retransmit->tries) {
        retransmit_stop(retransmit);
        return RETRANSMIT_GIVE_UP;
    }
    retransmit->sent++;
    schedule(retransmit, now);
    return RETRANSMIT_AGAIN;
}

void
retransmit_moved(Retransmit *retransmit, bool stream, Instant now)
{
    if (retransmit->deadline == INSTANT_NEVER)
        return;
    retransmit->stream = stream;
    retransmit->sent = 1;
    schedule(retransmit, now);
}

void
retransmit_hurry(Retransmit *retransmit, unsigned tries, Instant now)
{
    if (retransmit->deadline == INSTANT_NEVER)
        return;
    if (retransmit->tries > retransmit->sent + tries)
        retransmit->tries = retransmit->sent + tries;
    Instant latest = instant_after(now, retransmit->interval << tries);
    retransmit->deadline = instant_earlier(retransmit->deadline, latest);
}
