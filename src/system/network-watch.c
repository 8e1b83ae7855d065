#include "config.h"

#include "system/network-watch.h"

#include "system/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GATHER_MS 100 /* an interface that comes up says so in a dozen messages */

struct _NetworkWatch {
    Netlink *netlink;
    void (*changed)(gpointer user_data);
    gpointer user_data;
    int fd;
    guint readable, gather;
    char *fingerprint;
};

static gboolean
gathered(gpointer data)
{
    NetworkWatch *watch = data;
    g_autofree char *now = netlink_fingerprint(watch->netlink);
    watch->gather = 0;
    if (g_strcmp0(now, watch->fingerprint) == 0)
        return G_SOURCE_REMOVE;
    g_free(watch->fingerprint);
    watch->fingerprint = g_steal_pointer(&now);
    watch->changed(watch->user_data);
    return G_SOURCE_REMOVE;
}

/* What they say does not matter: the tables are looked at. */
static gboolean
readable(int fd, GIOCondition condition, gpointer data)
{
    NetworkWatch *watch = data;
    char octets[8192];
    /* ENOBUFS: some were lost, which says as much. */
    while (recv(fd, octets, sizeof octets, MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR)
        ;
    if (watch->gather == 0)
        watch->gather = g_timeout_add(GATHER_MS, gathered, watch);
    return G_SOURCE_CONTINUE;
}

NetworkWatch *
network_watch_new(Netlink *netlink, void (*changed)(gpointer user_data), gpointer user_data,
                  GError **error)
{
    struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                               RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                               RTMGRP_IPV6_ROUTE };
    g_autoptr(NetworkWatch) watch = g_new0(NetworkWatch, 1);
    watch->netlink = netlink;
    watch->changed = changed;
    watch->user_data = user_data;
    watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (watch->fd < 0 || bind(watch->fd, (struct sockaddr *)&groups, sizeof groups) < 0) {
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "watching the networks: %s",
                    g_strerror(errno));
        return NULL;
    }
    watch->fingerprint = netlink_fingerprint(netlink);
    watch->readable = g_unix_fd_add(watch->fd, G_IO_IN, readable, watch);
    return g_steal_pointer(&watch);
}

void
network_watch_free(NetworkWatch *watch)
{
    if (watch == NULL)
        return;
    g_clear_handle_id(&watch->readable, g_source_remove);
    g_clear_handle_id(&watch->gather, g_source_remove);
    if (watch->fd >= 0)
        close(watch->fd);
    g_free(watch->fingerprint);
    g_free(watch);
}
