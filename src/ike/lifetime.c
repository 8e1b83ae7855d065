/*
 * How long an IKE SA and its Child SAs are used: soft limits by time, octets and packets, at which
 * they are rekeyed; REPLACE in time where that does not work out; hard limits, at which they end
 * (RFC 7296, section 2.8; RFC 4301, section 4.4.2.1; RFC 4303, section 3.3.3).
 */
#include "ike/lifetime.h"

#include "ike/proc.h"

/* A hard limit is half as long again as the soft one, and REPLACE is asked for halfway between. */
#define HARD(soft)   ((soft) + (soft) / 2)
#define URGENT(soft) ((soft) + (soft) / 4)

#define DEFAULT_IKE_LIFETIME   (240 * DURATION_MINUTE)
#define DEFAULT_CHILD_LIFETIME (60 * DURATION_MINUTE)
#define DEFAULT_OCTETS         (UINT64_C(1) << 40)
/* Sequence numbers never come twice under one key (RFC 4303, section 3.3.3). */
#define SHORT_SEQUENCE    UINT64_C(0xffffffff)
#define EXTENDED_SEQUENCE (UINT64_C(1) << 48) /* nobody gets there; well below 2^64 */
/* TEMPORARY_FAILURE for so long means that the two ends have lost each other (RFC 7296, section
 * 2.25). */
#define TEMPORARY_PATIENCE (5 * DURATION_MINUTE)
/* AUTH_LIFETIME (RFC 4478, section 3): so much before it ends, at most a quarter of it. */
#define REAUTH_MARGIN (5 * DURATION_MINUTE)

static Duration
ike_lifetime(const IkeEngine *engine)
{
    return engine->config->ike_lifetime > 0 ? engine->config->ike_lifetime : DEFAULT_IKE_LIFETIME;
}

static Duration
child_lifetime(const IkeEngine *engine)
{
    Duration lifetime = engine->config->child_lifetime;
    return lifetime > 0 ? lifetime : DEFAULT_CHILD_LIFETIME;
}

/* less up to a tenth of it, as with times */
static uint64_t
jittered(IkeEngine *engine, uint64_t limit)
{
    uint16_t random;
    rng_fill(engine->rng, &random, sizeof random);
    return limit - limit / 10 / (UINT16_MAX + 1u) * random;
}

void
lifetime_start_sa(IkeEngine *engine, IkeSa *sa)
{
    Duration soft = ike_lifetime(engine);
    sa->rekey_at = engine_jittered(engine, soft);
    sa->urgent_at = instant_after(engine->now, URGENT(soft));
    sa->hard_at = instant_after(engine->now, HARD(soft));
}

static void
start_volume(IkeEngine *engine, ChildLimit *limit, uint64_t soft, uint64_t hard)
{
    limit->soft = jittered(engine, soft);
    limit->urgent = soft + (hard - soft) / 2;
    limit->hard = hard;
}

void
lifetime_start_child(IkeEngine *engine, ChildSa *child, bool esn)
{
    const IkeConfig *config = engine->config;
    Duration soft = child_lifetime(engine);
    uint64_t most = esn ? EXTENDED_SEQUENCE : SHORT_SEQUENCE;
    uint64_t octets = config->child_octets > 0 ? config->child_octets : DEFAULT_OCTETS;
    uint64_t packets = most / 3 * 2;
    if (config->child_packets > 0 && config->child_packets < packets)
        packets = config->child_packets;
    octets = MIN(octets, UINT64_MAX / 2);
    child->rekey_at = engine_jittered(engine, soft);
    child->urgent_at = instant_after(engine->now, URGENT(soft));
    child->hard_at = instant_after(engine->now, HARD(soft));
    start_volume(engine, &child->octets, octets, HARD(octets));
    start_volume(engine, &child->packets, packets, MIN(HARD(packets), most));
}

void
lifetime_start_authentication(IkeEngine *engine)
{
    Duration reauth = engine->config->reauth_lifetime;
    if (reauth <= 0)
        return;
    engine->reauth_at = engine_jittered(engine, reauth);
    engine->reauth_until = instant_after(engine->now, HARD(reauth));
}

void
lifetime_note_auth_lifetime(IkeEngine *engine, Duration lifetime)
{
    Duration margin = MIN(REAUTH_MARGIN, lifetime / 4);
    Instant until = instant_after(engine->now, lifetime);
    if (until >= engine->reauth_until)
        return;
    engine->reauth_until = until;
    engine->reauth_at = instant_earlier(engine->reauth_at,
                                        instant_after(engine->now, lifetime - margin - margin / 4));
}

