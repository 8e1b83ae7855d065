/*
 * What the engine does to the world, as outputs: sending, installing, closing; and what it does
 * next when nothing is under way.
 */
#include "ike/coverage.h"
#include "ike/lifetime.h"
#include "ike/proc.h"
#include "ike/suspicion.h"

#include <stdarg.h>

#include "crypto/algorithms.h"

#define DEFAULT_INTERVAL      (500 * DURATION_MILLISECOND)
#define DEFAULT_TRIES         6
#define DEFAULT_LIVENESS      (30 * DURATION_SECOND)
#define DEFAULT_FRAGMENT_SIZE 1280

Duration
engine_interval(const IkeEngine *engine)
{
    Duration interval = engine->config->retransmit_interval;
    return interval > 0 ? interval : DEFAULT_INTERVAL;
}

static Duration
liveness_interval(const IkeEngine *engine)
{
    Duration interval = engine->config->liveness_interval;
    return interval > 0 ? interval : DEFAULT_LIVENESS;
}

size_t
engine_max_length(const IkeEngine *engine, const IkeSa *sa)
{
    size_t configured = engine->config->fragment_size;
    if (engine->path.stream) /* no fragments from us there (RFC 9329, section 6) */
        return 0;
    if (sa->fragment_size > 0)
        return sa->fragment_size;
    return configured > 0 ? configured : DEFAULT_FRAGMENT_SIZE;
}

uint64_t
engine_random_u64(IkeEngine *engine)
{
    uint64_t value = 0;
    while (value == 0)
        rng_fill(engine->rng, &value, sizeof value);
    return value;
}

/* 1 to 255 are reserved (RFC 4303, section 2.1). */
uint32_t
engine_random_child_spi(IkeEngine *engine)
{
    uint32_t spi = 0;
    while (spi <= 255 || engine_find_child(engine, spi) != NULL)
        rng_fill(engine->rng, &spi, sizeof spi);
    return spi;
}

GBytes *
engine_random_bytes(IkeEngine *engine, size_t length)
{
    uint8_t *octets = g_malloc(length);
    rng_fill(engine->rng, octets, length);
    return g_bytes_new_take(octets, length);
}

Instant
engine_jittered(IkeEngine *engine, Duration duration)
{
    uint32_t random;
    rng_fill(engine->rng, &random, sizeof random);
    return instant_after(engine->now, duration - (Duration)(random % 1000) * duration / 10000);
}

/* --- Outputs --- */

IkeOutput *
engine_emit(IkeEngine *engine, IkeOutputKind kind)
{
    IkeOutput *output = g_new0(IkeOutput, 1);
    output->kind = kind;
    g_queue_push_tail(&engine->outputs, output);
    return output;
}

bool
ike_engine_next_output(IkeEngine *engine, IkeOutput *output)
{
    g_autofree IkeOutput *next = g_queue_pop_head(&engine->outputs);
    if (next == NULL)
        return false;
    *output = *next;
    return true;
}

void
engine_set_state(IkeEngine *engine, IkeState state)
{
    if (engine->state == state)
        return;
    engine->state = state;
    engine_emit(engine, IKE_OUTPUT_STATE_CHANGED)->state = state;
}

void
engine_send_datagrams(IkeEngine *engine, const GPtrArray *datagrams, uint32_t path, bool is_request,
                      unsigned transmission)
{
    for (guint i = 0; i < datagrams->len; i++) {
        IkeOutput *output = engine_emit(engine, IKE_OUTPUT_SEND);
        output->path = path;
        output->datagram = g_bytes_ref(g_ptr_array_index(datagrams, i));
        output->is_request = is_request;
        output->transmission = transmission;
        output->probe = is_request && engine->probe.size > 0;
    }
}

static GPtrArray *
write_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    if (sa->sealer.aead != NULL)
        return ike_sa_seal(sa, message, engine->probe.size > 0 ? 0 : engine_max_length(engine, sa));
    GBytes *clear = ike_message_write(message, NULL);
    if (clear == NULL)
        return NULL;
    GPtrArray *datagrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(datagrams, clear);
    return datagrams;
}

