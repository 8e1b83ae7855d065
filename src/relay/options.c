#include "config.h"

#include "relay/options.h"

#include "base/error.h"

#include <string.h>

#define DEFAULT_PORT 4500

bool
endpoint_parse(const char *text, uint16_t default_port, InetEndpoint *out, GError **error)
{
    g_autofree char *address = g_strdup(text);
    const char *port = NULL;
    guint64 number = default_port;
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
bad_value(GError **error, const char *text)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return false;
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
check_ranges(const Arguments *arguments, GError **error)
{
    return check_range("max-connections", arguments->max_connections, 1, error) &&
           check_range("max-per-client", arguments->max_per_client, 1, error) &&
           check_range("max-memory", arguments->max_memory, 1, error) &&
           check_range("rate", arguments->rate, 1, error) &&
           check_range("mark", arguments->mark, 0, error) &&
           check_range("drain", arguments->drain, 0, error) &&
           check_range("idle-timeout", arguments->idle_timeout, 1, error) &&
           check_range("prefix-timeout", arguments->prefix_timeout, 1, error);
}

static bool
read_gateways(Arguments *arguments, GError **error)
{
    RelayOptions *relay = &arguments->relay;
    for (char **one = arguments->gateways; one != NULL && *one != NULL; one++) {
        if (relay->n_gateways == RELAY_MAX_GATEWAYS)
            return bad_value(error, "--gateway: there are too many");
        if (!endpoint_parse(*one, DEFAULT_PORT, &relay->gateways[relay->n_gateways++], error))
            return false;
    }
    return relay->n_gateways > 0 ||
           bad_value(error, "--gateway is missing: the address that the gateway takes UDP on");
}

static bool
read_proxies(Arguments *arguments, GError **error)
{
    RelayOptions *relay = &arguments->relay;
    for (char **one = arguments->proxies; one != NULL && *one != NULL; one++) {
        if (relay->n_proxies == RELAY_MAX_PROXIES)
            return bad_value(error, "--proxy-from: there are too many");
        if (!inet_prefix_parse(*one, &relay->proxies[relay->n_proxies++], error))
            return false;
    }
    return true;
}

static bool
read_source_pools(Arguments *arguments, GError **error)
{
    RelayOptions *relay = &arguments->relay;
    for (char **one = arguments->source_pools; one != NULL && *one != NULL; one++) {
        InetPrefix pool;
        if (!inet_prefix_parse(*one, &pool, error))
            return false;
        InetPrefix *kept = pool.address.family == INET_V4 ? &relay->source4 : &relay->source6;
        if (kept->address.family != INET_NONE)
            return bad_value(error, "--source-pool: one for IPv4 and one for IPv6 at most");
        *kept = pool;
    }
    if (arguments->source_pools != NULL && relay->transparent)
        return bad_value(error, "--source-pool and --transparent exclude each other");
    return true;
}

static bool
make_options(Arguments *arguments, GError **error)
{
    RelayOptions *relay = &arguments->relay;
    relay->max_connections = (unsigned)arguments->max_connections;
    relay->max_per_client = (unsigned)arguments->max_per_client;
    relay->max_rate = (unsigned)arguments->rate;
    relay->max_memory = (uint64_t)arguments->max_memory * 1024 * 1024;
    relay->idle_timeout = arguments->idle_timeout * DURATION_SECOND;
    relay->prefix_timeout = arguments->prefix_timeout * DURATION_SECOND;
    relay->drain_time = arguments->drain * DURATION_SECOND;
    relay->transparent = arguments->transparent;
    relay->mark = (uint32_t)arguments->mark;
    relay->certificate = arguments->certificate;
    relay->key = arguments->key;
    relay->metrics_file = arguments->metrics_file;
    if (arguments->tls_listen != NULL && arguments->certificate == NULL)
        return bad_value(error, "--tls-listen needs --certificate");
    if (arguments->key != NULL && arguments->certificate == NULL)
        return bad_value(error, "--key needs --certificate");
    return read_gateways(arguments, error) && read_proxies(arguments, error) &&
           read_source_pools(arguments, error);
}

#define TEXTS(name, letter, field, help, what)                                                     \
    {                                                                                              \
        name, letter, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->field, help, what                  \
    }
#define TEXT(name, field, help, what)                                                              \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_FILENAME, &arguments->field, help, what                           \
    }
