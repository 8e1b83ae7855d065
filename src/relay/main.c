/*
 * ginnel-relay: stands beside a gateway that speaks only UDP and takes IKETCP streams for it.
 */
#include "config.h"

#include "relay/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define PLAIN_PORT 4500
#define TLS_PORT   443

/* By the names that the socket unit gives (FileDescriptorName=). */
static RelayListen
what_for(const char *name)
{
    if (name != NULL && g_str_has_prefix(name, "tls"))
        return RELAY_LISTEN_TLS;
    if (name != NULL && g_str_has_prefix(name, "metrics"))
        return RELAY_LISTEN_METRICS;
    return RELAY_LISTEN_PLAIN;
}

/* -1, or how many of them take streams. */
static int
take_sockets(Relay *relay, const Arguments *arguments, GError **error)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names), streams = 0;
    bool ok = true;
    for (int i = 0; i < n; i++) {
        RelayListen what = what_for(names != NULL ? names[i] : NULL);
        if (ok && what == RELAY_LISTEN_TLS && arguments->certificate == NULL) {
            g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                                "a socket for TLS was handed over, and --certificate is missing");
            ok = false;
        }
        streams += what != RELAY_LISTEN_METRICS;
        ok = ok && relay_add_listener(relay, SD_LISTEN_FDS_START + i, what, error);
        free(names != NULL ? names[i] : NULL);
    }
    free(names);
    return ok ? streams : -1;
}

static bool
listen_all(Relay *relay, char **where, uint16_t port, RelayListen what, GError **error)
{
    for (char **one = where; one != NULL && *one != NULL; one++) {
        InetEndpoint endpoint;
        if (!endpoint_parse(*one, port, &endpoint, error) ||
            !relay_listen(relay, &endpoint, what, error))
            return false;
    }
    return true;
}

static bool
listen_everywhere(Relay *relay, const Arguments *arguments, GError **error)
{
    static const char *const everywhere[] = { "0.0.0.0", "[::]", NULL };
    int streams = take_sockets(relay, arguments, error);
    if (streams < 0 || (arguments->metrics_socket != NULL &&
                        !relay_listen_metrics(relay, arguments->metrics_socket, error)))
        return false;
    if (streams > 0)
        return true;
    bool nothing_said = arguments->listen == NULL && arguments->tls_listen == NULL;
    return listen_all(relay, nothing_said ? (char **)everywhere : arguments->listen, PLAIN_PORT,
                      RELAY_LISTEN_PLAIN, error) &&
           listen_all(relay, arguments->tls_listen, TLS_PORT, RELAY_LISTEN_TLS, error);
}

/* A stream takes two descriptors; shells give 1024. */
static void
allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
say_totals(const RelayStatistics *s)
{
    printf("accepted %" G_GUINT64_FORMAT ", refused %" G_GUINT64_FORMAT
           ", no IKETCP %" G_GUINT64_FORMAT ", no TLS %" G_GUINT64_FORMAT
           ", timed out %" G_GUINT64_FORMAT ", packets %" G_GUINT64_FORMAT
           " in and %" G_GUINT64_FORMAT " out, dropped %" G_GUINT64_FORMAT "\n",
           s->accepted, s->refused, s->broken, s->tls_failed, s->timed_out, s->packets_in,
           s->packets_out, s->dropped);
}

static bool
run(const Arguments *arguments, GError **error)
{
    allow_descriptors();
    g_autoptr(Relay) relay = relay_new(&arguments->relay, error);
    if (relay == NULL || !listen_everywhere(relay, arguments, error))
        return false;
    sd_notify(0, "READY=1");
    if (!relay_run(relay, error))
        return false;
    say_totals(relay_statistics(relay));
    return true;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Arguments arguments;
    bool ok = arguments_parse(&arguments, &argc, &argv, &error);
    if (ok && arguments.version)
        printf("ginnel-relay %s\n", GINNEL_VERSION);
    else if (ok)
        ok = run(&arguments, &error);
    if (error != NULL)
        fprintf(stderr, "ginnel-relay: %s\n", error->message);
    arguments_clear(&arguments);
    return ok ? 0 : 1;
}
