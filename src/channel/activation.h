/*
 * How systemd hands a connection of the private protocol over (sd_listen_fds(3)), read without its
 * library, which would bring five others into a process that needs to be small.
 */
#pragma once
#include <stdbool.h>

/* The descriptor, closed on exec; -1 where there is not exactly one, or it is for another process.
 * Once, before there are threads: what systemd said is not passed on. */
int channel_handed_over(void);