void
lifetime_ask_replace(IkeEngine *engine, const char *why)
{
    Instant deadline = engine->reauth_until;
    if (engine->replace_asked || engine->state != IKE_STATE_ESTABLISHED)
        return;
    engine->replace_asked = true;
    deadline = instant_earlier(deadline, engine_sa(engine)->hard_at);
    for (guint i = 0; i < engine->children->len; i++) {
        const ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->state == CHILD_SA_INSTALLED)
            deadline = instant_earlier(deadline, child->hard_at);
    }
    IkeOutput *output = engine_emit(engine, IKE_OUTPUT_REPLACE);
    output->deadline = deadline;
    output->detail = g_strdup(why);
}

void
lifetime_temporary_failure(IkeEngine *engine)
{
    if (engine->failing_since == INSTANT_NEVER)
        engine->failing_since = engine->now;
    if (engine->now >= instant_after(engine->failing_since, TEMPORARY_PATIENCE))
        lifetime_ask_replace(engine, "the gateway has refused to rekey for minutes");
}

void
lifetime_succeeded(IkeEngine *engine)
{
    engine->failing_since = INSTANT_NEVER;
}

void
lifetime_child_used(IkeEngine *engine, ChildSa *child, uint64_t packets, uint64_t octets)
{
    if (packets >= child->packets.soft || octets >= child->octets.soft)
        child->rekey_at = instant_earlier(child->rekey_at, engine->now);
    if (packets >= child->packets.urgent || octets >= child->octets.urgent)
        child->urgent_at = instant_earlier(child->urgent_at, engine->now);
    if (packets >= child->packets.hard || octets >= child->octets.hard)
        child->hard_at = instant_earlier(child->hard_at, engine->now);
}

static void
check_child(IkeEngine *engine, const ChildSa *child)
{
    if (child->state != CHILD_SA_INSTALLED)
        return;
    if (engine->now >= child->urgent_at)
        lifetime_ask_replace(engine, "the keys of the tunnel are about to expire");
    if (engine->now >= child->hard_at)
        engine_close_with_delete(engine, IKE_CLOSE_EXPIRED,
                                 "the keys of the tunnel have expired, and the gateway agreed to "
                                 "no others");
}

void
lifetime_check(IkeEngine *engine)
{
    IkeSa *sa = engine_sa(engine);
    if (engine->state != IKE_STATE_ESTABLISHED)
        return;
    if (window_is_nearly_used(&sa->window)) /* RFC 7296, section 2.2 */
        sa->rekey_at = instant_earlier(sa->rekey_at, engine->now);
    if (engine->now >= engine->reauth_at)
        lifetime_ask_replace(engine, "it is time to sign in again");
    if (engine->now >= sa->urgent_at)
        lifetime_ask_replace(engine, "the keys of the IKE SA are about to expire");
    for (guint i = 0; i < engine->children->len; i++)
        check_child(engine, g_ptr_array_index(engine->children, i));
    if (engine->state != IKE_STATE_ESTABLISHED)
        return;
    if (engine->now >= engine->reauth_until)
        engine_close_with_delete(engine, IKE_CLOSE_EXPIRED,
                                 "the time for which the sign-in was good is over");
    else if (engine->now >= sa->hard_at)
        engine_close_with_delete(engine, IKE_CLOSE_EXPIRED,
                                 "the keys of the IKE SA have expired, and the gateway agreed to "
                                 "no others");
}

/* The next of a and b that is not over. */
static Instant
next_of(const IkeEngine *engine, Instant urgent, Instant hard)
{
    return engine->replace_asked ? hard : instant_earlier(urgent, hard);
}

Instant
lifetime_deadline(const IkeEngine *engine)
{
    if (engine->state != IKE_STATE_ESTABLISHED)
        return INSTANT_NEVER;
    const IkeSa *sa = engine_sa(engine);
    Instant deadline = next_of(engine, engine->reauth_at, engine->reauth_until);
    deadline = instant_earlier(deadline, next_of(engine, sa->urgent_at, sa->hard_at));
    for (guint i = 0; i < engine->children->len; i++) {
        const ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->state == CHILD_SA_INSTALLED)
            deadline = instant_earlier(deadline, next_of(engine, child->urgent_at, child->hard_at));
    }
    return deadline;
}
