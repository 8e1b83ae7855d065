/*
 * A tunnel process that waits for its connection. systemd takes longer to start one than a gateway
 * takes to answer, so one is started ahead while no tunnel is up. It is told nothing before it is
 * taken. It stands in no store: it ends when we do, and the next ginneld starts one of its own.
 */
#pragma once
#include <glib.h>

typedef struct _Spare Spare;

/* path: where systemd listens for its unit; both are borrowed. Nothing is started yet. */
Spare *spare_new(const char *path, const char *unit);
/* Ends the one that waits. */
void spare_free(Spare *spare);
/* Has one start, where none waits. Where that is not possible, whoever takes one hears why. One
 * that ends by itself is let go, and not replaced before somebody asks again. */
void spare_prepare(Spare *spare);
/* The connection to the one that waits, or else to one that starts now; -1 with error. */
int spare_take(Spare *spare, GError **error);
