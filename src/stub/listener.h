/*
 * The stub's two sockets: takes questions from this machine over UDP and TCP (RFC 1035,
 * section 4.2; RFC 7766) and answers them with what the asker finds.
 */
#pragma once
#include "stub/asker.h"

typedef struct _Listener Listener;

/* udp: bound; tcp: listening; both are taken. Only who asks from an address that they are bound to
 * is answered: that is this machine. */
Listener *listener_new(Asker asker, int udp, int tcp);
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)
