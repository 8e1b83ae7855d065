/*
 * How systemd hands a connection of the private protocol over (sd_listen_fds(3)), read without its
 * library, which would bring five others into a process that needs to be small.
 */
#pragma once
#include <stdbool.h>

/* The descriptor, closed on exec; -1 where there is not exactly one, or it is for another process.
 * Once, before there are threads: what systemd said is not passed on. */
int channel_handed_over(void);

/* How a program that is for nothing else begins: that descriptor; -1 where it is to end with
 * *status, because it was asked for its version, or started by somebody else, and has said so. */
int channel_begin(int argc, char **argv, const char *program, int *status);
