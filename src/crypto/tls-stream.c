#include "config.h"

#include "crypto/tls-stream.h"

#include <errno.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/inet.h"
#include "crypto/certificate-private.h"
#include "crypto/error.h"
#include "crypto/tls-signer.h"

/* Forward secrecy always; nothing with SHA-1 but what HMAC does with it in old suites. */
#define PRIORITY                                                                                   \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:"             \
    "-SIGN-DSA-SHA1:%DISABLE_TLS13_COMPAT_MODE"
#define ID_FQDN    2
#define READ_CHUNK 4096

struct _TlsStream {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    TlsSigner *signer; /* NULL without a certificate of ours */
    TlsStreamState state;
    unsigned calls;    /* written by each, so that a thread sanitizer sees two at a time: what the
                        * library does, it does not see */
    GByteArray *input; /* of the server, not yet read */
    guint input_offset;
    const uint8_t *lent; /* during tls_stream_read: comes behind input */
    size_t lent_left;
    GByteArray *output;
    GByteArray *data; /* plaintext */
    TrustStore *trust;
    char *server_name;
    int64_t now_s;
    bool web_name;
    guint sessions_taken; /* tickets that the server had given when one was taken last */
    guint sessions_given;
    GPtrArray *path; /* of the server, once it was judged */
    GError *error;
};

/* ---- the library's side: memory instead of a socket ---- */

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *out, size_t length)
{
    TlsStream *stream = pointer;
    size_t left = stream->input->len - stream->input_offset;
    if (left == 0 && stream->lent_left == 0) {
        gnutls_transport_set_errno(stream->session, EAGAIN);
        return -1;
    }
    if (left == 0) {
        length = MIN(length, stream->lent_left);
        memcpy(out, stream->lent, length);
        stream->lent += length;
        stream->lent_left -= length;
        return (ssize_t)length;
    }
    length = MIN(length, left);
    memcpy(out, stream->input->data + stream->input_offset, length);
    stream->input_offset += (guint)length;
    return (ssize_t)length;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    const TlsStream *stream = pointer;
    return stream->input->len > stream->input_offset || stream->lent_left > 0;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t length)
{
    TlsStream *stream = pointer;
    g_byte_array_append(stream->output, data, (guint)length);
    return (ssize_t)length;
}

static GPtrArray *
take_chain(gnutls_session_t session, GError **error)
{
    unsigned n = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
    g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    for (unsigned i = 0; list != NULL && i < n && i < CERTIFICATE_MAX_CHAIN; i++) {
        Certificate *certificate = certificate_new_der(list[i].data, list[i].size, error);
        if (certificate == NULL)
            return NULL;
        g_ptr_array_add(chain, certificate);
    }
    return g_steal_pointer(&chain);
}

static bool
judge_server(TlsStream *stream, GError **error)
{
    g_autoptr(GPtrArray) chain = take_chain(stream->session, error);
    g_clear_pointer(&stream->path, g_ptr_array_unref);
    if (chain == NULL ||
        !trust_store_verify(stream->trust, chain, stream->now_s, &stream->path, error))
        return false;
    const char *wanted = stream->server_name;
    if (wanted == NULL || (stream->web_name ? certificate_matches_host(chain->pdata[0], wanted)
                                            : certificate_matches_identity(chain->pdata[0], ID_FQDN,
                                                                           wanted, strlen(wanted))))
        return true;
    g_autofree char *names = certificate_names_to_string(chain->pdata[0]);
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_WRONG_USAGE,
                "the server's certificate is for %s, not for %s",
                *names != '\0' ? names : "no name at all", wanted);
    return false;
}

static int
verify(gnutls_session_t session)
{
    TlsStream *stream = gnutls_session_get_ptr(session);
    if (stream->error == NULL && judge_server(stream, &stream->error))
        return 0;
    return GNUTLS_E_CERTIFICATE_ERROR;
}

/* ---- setting up ---- */

static int
retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
         const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain,
         unsigned *n_chain, gnutls_privkey_t *key)
{
    TlsStream *stream = gnutls_session_get_ptr(session);
    tls_signer_credentials(stream->signer, chain, n_chain, key);
    return 0;
}

static int
note(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
     const gnutls_datum_t *message)
{
    const TlsStream *stream = gnutls_session_get_ptr(session);
    /* The library's own number; on the wire it is one (RFC 8446, section 4.1.4). */
    if (type == GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST)
        type = GNUTLS_HANDSHAKE_SERVER_HELLO;
    if (stream->state == TLS_STREAM_HANDSHAKE && type <= UINT8_MAX)
        tls_signer_note(stream->signer, (uint8_t)type, message->data, message->size);
    return 0;
}

