#include "config.h"

#include "stub/tls-upstream.h"

#include "base/sockaddr.h"
#include "crypto/tls-stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUESTIONS_MAX 512
#define QUESTION_MS   6000  /* until it counts as not answered, other servers included */
#define SERVER_MS     2500  /* until the next server is tried: connecting, or with nothing coming */
#define IDLE_MS       20000 /* RFC 7858, section 3.4 */
#define TICK_MS       250
#define SAID_US       (5 * G_USEC_PER_SEC)
#define CHUNK         16384
#define OUTPUT_MAX    (256 * 1024) /* not written yet: then no question more is taken */

typedef struct {
    GBytes *message; /* with an ID of ours */
    uint8_t id[2];   /* the client's */
    bool sent;
    gint64 asked_us;
    AskerAnswered answered;
    gpointer user_data;
} Question;

struct _TlsUpstream {
    GPtrArray *servers;
    GArray *sources;
    TrustStore *trust;
    guint current;         /* of servers */
    guint failures;        /* in a row */
    GHashTable *questions; /* ID of ours -> Question */
    uint16_t next_id;
    guint tick;

    int fd; /* -1: no stream */
    guint in, out;
    bool connecting;
    bool answers; /* the stream has brought an answer */
    TlsStream *tls;
    GByteArray *output, *input; /* not written yet; plaintext that is no whole message yet */
    gint64 heard_us;            /* last sign of life, or the beginning */
    gint64 said_us;             /* when a failure was logged */
};

static void begin(TlsUpstream *upstream);
static void flush(TlsUpstream *upstream);

TlsServer *
tls_server_new(const InetEndpoint *endpoint, const char *name)
{
    TlsServer *server = g_new0(TlsServer, 1);
    server->endpoint = *endpoint;
    server->name = g_strdup(name);
    server->digests = g_array_new(FALSE, FALSE, sizeof(TlsDigest));
    return server;
}

void
tls_server_free(TlsServer *server)
{
    for (guint i = 0; i < server->digests->len; i++)
        g_bytes_unref(g_array_index(server->digests, TlsDigest, i).digest);
    g_array_unref(server->digests);
    g_free(server->name);
    g_free(server);
}

static const TlsServer *
current_server(const TlsUpstream *upstream)
{
    return upstream->servers->pdata[upstream->current];
}

/* ---- questions ---- */

static void
question_free(gpointer data)
{
    Question *question = data;
    g_bytes_unref(question->message);
    g_free(question);
}

/* packet NULL: there is no answer. False: nobody asked. */
static bool
finish(TlsUpstream *upstream, uint16_t id, uint8_t *packet, size_t length)
{
    Question *question = g_hash_table_lookup(upstream->questions, GUINT_TO_POINTER(id));
    if (question == NULL)
        return false;
    g_hash_table_steal(upstream->questions, GUINT_TO_POINTER(id));
    if (packet != NULL)
        memcpy(packet, question->id, 2);
    question->answered(&(Answer){ .packet = packet, .length = length }, question->user_data);
    question_free(question);
    return true;
}

/* Those that were asked before limit_us; all of them with G_MAXINT64. */
static bool
fail_questions(TlsUpstream *upstream, gint64 limit_us)
{
    g_autoptr(GArray) old = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, upstream->questions);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        uint16_t id = (uint16_t)GPOINTER_TO_UINT(key);
        if (((Question *)value)->asked_us < limit_us)
            g_array_append_val(old, id);
    }
    for (guint i = 0; i < old->len; i++)
        finish(upstream, g_array_index(old, uint16_t, i), NULL, 0);
    return old->len > 0;
}

static void
write_question(TlsUpstream *upstream, Question *question)
{
    gsize length;
    const uint8_t *message = g_bytes_get_data(question->message, &length);
    g_autofree uint8_t *framed = g_malloc(length + 2);
    framed[0] = (uint8_t)(length >> 8);
    framed[1] = (uint8_t)length;
    memcpy(framed + 2, message, length);
    question->sent = tls_stream_write(upstream->tls, framed, length + 2);
}

static void
write_questions(TlsUpstream *upstream)
{
    GHashTableIter iter;
    gpointer question;
    g_hash_table_iter_init(&iter, upstream->questions);
    while (g_hash_table_iter_next(&iter, NULL, &question))
        if (!((Question *)question)->sent)
            write_question(upstream, question);
    flush(upstream);
}

/* ---- the stream ---- */

