#include "config.h"

#include "relay/relay-private.h"

#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_EVERY (15 * 1000 * 1000) /* microseconds */

char *
metrics_text(const Relay *relay)
{
    const RelayStatistics *s = &relay->statistics;
    const struct {
        const char *name, *kind, *help;
        uint64_t value;
    } rows[] = {
        { "connections", "gauge", "Streams that are open.", s->connections },
        { "draining", "gauge", "1 while the relay closes its streams in order to stop.",
          relay->draining },
        { "waiting_bytes", "gauge", "Octets that wait for clients or for the rest of a frame.",
          s->kept },
        { "waiting_bytes_max", "gauge", "The most that ever waited.", s->most_kept_in_all },
        { "accepted_total", "counter", "Streams that were accepted.", s->accepted },
        { "tls_accepted_total", "counter", "TLS handshakes that succeeded.", s->tls_accepted },
        { "tls_resumed_total", "counter", "Those that went on from an earlier session.",
          s->tls_resumed },
        { "tls_failed_total", "counter", "TLS handshakes and sessions that failed.",
          s->tls_failed },
        { "refused_total", "counter", "Streams beyond a limit.", s->refused },
        { "closed_total", "counter", "Streams that their clients closed.", s->closed },
        { "broken_total", "counter", "Streams that broke the framing, or never had it.",
          s->broken },
        { "timed_out_total", "counter", "Streams that were silent for too long.", s->timed_out },
        { "drained_total", "counter", "Streams closed in order to stop.", s->drained },
        { "packets_in_total", "counter", "Packets handed to gateways.", s->packets_in },
        { "packets_out_total", "counter", "Packets handed to clients.", s->packets_out },
        { "bytes_in_total", "counter", "Octets of packets handed to gateways.", s->octets_in },
        { "bytes_out_total", "counter", "Octets of packets handed to clients.", s->octets_out },
        { "dropped_total", "counter", "Packets dropped in either direction.", s->dropped },
    };
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_string_append_printf(text,
                               "# HELP ginnel_relay_%s %s\n# TYPE ginnel_relay_%s %s\n"
                               "ginnel_relay_%s %" G_GUINT64_FORMAT "\n",
                               rows[i].name, rows[i].help, rows[i].name, rows[i].kind, rows[i].name,
                               rows[i].value);
    return g_string_free(text, FALSE);
}

/* A few kilobytes into a new socket's empty buffer: they fit, or the reader has bad luck. */
void
metrics_serve(Relay *relay, int fd)
{
    g_autofree char *text = metrics_text(relay);
    if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        fprintf(stderr, "metrics: not taken by who asked\n");
    close(fd);
}

void
metrics_write_file(Relay *relay)
{
    g_autoptr(GError) error = NULL;
    if (relay->options.metrics_file == NULL)
        return;
    g_autofree char *text = metrics_text(relay);
    if (!g_file_set_contents_full(relay->options.metrics_file, text, -1,
                                  G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error))
        fprintf(stderr, "metrics: %s\n", error->message);
}

static int
write_again(sd_event_source *source, uint64_t now, void *data)
{
    metrics_write_file(data);
    sd_event_source_set_time_relative(source, FILE_EVERY);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

bool
metrics_start(Relay *relay, GError **error)
{
    if (relay->options.metrics_file == NULL)
        return true;
    int rc = sd_event_add_time_relative(relay->event, &relay->metrics_timer, CLOCK_MONOTONIC, 0,
                                        1000 * 1000, write_again, relay);
    if (rc < 0)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-rc), "metrics: %s", g_strerror(-rc));
    return rc >= 0;
}