static int
ticket_came(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
            const gnutls_datum_t *message)
{
    TlsStream *stream = gnutls_session_get_ptr(session);
    stream->sessions_given++;
    return 0;
}

static void
set_up_resumption(TlsStream *stream, const TlsStreamConfig *config)
{
    if (config->resumable && stream->signer == NULL)
        gnutls_handshake_set_hook_function(stream->session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                           GNUTLS_HOOK_POST, ticket_came);
    /* What the library cannot use is as if there were nothing. */
    if (config->resume != NULL)
        gnutls_session_set_data(stream->session, secret_data(config->resume),
                                secret_length(config->resume));
}

static int
set_up(TlsStream *stream, const TlsStreamConfig *config)
{
    int rc = gnutls_certificate_allocate_credentials(&stream->credentials);
    if (rc < 0)
        return rc;
    gnutls_certificate_set_verify_function(stream->credentials, verify);
    if (stream->signer != NULL)
        gnutls_certificate_set_retrieve_function2(stream->credentials, retrieve);
    rc = gnutls_init(&stream->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                           (config->resumable ? 0 : GNUTLS_NO_TICKETS));
    if (rc < 0)
        return rc;
    gnutls_session_set_ptr(stream->session, stream);
    gnutls_transport_set_ptr(stream->session, stream);
    if (stream->signer != NULL)
        gnutls_handshake_set_hook_function(stream->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
                                           note);
    gnutls_transport_set_pull_function(stream->session, pull);
    gnutls_transport_set_pull_timeout_function(stream->session, pull_timeout);
    gnutls_transport_set_push_function(stream->session, push);
    gnutls_handshake_set_timeout(stream->session, GNUTLS_INDEFINITE_TIMEOUT);
    gnutls_handshake_set_max_packet_length(stream->session, TLS_STREAM_MAX_HANDSHAKE);
    InetAddress address;
    if (config->announce_name && config->server_name != NULL &&
        !inet_address_parse(config->server_name, &address))
        rc = gnutls_server_name_set(stream->session, GNUTLS_NAME_DNS, config->server_name,
                                    strlen(config->server_name));
    if (rc >= 0)
        rc = gnutls_priority_set_direct(stream->session, PRIORITY, NULL);
    if (rc >= 0)
        rc = gnutls_credentials_set(stream->session, GNUTLS_CRD_CERTIFICATE, stream->credentials);
    if (rc >= 0)
        set_up_resumption(stream, config);
    return rc;
}

TlsStream *
tls_stream_new(const TlsStreamConfig *config, GError **error)
{
    g_return_val_if_fail(config->trust != NULL, NULL);
    g_autoptr(TlsStream) stream = g_new0(TlsStream, 1);
    stream->input = g_byte_array_new();
    stream->output = g_byte_array_new();
    stream->data = g_byte_array_new();
    stream->trust = trust_store_ref(config->trust);
    stream->server_name = g_strdup(config->server_name);
    stream->now_s = config->now_s;
    stream->web_name = config->web_name;
    if (config->chain != NULL && config->chain->len > 0) {
        stream->signer = tls_signer_new(config->chain, error);
        if (stream->signer == NULL)
            return NULL;
    }
    int rc = set_up(stream, config);
    if (rc < 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "TLS: %s", gnutls_strerror(rc));
        return NULL;
    }
    return g_steal_pointer(&stream);
}

static void
wipe_array(GByteArray *array)
{
    secret_wipe(array->data, array->len);
    g_byte_array_unref(array);
}

void
tls_stream_free(TlsStream *stream)
{
    if (stream == NULL)
        return;
    /* First, because its thread works on the session. */
    tls_signer_stop(stream->signer);
    if (stream->session != NULL)
        gnutls_deinit(stream->session);
    if (stream->credentials != NULL)
        gnutls_certificate_free_credentials(stream->credentials);
    tls_signer_free(stream->signer);
    g_byte_array_unref(stream->input);
    g_byte_array_unref(stream->output);
    wipe_array(stream->data);
    trust_store_unref(stream->trust);
    g_free(stream->server_name);
    g_clear_pointer(&stream->path, g_ptr_array_unref);
    g_clear_error(&stream->error);
    g_free(stream);
}

/* ---- going on ---- */

