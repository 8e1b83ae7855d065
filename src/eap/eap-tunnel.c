#include "config.h"

#include "eap/eap-tunnel.h"

#define KEY_MATERIAL 128 /* octets: MSK and EMSK; asked for whole (RFC 9190, section 2.3) */

void
eap_step_fail(EapStep *step, char *detail)
{
    step->kind = EAP_STEP_FAILURE;
    g_free(step->detail);
    step->detail = detail;
}

bool
eap_tunnel_init(EapTunnel *tunnel, const EapConfig *config, uint8_t type, GPtrArray *chain,
                char **detail)
{
    *tunnel = (EapTunnel){ .config = config, .type = type, .chain = chain };
    eap_tls_frame_init(&tunnel->frame);
    if (config->trust != NULL)
        return true;
    *detail = g_strdup("there is no authority to judge its server's certificate by");
    return false;
}

void
eap_tunnel_clear(EapTunnel *tunnel)
{
    eap_tls_frame_clear(&tunnel->frame);
    g_clear_pointer(&tunnel->tls, tls_stream_free);
    g_clear_pointer(&tunnel->data, g_bytes_unref);
}

static void
send_output(EapTunnel *tunnel, GBytes *output, EapStep *step)
{
    eap_tls_frame_send(&tunnel->frame, output);
    step->kind = EAP_STEP_SEND;
    g_clear_pointer(&step->response, g_bytes_unref);
    step->response = eap_tls_frame_next(&tunnel->frame);
}

void
eap_tunnel_flush(EapTunnel *tunnel, EapStep *step)
{
    g_autoptr(GBytes) output = tls_stream_take_output(tunnel->tls);
    send_output(tunnel, output, step);
}

/* With the alert that TLS has for it; to an alert of the server an empty response, so that it can
 * say Failure (RFC 5216, section 2.1.3). */
static void
end(EapTunnel *tunnel, const char *detail, EapStep *step)
{
    eap_tunnel_flush(tunnel, step);
    eap_step_fail(step, g_strdup(detail));
}

static void
ask_signature(EapTunnel *tunnel, EapStep *step)
{
    g_autoptr(EapQuestion) question = g_new0(EapQuestion, 1);
    question->kind = EAP_ASK_SIGN_TLS;
    question->octets = g_bytes_ref(tls_stream_to_sign(tunnel->tls, &question->scheme));
    step->kind = EAP_STEP_ASK;
    step->question = g_steal_pointer(&question);
}

/* Before anything of ours is said to the server: no certificate, no name, no password. */
static bool
ask_revocation(EapTunnel *tunnel, EapStep *step)
{
    TlsStreamState state = tls_stream_state(tunnel->tls);
    GPtrArray *path = tls_stream_server_path(tunnel->tls);
    if (!tunnel->config->check_revocation || tunnel->revocation_known || path == NULL ||
        (state != TLS_STREAM_SIGN && state != TLS_STREAM_OPEN))
        return false;
    g_autoptr(EapQuestion) question = g_new0(EapQuestion, 1);
    question->kind = EAP_ASK_REVOCATION;
    question->chain = g_ptr_array_ref(path);
    tunnel->asks_revocation = true;
    step->kind = EAP_STEP_ASK;
    step->question = g_steal_pointer(&question);
    return true;
}

