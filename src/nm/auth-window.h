/* The window that asks for secrets; in auth-window-gtk.c, or auth-window-none.c where there is no
 * GTK. */
#pragma once
#include "nm/asking.h"

/* Fills in the values. False without an error: the person closed it. */
gboolean auth_window_ask(Asking *asking, GError **error);
