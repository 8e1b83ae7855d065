/*
 * A stream before anything of ours travels on it: its connect, a proxy on the way, and TLS where
 * that is wanted. One thread has it, and waits for what it says. Used by transport only.
 */
#pragma once
#include "crypto/tls-stream.h"
#include "encap/proxy-client.h"

typedef struct {
    int fd;             /* borrowed; non-blocking, its connect may still be under way */
    TlsStream *tls;     /* NULL: none */
    ProxyClient *proxy; /* NULL: none */
    bool connected;
    bool through;       /* the proxy, if there is one */
    Secret *said;       /* to the proxy, maybe with a password; NULL: nothing waits */
    size_t said_sent;   /* octets of it that have left */
    GByteArray *output; /* of TLS */
    char *why;          /* words for what went wrong, where an errno does not say it; NULL */
} StreamOpening;

/* tls: taken; NULL: none. */
StreamOpening *stream_opening_new(int fd, TlsStream *tls);
void stream_opening_free(StreamOpening *opening);
/* As far as it goes without waiting: 0, or an errno that ends the stream. *done: it is open. */
int stream_opening_step(StreamOpening *opening, bool *done);
/* POLLIN or POLLOUT: before the next step. */
short stream_opening_events(const StreamOpening *opening);
/* The session, once it is open. */
TlsStream *stream_opening_steal_tls(StreamOpening *opening);
