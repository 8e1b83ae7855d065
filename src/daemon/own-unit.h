/* What systemd does with ginneld.service. Calls block, for two seconds at most unless said
 * otherwise. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/* The job that is open: "restart", "stop", ... ; NULL for none. The second half of a restart is a
 * "start" by the same number. id: may be NULL. */
char *own_unit_job(GDBusConnection *bus, uint32_t *id);

/* Started, running, or between two tries. */
bool own_unit_is_there(GDBusConnection *bus);

/* How jobs end; to be made before it is asked which are open, so that no end is missed. */
typedef struct _OwnUnitJobs OwnUnitJobs;
OwnUnitJobs *own_unit_jobs_watch(GDBusConnection *bus);
void own_unit_jobs_free(OwnUnitJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OwnUnitJobs, own_unit_jobs_free)

/* Blocks until the job has ended. True where what it is for was done, or systemd does not tell;
 * false where it was cancelled, or failed. */
bool own_unit_jobs_wait(OwnUnitJobs *jobs, uint32_t id);
