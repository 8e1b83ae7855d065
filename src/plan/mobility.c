#include "config.h"

#include "plan/mobility.h"

#include <string.h>

#define DEFAULT_FALLBACK_AFTER (1 * DURATION_SECOND)
#define DEFAULT_ADDRESS_DELAY  (250 * DURATION_MILLISECOND)
#define DEFAULT_LOOK_FIRST     (60 * DURATION_SECOND)
#define DEFAULT_LOOK_LAST      (30 * DURATION_MINUTE)
#define STREAM_DELAY           (1 * DURATION_SECOND) /* from one stream to the next */

/* Streams that break in a row before the tunnel counts as lost; the first is opened at once, then
 * after 0.25, 0.5, 1, 2, 4 s. */
#define REOPEN_TRIES 6
#define REOPEN_WAIT  (250 * DURATION_MILLISECOND)

#define MAX_CANDIDATES (FALLBACK_MAX_ATTEMPTS + REOPEN_TRIES)
#define MAX_ACTIONS    64

typedef enum { PATH_FREE, PATH_OPENING, PATH_TOLD, PATH_IN_USE } PathState;

typedef struct {
    PathState state;
    uint32_t id;
    FallbackTransport transport;
    InetAddress address;
    bool told; /* IN_USE: in this move, too */
} Path;

typedef struct {
    FallbackTransport transport;
    InetAddress address;
    Instant start_at; /* INSTANT_NEVER: was tried */
    bool again;       /* the same as the one in use: its time stands */
} Candidate;

struct _MobilityPlan {
    MobilityConfig config;
    Path paths[MOBILITY_MAX_PATHS];
    Path *in_use;
    Path *chosen; /* answered, and told once more; NULL: none */
    uint32_t last_id;
    bool moving, offline, unreachable;
    MobilityReason reason;
    Candidate candidates[MAX_CANDIDATES];
    size_t n_candidates;
    Instant again_at; /* the request goes by the path in use as well */
    Instant look_at;  /* INSTANT_NEVER: not wanted, or under way */
    Instant look_due; /* what it was before the stream stalled */
    Duration look_wait;
    bool looking, look_again;
    bool content; /* with the stream in use */
    MobilityAction actions[MAX_ACTIONS];
    size_t n_actions, next_action;
};

const char *
mobility_reason_to_string(MobilityReason reason)
{
    switch (reason) {
    case MOBILITY_NETWORK:
        return "network-changed";
    case MOBILITY_SILENT:
        return "udp-silent";
    case MOBILITY_BROKEN:
        return "stream-broke";
    case MOBILITY_STALLED:
        return "stream-silent";
    case MOBILITY_FOUND:
        return "udp-found";
    case MOBILITY_NARROW:
        return "udp-narrow";
    }
    return "";
}

static bool
is_stream(const FallbackTransport *transport)
{
    return transport->kind != FALLBACK_UDP;
}

static MobilityAction *
act(MobilityPlan *plan, MobilityActionKind kind, const Path *path)
{
    /* Actions are taken before the next event: so many cannot wait. */
    plan->n_actions = MIN(plan->n_actions, MAX_ACTIONS - 1);
    MobilityAction *action = &plan->actions[plan->n_actions++];
    *action = (MobilityAction){ .kind = kind, .reason = plan->reason };
    if (path != NULL) {
        action->path = path->id;
        action->transport = path->transport;
        action->address = path->address;
    }
    return action;
}

static Path *
find_path(MobilityPlan *plan, uint32_t id)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state != PATH_FREE && plan->paths[i].id == id)
            return &plan->paths[i];
    return NULL;
}

static Path *
free_path(MobilityPlan *plan)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state == PATH_FREE)
            return &plan->paths[i];
    return NULL;
}

static void
close_path(MobilityPlan *plan, Path *path)
{
    act(plan, MOBILITY_CLOSE, path);
    path->state = PATH_FREE;
    if (plan->chosen == path)
        plan->chosen = NULL;
}

static bool
any_told(const MobilityPlan *plan)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state == PATH_TOLD ||
            (plan->paths[i].state == PATH_IN_USE && plan->paths[i].told))
            return true;
    return false;
}

static bool
any_told_beside(const MobilityPlan *plan)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state == PATH_TOLD)
            return true;
    return false;
}

static bool
any_under_way(const MobilityPlan *plan)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state == PATH_OPENING || plan->paths[i].state == PATH_TOLD)
            return true;
    return false;
}

/* ---- candidates ---- */

