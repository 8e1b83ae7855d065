/*
 * The objects on the bus and what their methods do: profiles, tunnels, starting and ending them.
 */
#pragma once
#include "daemon/machine.h"

#define MANAGER_MAX_TUNNELS 64

typedef struct _Manager Manager;

/* Exports everything; the name is requested by the caller afterwards. machine is borrowed. */
Manager *manager_new(Machine *machine);
void manager_free(Manager *manager);
/* Takes up what systemd's store holds, removes what nobody owns, starts what is to be started by
 * itself. */
void manager_take_up(Manager *manager);
/* Ends every tunnel; done when nothing is left of any. */
void manager_close_all(Manager *manager, void (*done)(gpointer user_data), gpointer user_data);
