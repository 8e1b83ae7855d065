/*
 * CheckGateway: what of a gateway gets through here, by every transport and address family, without
 * credentials. A tunnel process does it, because a stranger answers; it gets no device.
 */
#pragma once
#include "daemon/machine.h"

#define CHECKING_MAX 4 /* at a time */

/* aa{sv}, or NULL with an error (GINNEL_ERROR). Called once, later. */
typedef void (*CheckingDone)(GVariant *rows, const GError *error, gpointer user_data);

/* order: of [transport], "" for all that there are. PROFILE_ERROR, GINNEL_ERROR. */
bool checking_start(Machine *machine, const char *gateway, const char *order, CheckingDone done,
                    gpointer user_data, GError **error);
/* aa{sv} as CheckGateway has it, floating, of a timeline (GVariant (xsa{sv})). */
GVariant *checking_rows(const GPtrArray *events);