static void
add_candidate(MobilityPlan *plan, const FallbackTransport *transport, const InetAddress *address,
              Instant start_at)
{
    const Path *in_use = plan->in_use;
    if (plan->n_candidates == MAX_CANDIDATES)
        return;
    plan->candidates[plan->n_candidates++] =
        (Candidate){ .transport = *transport,
                     .address = *address,
                     .start_at = start_at,
                     .again = in_use->transport.kind == transport->kind &&
                              in_use->transport.port == transport->port &&
                              inet_address_equal(&in_use->address, address) };
}

/* transport at the gateway's addresses, that of the path in use first. */
static void
add_addresses(MobilityPlan *plan, const FallbackTransport *transport, Instant start_at)
{
    const MobilityConfig *config = &plan->config;
    add_candidate(plan, transport, &plan->in_use->address, start_at);
    for (size_t i = 0; i < config->n_addresses; i++) {
        if (inet_address_equal(&config->addresses[i], &plan->in_use->address))
            continue;
        start_at = instant_after(start_at, config->address_delay);
        add_candidate(plan, transport, &config->addresses[i], start_at);
    }
}

static bool
udp_is_wanted(const MobilityPlan *plan)
{
    for (size_t i = 0; i < plan->config.n_transports; i++)
        if (!is_stream(&plan->config.transports[i]))
            return true;
    return false;
}

/* An SA is not moved to port 500: ESP travels on 4500 only (RFC 7296, section 2.23). */
static const FallbackTransport udp_4500 = { FALLBACK_UDP, 4500 };

static void
add_udp(MobilityPlan *plan, Instant start_at)
{
    if (udp_is_wanted(plan))
        add_addresses(plan, &udp_4500, start_at);
}

static void
add_streams(MobilityPlan *plan, Instant start_at)
{
    for (size_t i = 0; i < plan->config.n_transports; i++) {
        if (!is_stream(&plan->config.transports[i]))
            continue;
        add_addresses(plan, &plan->config.transports[i], start_at);
        start_at = instant_after(start_at, STREAM_DELAY);
    }
}

static void
add_reopening(MobilityPlan *plan, Instant now)
{
    Duration wait = REOPEN_WAIT;
    add_candidate(plan, &plan->in_use->transport, &plan->in_use->address, now);
    for (unsigned i = 1; i < REOPEN_TRIES; i++, wait *= 2) {
        now = instant_after(now, wait);
        add_candidate(plan, &plan->in_use->transport, &plan->in_use->address, now);
    }
}

static bool
any_candidate(const MobilityPlan *plan)
{
    for (size_t i = 0; i < plan->n_candidates; i++)
        if (plan->candidates[i].start_at != INSTANT_NEVER)
            return true;
    return false;
}

static void
start_due(MobilityPlan *plan, Instant now)
{
    for (size_t i = 0; i < plan->n_candidates && plan->moving; i++) {
        Candidate *candidate = &plan->candidates[i];
        Path *path = free_path(plan);
        if (candidate->start_at > now)
            continue;
        if (path == NULL)
            return;
        candidate->start_at = INSTANT_NEVER;
        *path = (Path){ .state = PATH_OPENING,
                        .id = ++plan->last_id,
                        .transport = candidate->transport,
                        .address = candidate->address };
        act(plan, MOBILITY_OPEN, path);
    }
}

/* One did not get through at once: the next need not wait for it. */
static void
bring_forward(MobilityPlan *plan, Instant now)
{
    Candidate *next = NULL;
    for (size_t i = 0; i < plan->n_candidates; i++) {
        Candidate *candidate = &plan->candidates[i];
        if (candidate->start_at == INSTANT_NEVER || candidate->again)
            continue;
        if (next == NULL || candidate->start_at < next->start_at)
            next = candidate;
    }
    if (next != NULL)
        next->start_at = instant_earlier(next->start_at, now);
}

/* ---- moving ---- */

static void
look_later(MobilityPlan *plan, Instant now)
{
    plan->look_at = INSTANT_NEVER;
    if (!is_stream(&plan->in_use->transport) || !udp_is_wanted(plan) || plan->moving ||
        plan->content)
        return;
    plan->look_at = instant_after(now, plan->look_wait);
    plan->look_wait = MIN(2 * plan->look_wait, plan->config.look_last);
}

