/*
 * What the tunnel process gives up before it reads the first octet of a stranger: every system call
 * that packets, clocks, memory and threads do not need. The empty network namespace, the dynamic
 * user and the absence of capabilities come from ginnel-tunnel@.service.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Irrevocable, for this thread and all that it starts: call it before there are others. */
bool sandbox_enter(GError **error);

/* A fully taken-over process, for tests: tries what ("send", "open", "socket", "exec") and says how
 * it went. fd is the connected socket of the transport. Only in builds with the test-hooks option.
 */
char *sandbox_probe(const char *what, int fd);