static void
fail(TlsStream *stream, int rc)
{
    bool theirs = rc == GNUTLS_E_FATAL_ALERT_RECEIVED;
    stream->state = TLS_STREAM_FAILED;
    if (theirs && stream->error == NULL) {
        const char *name = gnutls_alert_get_name(gnutls_alert_get(stream->session));
        g_set_error(&stream->error, CRYPTO_ERROR, CRYPTO_ERROR_UNTRUSTED,
                    "the server refused in TLS: %s", name != NULL ? name : "unknown alert");
    }
    if (stream->error == NULL)
        g_set_error(&stream->error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "TLS: %s",
                    gnutls_strerror(rc));
    if (!theirs)
        gnutls_alert_send_appropriate(stream->session, rc);
}

static void
read_data(TlsStream *stream)
{
    uint8_t chunk[READ_CHUNK];
    for (;;) {
        guint before = stream->input_offset;
        ssize_t n = gnutls_record_recv(stream->session, chunk, sizeof chunk);
        if (n == GNUTLS_E_INTERRUPTED)
            continue;
        /* Also after a message for the library itself, a ticket for instance: there may be more. */
        if (n == GNUTLS_E_AGAIN && stream->input_offset > before &&
            stream->input_offset < stream->input->len)
            continue;
        if (n > 0) {
            g_byte_array_append(stream->data, chunk, (guint)n);
            continue;
        }
        if (n == 0)
            stream->state = TLS_STREAM_CLOSED;
        else if (n != GNUTLS_E_AGAIN)
            fail(stream, (int)n);
        break;
    }
    secret_wipe(chunk, sizeof chunk);
}

/* What gnutls_handshake came back with, if it has. */
static TlsStreamState
after_handshake(TlsStream *stream, bool returned, int rc)
{
    if (!returned) {
        stream->state = TLS_STREAM_SIGN;
        return stream->state;
    }
    stream->state = TLS_STREAM_HANDSHAKE;
    if (rc == GNUTLS_E_SUCCESS) {
        stream->state = TLS_STREAM_OPEN;
        read_data(stream);
    } else if (rc != GNUTLS_E_AGAIN && gnutls_error_is_fatal(rc)) {
        fail(stream, rc);
    }
    return stream->state;
}

static TlsStreamState
handshake(TlsStream *stream)
{
    int rc;
    bool returned = true;
    do {
        if (stream->signer != NULL)
            returned = tls_signer_handshake(stream->signer, stream->session, &rc);
        else
            rc = gnutls_handshake(stream->session);
        /* Warnings are not waited for; each is of octets that were fed and so they end. */
    } while (returned && rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
    return after_handshake(stream, returned, returned ? rc : 0);
}

TlsStreamState
tls_stream_feed(TlsStream *stream, const void *data, size_t length)
{
    if (stream->state != TLS_STREAM_HANDSHAKE && stream->state != TLS_STREAM_OPEN)
        return stream->state;
    if (length > TLS_STREAM_MAX_INPUT) {
        fail(stream, GNUTLS_E_RECORD_OVERFLOW);
        return stream->state;
    }
    g_byte_array_remove_range(stream->input, 0, stream->input_offset);
    stream->input_offset = 0;
    if (stream->input->len + length > 2 * TLS_STREAM_MAX_INPUT) {
        fail(stream, GNUTLS_E_RECORD_OVERFLOW);
        return stream->state;
    }
    if (length > 0)
        g_byte_array_append(stream->input, data, (guint)length);
    if (stream->state == TLS_STREAM_HANDSHAKE)
        return handshake(stream);
    read_data(stream);
    return stream->state;
}

GPtrArray *
tls_stream_server_path(const TlsStream *stream)
{
    return stream->path;
}

TlsStreamState
tls_stream_state(const TlsStream *stream)
{
    return stream->state;
}

GBytes *
tls_stream_to_sign(const TlsStream *stream, uint16_t *scheme)
{
    g_return_val_if_fail(stream->state == TLS_STREAM_SIGN, NULL);
    return tls_signer_request(stream->signer, scheme);
}

TlsStreamState
tls_stream_sign(TlsStream *stream, GBytes *signature)
{
    if (stream->state != TLS_STREAM_SIGN)
        return stream->state;
    int rc = 0;
    if (signature == NULL)
        g_set_error(&stream->error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                    "there is no signature of ours to show to the server");
    bool returned = tls_signer_answer(stream->signer, signature, &rc);
    if (returned && rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc))
        return handshake(stream);
    return after_handshake(stream, returned, rc);
}

