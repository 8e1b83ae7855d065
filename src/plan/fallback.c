#include "config.h"

#include "plan/fallback.h"

#include <string.h>

#define DEFAULT_RETRANSMIT    (500 * DURATION_MILLISECOND)
#define DEFAULT_ADDRESS_DELAY (250 * DURATION_MILLISECOND)
#define HINTS_BELIEVED        2
#define DEFAULT_GRACE         (50 * DURATION_MILLISECOND)

typedef enum {
    ATTEMPT_WAITING,        /* start_at says when it starts */
    ATTEMPT_STARTED,        /* IKE_SA_INIT under way */
    ATTEMPT_ANSWERED,       /* waits for its turn at IKE_AUTH */
    ATTEMPT_AUTHENTICATING, /* IKE_AUTH under way, nothing heard yet */
    ATTEMPT_GOOD,           /* heard of IKE_AUTH: won */
    ATTEMPT_OVER,
} AttemptState;

typedef struct {
    AttemptState state;
    FallbackTransport transport;
    InetAddress address;
    Instant start_at;
    Instant answered_at;
    bool open; /* a stream that leads to the gateway */
    unsigned hints;
    Instant blocked_at; /* AUTHENTICATING: when silence counts as blocked */
} Attempt;

struct _FallbackPlan {
    FallbackConfig config;
    Attempt attempts[FALLBACK_MAX_ATTEMPTS];
    unsigned n_attempts;
    FallbackAction actions[2 * FALLBACK_MAX_ATTEMPTS + 2];
    unsigned n_actions, next_action;
    bool exhausted;
};

static bool
is_stream(const Attempt *attempt)
{
    return attempt->transport.kind != FALLBACK_UDP;
}

/*
 * When a transport's first try starts, counted from the beginning: the first UDP port at once, each
 * further one after another silent retransmission interval, the first stream after fallback_after,
 * each further one a second later. On a network that is known to block UDP both groups swap.
 */
static Duration
transport_start(const FallbackConfig *config, size_t index)
{
    size_t before = 0; /* transports of the same group that are tried earlier */
    bool stream = config->transports[index].kind != FALLBACK_UDP;
    bool only_group = true;
    for (size_t i = 0; i < config->n_transports; i++) {
        bool same = (config->transports[i].kind != FALLBACK_UDP) == stream;
        before += same && i < index;
        only_group = only_group && same;
    }
    bool first_group = only_group || stream == config->udp_blocked;
    Duration step = stream ? DURATION_SECOND : config->retransmit_interval;
    return (first_group ? 0 : config->fallback_after) + (Duration)before * step;
}

static void
plan_act(FallbackPlan *plan, FallbackActionKind kind, unsigned attempt)
{
    if (plan->n_actions == G_N_ELEMENTS(plan->actions))
        return; /* each attempt acts at most twice: cannot happen */
    FallbackAction *action = &plan->actions[plan->n_actions++];
    *action = (FallbackAction){ .kind = kind, .attempt = attempt };
    if (kind == FALLBACK_START) {
        action->transport = plan->attempts[attempt].transport;
        action->address = plan->attempts[attempt].address;
    }
}

/* What the gateway may have to remember: nothing of a stream that is still being opened. */
static bool
half_open(const Attempt *attempt)
{
    if (attempt->state == ATTEMPT_STARTED && is_stream(attempt))
        return attempt->open;
    return attempt->state == ATTEMPT_STARTED || attempt->state == ATTEMPT_ANSWERED ||
           attempt->state == ATTEMPT_AUTHENTICATING;
}

static unsigned
count_half_open(const FallbackPlan *plan, const InetAddress *address)
{
    unsigned open = 0;
    for (unsigned i = 0; i < plan->n_attempts; i++)
        open += half_open(&plan->attempts[i]) &&
                inet_address_equal(&plan->attempts[i].address, address);
    return open;
}

static bool
may_start(const FallbackPlan *plan, const Attempt *attempt)
{
    return count_half_open(plan, &attempt->address) < FALLBACK_MAX_HALF_OPEN;
}

static bool
has_state(const FallbackPlan *plan, AttemptState state)
{
    for (unsigned i = 0; i < plan->n_attempts; i++)
        if (plan->attempts[i].state == state)
            return true;
    return false;
}

static void
start_due(FallbackPlan *plan, Instant now)
{
    if (has_state(plan, ATTEMPT_GOOD))
        return;
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        Attempt *attempt = &plan->attempts[i];
        if (attempt->state != ATTEMPT_WAITING || attempt->start_at > now)
            continue;
        if (!may_start(plan, attempt))
            continue;
        attempt->state = ATTEMPT_STARTED;
        plan_act(plan, FALLBACK_START, i);
    }
}

/* How long a stream's answer waits for UDP's: only while UDP may still answer. */
static Instant
ready_at(const FallbackPlan *plan, const Attempt *attempt)
{
    if (!is_stream(attempt))
        return attempt->answered_at;
    for (unsigned i = 0; i < plan->n_attempts; i++)
        if (plan->attempts[i].state == ATTEMPT_STARTED && !is_stream(&plan->attempts[i]))
            return instant_after(attempt->answered_at, plan->config.grace);
    return attempt->answered_at;
}

