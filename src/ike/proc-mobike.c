/*
 * From one path to another (RFC 4555, section 3.5; RFC 9329, section 7.1), and how large a packet
 * the path in use takes. Which path is tried when is the caller's.
 */
#include "ike/proc.h"

#include "ike/suspicion.h"

/* Type and length of the notification that fills a probe: of those that are for private use and
 * that an end which does not know them ignores (RFC 7296, section 3.10.1). */
#define NOTIFY_PADDING 40960

#define UDP_OVERHEAD_V4 (20 + 8 + 4) /* IP, UDP, non-ESP marker */
#define UDP_OVERHEAD_V6 (40 + 8 + 4)

/* Deviation: RFC 7296, section 2.23, would have ESP outside of UDP received at any time. Whoever
 * has no privileges has no socket for that; a NAT_DETECTION_SOURCE_IP that never matches has the
 * gateway put it into UDP. */
void
proc_mobike_add_nat_detection(IkeEngine *engine, const IkeSa *sa, IkeMessage *message)
{
    uint8_t hash[NAT_DETECTION_LENGTH];
    /* The same each time: behind a cookie everything else stays as it was (RFC 7296, section 2.6).
     */
    ike_message_add_notify(message, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, engine->decoy,
                           sizeof engine->decoy);
    /* Where the remote address is not known (a name behind a proxy), whatever does not match. */
    if (!nat_detection_hash(sa->spi_i, sa->spi_r, &engine->path.remote, hash))
        memcpy(hash, engine->decoy, sizeof hash);
    ike_message_add_notify(message, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, hash, sizeof hash);
}

bool
proc_mobike_detect_nat(const IkeEngine *engine, const IkeSa *sa, const IkeMessage *message)
{
    const PayloadNotify *notify =
        ike_message_find_notify(message, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP);
    return notify == NULL || !nat_detection_matches(sa->spi_i, sa->spi_r, &engine->path.local,
                                                    g_bytes_get_data(notify->data, NULL),
                                                    g_bytes_get_size(notify->data));
}

/* ---- moving ---- */

/* A request of before may be under way in pieces; a stream takes it whole (RFC 9329, section 6). */
static void
send_under_way(IkeEngine *engine, IkeSa *sa, const IkePath *path)
{
    g_autoptr(GPtrArray) whole = NULL;
    if (path->stream && sa->request != NULL && sa->window.request->len > 1)
        whole = ike_sa_seal(sa, sa->request, 0);
    engine_send_datagrams(engine, whole != NULL ? whole : sa->window.request, path->id, true,
                          sa->retransmit.sent);
}

void
ike_engine_path_changed(IkeEngine *engine, const IkePath *path, Instant now)
{
    Moving *moving = &engine->moving;
    engine->now = now;
    /* The gateway is being told already, by this path alone. */
    if (moving->telling && !moving->spread && path->id == engine->path.id)
        return;
    engine->path = *path;
    moving->watched = true;
    for (guint i = 0; i < engine->sas->len; i++) {
        IkeSa *sa = g_ptr_array_index(engine->sas, i);
        if (!window_is_busy(&sa->window))
            continue;
        moving->spread = true;
        retransmit_moved(&sa->retransmit, path->stream, now);
        if (path->stream)
            send_under_way(engine, sa, path);
        else
            fragment_search_repeat(engine, sa);
    }
    /* Also where the gateway only sends: it must learn where we are (RFC 4555, section 3.5; RFC
     * 9329, section 7.1). */
    if (engine->state == IKE_STATE_ESTABLISHED) {
        moving->untold = true;
        engine_start_next(engine);
    }
}

void
ike_engine_path_added(IkeEngine *engine, const IkePath *path, Instant now)
{
    engine->now = now;
    for (guint i = 0; i < engine->sas->len; i++) {
        IkeSa *sa = g_ptr_array_index(engine->sas, i);
        if (!window_is_busy(&sa->window))
            continue;
        engine->moving.spread = engine->moving.watched = true;
        send_under_way(engine, sa, path);
    }
}

bool
proc_mobike_wants_to_tell(const IkeEngine *engine)
{
    return engine->moving.untold;
}

/* Whether a request that asks if the gateway is there should say where we are, too: a NAT may have
 * forgotten us and given us another port since (RFC 4555, section 3.8: the step in which this is
 * found out may be skipped). */
static bool
is_told_again(const IkeEngine *engine)
{
    return engine->nat_here && !engine->path.stream;
}

/* HDR, SK {[N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP)]}
 * --> (RFC 4555, section 3.5) */
void
proc_mobike_start(IkeEngine *engine, IkeSa *sa)
{
    Moving *moving = &engine->moving;
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    if (engine->mobike && (moving->untold || is_told_again(engine))) {
        ike_message_add_notify(message, IKE_NOTIFY_UPDATE_SA_ADDRESSES, NULL, 0);
        proc_mobike_add_nat_detection(engine, sa, message);
    }
    moving->telling = moving->untold;
    moving->spread = moving->untold = false;
    engine_send_request(engine, sa, message, SA_LIVENESS_LOCAL_INFORMATIONAL);
}