void
engine_send_request(IkeEngine *engine, IkeSa *sa, IkeMessage *message, IkeSaState state)
{
    unsigned tries = engine->config->retransmit_tries;
    if (state == SA_DELETE_IKE_LOCAL_INFORMATIONAL)
        tries = IKE_CLOSE_TRIES;
    if (engine->setup.solution != NULL && message->header.exchange == IKE_EXCHANGE_AUTH)
        message->solution = g_steal_pointer(&engine->setup.solution);
    /* Behind the gateway a server may wait for somebody to press a button. */
    if (state == SA_CREATE_LOCAL_EAP)
        tries = MAX(tries > 0 ? tries : DEFAULT_TRIES, IKE_EAP_TRIES);
    GPtrArray *datagrams = write_request(engine, sa, message);
    if (datagrams == NULL) {
        engine_closed(engine, IKE_CLOSE_PROTOCOL, "a request of ours cannot be built");
        return;
    }
    sa->state = state;
    window_sent(&sa->window, datagrams);
    g_clear_pointer(&sa->request, ike_message_free);
    if (sa->fragmentation)
        sa->request = ike_message_ref(message);
    ike_fragment_buffer_reset(sa->responses);
    retransmit_start(&sa->retransmit, engine_interval(engine), tries > 0 ? tries : DEFAULT_TRIES,
                     engine->path.stream, engine->now);
    engine_send_datagrams(engine, datagrams, engine->path.id, true, 1);
    suspicion_request_sent(engine, sa);
}

/* --- Child SAs --- */

ChildSa *
engine_find_child(IkeEngine *engine, uint32_t spi_in)
{
    for (guint i = 0; i < engine->children->len; i++) {
        ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->spi_in == spi_in && child->state != CHILD_SA_GONE)
            return child;
    }
    return NULL;
}

ChildSa *
engine_find_child_by_peer(IkeEngine *engine, uint32_t spi_out)
{
    for (guint i = 0; i < engine->children->len; i++) {
        ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->spi_out == spi_out && child->state != CHILD_SA_GONE)
            return child;
    }
    return NULL;
}

ChildSa *
engine_current_child(IkeEngine *engine)
{
    for (guint i = engine->children->len; i > 0; i--) {
        ChildSa *child = g_ptr_array_index(engine->children, i - 1);
        if (child->state == CHILD_SA_INSTALLED)
            return child;
    }
    return NULL;
}

ChildSa *
engine_install_child(IkeEngine *engine, const IkeSa *sa, const ChildSaMaterial *material)
{
    if (engine->children->len >= CHILD_SA_MAX)
        return NULL;
    IkeChild *output = child_sa_make_output(material, sa->suite.prf, sa->keys.d);
    if (output == NULL)
        return NULL;
    engine_emit(engine, IKE_OUTPUT_INSTALL_CHILD)->child = output;
    ChildSa *child = child_sa_new(material);
    lifetime_start_child(engine, child, material->suite.esn);
    g_ptr_array_add(engine->children, child);
    return child;
}

static void
emit_spis(IkeEngine *engine, IkeOutputKind kind, const ChildSa *child)
{
    IkeChild *output = g_new0(IkeChild, 1);
    output->spi_in = child->spi_in;
    output->spi_out = child->spi_out;
    engine_emit(engine, kind)->child = output;
}

void
engine_expect_child(IkeEngine *engine, uint32_t spi_in)
{
    const ChildSa offered = { .spi_in = spi_in };
    emit_spis(engine, IKE_OUTPUT_EXPECT_CHILD, &offered);
}

void
engine_remove_child(IkeEngine *engine, ChildSa *child)
{
    emit_spis(engine, IKE_OUTPUT_REMOVE_CHILD, child);
    g_ptr_array_remove(engine->children, child);
}

static void
stop_sending_by(IkeEngine *engine, ChildSa *child)
{
    if (!child->retired)
        emit_spis(engine, IKE_OUTPUT_RETIRE_CHILD, child);
    child->retired = true;
}

void
engine_retire_child(IkeEngine *engine, ChildSa *child)
{
    stop_sending_by(engine, child);
    child->state = CHILD_SA_DELETING;
    child->delete_at = instant_after(engine->now, IKE_DELETE_DELAY);
    child->expires_at = INSTANT_NEVER;
}

void
engine_child_replaced(IkeEngine *engine, ChildSa *child)
{
    child->state = CHILD_SA_REKEYED;
    child->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
}

