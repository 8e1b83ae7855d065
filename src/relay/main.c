/*
 * ginnel-relay: stands beside a gateway that speaks only UDP and takes IKETCP streams for it.
 */
#include "config.h"

#include "relay/relay.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define DEFAULT_PORT 4500

typedef struct {
    char **listen;
    char *gateway;
    gint max_connections, max_per_client, rate, idle_timeout, prefix_timeout;
    gboolean version;
} Arguments;

/* "192.0.2.1", "192.0.2.1:4500", "[2001:db8::1]:4500", "2001:db8::1". */
static bool
parse_endpoint(const char *text, InetEndpoint *out, GError **error)
{
    g_autofree char *address = g_strdup(text);
    const char *port = NULL;
    guint64 number = DEFAULT_PORT;
    char *colon = strrchr(address, ':');
    if (*address == '[') {
        char *end = strchr(address, ']');
        if (end != NULL && end[1] != '\0')
            port = end[1] == ':' ? text + (end + 2 - address) : "";
        if (end != NULL)
            *end = '\0';
        memmove(address, address + 1, strlen(address));
    } else if (colon != NULL && strchr(address, ':') == colon) {
        *colon = '\0';
        port = colon + 1;
    }
    if (!inet_address_parse(address, &out->address) ||
        (port != NULL && !g_ascii_string_to_unsigned(port, 10, 1, 65535, &number, NULL))) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "\"%s\" is no address with or without a port, such as 192.0.2.1:4500 or "
                    "[2001:db8::1]:4500",
                    text);
        return false;
    }
    out->port = (uint16_t)number;
    return true;
}

static bool
check_range(const char *name, int value, int least, GError **error)
{
    if (value >= least)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: %d is the least", name,
                least);
    return false;
}

static bool
parse_arguments(Arguments *arguments, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &arguments->listen,
          "Take streams here; may be repeated (default: [::]:4500 and 0.0.0.0:4500)",
          "ADDRESS:PORT" },
        { "gateway", 'g', 0, G_OPTION_ARG_STRING, &arguments->gateway,
          "The gateway's UDP address (port 4500 where none is given)", "ADDRESS[:PORT]" },
        { "max-connections", 0, 0, G_OPTION_ARG_INT, &arguments->max_connections,
          "Streams at a time (default: 1024)", "N" },
        { "max-per-client", 0, 0, G_OPTION_ARG_INT, &arguments->max_per_client,
          "Streams from one address at a time (default: 64)", "N" },
        { "rate", 0, 0, G_OPTION_ARG_INT, &arguments->rate, "New streams a second (default: 100)",
          "N" },
        { "idle-timeout", 0, 0, G_OPTION_ARG_INT, &arguments->idle_timeout,
          "Close a stream after so long without a packet (default: 900)", "SECONDS" },
        { "prefix-timeout", 0, 0, G_OPTION_ARG_INT, &arguments->prefix_timeout,
          "Close a stream that has not sent prefix and first packet (default: 10)", "SECONDS" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &arguments->version, "Print the version", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- IKE and ESP from TCP to UDP");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error) &&
           check_range("max-connections", arguments->max_connections, 1, error) &&
           check_range("max-per-client", arguments->max_per_client, 1, error) &&
           check_range("rate", arguments->rate, 1, error) &&
           check_range("idle-timeout", arguments->idle_timeout, 1, error) &&
           check_range("prefix-timeout", arguments->prefix_timeout, 1, error);
}

static bool
listen_everywhere(Relay *relay, char **where, GError **error)
{
    static const char *const everywhere[] = { "0.0.0.0:4500", "[::]:4500", NULL };
    int n = sd_listen_fds(1);
    for (int i = 0; i < n; i++)
        if (!relay_add_listener(relay, SD_LISTEN_FDS_START + i, error))
            return false;
    if (n > 0)
        return true;
    for (const char *const *one = where != NULL ? (const char *const *)where : everywhere;
         *one != NULL; one++) {
        InetEndpoint endpoint;
        if (!parse_endpoint(*one, &endpoint, error) || !relay_listen(relay, &endpoint, error))
            return false;
    }
    return true;
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

static bool
run(const Arguments *arguments, GError **error)
{
    RelayOptions options = {
        .max_connections = (unsigned)arguments->max_connections,
        .max_per_client = (unsigned)arguments->max_per_client,
        .max_rate = (unsigned)arguments->rate,
        .idle_timeout = arguments->idle_timeout * DURATION_SECOND,
        .prefix_timeout = arguments->prefix_timeout * DURATION_SECOND,
    };
    if (arguments->gateway == NULL) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--gateway is missing: the address that the gateway takes UDP on");
        return false;
    }
    if (!parse_endpoint(arguments->gateway, &options.gateway, error))
        return false;
    allow_descriptors();
    g_autoptr(Relay) relay = relay_new(&options, error);
    if (relay == NULL || !listen_everywhere(relay, arguments->listen, error))
        return false;
    sd_notify(0, "READY=1");
    if (!relay_run(relay, error))
        return false;
    sd_notify(0, "STOPPING=1");
    const RelayStatistics *s = relay_statistics(relay);
    printf("accepted %" G_GUINT64_FORMAT ", refused %" G_GUINT64_FORMAT
           ", no IKETCP %" G_GUINT64_FORMAT ", timed out %" G_GUINT64_FORMAT
           ", packets %" G_GUINT64_FORMAT " in and %" G_GUINT64_FORMAT
           " out, dropped %" G_GUINT64_FORMAT "\n",
           s->accepted, s->refused, s->broken, s->timed_out, s->packets_in, s->packets_out,
           s->dropped);
    return true;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Arguments arguments = { .max_connections = 1024,
                            .max_per_client = 64,
                            .rate = 100,
                            .idle_timeout = 900,
                            .prefix_timeout = 10 };
    bool ok = parse_arguments(&arguments, &argc, &argv, &error);
    if (ok && arguments.version) {
        printf("ginnel-relay %s\n", GINNEL_VERSION);
    } else if (ok && argc > 1) {
        fprintf(stderr, "ginnel-relay: what is \"%s\"? See ginnel-relay --help.\n", argv[1]);
        ok = false;
    } else if (ok) {
        ok = run(&arguments, &error);
    }
    if (error != NULL)
        fprintf(stderr, "ginnel-relay: %s\n", error->message);
    g_strfreev(arguments.listen);
    g_free(arguments.gateway);
    return ok ? 0 : 1;
}
