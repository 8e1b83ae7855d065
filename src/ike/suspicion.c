/*
 * A gateway that has forgotten us, after a restart mostly: packets that get no answer and messages
 * that anybody could send (INVALID_SPI, INVALID_IKE_SPI) are never believed, but looked into at
 * once (RFC 7296, section 2.21.4); a token that only the gateway can know is believed (RFC 6290).
 */
#include "ike/suspicion.h"

#include "ike/proc.h"

#define SILENCE         (1 * DURATION_SECOND)  /* between a packet of ours and a sign of life */
#define MAX_SILENCE     (30 * DURATION_SECOND) /* where the traffic proves to go one way only */
#define HINT_INTERVAL   (10 * DURATION_SECOND) /* hints are looked into so often at most */
#define PATIENCE        7                      /* retransmission intervals: before the 4th */
#define HINTED_PATIENCE 3                      /* before the 3rd */
#define MAX_TOKENS      4                      /* RFC 6290, section 4.5 */
#define MIN_TOKEN       16                     /* octets (RFC 6290, section 4.1) */
#define MAX_TOKEN       128

void
suspicion_init(Suspicion *suspicion)
{
    *suspicion = (Suspicion){
        .sent_since = INSTANT_NEVER, .silence = SILENCE, .hint_after = 0, .tell_at = INSTANT_NEVER
    };
}

void
suspicion_request_sent(IkeEngine *engine, const IkeSa *sa)
{
    Suspicion *suspicion = &engine->suspicion;
    unsigned intervals = suspicion->hinted ? HINTED_PATIENCE : PATIENCE;
    if (engine->state != IKE_STATE_ESTABLISHED || sa != engine_sa(engine))
        return;
    suspicion->tell_at = instant_after(engine->now, intervals * engine_interval(engine));
}

/* Something authentic came on the IKE SA. Where packets were the reason to ask, they go one way. */
void
suspicion_alive(IkeEngine *engine)
{
    Suspicion *suspicion = &engine->suspicion;
    if (suspicion->sent_since <= engine->now)
        suspicion->silence = MIN(2 * suspicion->silence, MAX_SILENCE);
    suspicion->sent_since = suspicion->tell_at = INSTANT_NEVER;
    suspicion->stalled = suspicion->hinted = suspicion->told = false;
}

void
suspicion_traffic_seen(IkeEngine *engine)
{
    engine->suspicion.silence = SILENCE;
    engine->suspicion.sent_since = INSTANT_NEVER;
}

void
suspicion_traffic_sent(IkeEngine *engine)
{
    if (engine->suspicion.sent_since == INSTANT_NEVER)
        engine->suspicion.sent_since = engine->now;
}

void
ike_engine_traffic_stalled(IkeEngine *engine, Instant now)
{
    engine->now = now;
    if (engine->state != IKE_STATE_ESTABLISHED || window_is_busy(&engine_sa(engine)->window))
        return;
    engine->suspicion.stalled = true;
    engine_start_next(engine);
}

bool
suspicion_wants_check(const IkeEngine *engine)
{
    const Suspicion *suspicion = &engine->suspicion;
    return suspicion->stalled || suspicion->hinted ||
           engine->now >= instant_after(suspicion->sent_since, suspicion->silence);
}

Instant
suspicion_deadline(const IkeEngine *engine)
{
    const IkeSa *sa = engine_sa(engine);
    if (engine->state != IKE_STATE_ESTABLISHED)
        return INSTANT_NEVER;
    if (sa->state == SA_ESTABLISHED)
        return instant_after(engine->suspicion.sent_since, engine->suspicion.silence);
    return engine->suspicion.tell_at;
}

/* No answer for a while: another SA is tried, and taken only if that has an answer first. */
void
suspicion_check(IkeEngine *engine)
{
    Suspicion *suspicion = &engine->suspicion;
    if (engine->state != IKE_STATE_ESTABLISHED || engine->now < suspicion->tell_at)
        return;
    suspicion->tell_at = INSTANT_NEVER;
    suspicion->told = true;
    IkeOutput *output = engine_emit(engine, IKE_OUTPUT_REPLACE);
    output->deadline = INSTANT_NEVER;
    output->suspect = true;
    output->detail = g_strdup("the gateway does not answer");
}

void
suspicion_take_token(Secret **token, const IkeMessage *message)
{
    const PayloadNotify *notify =
        ike_message_find_notify(message, IKE_NOTIFY_QUICK_CRASH_DETECTION);
    gsize length = notify != NULL ? g_bytes_get_size(notify->data) : 0;
    if (length < MIN_TOKEN || length > MAX_TOKEN)
        return;
    g_clear_pointer(token, secret_unref);
    *token = secret_new(g_bytes_get_data(notify->data, NULL), length);
}

static bool
is_token(const IkeSa *sa, const PayloadNotify *notify)
{
    gsize length;
    const void *data = g_bytes_get_data(notify->data, &length);
    if (sa->crash_token == NULL || length != secret_length(sa->crash_token))
        return false;
    g_autoptr(Secret) offered = secret_new(data, length);
    return secret_equal(offered, sa->crash_token);
}

static bool
has_token(const IkeEngine *engine, const IkeMessage *message)
{
    unsigned n = 0;
    const IkeSa *sa = engine_sa(engine);
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(message, IKE_PAYLOAD_NOTIFY, payload)) != NULL)
        if (payload->notify.type == IKE_NOTIFY_QUICK_CRASH_DETECTION && n++ < MAX_TOKENS &&
            is_token(sa, &payload->notify))
            return true;
    return false;
}

/* HDR, N(INVALID_IKE_SPI), [N(QCD_TOKEN)+]  or  HDR, N(INVALID_SPI), [N(QCD_TOKEN)+], in clear */
void
suspicion_received(IkeEngine *engine, const IkeMessage *message)
{
    Suspicion *suspicion = &engine->suspicion;
    const IkeSa *sa = engine_sa(engine);
    bool ike = ike_message_find_notify(message, IKE_NOTIFY_INVALID_IKE_SPI) != NULL;
    bool esp = ike_message_find_notify(message, IKE_NOTIFY_INVALID_SPI) != NULL;
    bool ours = message->header.spi_i == sa->spi_i && message->header.spi_r == sa->spi_r;
    if (engine->state != IKE_STATE_ESTABLISHED || message->sealed || (!ike && !esp) ||
        (ike && !ours))
        return;
    if (has_token(engine, message)) {
        engine_closed(engine, IKE_CLOSE_PEER_RESTARTED, "the gateway has restarted");
        return;
    }
    if (engine->now < suspicion->hint_after)
        return;
    suspicion->hint_after = instant_after(engine->now, HINT_INTERVAL);
    suspicion->hinted = true;
    /* A request is under way already: it gets less time. */
    if (suspicion->tell_at != INSTANT_NEVER)
        suspicion->tell_at =
            instant_earlier(suspicion->tell_at,
                            instant_after(engine->now, HINTED_PATIENCE * engine_interval(engine)));
}