void
engine_child_gone(IkeEngine *engine, ChildSa *child)
{
    stop_sending_by(engine, child);
    child->state = CHILD_SA_GONE;
    child->expires_at = instant_after(engine->now, IKE_CHILD_LINGER);
}

static void
remove_those_gone(IkeEngine *engine)
{
    for (guint i = engine->children->len; i > 0; i--) {
        ChildSa *child = g_ptr_array_index(engine->children, i - 1);
        if (child->state == CHILD_SA_GONE && engine->now >= child->expires_at)
            engine_remove_child(engine, child);
    }
}

IkeSa *
engine_find_sa(const IkeEngine *engine, uint64_t spi_i)
{
    for (guint i = 0; i < engine->sas->len; i++) {
        IkeSa *sa = g_ptr_array_index(engine->sas, i);
        if (sa->spi_i == spi_i && sa->state != SA_CLOSED)
            return sa;
    }
    return NULL;
}

void
engine_use_sa(IkeEngine *engine, IkeSa *sa)
{
    guint place;
    if (g_ptr_array_find(engine->sas, sa, &place))
        g_ptr_array_steal_index(engine->sas, place);
    g_ptr_array_insert(engine->sas, 0, sa);
}

void
engine_remove_sa(IkeEngine *engine, IkeSa *sa)
{
    retransmit_stop(&sa->retransmit);
    sa->state = SA_CLOSED; /* freed when the input is done with */
}

/* --- Ends --- */

static void
keep_reason(IkeEngine *engine, IkeCloseReason reason, const char *format, va_list arguments)
{
    if (engine->close_detail != NULL) /* the first reason is the reason */
        return;
    engine->close_reason = reason;
    engine->close_detail = g_strdup_vprintf(format, arguments);
}

static void
finish(IkeEngine *engine)
{
    if (engine->state == IKE_STATE_CLOSED)
        return;
    while (engine->children->len > 0)
        engine_remove_child(engine, g_ptr_array_index(engine->children, 0));
    for (guint i = 0; i < engine->sas->len; i++)
        engine_remove_sa(engine, g_ptr_array_index(engine->sas, i));
    engine_set_state(engine, IKE_STATE_CLOSED);
    IkeOutput *output = engine_emit(engine, IKE_OUTPUT_CLOSED);
    output->reason = engine->close_reason;
    output->detail = g_strdup(engine->close_detail);
}

void
engine_closed(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep_reason(engine, reason, format, arguments);
    va_end(arguments);
    finish(engine);
}

void
engine_close_with_delete(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep_reason(engine, reason, format, arguments);
    va_end(arguments);
    engine->want_close = true;
    engine_set_state(engine, IKE_STATE_CLOSING);
    IkeSa *sa = engine_sa(engine);
    if (window_is_busy(&sa->window))
        retransmit_hurry(&sa->retransmit, IKE_CLOSE_TRIES, engine->now);
    engine_start_next(engine);
}

/* HDR, SK {N(AUTHENTICATION_FAILED), D}  -->   in an exchange of its own; whether the gateway hears
 * it is not waited for (RFC 7296, section 2.21.2). "Usually with no other payloads": but Libreswan
 * takes no notice of the notification, and would keep the session. */
void
engine_close_unauthenticated(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
{
    va_list arguments;
    IkeSa *sa = engine_sa(engine);
    va_start(arguments, format);
    keep_reason(engine, reason, format, arguments);
    va_end(arguments);
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_notify(message, IKE_NOTIFY_AUTHENTICATION_FAILED, NULL, 0);
    ike_message_add_delete_ike(message);
    engine_send_request(engine, sa, message, SA_DELETE_IKE_LOCAL_INFORMATIONAL);
    finish(engine);
}

/* --- What is next --- */

static Instant
later(Instant a, Instant b)
{
    return a > b ? a : b;
}

/* Before that we make and rekey nothing on sa. */
static Instant
not_before(const IkeSa *sa)
{
    return later(sa->retry_at, proc_followup_until(sa));
}

/* When our DELETE of a Child SA is due: not while the gateway rekeys the IKE SA, which is what it
 * would be answered on (RFC 7296, section 2.25.2). */
static Instant
deletion_due(const IkeSa *sa, const ChildSa *child)
{
    Instant due = child->state == CHILD_SA_DELETING ? child->delete_at : child->expires_at;
    return sa->peer_ike != NULL ? later(due, sa->peer_ike->expires_at) : due;
}

static ChildSa *
child_to_delete(const IkeEngine *engine)
{
    for (guint i = 0; i < engine->children->len; i++) {
        ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->state != CHILD_SA_GONE && engine->now >= deletion_due(engine_sa(engine), child))
            return child;
    }
    return NULL;
}

