#include "config.h"

#include "resolvconf/service.h"

#include "base/inet.h"
#include "base/names.h"
#include "channel/channel.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>

#define SERVERS_MAX 8 /* resolvers look at three */
#define SEARCH_MAX  16

struct _ResolvconfService {
    Channel *channel;
    char *program;
    void (*closed)(gpointer user_data);
    gpointer user_data;
    bool used;
};

static bool
is_ours(const char *interface)
{
    size_t length = strlen(interface);
    if (!g_str_has_prefix(interface, "ginnel") || length < 7 || length > 12)
        return false;
    return strspn(interface + 6, "0123456789") == length - 6;
}

char *
resolvconf_lines(const char *interface, const char *const *servers, const char *const *search)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (!is_ours(interface) || g_strv_length((char **)servers) > SERVERS_MAX ||
        g_strv_length((char **)search) > SEARCH_MAX)
        return NULL;
    for (; *servers != NULL; servers++) {
        InetAddress address;
        if (!inet_address_parse(*servers, &address))
            return NULL;
        g_autofree char *text = inet_address_to_string(&address);
        g_string_append_printf(out, "nameserver %s\n", text);
    }
    for (size_t i = 0; search[i] != NULL; i++) {
        g_autofree char *name = dns_name_normalise(search[i], strlen(search[i]), NULL);
        if (name == NULL || *name == '\0')
            return NULL;
        g_string_append_printf(out, "%s%s", i == 0 ? "search " : " ", name);
    }
    if (search[0] != NULL)
        g_string_append_c(out, '\n');
    return g_strdup(out->str);
}

/* lines NULL: takes them away. */
static bool
run(const char *const *arguments, const char *lines, GError **error)
{
    g_autofree char *told = NULL;
    g_autoptr(GSubprocess) process =
        g_subprocess_newv(arguments,
                          G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                              G_SUBPROCESS_FLAGS_STDERR_PIPE,
                          error);
    if (process == NULL || !g_subprocess_communicate_utf8(process, lines != NULL ? lines : "", NULL,
                                                          NULL, &told, error))
        return false;
    if (g_subprocess_get_successful(process))
        return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "resolvconf: %s",
                told != NULL ? g_strstrip(told) : "failed");
    return false;
}

/* By a name under which tunnels come first in Debian's interface-order; openresolv has options for
 * that. */
static bool
set(const ResolvconfService *service, const char *interface, const char *lines, GError **error)
{
    g_autofree char *name = g_strdup_printf("tun.%s", interface);
    const char *first[] = { service->program, "-a", name, "-m", "0", "-x", NULL };
    const char *plain[] = { service->program, "-a", name, NULL };
    return run(first, lines, NULL) || run(plain, lines, error);
}

static bool
take_away(const ResolvconfService *service, const char *interface, GError **error)
{
    g_autofree char *name = g_strdup_printf("tun.%s", interface);
    const char *arguments[] = { service->program, "-d", name, NULL };
    return run(arguments, NULL, error);
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    ResolvconfService *service = data;
    const char *interface;
    g_autofree const char **servers = NULL, **search = NULL;
    g_autoptr(GError) error = NULL;
    if (type != RECORD_RESOLVCONF || service->used) {
        service->closed(service->user_data);
        return;
    }
    service->used = true;
    g_variant_get(body, "(&s^a&s^a&s)", &interface, &servers, &search);
    g_autofree char *lines = resolvconf_lines(interface, servers, search);
    if (lines == NULL)
        g_set_error(&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "that is not to be told");
    else if (servers[0] != NULL)
        set(service, interface, lines, &error);
    else
        take_away(service, interface, &error);
    channel_send(channel, RECORD_RESOLVCONF_DONE,
                 g_variant_new("(bs)", error == NULL, error != NULL ? error->message : ""), NULL,
                 0);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    ResolvconfService *service = data;
    service->closed(service->user_data);
}

static const ChannelHandler handler = { received, closed };

ResolvconfService *
resolvconf_service_new(int fd, const char *program, void (*on_closed)(gpointer user_data),
                       gpointer user_data)
{
    ResolvconfService *service = g_new0(ResolvconfService, 1);
    signal(SIGPIPE, SIG_IGN); /* of a program that ends before it has read */
    service->program = g_strdup(program);
    service->closed = on_closed;
    service->user_data = user_data;
    service->channel = channel_new(fd, &handler, service);
    return service;
}

void
resolvconf_service_free(ResolvconfService *service)
{
    channel_free(service->channel);
    g_free(service->program);
    g_free(service);
}
