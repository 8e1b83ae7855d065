/*
 * One connection: asks for the gateway's addresses, races engines over transports, configures,
 * carries packets, comes back when it is lost. Everything that needs privileges it asks of ginneld.
 */
#pragma once
#include "channel/channel.h"

typedef struct _Session Session;

/* control: the channel's descriptor, taken. quit is called once, when there is nothing left to do.
 */
Session *session_new(int control, void (*quit)(gpointer user_data), gpointer user_data);
void session_free(Session *session);
/* As if ginneld had said CLOSE. */
void session_close(Session *session);
