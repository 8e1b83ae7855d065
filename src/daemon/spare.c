#include "config.h"

#include "daemon/spare.h"

#include "system/sockets.h"

#include <glib-unix.h>
#include <poll.h>
#include <unistd.h>

struct _Spare {
    const char *path, *unit;
    int fd;      /* -1: none waits */
    guint watch; /* of fd */
};

Spare *
spare_new(const char *path, const char *unit)
{
    Spare *spare = g_new0(Spare, 1);
    *spare = (Spare){ .path = path, .unit = unit, .fd = -1 };
    return spare;
}

static void
drop(Spare *spare)
{
    g_clear_handle_id(&spare->watch, g_source_remove);
    if (spare->fd >= 0)
        close(spare->fd);
    spare->fd = -1;
}

void
spare_free(Spare *spare)
{
    if (spare == NULL)
        return;
    drop(spare);
    g_free(spare);
}

/* One that waits has nothing to say: it has ended, or is not what it should be. */
static gboolean
spoke_or_ended(int fd, GIOCondition condition, gpointer data)
{
    Spare *spare = data;
    spare->watch = 0;
    drop(spare);
    return G_SOURCE_REMOVE;
}

static bool
still_waits(int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLIN };
    return poll(&look, 1, 0) == 0;
}

void
spare_prepare(Spare *spare)
{
    if (spare->fd < 0)
        spare->fd = socket_to_unit(spare->path, spare->unit, NULL);
    if (spare->fd >= 0 && spare->watch == 0)
        spare->watch =
            g_unix_fd_add(spare->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, spoke_or_ended, spare);
}

int
spare_take(Spare *spare, GError **error)
{
    if (spare->fd >= 0 && !still_waits(spare->fd))
        drop(spare);
    if (spare->fd < 0)
        return socket_to_unit(spare->path, spare->unit, error);
    g_clear_handle_id(&spare->watch, g_source_remove);
    return g_steal_fd(&spare->fd);
}