/* The answered attempt that goes on next: UDP before streams, then who answered first. */
static Attempt *
best_answered(FallbackPlan *plan)
{
    Attempt *best = NULL;
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        Attempt *attempt = &plan->attempts[i];
        if (attempt->state != ATTEMPT_ANSWERED)
            continue;
        if (best == NULL || is_stream(attempt) < is_stream(best) ||
            (is_stream(attempt) == is_stream(best) && attempt->answered_at < best->answered_at))
            best = attempt;
    }
    return best;
}

/* Streams do not lose fragments: a silent one is left to the engine's own patience. */
static void
wait_for_auth(const FallbackPlan *plan, Attempt *attempt, Instant now)
{
    attempt->blocked_at =
        is_stream(attempt) ? INSTANT_NEVER : instant_after(now, 2 * plan->config.fallback_after);
}

/* Only one at a time goes on to IKE_AUTH, so that the gateway never sees two of us. */
static void
authenticate_next(FallbackPlan *plan, Instant now)
{
    if (has_state(plan, ATTEMPT_AUTHENTICATING) || has_state(plan, ATTEMPT_GOOD))
        return;
    Attempt *best = best_answered(plan);
    if (best == NULL || ready_at(plan, best) > now)
        return;
    best->state = ATTEMPT_AUTHENTICATING;
    wait_for_auth(plan, best, now);
    plan_act(plan, FALLBACK_AUTHENTICATE, (unsigned)(best - plan->attempts));
}

/* Something does not get through at this address: the next transport need not wait for it. */
static void
bring_forward(FallbackPlan *plan, const Attempt *failed, Instant now)
{
    Attempt *next = NULL;
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        Attempt *attempt = &plan->attempts[i];
        if (attempt->state != ATTEMPT_WAITING ||
            !inet_address_equal(&attempt->address, &failed->address))
            continue;
        /* An ICMP error about one UDP port speaks for the other: go to the first stream. */
        if (is_stream(attempt) == is_stream(failed) && !is_stream(failed))
            continue;
        if (next == NULL || attempt->start_at < next->start_at)
            next = attempt;
    }
    if (next != NULL)
        next->start_at = now;
}

static void
check_blocked(FallbackPlan *plan, Instant now)
{
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        Attempt *attempt = &plan->attempts[i];
        if (attempt->state != ATTEMPT_AUTHENTICATING || attempt->blocked_at > now)
            continue;
        /* "INIT answered, AUTH never": fragments dropped, or 500 open and 4500 shut. Give it up
         * only when there is another to try. */
        bring_forward(plan, attempt, now);
        if (!has_state(plan, ATTEMPT_WAITING) && !has_state(plan, ATTEMPT_STARTED) &&
            !has_state(plan, ATTEMPT_ANSWERED)) {
            attempt->blocked_at = INSTANT_NEVER;
            continue;
        }
        attempt->state = ATTEMPT_OVER;
        plan_act(plan, FALLBACK_ABANDON, i);
    }
}

/* Hints are no proof while another way may still lead on: afterwards, what was hinted at twice,
 * with a retransmission between, is believed. */
static void
believe_hints(FallbackPlan *plan)
{
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        const Attempt *attempt = &plan->attempts[i];
        if (attempt->state != ATTEMPT_OVER &&
            (attempt->state != ATTEMPT_STARTED || attempt->hints < HINTS_BELIEVED))
            return;
    }
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        if (plan->attempts[i].state == ATTEMPT_OVER)
            continue;
        plan->attempts[i].state = ATTEMPT_OVER;
        plan_act(plan, FALLBACK_ABANDON, i);
    }
}

static void
check_exhausted(FallbackPlan *plan)
{
    for (unsigned i = 0; i < plan->n_attempts; i++)
        if (plan->attempts[i].state != ATTEMPT_OVER)
            return;
    if (!plan->exhausted)
        plan_act(plan, FALLBACK_EXHAUSTED, 0);
    plan->exhausted = true;
}

static void
plan_advance(FallbackPlan *plan, Instant now)
{
    check_blocked(plan, now);
    authenticate_next(plan, now);
    start_due(plan, now);
    believe_hints(plan);
    check_exhausted(plan);
}

