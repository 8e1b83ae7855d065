#include "config.h"

#include "nm/auth-window.h"

#include <gmodule.h>

typedef gboolean (*WindowAsk)(Asking *asking, GError **error);

/* A machine without GTK asks by nmcli, and has no module. */
gboolean
auth_window_ask(Asking *asking, GError **error)
{
    gpointer ask = NULL;
    GModule *module = g_module_open(AUTH_WINDOW_MODULE, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
    if (module != NULL && g_module_symbol(module, "ginnel_auth_window_ask", &ask)) {
        g_module_make_resident(module);
        return ((WindowAsk)ask)(asking, error);
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s", g_module_error());
    return FALSE;
}