GBytes *
tls_stream_take_output(TlsStream *stream)
{
    GBytes *bytes = g_byte_array_free_to_bytes(stream->output);
    stream->output = g_byte_array_new();
    return bytes;
}

GBytes *
tls_stream_take_data(TlsStream *stream)
{
    if (stream->data->len == 0)
        return NULL;
    GBytes *bytes = g_bytes_new(stream->data->data, stream->data->len);
    secret_wipe(stream->data->data, stream->data->len);
    g_byte_array_set_size(stream->data, 0);
    return bytes;
}

bool
tls_stream_write(TlsStream *stream, const void *data, size_t length)
{
    stream->calls++;
    if (stream->state != TLS_STREAM_OPEN)
        return false;
    for (size_t done = 0; done < length;) {
        ssize_t n =
            gnutls_record_send(stream->session, (const uint8_t *)data + done, length - done);
        if (n < 0) {
            fail(stream, (int)n);
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static size_t
unread(const TlsStream *stream)
{
    return stream->input->len - stream->input_offset + stream->lent_left;
}

/* One record's worth; 0: they are used up, or that was the end. */
static ssize_t
read_record(TlsStream *stream, uint8_t *out, size_t room)
{
    ssize_t n;
    size_t before;
    do {
        before = unread(stream);
        n = gnutls_record_recv(stream->session, out, room);
        /* Also after a message for the library itself, a ticket for instance: there may be more. */
    } while (n == GNUTLS_E_INTERRUPTED ||
             (n == GNUTLS_E_AGAIN && unread(stream) > 0 && unread(stream) < before));
    if (n == 0)
        stream->state = TLS_STREAM_CLOSED;
    else if (n < 0 && n != GNUTLS_E_AGAIN)
        fail(stream, (int)n);
    return MAX(n, 0);
}

TlsStreamState
tls_stream_read(TlsStream *stream, const void *data, size_t length, uint8_t *out, size_t room,
                size_t *n)
{
    ssize_t got;
    *n = 0;
    stream->calls++;
    if (stream->state != TLS_STREAM_OPEN)
        return stream->state;
    g_return_val_if_fail(room >= length + TLS_STREAM_MAX_RECORD, stream->state);
    stream->lent = data;
    stream->lent_left = length;
    do {
        got = read_record(stream, out + *n, room - *n);
        *n += (size_t)got;
    } while (got > 0);
    stream->lent = NULL;
    stream->lent_left = 0;
    return stream->state;
}

GByteArray *
tls_stream_swap_output(TlsStream *stream, GByteArray *empty)
{
    GByteArray *output = stream->output;
    stream->calls++;
    stream->output = empty;
    return output;
}

void
tls_stream_close(TlsStream *stream)
{
    if (stream->state != TLS_STREAM_OPEN)
        return;
    gnutls_bye(stream->session, GNUTLS_SHUT_WR);
    stream->state = TLS_STREAM_CLOSED;
}

Secret *
tls_stream_take_session(TlsStream *stream)
{
    gnutls_datum_t data = { 0 };
    Secret *secret = NULL;
    stream->calls++;
    if (stream->sessions_taken == stream->sessions_given ||
        (stream->state != TLS_STREAM_OPEN && stream->state != TLS_STREAM_CLOSED))
        return NULL;
    stream->sessions_taken = stream->sessions_given;
    if (gnutls_session_get_data2(stream->session, &data) < 0)
        return NULL;
    if (data.size <= TLS_STREAM_MAX_SESSION)
        secret = secret_new(data.data, data.size);
    secret_wipe(data.data, data.size);
    gnutls_free(data.data);
    return secret;
}

bool
tls_stream_was_resumed(const TlsStream *stream)
{
    return gnutls_session_is_resumed(stream->session) != 0;
}

const GError *
tls_stream_error(const TlsStream *stream)
{
    return stream->error;
}

bool
tls_stream_is_tls13(const TlsStream *stream)
{
    return gnutls_protocol_get_version(stream->session) == GNUTLS_TLS1_3;
}

Secret *
tls_stream_export(TlsStream *stream, const char *label, const void *context, size_t context_length,
                  size_t length)
{
    uint8_t *out;
    if (stream->state != TLS_STREAM_OPEN && stream->state != TLS_STREAM_CLOSED)
        return NULL;
    g_autoptr(Secret) secret = secret_new_blank(length, &out);
    int rc = gnutls_prf_rfc5705(stream->session, strlen(label), label, context_length, context,
                                length, (char *)out);
    return rc < 0 ? NULL : g_steal_pointer(&secret);
}