static void
begin(MobilityPlan *plan, MobilityReason reason)
{
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (plan->paths[i].state == PATH_OPENING || plan->paths[i].state == PATH_TOLD)
            close_path(plan, &plan->paths[i]);
    plan->moving = true;
    plan->offline = plan->unreachable = false;
    plan->reason = reason;
    plan->chosen = NULL;
    plan->in_use->told = false;
    plan->n_candidates = 0;
    plan->again_at = plan->look_at = INSTANT_NEVER;
}

static void
end(MobilityPlan *plan, Instant now)
{
    plan->moving = false;
    plan->n_candidates = 0;
    plan->again_at = INSTANT_NEVER;
    plan->in_use->told = false;
    if (plan->look_again && is_stream(&plan->in_use->transport) && udp_is_wanted(plan))
        plan->look_at = now;
    else
        look_later(plan, now);
    plan->look_again = false;
}

static void
finish(MobilityPlan *plan, Path *path, Instant now)
{
    Path *old = plan->in_use;
    MobilityAction *done = act(plan, MOBILITY_DONE, path);
    done->old_path = old->id;
    path->state = PATH_IN_USE;
    plan->in_use = path;
    plan->content = plan->content && path == old;
    plan->chosen = NULL;
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        if (&plan->paths[i] != path && plan->paths[i].state != PATH_FREE)
            close_path(plan, &plan->paths[i]);
    end(plan, now);
}

static void
replace(MobilityPlan *plan, Instant now)
{
    act(plan, MOBILITY_REPLACE, NULL);
    end(plan, now);
}

/* Nothing is under way and nothing waits. */
static void
run_out(MobilityPlan *plan, Instant now)
{
    switch (plan->reason) {
    case MOBILITY_NETWORK:
        plan->offline = plan->unreachable;
        if (plan->offline)
            act(plan, MOBILITY_OFFLINE, NULL);
        end(plan, now);
        return;
    case MOBILITY_SILENT:  /* the engine knows when to give up */
    case MOBILITY_STALLED: /* and so does TCP */
    case MOBILITY_FOUND:
    case MOBILITY_NARROW:
        end(plan, now);
        return;
    case MOBILITY_BROKEN:
        act(plan, MOBILITY_LOST, NULL);
        end(plan, now);
        return;
    }
}

static void
advance(MobilityPlan *plan, Instant now)
{
    if (!plan->moving) {
        if (plan->look_at <= now) {
            MobilityAction *look = act(plan, MOBILITY_LOOK, plan->in_use);
            look->transport = udp_4500;
            plan->look_at = INSTANT_NEVER;
            plan->looking = true;
        }
        return;
    }
    if (plan->again_at <= now) {
        plan->again_at = INSTANT_NEVER;
        plan->in_use->told = true;
        act(plan, MOBILITY_TELL, plan->in_use)->also = true;
    }
    start_due(plan, now);
    if (!any_under_way(plan) && !any_candidate(plan) && !plan->in_use->told &&
        plan->again_at == INSTANT_NEVER)
        run_out(plan, now);
}

MobilityPlan *
mobility_plan_new(const MobilityConfig *config, uint32_t path, const FallbackTransport *transport,
                  const InetAddress *address, Instant now)
{
    MobilityPlan *plan = g_new0(MobilityPlan, 1);
    plan->config = *config;
    MobilityConfig *own = &plan->config;
    own->n_transports = MIN(own->n_transports, FALLBACK_MAX_TRANSPORTS);
    own->n_addresses = MIN(own->n_addresses, FALLBACK_MAX_ADDRESSES);
    if (own->fallback_after == 0)
        own->fallback_after = DEFAULT_FALLBACK_AFTER;
    if (own->address_delay == 0)
        own->address_delay = DEFAULT_ADDRESS_DELAY;
    if (own->look_first == 0)
        own->look_first = DEFAULT_LOOK_FIRST;
    own->look_last = MAX(own->look_last == 0 ? DEFAULT_LOOK_LAST : own->look_last, own->look_first);
    plan->in_use = &plan->paths[0];
    *plan->in_use =
        (Path){ .state = PATH_IN_USE, .id = path, .transport = *transport, .address = *address };
    plan->last_id = path;
    plan->look_wait = own->look_first;
    plan->again_at = INSTANT_NEVER;
    look_later(plan, now);
    return plan;
}

void
mobility_plan_free(MobilityPlan *plan)
{
    g_free(plan);
}

/* ---- events ---- */