/* What came while the handshake was not over waits for the method's turn. */
static void
keep_data(EapTunnel *tunnel)
{
    g_autoptr(GBytes) came = tls_stream_take_data(tunnel->tls);
    if (came == NULL)
        return;
    g_autoptr(GByteArray) all = g_byte_array_new();
    GBytes *parts[] = { tunnel->data, came };
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (parts[i] != NULL)
            g_byte_array_append(all, g_bytes_get_data(parts[i], NULL),
                                (guint)g_bytes_get_size(parts[i]));
    g_clear_pointer(&tunnel->data, g_bytes_unref);
    tunnel->data = g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

static bool
go_on(EapTunnel *tunnel, EapStep *step)
{
    if (ask_revocation(tunnel, step))
        return false;
    switch (tls_stream_state(tunnel->tls)) {
    case TLS_STREAM_HANDSHAKE:
        eap_tunnel_flush(tunnel, step);
        return false;
    case TLS_STREAM_SIGN:
        ask_signature(tunnel, step);
        return false;
    case TLS_STREAM_CLOSED:
        end(tunnel, "the server ended the TLS session", step);
        return false;
    case TLS_STREAM_FAILED:
        end(tunnel, tls_stream_error(tunnel->tls)->message, step);
        return false;
    case TLS_STREAM_OPEN:
        break;
    }
    keep_data(tunnel);
    if (tunnel->was_open)
        return true;
    tunnel->was_open = true;
    /* In TLS 1.3 the last word of the handshake is ours, and goes first. */
    g_autoptr(GBytes) output = tls_stream_take_output(tunnel->tls);
    if (g_bytes_get_size(output) == 0)
        return true;
    send_output(tunnel, output, step);
    return false;
}

static void
start(EapTunnel *tunnel, EapStep *step)
{
    g_autoptr(GError) error = NULL;
    const EapConfig *config = tunnel->config;
    const TlsStreamConfig tls = { .trust = config->trust,
                                  .server_name = config->server_name,
                                  .now_s = config->wall_clock_s,
                                  .chain = tunnel->chain };
    tunnel->tls = tls_stream_new(&tls, &error);
    if (tunnel->tls == NULL) {
        eap_step_fail(step, g_strdup(error->message));
        return;
    }
    tls_stream_feed(tunnel->tls, NULL, 0);
    go_on(tunnel, step);
}

bool
eap_tunnel_request(EapTunnel *tunnel, ByteReader data, EapStep *step)
{
    g_autoptr(GBytes) message = NULL;
    g_clear_pointer(&tunnel->data, g_bytes_unref);
    switch (eap_tls_frame_receive(&tunnel->frame, data, &message)) {
    case EAP_TLS_FRAME_BAD:
        return false;
    case EAP_TLS_FRAME_TOO_BIG:
        eap_step_fail(step, g_strdup("the server's message is too long, or not what it said"));
        return false;
    case EAP_TLS_FRAME_START:
        if (tunnel->tls == NULL)
            start(tunnel, step);
        return false;
    case EAP_TLS_FRAME_GO_ON:
        if (tunnel->tls != NULL) {
            step->kind = EAP_STEP_SEND;
            step->response = eap_tls_frame_next(&tunnel->frame);
        }
        return false;
    case EAP_TLS_FRAME_MESSAGE:
        break;
    }
    if (tunnel->tls == NULL)
        return false;
    gsize length;
    const void *octets = g_bytes_get_data(message, &length);
    tls_stream_feed(tunnel->tls, octets, length);
    return go_on(tunnel, step);
}

bool
eap_tunnel_asks(const EapTunnel *tunnel)
{
    return tunnel->asks_revocation ||
           (tunnel->tls != NULL && tls_stream_state(tunnel->tls) == TLS_STREAM_SIGN);
}

bool
eap_tunnel_answer(EapTunnel *tunnel, const EapAnswer *answer, EapStep *step)
{
    if (tunnel->asks_revocation) { /* not ok never comes here */
        tunnel->asks_revocation = false;
        tunnel->revocation_known = true;
    } else {
        tls_stream_sign(tunnel->tls, answer->octets);
    }
    return go_on(tunnel, step);
}

void
eap_tunnel_write(EapTunnel *tunnel, const void *data, size_t length)
{
    tls_stream_write(tunnel->tls, data, length);
}

Secret *
eap_tunnel_msk(EapTunnel *tunnel, const char *label)
{
    g_autoptr(Secret) material =
        tls_stream_is_tls13(tunnel->tls)
            ? tls_stream_export(tunnel->tls, "EXPORTER_EAP_TLS_Key_Material", &tunnel->type, 1,
                                KEY_MATERIAL)
            : tls_stream_export(tunnel->tls, label, NULL, 0, KEY_MATERIAL);
    return material != NULL ? secret_new_part(material, 0, EAP_MSK_LENGTH) : NULL;
}
