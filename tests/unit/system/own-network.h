/* A network namespace for one test program, so that it may change what it likes. */
#pragma once
#include <stdbool.h>

/* First thing in main, while there is one thread: a user and network namespace of its own, with the
 * loopback device up. Where the machine does not allow that, says so in TAP and ends the program.
 */
void own_network_enter(void);
/* What a command prints; fails the test where the command fails. Free with g_free. */
char *own_network_run(const char *command);
