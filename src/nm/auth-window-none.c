#include "config.h"

#include "nm/auth-window.h"

#include <gio/gio.h>

gboolean
auth_window_ask(Asking *asking, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "built without windows: only with --external-ui-mode");
    return FALSE;
}