static void
stop(TlsUpstream *upstream)
{
    GHashTableIter iter;
    gpointer question;
    g_clear_handle_id(&upstream->in, g_source_remove);
    g_clear_handle_id(&upstream->out, g_source_remove);
    if (upstream->fd >= 0)
        close(upstream->fd);
    upstream->fd = -1;
    g_clear_pointer(&upstream->tls, tls_stream_free);
    g_byte_array_set_size(upstream->output, 0);
    g_byte_array_set_size(upstream->input, 0);
    g_hash_table_iter_init(&iter, upstream->questions);
    while (g_hash_table_iter_next(&iter, NULL, &question))
        ((Question *)question)->sent = false;
}

/* The next one; when all have failed, nobody waits any longer. */
static void
fail(TlsUpstream *upstream, const char *why)
{
    const TlsServer *server = current_server(upstream);
    gint64 now = g_get_monotonic_time();
    /* Each question may find it so. */
    if (upstream->said_us == 0 || now - upstream->said_us > SAID_US) {
        g_message("%s: %s", server->name, why);
        upstream->said_us = now;
    }
    stop(upstream);
    upstream->current = (upstream->current + 1) % upstream->servers->len;
    upstream->failures++;
    if (upstream->failures >= upstream->servers->len) {
        upstream->failures = 0;
        fail_questions(upstream, G_MAXINT64);
    } else if (g_hash_table_size(upstream->questions) > 0) {
        begin(upstream);
    }
}

static GChecksumType
checksum_of(uint16_t hash)
{
    return hash == 3 ? G_CHECKSUM_SHA384 : hash == 4 ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256;
}

static bool
key_has_digest(const Certificate *certificate, const TlsDigest *digest)
{
    g_autoptr(GBytes) key = certificate_public_key_der(certificate);
    g_autoptr(GChecksum) checksum = g_checksum_new(checksum_of(digest->hash));
    uint8_t value[64];
    gsize length, value_length = sizeof value;
    const uint8_t *octets = g_bytes_get_data(key, &length);
    g_checksum_update(checksum, octets, (gssize)length);
    g_checksum_get_digest(checksum, value, &value_length);
    return value_length == g_bytes_get_size(digest->digest) &&
           memcmp(value, g_bytes_get_data(digest->digest, NULL), value_length) == 0;
}

static bool
key_is_right(const TlsUpstream *upstream)
{
    const GArray *digests = current_server(upstream)->digests;
    GPtrArray *path = tls_stream_server_path(upstream->tls);
    bool right = digests->len == 0;
    for (guint i = 0; !right && path != NULL && i < digests->len; i++)
        right = key_has_digest(path->pdata[0], &g_array_index(digests, TlsDigest, i));
    return right;
}

static void
take_messages(TlsUpstream *upstream)
{
    GByteArray *input = upstream->input;
    while (input->len >= 2) {
        size_t length = (size_t)input->data[0] << 8 | input->data[1];
        if (input->len < length + 2)
            return;
        g_autofree uint8_t *message = g_memdup2(input->data + 2, length);
        g_byte_array_remove_range(input, 0, (guint)length + 2);
        if (length < DNS_HEADER_LENGTH ||
            !finish(upstream, (uint16_t)(message[0] << 8 | message[1]), message, length))
            continue;
        upstream->answers = true;
        upstream->failures = 0;
    }
}

static void
take_plaintext(TlsUpstream *upstream)
{
    g_autoptr(GBytes) data = tls_stream_take_data(upstream->tls);
    if (data == NULL)
        return;
    gsize length;
    const uint8_t *octets = g_bytes_get_data(data, &length);
    g_byte_array_append(upstream->input, octets, (guint)length);
    take_messages(upstream);
}

/* Servers end streams as they like (RFC 7766, section 6.2.4): what is open is asked again. One that
 * has not answered anything until then is no server. */
static void
ended(TlsUpstream *upstream, const char *why)
{
    bool wanted = g_hash_table_size(upstream->questions) > 0;
    if (wanted && !upstream->answers) {
        fail(upstream, why);
        return;
    }
    stop(upstream);
    if (wanted)
        begin(upstream);
}

