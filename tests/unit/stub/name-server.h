/*
 * A name server on loopback, in a thread of its own: answers every question with 10.99.0.1, "none."
 * with NXDOMAIN, "big." with more than fits into a datagram of 512 octets; "silent." not at all.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct {
    GThread *thread;
    int udp, stop[2];
    guint16 port;
    gint questions; /* atomic */
} NameServer;

void name_server_start(NameServer *server);
void name_server_stop(NameServer *server);
/* "127.0.0.1@PORT", free with g_free. */
char *name_server_word(const NameServer *server);

/* A query for name ("host.corp.example", no final dot), with EDNS or not; its octets. */
GByteArray *query_new(guint16 id, const char *name, guint16 type, bool edns);
