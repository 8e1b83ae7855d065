/* The window that asks for secrets, in a module of its own (auth-window-gtk.c). */
#pragma once
#include "nm/asking.h"

/* Fills in the values. False without an error: the person closed it. */
gboolean auth_window_ask(Asking *asking, GError **error);
