/*
 * Which profiles keep this machine locked: one name a line in the runtime folder, so that a service
 * that was killed, or has not begun yet, finds the lock as it was left.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define LOCK_FILE "/run/ginnel/lockdown"

/* Names (char *), none twice; empty where there is no file. */
GPtrArray *lock_file_read(const char *path);
bool lock_file_write(const char *path, const GPtrArray *names, GError **error);
/* Adds or takes away; true where that changed something. */
bool lock_names_add(GPtrArray *names, const char *name);
bool lock_names_remove(GPtrArray *names, const char *name);
