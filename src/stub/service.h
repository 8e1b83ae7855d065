/*
 * What ginneld tells the stub: one STUB_START with everything, answered by STUB_READY. When ginneld
 * goes, the stub stays a little while, so that a ginneld that is started anew finds names resolving
 * until it has started another.
 */
#pragma once
#include <glib.h>

typedef struct _StubService StubService;

/* fd is taken; closed is called once there is nothing left to do. */
StubService *stub_service_new(int fd, void (*closed)(gpointer user_data), gpointer user_data);
void stub_service_free(StubService *service);