/* There must be room for what the gateway makes at the same time. */
static bool
may_be_rekeyed(const IkeEngine *engine, const ChildSa *child)
{
    return child->state == CHILD_SA_INSTALLED && child->unconfirmed_on == 0 &&
           engine->children->len + 2 <= CHILD_SA_MAX;
}

static ChildSa *
child_to_rekey(const IkeEngine *engine)
{
    for (guint i = 0; i < engine->children->len; i++) {
        ChildSa *child = g_ptr_array_index(engine->children, i);
        if (may_be_rekeyed(engine, child) && engine->now >= child->rekey_at)
            return child;
    }
    return NULL;
}

/* One thing at a time, the most pressing first. */
void
engine_start_next(IkeEngine *engine)
{
    remove_those_gone(engine);
    lifetime_check(engine);
    suspicion_check(engine);
    IkeSa *sa = engine_sa(engine);
    if (sa == NULL || sa->state != SA_ESTABLISHED || engine->state == IKE_STATE_CLOSED)
        return;
    if (!window_can_send(&sa->window)) {
        engine_closed(engine, IKE_CLOSE_PROTOCOL, "the message IDs of the IKE SA are used up");
        return;
    }
    if (engine->want_close) {
        proc_delete_start_ike(engine, sa, SA_DELETE_IKE_LOCAL_INFORMATIONAL);
        return;
    }
    /* Until the gateway knows where we are, nothing else gets an answer for long. */
    if (proc_mobike_wants_to_tell(engine)) {
        proc_mobike_start(engine, sa);
        return;
    }
    ChildSa *doomed = child_to_delete(engine);
    ChildSa *child = child_to_rekey(engine);
    unsigned missing = coverage_missing(engine);
    if (doomed != NULL)
        proc_delete_start_child(engine, sa, doomed);
    else if (engine->child_wanted && engine->now >= not_before(sa))
        proc_rekey_child_start(engine, sa, NULL, KE_NONE);
    else if (missing != 0 && engine->now >= not_before(sa))
        proc_rekey_child_start_for(engine, sa, missing);
    else if (engine->now >= later(sa->rekey_at, not_before(sa)))
        proc_rekey_ike_start(engine, sa, KE_NONE);
    else if (child != NULL && engine->now >= not_before(sa))
        proc_rekey_child_start(engine, sa, child, KE_NONE);
    else if (suspicion_wants_check(engine) ||
             engine->now >= instant_after(engine->last_seen, liveness_interval(engine)))
        proc_mobike_start(engine, sa);
    else if (proc_mobike_wants_to_probe(engine))
        proc_mobike_start_probe(engine, sa);
}

static Instant
idle_deadline(const IkeEngine *engine, const IkeSa *sa)
{
    Instant deadline = later(sa->rekey_at, not_before(sa));
    for (guint i = 0; i < engine->children->len; i++) {
        const ChildSa *child = g_ptr_array_index(engine->children, i);
        if (may_be_rekeyed(engine, child))
            deadline = instant_earlier(deadline, later(child->rekey_at, not_before(sa)));
        else if (child->state == CHILD_SA_DELETING || child->state == CHILD_SA_REKEYED)
            deadline = instant_earlier(deadline, deletion_due(sa, child));
    }
    if (engine->child_wanted || coverage_missing(engine) != 0)
        deadline = instant_earlier(deadline, not_before(sa));
    return instant_earlier(deadline, instant_after(engine->last_seen, liveness_interval(engine)));
}