#define NUMBER(name, field, help, what)                                                            \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_INT, &arguments->field, help, what                                \
    }
#define FLAG(name, field, help)                                                                    \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_NONE, &arguments->field, help, NULL                               \
    }

static bool
parse(Arguments *arguments, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        TEXTS("listen", 'l', listen,
              "Take streams here; may be repeated (default: [::]:4500 and 0.0.0.0:4500)",
              "ADDRESS:PORT"),
        TEXTS("tls-listen", 0, tls_listen, "Take streams inside TLS here (port 443)",
              "ADDRESS[:PORT]"),
        TEXTS("gateway", 'g', gateways,
              "The gateway's UDP address (port 4500 where none is given); may be repeated",
              "ADDRESS[:PORT]"),
        TEXT("certificate", certificate, "For TLS: PEM, ours first, then those above it", "FILE"),
        TEXT("key", key, "For TLS: PEM (default: in the certificate's file)", "FILE"),
        FLAG("transparent", transparent, "Each client with its own address towards the gateway"),
        TEXTS("source-pool", 0, source_pools, "Each client with an address of this network",
              "PREFIX"),
        NUMBER("mark", mark, "Mark of the packets to the gateways (default: none)", "N"),
        TEXTS("proxy-from", 0, proxies,
              "Load balancers there begin with a PROXY header, version 2; may be repeated",
              "PREFIX"),
        NUMBER("max-connections", max_connections, "Streams at a time (default: 10000)", "N"),
        NUMBER("max-per-client", max_per_client, "Streams from one address at a time (default: 64)",
               "N"),
        NUMBER("max-memory", max_memory, "What may wait in all streams (default: 256)", "MIB"),
        NUMBER("rate", rate, "New streams a second (default: 500)", "N"),
        NUMBER("idle-timeout", idle_timeout,
               "Close a stream after so long without a packet (default: 900)", "SECONDS"),
        NUMBER("prefix-timeout", prefix_timeout,
               "Close a stream that has not sent prefix and first packet (default: 10)", "SECONDS"),
        NUMBER("drain", drain, "At the end close the streams over so long (default: 10)",
               "SECONDS"),
        TEXT("metrics-file", metrics_file, "Write figures here every 15 s", "FILE"),
        TEXT("metrics-socket", metrics_socket, "Give figures to who connects here", "PATH"),
        FLAG("version", version, "Print the version"),
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- IKE and ESP from TCP to UDP");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

bool
arguments_parse(Arguments *arguments, int *argc, char ***argv, GError **error)
{
    *arguments = (Arguments){ .max_connections = 10000,
                              .max_per_client = 64,
                              .max_memory = 256,
                              .rate = 500,
                              .idle_timeout = 900,
                              .prefix_timeout = 10,
                              .drain = 10 };
    if (!parse(arguments, argc, argv, error))
        return false;
    if (arguments->version)
        return true;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                    "what is \"%s\"? See ginnel-relay --help.", (*argv)[1]);
        return false;
    }
    return check_ranges(arguments, error) && make_options(arguments, error);
}

void
arguments_clear(Arguments *arguments)
{
    g_strfreev(arguments->listen);
    g_strfreev(arguments->tls_listen);
    g_strfreev(arguments->gateways);
    g_strfreev(arguments->proxies);
    g_strfreev(arguments->source_pools);
    g_free(arguments->certificate);
    g_free(arguments->key);
    g_free(arguments->metrics_file);
    g_free(arguments->metrics_socket);
}