/* False: the stream is over. */
static bool
step(TlsUpstream *upstream, const uint8_t *data, size_t length)
{
    bool was_open = tls_stream_state(upstream->tls) == TLS_STREAM_OPEN;
    TlsStreamState state = tls_stream_feed(upstream->tls, data, length);
    if (state == TLS_STREAM_OPEN && !was_open && !key_is_right(upstream)) {
        fail(upstream, "its key is not the one that the gateway gave a digest of");
        return false;
    }
    if (state == TLS_STREAM_OPEN || state == TLS_STREAM_CLOSED)
        take_plaintext(upstream);
    if (state == TLS_STREAM_FAILED) {
        fail(upstream, tls_stream_error(upstream->tls)->message);
        return false;
    }
    if (state == TLS_STREAM_SIGN) {
        fail(upstream, "it wants a certificate of ours");
        return false;
    }
    if (state == TLS_STREAM_CLOSED) {
        ended(upstream, "it ended the stream");
        return false;
    }
    if (state == TLS_STREAM_OPEN)
        write_questions(upstream);
    else
        flush(upstream);
    return upstream->fd >= 0;
}

static gboolean
readable(int fd, GIOCondition condition, gpointer data)
{
    TlsUpstream *upstream = data;
    uint8_t buffer[CHUNK];
    ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (got <= 0) {
        upstream->in = 0;
        ended(upstream, got == 0 ? "it ended the stream" : g_strerror(errno));
        return G_SOURCE_REMOVE;
    }
    upstream->heard_us = g_get_monotonic_time();
    guint source = upstream->in;
    step(upstream, buffer, (size_t)got);
    return upstream->in == source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
connected(TlsUpstream *upstream)
{
    const TlsServer *server = current_server(upstream);
    g_autoptr(GError) error = NULL;
    TlsStreamConfig config = { .trust = upstream->trust,
                               .server_name = server->name,
                               .announce_name = true,
                               .web_name = true,
                               .now_s = g_get_real_time() / G_USEC_PER_SEC };
    upstream->connecting = false;
    upstream->tls = tls_stream_new(&config, &error);
    if (upstream->tls == NULL) {
        fail(upstream, error->message);
        return;
    }
    upstream->in = g_unix_fd_add(upstream->fd, G_IO_IN | G_IO_HUP, readable, upstream);
    step(upstream, NULL, 0);
}

static gboolean
writable(int fd, GIOCondition condition, gpointer data)
{
    TlsUpstream *upstream = data;
    int code = 0;
    socklen_t length = sizeof code;
    upstream->out = 0;
    if (!upstream->connecting) {
        flush(upstream);
        return G_SOURCE_REMOVE;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0)
        fail(upstream, g_strerror(code));
    else
        connected(upstream);
    return G_SOURCE_REMOVE;
}

static void
flush(TlsUpstream *upstream)
{
    g_autoptr(GBytes) more = tls_stream_take_output(upstream->tls);
    GByteArray *output = upstream->output;
    g_byte_array_append(output, g_bytes_get_data(more, NULL), (guint)g_bytes_get_size(more));
    if (output->len == 0)
        return;
    ssize_t sent = send(upstream->fd, output->data, output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
        g_byte_array_remove_range(output, 0, (guint)sent);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return; /* reading tells */
    if (output->len > 0 && upstream->out == 0)
        upstream->out = g_unix_fd_add(upstream->fd, G_IO_OUT, writable, upstream);
}

/* ---- connecting ---- */

static void
bind_source(const TlsUpstream *upstream, uint8_t family)
{
    for (guint i = 0; i < upstream->sources->len; i++) {
        InetEndpoint source = { g_array_index(upstream->sources, InetAddress, i), 0 };
        struct sockaddr_storage address;
        if (source.address.family != family)
            continue;
        socklen_t length = (socklen_t)sockaddr_from_endpoint(&source, &address);
        /* Where it is not there, the connect goes nowhere, which is told. */
        (void)!bind(upstream->fd, (struct sockaddr *)&address, length);
        return;
    }
}

static void
begin(TlsUpstream *upstream)
{
    const TlsServer *server = current_server(upstream);
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(&server->endpoint, &address);
    upstream->heard_us = g_get_monotonic_time();
    upstream->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (upstream->fd < 0)
        return; /* the questions' time runs out */
    bind_source(upstream, server->endpoint.address.family);
    upstream->connecting = true;
    upstream->answers = false;
    if (connect(upstream->fd, (struct sockaddr *)&address, length) != 0 && errno != EINPROGRESS) {
        fail(upstream, g_strerror(errno));
        return;
    }
    upstream->out = g_unix_fd_add(upstream->fd, G_IO_OUT, writable, upstream);
}

/* Questions that wait too long, servers that say nothing, streams that nobody needs. */
static gboolean
tick(gpointer data)
{
    TlsUpstream *upstream = data;
    gint64 now = g_get_monotonic_time();
    fail_questions(upstream, now - QUESTION_MS * 1000);
    bool wanted = g_hash_table_size(upstream->questions) > 0;
    gint64 quiet = now - upstream->heard_us;
    if (upstream->fd >= 0 && wanted && quiet > SERVER_MS * 1000)
        fail(upstream, "it does not answer");
    else if (upstream->fd >= 0 && !wanted && quiet > IDLE_MS * 1000)
        stop(upstream);
    else if (upstream->fd < 0 && wanted)
        begin(upstream);
    if (upstream->fd >= 0 || g_hash_table_size(upstream->questions) > 0)
        return G_SOURCE_CONTINUE;
    upstream->tick = 0;
    return G_SOURCE_REMOVE;
}

/* ---- asking ---- */

static uint16_t
free_id(TlsUpstream *upstream)
{
    while (g_hash_table_contains(upstream->questions, GUINT_TO_POINTER(upstream->next_id)))
        upstream->next_id++;
    return upstream->next_id++;
}

static bool
ask(gpointer data, const DnsQuery *query, const uint8_t *octets, size_t length,
    AskerAnswered answered, gpointer user_data)
{
    TlsUpstream *upstream = data;
    if (g_hash_table_size(upstream->questions) >= QUESTIONS_MAX ||
        upstream->output->len > OUTPUT_MAX)
        return false;
    uint16_t id = free_id(upstream);
    uint8_t *message = g_memdup2(octets, length);
    Question *question = g_new0(Question, 1);
    memcpy(question->id, octets, 2);
    message[0] = (uint8_t)(id >> 8);
    message[1] = (uint8_t)id;
    question->message = g_bytes_new_take(message, length);
    question->asked_us = g_get_monotonic_time();
    question->answered = answered;
    question->user_data = user_data;
    g_hash_table_insert(upstream->questions, GUINT_TO_POINTER(id), question);
    if (upstream->tick == 0)
        upstream->tick = g_timeout_add(TICK_MS, tick, upstream);
    /* A server that has been quiet because nobody asked has its time from now on. */
    if (g_hash_table_size(upstream->questions) == 1)
        upstream->heard_us = question->asked_us;
    if (upstream->tls != NULL && tls_stream_state(upstream->tls) == TLS_STREAM_OPEN)
        write_questions(upstream);
    return true;
}

static gboolean
begin_first(gpointer data)
{
    TlsUpstream *upstream = data;
    if (upstream->fd < 0 && g_hash_table_size(upstream->questions) > 0)
        begin(upstream);
    return G_SOURCE_REMOVE;
}

/* Answers never come while the question is being asked. */
static bool
ask_and_begin(gpointer data, const DnsQuery *query, const uint8_t *octets, size_t length,
              AskerAnswered answered, gpointer user_data)
{
    TlsUpstream *upstream = data;
    bool asked = ask(data, query, octets, length, answered, user_data);
    if (asked && upstream->fd < 0)
        g_idle_add(begin_first, upstream);
    return asked;
}

Asker
tls_upstream_asker(TlsUpstream *upstream)
{
    return (Asker){ ask_and_begin, upstream };
}

TlsUpstream *
tls_upstream_new(GPtrArray *servers, GArray *sources, TrustStore *trust)
{
    g_return_val_if_fail(servers->len > 0, NULL);
    TlsUpstream *upstream = g_new0(TlsUpstream, 1);
    upstream->servers = g_ptr_array_ref(servers);
    upstream->sources = g_array_ref(sources);
    upstream->trust = trust_store_ref(trust);
    upstream->questions = g_hash_table_new_full(NULL, NULL, NULL, question_free);
    upstream->output = g_byte_array_new();
    upstream->input = g_byte_array_new();
    upstream->next_id = (uint16_t)g_random_int();
    upstream->fd = -1;
    return upstream;
}

void
tls_upstream_free(TlsUpstream *upstream)
{
    if (upstream == NULL)
        return;
    stop(upstream);
    g_idle_remove_by_data(upstream);
    g_clear_handle_id(&upstream->tick, g_source_remove);
    g_hash_table_unref(upstream->questions);
    g_byte_array_unref(upstream->output);
    g_byte_array_unref(upstream->input);
    g_ptr_array_unref(upstream->servers);
    g_array_unref(upstream->sources);
    trust_store_unref(upstream->trust);
    g_free(upstream);
}