Instant
ike_engine_next_deadline(const IkeEngine *engine)
{
    Instant deadline = INSTANT_NEVER;
    if (engine->state == IKE_STATE_IDLE || engine->state == IKE_STATE_CLOSED)
        return INSTANT_NEVER;
    if (proc_puzzle_under_way(engine)) /* the next slice at once */
        return engine->now;
    for (guint i = 0; i < engine->sas->len; i++) {
        const IkeSa *sa = g_ptr_array_index(engine->sas, i);
        deadline = instant_earlier(deadline, sa->retransmit.deadline);
        deadline = instant_earlier(deadline, sa->expires_at);
        if (proc_followup_until(sa) != 0)
            deadline = instant_earlier(deadline, proc_followup_until(sa));
        if (i == 0 && sa->state == SA_ESTABLISHED)
            deadline = instant_earlier(deadline, idle_deadline(engine, sa));
    }
    for (guint i = 0; i < engine->children->len; i++) {
        const ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->state == CHILD_SA_GONE)
            deadline = instant_earlier(deadline, child->expires_at);
    }
    deadline = instant_earlier(deadline, lifetime_deadline(engine));
    deadline = instant_earlier(deadline, suspicion_deadline(engine));
    if (engine->state == IKE_STATE_INIT_SENT && engine->setup.refused)
        deadline = instant_earlier(deadline, engine->setup.refused_until);
    return deadline;
}

/* --- Looking in --- */

IkeState
ike_engine_state(const IkeEngine *engine)
{
    return engine->state;
}

uint64_t
ike_engine_spi_i(const IkeEngine *engine)
{
    const IkeSa *sa = engine_sa(engine);
    return sa != NULL ? sa->spi_i : 0;
}

uint64_t
ike_engine_spi_r(const IkeEngine *engine)
{
    const IkeSa *sa = engine_sa(engine);
    return sa != NULL ? sa->spi_r : 0;
}

/* The names of Wireshark's list, which knows these ciphers only. */
static char *
wireshark_encryption(const IkeSuite *suite)
{
    switch (suite->encr) {
    case ENCR_AES_CBC:
        return g_strdup_printf("AES-CBC-%u [RFC3602]", suite->key_bits);
    case ENCR_AES_GCM_8:
        return g_strdup_printf("AES-GCM-%u with 8 octet ICV [RFC5282]", suite->key_bits);
    case ENCR_AES_GCM_12:
        return g_strdup_printf("AES-GCM-%u with 12 octet ICV [RFC5282]", suite->key_bits);
    case ENCR_AES_GCM_16:
        return g_strdup_printf("AES-GCM-%u with 16 octet ICV [RFC5282]", suite->key_bits);
    default:
        return g_strdup("unknown to Wireshark");
    }
}

static const char *
wireshark_integrity(const IkeSuite *suite)
{
    switch (suite->integ) {
    case INTEG_HMAC_SHA1_96:
        return "HMAC_SHA1_96 [RFC2404]";
    case INTEG_HMAC_SHA2_256_128:
        return "HMAC_SHA2_256_128 [RFC4868]";
    case INTEG_HMAC_SHA2_384_192:
        return "HMAC_SHA2_384_192 [RFC4868]";
    case INTEG_HMAC_SHA2_512_256:
        return "HMAC_SHA2_512_256 [RFC4868]";
    default:
        return "NONE [RFC4306]";
    }
}

static void
append_hex(GString *text, const Secret *key)
{
    for (size_t i = 0; key != NULL && i < secret_length(key); i++)
        g_string_append_printf(text, "%02x", secret_data(key)[i]);
}

char *
ike_engine_debug_keys(const IkeEngine *engine)
{
    const IkeSa *sa = engine_sa(engine);
    if (sa == NULL || sa->keys.ei == NULL)
        return NULL;
    g_autofree char *encryption = wireshark_encryption(&sa->suite);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%016" G_GINT64_MODIFIER "x,%016" G_GINT64_MODIFIER "x,",
                           sa->spi_i, sa->spi_r);
    append_hex(text, sa->keys.ei);
    g_string_append_c(text, ',');
    append_hex(text, sa->keys.er);
    g_string_append_printf(text, ",\"%s\",", encryption);
    append_hex(text, sa->keys.ai);
    g_string_append_c(text, ',');
    append_hex(text, sa->keys.ar);
    g_string_append_printf(text, ",\"%s\"", wireshark_integrity(&sa->suite));
    return g_string_free(text, FALSE);
}
