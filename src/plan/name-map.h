/*
 * Looking a DNS name up with all that is above it, in as many steps as it has labels: gateways send
 * a thousand domains, and forty tunnels hold theirs. Names are in normal form (base/names.h).
 */
#pragma once
#include <glib.h>

/* Keys are borrowed; values must not be NULL. */
GHashTable *name_map_new(void);
/* The value of the name, else of the nearest name above it, else NULL. */
gpointer name_map_nearest(GHashTable *map, const char *name);