void
mobility_network_changed(MobilityPlan *plan, bool udp_blocked, Instant now)
{
    Instant streams_at = udp_blocked ? now : instant_after(now, plan->config.fallback_after);
    Instant udp_at = udp_blocked ? instant_after(now, plan->config.fallback_after) : now;
    plan->look_wait = plan->config.look_first;
    plan->look_again = udp_blocked; /* once at each network, even so */
    plan->content = false;
    begin(plan, MOBILITY_NETWORK);
    add_udp(plan, udp_at);
    /* Without UDP, or where that is known to be in vain, the path in use is asked first: it may be
     * as good as before. */
    if (udp_blocked || !udp_is_wanted(plan)) {
        plan->in_use->told = true;
        act(plan, MOBILITY_CHECK, plan->in_use);
        streams_at = instant_after(now, plan->config.fallback_after);
    }
    add_streams(plan, streams_at);
    advance(plan, now);
}

void
mobility_unanswered(MobilityPlan *plan, Instant now)
{
    /* Without MOBIKE it would take another IKE SA: one lost packet is no reason for that. */
    if (plan->moving || plan->offline || is_stream(&plan->in_use->transport) ||
        !plan->config.mobike)
        return;
    begin(plan, MOBILITY_SILENT);
    plan->in_use->told = true;
    add_streams(plan, now);
    advance(plan, now);
}

/* The network changed, but not for this gateway: our address is the same. */
static void
stayed(MobilityPlan *plan, Path *path)
{
    close_path(plan, path);
    plan->look_again = true;
    /* What else there is of UDP would be the same as well. */
    for (size_t i = 0; i < plan->n_candidates; i++)
        if (!is_stream(&plan->candidates[i].transport))
            plan->candidates[i].start_at = INSTANT_NEVER;
    if (plan->in_use->told)
        return;
    plan->in_use->told = true;
    act(plan, MOBILITY_CHECK, plan->in_use);
}

/* The same stream anew, which no gateway needs MOBIKE for (RFC 9329, section 6.1). */
static bool
is_reopening(const MobilityPlan *plan)
{
    return plan->reason == MOBILITY_BROKEN || plan->reason == MOBILITY_STALLED;
}

void
mobility_opened(MobilityPlan *plan, uint32_t id, bool same_local, Instant now)
{
    Path *path = find_path(plan, id);
    if (path == NULL || path->state != PATH_OPENING)
        return;
    bool udp = !is_stream(&path->transport);
    if (plan->reason == MOBILITY_NETWORK && same_local && udp) {
        stayed(plan, path);
    } else if (!plan->config.mobike && !is_reopening(plan)) {
        close_path(plan, path);
        replace(plan, now);
    } else {
        bool also = any_told(plan);
        path->state = PATH_TOLD;
        act(plan, MOBILITY_TELL, path)->also = also;
    }
    advance(plan, now);
}

void
mobility_stalled(MobilityPlan *plan, Instant now)
{
    Instant look_due = plan->look_at;
    if (plan->moving || plan->offline || !is_stream(&plan->in_use->transport))
        return;
    begin(plan, MOBILITY_STALLED);
    plan->look_due = look_due;
    add_candidate(plan, &plan->in_use->transport, &plan->in_use->address, now);
    if (plan->config.mobike) {
        add_streams(plan, instant_after(now, STREAM_DELAY));
        add_udp(plan, instant_after(now, plan->config.fallback_after));
    }
    advance(plan, now);
}

void
mobility_revived(MobilityPlan *plan, Instant now)
{
    if (!plan->moving || plan->reason != MOBILITY_STALLED)
        return;
    if (!any_told_beside(plan)) {
        Duration look_wait = plan->look_wait;
        finish(plan, plan->in_use, now);
        if (plan->look_due != INSTANT_NEVER) {
            plan->look_at = plan->look_due;
            plan->look_wait = look_wait;
        }
        return;
    }
    /* The gateway may have gone over already: it is told again only if it is not heard there. */
    if (plan->again_at == INSTANT_NEVER && !plan->in_use->told && plan->chosen == NULL)
        plan->again_at = instant_after(now, plan->config.fallback_after);
}

/* Who is tried beside it goes on, and it is opened again as often as another. */
static void
stalled_one_broke(MobilityPlan *plan, Instant now)
{
    plan->reason = MOBILITY_BROKEN;
    plan->in_use->told = false;
    plan->again_at = INSTANT_NEVER;
    plan->n_candidates = 0;
    if (plan->chosen == NULL)
        add_reopening(plan, now);
    advance(plan, now);
}

