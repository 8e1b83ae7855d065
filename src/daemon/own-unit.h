/* What systemd does with ginneld.service. Calls block, for two seconds at most unless said
 * otherwise. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* The job that is open: "restart", "stop", ... ; NULL for none. The second half of a restart is a
 * "start". */
char *own_unit_job(GDBusConnection *bus);

/* Started, running, or between two tries. */
bool own_unit_is_there(GDBusConnection *bus);

/* About to be started: there is a job for it, or there will be one after RestartSec. */
bool own_unit_is_coming(GDBusConnection *bus);

/* Blocks until it is not coming any more. True where it is there then, or systemd does not tell;
 * false where its start was taken back, or failed. */
bool own_unit_await(GDBusConnection *bus);