/* ---- how large ---- */

static size_t
overhead(const IkeEngine *engine)
{
    return engine->path.remote.address.family == INET_V6 ? UDP_OVERHEAD_V6 : UDP_OVERHEAD_V4;
}

void
ike_engine_fill_init(IkeEngine *engine, size_t packet)
{
    engine->probe.init = packet;
}

/* message: all but the padding.
 * Deviation: RFC 7296, section 2.6, would have it unchanged behind a cookie: it is shorter by what
 * the cookie adds, because the length of the whole is what is tried. To the gateway it says
 * nothing.
 */
void
proc_mobike_fill_init(const IkeEngine *engine, IkeMessage *message)
{
    size_t header = 8; /* of a Notify payload without SPI (RFC 7296, section 3.10) */
    if (engine->probe.init == 0 || engine->path.stream)
        return;
    g_autoptr(GBytes) octets = ike_message_write(message, NULL);
    size_t length = octets != NULL ? g_bytes_get_size(octets) : SIZE_MAX - header;
    if (engine->probe.init > IKE_ENGINE_MAX_DATAGRAM ||
        length + header + overhead(engine) >= engine->probe.init)
        return;
    size_t padding = engine->probe.init - overhead(engine) - header - length;
    g_autofree uint8_t *zero = g_malloc0(padding);
    ike_message_add_notify(message, NOTIFY_PADDING, zero, padding);
}

void
ike_engine_probe(IkeEngine *engine, size_t packet, Instant now)
{
    engine->now = now;
    if (engine->state != IKE_STATE_ESTABLISHED || engine->path.stream)
        return;
    engine->probe.wanted = packet;
    engine_start_next(engine);
}

bool
proc_mobike_wants_to_probe(const IkeEngine *engine)
{
    return engine->probe.wanted > 0;
}

static IkeMessage *
new_probe(const IkeSa *sa, size_t padding)
{
    g_autofree uint8_t *zero = g_malloc0(padding);
    IkeMessage *message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_notify(message, NOTIFY_PADDING, zero, padding);
    return message;
}

/* HDR, SK {N(padding)}  -->   as large as the packet is to be */
void
proc_mobike_start_probe(IkeEngine *engine, IkeSa *sa)
{
    IkeProbe *probe = &engine->probe;
    size_t length = probe->wanted - overhead(engine);
    probe->wanted = 0;
    g_autoptr(IkeMessage) empty = new_probe(sa, 0);
    g_autoptr(GPtrArray) shortest = ike_sa_seal(sa, empty, 0);
    size_t least = shortest != NULL ? g_bytes_get_size(shortest->pdata[0]) : SIZE_MAX;
    if (length <= least || length > IKE_ENGINE_MAX_DATAGRAM)
        return;
    g_autoptr(IkeMessage) message = new_probe(sa, length - least);
    probe->size = length + overhead(engine);
    probe->shrunk = false;
    engine_send_request(engine, sa, message, SA_LIVENESS_LOCAL_INFORMATIONAL);
}

/* Deviation: RFC 7296, section 2.1, would have a repeated request be the same to the last octet. It
 * asks for nothing, with its padding or without, so that it does not matter which one the gateway
 * has answered; and as fragments (RFC 7383) strongSwan with its mediation extension, which Debian
 * switches on, never takes an INFORMATIONAL request: the SA would be lost for a probe.
 */
void
proc_mobike_shrink_probe(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    GPtrArray *datagrams = engine->probe.shrunk ? NULL : ike_sa_seal(sa, message, 0);
    if (datagrams == NULL)
        return;
    engine->probe.shrunk = true;
    window_sent(&sa->window, datagrams);
    g_clear_pointer(&sa->request, ike_message_free);
    if (sa->fragmentation)
        sa->request = ike_message_ref(message);
}

/* ---- answers ---- */

void
proc_mobike_answered(IkeEngine *engine, const IkeSa *sa)
{
    Moving *moving = &engine->moving;
    if (engine->probe.size > 0 && sa == engine_sa(engine)) {
        IkeOutput *probed = engine_emit(engine, IKE_OUTPUT_PROBED);
        probed->packet = engine->probe.size;
        probed->whole = !engine->probe.shrunk;
        engine->probe.size = 0;
    }
    if (engine->state != IKE_STATE_ESTABLISHED || !moving->watched)
        return;
    const IkeMessage *message = engine->received;
    bool refused = ike_message_find_notify(message, IKE_NOTIFY_UNACCEPTABLE_ADDRESSES) != NULL;
    bool told = moving->telling && !moving->spread && !moving->untold && !refused &&
                engine->reply_path == engine->path.id;
    if (told && engine->mobike)
        engine->nat_here = proc_mobike_detect_nat(engine, sa, message);
    moving->telling = moving->spread = false;
    moving->watched = !told;
    IkeOutput *output = engine_emit(engine, IKE_OUTPUT_PATH_ANSWERED);
    output->path = engine->reply_path;
    output->told = told;
    output->refused = refused;
    output->nat = engine->nat_here;
}
