/*
 * ginnel-token's end of the private protocol: answers one record of ginneld, then waits for the
 * channel's end. The process serves one operation, so that a token that hangs hangs alone and a PIN
 * is gone with it.
 */
#pragma once
#include <glib.h>

typedef struct _TokenService TokenService;

/* fd is taken. closed: once, when ginneld has what it wanted or is gone. */
TokenService *token_service_new(int fd, void (*closed)(gpointer user_data), gpointer user_data);
void token_service_free(TokenService *service);