static void
in_use_failed(MobilityPlan *plan, Instant now)
{
    bool others = plan->moving && plan->reason != MOBILITY_FOUND;
    if (plan->moving && plan->reason == MOBILITY_STALLED) {
        stalled_one_broke(plan, now);
        return;
    }
    if (others) { /* are under way, for whatever reason */
        plan->in_use->told = false;
        bring_forward(plan, now);
        advance(plan, now);
        return;
    }
    begin(plan, MOBILITY_BROKEN);
    add_reopening(plan, now);
    if (plan->config.mobike)
        add_udp(plan, instant_after(now, plan->config.fallback_after));
    advance(plan, now);
}

void
mobility_failed(MobilityPlan *plan, uint32_t id, bool unreachable, Instant now)
{
    Path *path = find_path(plan, id);
    if (path == NULL)
        return;
    if (path == plan->in_use) {
        in_use_failed(plan, now);
        return;
    }
    plan->unreachable = unreachable;
    close_path(plan, path);
    bring_forward(plan, now);
    advance(plan, now);
}

void
mobility_answered(MobilityPlan *plan, uint32_t id, bool told, bool refused, Instant now)
{
    Path *path = find_path(plan, id);
    if (!plan->moving || path == NULL || path->state == PATH_OPENING)
        return;
    /* An answer to something of before says nothing. */
    if (path == plan->in_use && !path->told)
        return;
    if (refused) {
        /* UNACCEPTABLE_ADDRESSES: it would take a new SA from there, maybe. */
        replace(plan, now);
        return;
    }
    bool alone = path == plan->in_use && !any_told_beside(plan);
    if (told || alone) {
        finish(plan, path, now);
        return;
    }
    /* UDP is preferred to a stream that was a little faster; but one that opened late has taken the
     * answer to what UDP was told, so that it is told again. */
    if (plan->chosen == NULL || is_stream(&plan->chosen->transport) || !is_stream(&path->transport))
        plan->chosen = path;
    plan->n_candidates = 0;
    plan->again_at = INSTANT_NEVER;
    act(plan, MOBILITY_USE, plan->chosen);
}

void
mobility_too_narrow(MobilityPlan *plan, Instant now)
{
    if (plan->moving || is_stream(&plan->in_use->transport) || !plan->config.mobike)
        return;
    begin(plan, MOBILITY_NARROW);
    add_streams(plan, now);
    plan->again_at = instant_after(now, 2 * plan->config.fallback_after);
    advance(plan, now);
}

void
mobility_look_now(MobilityPlan *plan, Instant now)
{
    if (plan->look_at != INSTANT_NEVER)
        plan->look_at = now;
}

void
mobility_looked(MobilityPlan *plan, bool found, Instant now)
{
    bool looking = plan->looking;
    plan->looking = false;
    if (!looking || plan->moving || !is_stream(&plan->in_use->transport))
        return;
    if (!found) {
        look_later(plan, now);
        return;
    }
    begin(plan, MOBILITY_FOUND);
    if (!plan->config.mobike) {
        replace(plan, now);
        return;
    }
    add_candidate(plan, &udp_4500, &plan->in_use->address, now);
    plan->again_at = instant_after(now, plan->config.fallback_after);
    advance(plan, now);
}

void
mobility_content(MobilityPlan *plan)
{
    plan->content = true;
    plan->look_at = INSTANT_NEVER;
}

void
mobility_timeout(MobilityPlan *plan, Instant now)
{
    advance(plan, now);
}

Instant
mobility_next_deadline(const MobilityPlan *plan)
{
    Instant deadline = instant_earlier(plan->look_at, plan->again_at);
    bool room = false;
    for (size_t i = 0; i < MOBILITY_MAX_PATHS; i++)
        room = room || plan->paths[i].state == PATH_FREE;
    for (size_t i = 0; plan->moving && room && i < plan->n_candidates; i++)
        deadline = instant_earlier(deadline, plan->candidates[i].start_at);
    return deadline;
}

bool
mobility_next_action(MobilityPlan *plan, MobilityAction *action)
{
    if (plan->next_action == plan->n_actions) {
        plan->next_action = plan->n_actions = 0;
        return false;
    }
    *action = plan->actions[plan->next_action++];
    return true;
}

bool
mobility_is_moving(const MobilityPlan *plan)
{
    return plan->moving;
}

bool
mobility_is_offline(const MobilityPlan *plan)
{
    return plan->offline;
}

Instant
mobility_next_look(const MobilityPlan *plan)
{
    return plan->look_at;
}