FallbackPlan *
fallback_plan_new(const FallbackConfig *config, Instant now)
{
    FallbackPlan *plan = g_new0(FallbackPlan, 1);
    plan->config = *config;
    FallbackConfig *own = &plan->config;
    own->n_transports = MIN(own->n_transports, FALLBACK_MAX_TRANSPORTS);
    own->n_addresses = MIN(own->n_addresses, FALLBACK_MAX_ADDRESSES);
    if (own->retransmit_interval == 0)
        own->retransmit_interval = DEFAULT_RETRANSMIT;
    if (own->fallback_after == 0) /* the second interval is twice as long: half of it is one */
        own->fallback_after = 2 * own->retransmit_interval;
    if (own->address_delay == 0)
        own->address_delay = DEFAULT_ADDRESS_DELAY;
    if (own->grace == 0)
        own->grace = DEFAULT_GRACE;
    for (size_t t = 0; t < own->n_transports; t++) {
        for (size_t a = 0; a < own->n_addresses; a++) {
            Duration delay = transport_start(own, t) + (Duration)a * own->address_delay;
            plan->attempts[plan->n_attempts++] = (Attempt){ .transport = own->transports[t],
                                                            .address = own->addresses[a],
                                                            .start_at = instant_after(now, delay) };
        }
    }
    plan_advance(plan, now);
    return plan;
}

void
fallback_plan_free(FallbackPlan *plan)
{
    g_free(plan);
}

static void
attempt_won(FallbackPlan *plan, Attempt *winner)
{
    winner->state = ATTEMPT_GOOD;
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        Attempt *attempt = &plan->attempts[i];
        if (attempt == winner || attempt->state == ATTEMPT_OVER)
            continue;
        if (attempt->state != ATTEMPT_WAITING)
            plan_act(plan, FALLBACK_ABANDON, i);
        attempt->state = ATTEMPT_OVER;
    }
}

static void
attempt_over(FallbackPlan *plan, Attempt *attempt, Instant now)
{
    if (attempt->state == ATTEMPT_WAITING || attempt->state == ATTEMPT_OVER)
        return;
    attempt->state = ATTEMPT_OVER;
    plan_act(plan, FALLBACK_ABANDON, (unsigned)(attempt - plan->attempts));
    bring_forward(plan, attempt, now);
}

/* A stream that leads to the gateway is a better bet than the last UDP port that stays silent. */
static void
stream_opened(FallbackPlan *plan, Attempt *stream)
{
    if (stream->state != ATTEMPT_STARTED)
        return;
    stream->open = true;
    if (count_half_open(plan, &stream->address) <= FALLBACK_MAX_HALF_OPEN)
        return;
    for (unsigned i = plan->n_attempts; i-- > 0;) {
        Attempt *attempt = &plan->attempts[i];
        if (is_stream(attempt) || attempt->state != ATTEMPT_STARTED ||
            !inet_address_equal(&attempt->address, &stream->address))
            continue;
        attempt->state = ATTEMPT_OVER;
        plan_act(plan, FALLBACK_ABANDON, i);
        return;
    }
}

void
fallback_plan_event(FallbackPlan *plan, unsigned number, FallbackEvent event, Instant now)
{
    g_return_if_fail(number < plan->n_attempts);
    Attempt *attempt = &plan->attempts[number];
    switch (event) {
    case FALLBACK_OPENED:
        stream_opened(plan, attempt);
        break;
    case FALLBACK_ANSWERED:
        if (attempt->state == ATTEMPT_STARTED) {
            attempt->state = ATTEMPT_ANSWERED;
            attempt->answered_at = now;
        }
        break;
    case FALLBACK_ASKING:
        if (attempt->state == ATTEMPT_AUTHENTICATING)
            attempt->blocked_at = INSTANT_NEVER;
        break;
    case FALLBACK_ASKED:
        if (attempt->state == ATTEMPT_AUTHENTICATING)
            wait_for_auth(plan, attempt, now);
        break;
    case FALLBACK_AUTH_ANSWERED:
        if (attempt->state == ATTEMPT_AUTHENTICATING)
            attempt_won(plan, attempt);
        break;
    case FALLBACK_HINTED:
        attempt->hints++;
        bring_forward(plan, attempt, now);
        break;
    case FALLBACK_REFUSED:
    case FALLBACK_SILENT:
        attempt_over(plan, attempt, now);
        break;
    }
    plan_advance(plan, now);
}

void
fallback_plan_timeout(FallbackPlan *plan, Instant now)
{
    plan_advance(plan, now);
}

Instant
fallback_plan_next_deadline(const FallbackPlan *plan)
{
    Instant deadline = INSTANT_NEVER;
    bool busy = has_state(plan, ATTEMPT_AUTHENTICATING);
    if (has_state(plan, ATTEMPT_GOOD))
        return deadline;
    for (unsigned i = 0; i < plan->n_attempts; i++) {
        const Attempt *attempt = &plan->attempts[i];
        if (attempt->state == ATTEMPT_WAITING && may_start(plan, attempt))
            deadline = instant_earlier(deadline, attempt->start_at);
        if (attempt->state == ATTEMPT_ANSWERED && !busy)
            deadline = instant_earlier(deadline, ready_at(plan, attempt));
        if (attempt->state == ATTEMPT_AUTHENTICATING)
            deadline = instant_earlier(deadline, attempt->blocked_at);
    }
    return deadline;
}

bool
fallback_plan_next_action(FallbackPlan *plan, FallbackAction *action)
{
    if (plan->next_action == plan->n_actions) {
        plan->next_action = plan->n_actions = 0;
        return false;
    }
    *action = plan->actions[plan->next_action++];
    return true;
}
