/*
 * What the tunnel asks of ginneld: one request at a time, the others wait their turn; the open one
 * is sent again when a new ginneld asks for our state.
 */
#pragma once
#include "channel/channel.h"

typedef struct _Requests Requests;

/* reply is the reply's body; fd is the descriptor that came with it (taken: the handler closes it),
 * or -1. */
typedef void (*RequestReplied)(GVariant *reply, int fd, gpointer user_data);

Requests *requests_new(Channel *channel);
void requests_free(Requests *requests);
uint32_t requests_next_serial(Requests *requests);
/* body carries serial as its first member. owner is for requests_cancel. */
void requests_send(Requests *requests, RecordType type, uint32_t serial, GVariant *body,
                   RequestReplied replied, gpointer owner);
/* Whatever owner asked is not delivered to it any more (a socket that still comes is closed). */
void requests_cancel(Requests *requests, gpointer owner);
/* A reply record came in; fd is taken when this returns true. */
bool requests_reply(Requests *requests, GVariant *body, int fd);
void requests_repeat(Requests *requests);
