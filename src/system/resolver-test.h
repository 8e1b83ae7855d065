/*
 * Where a name is asked, and what comes of it, by systemd-resolved as it is set up now. For people
 * who want to know; nothing depends on it.
 */
#pragma once
#include <gio/gio.h>

/* name: as somebody would type it. The result is a{sv}: "links" (as: interfaces over which it is
 * asked), "domain" (s: of those links that decided; "." for the default route), "addresses" (as),
 * "authenticated" (b), "error" (s: a sentence, where there is no address). */
void resolver_test_async(GDBusConnection *bus, const char *name, GAsyncReadyCallback callback,
                         gpointer user_data);
GVariant *resolver_test_finish(GAsyncResult *result, GError **error);
