/*
 * One socket to the gateway: asked for of ginneld, read and written by the main loop while it is on
 * trial (a handshake, a move), by the data path's threads once it is attached.
 */
#pragma once
#include "ike/engine.h"
#include "plan/fallback.h"
#include "transport/transport.h"

typedef struct Attempt Attempt;
typedef struct TunnelPath TunnelPath;

/* error: 0, or the errno why there is no socket, or why its stream does not open. In the main loop;
 * ends with a pump. */
typedef void (*PathOpened)(TunnelPath *path, int error);

struct TunnelPath {
    Attempt *attempt;
    FallbackTransport way;
    InetAddress address;
    IkePath ike;
    Transport *transport; /* NULL while the socket is asked for */
    char *server_name;    /* of TLS; NULL: none */
    Secret *tls_session;  /* that the stream goes on from; NULL: none, or it is open */
    char *why;            /* there is no transport, for people; NULL: an errno says it */
    GSource *readable, *writable;
    GSource *opening, *too_long; /* of a stream that is not open yet */
    unsigned proxied;            /* tries at a proxy in a row */
    bool asking;                 /* for a login at the proxy */
    bool attached;               /* the transport belongs to the data path */
    bool on_link;                /* nothing on the way could forget us */
    PathOpened opened;
    Instant close_at; /* INSTANT_NEVER: wanted */
};

TunnelPath *path_new(Attempt *attempt, uint32_t id, const FallbackTransport *way,
                     const InetAddress *address);
/* Closes the socket; an attached one is the data path's until it is removed there. */
void path_free(TunnelPath *path);
/* Asks for the socket, and opens a stream; in place of the one that there is, if any. */
void path_open(TunnelPath *path, PathOpened opened);
/* Closes the socket; nothing comes or goes until it is opened again. */
void path_close(TunnelPath *path);
/* Reads, from the main loop, where the data path does not. */
void path_watch(TunnelPath *path);
/* The data path reads and writes from now on; who tells it so is the caller. */
void path_stop_watching(TunnelPath *path);
/* Sends one IKE message; probe: no router may cut it into pieces. 0, or an errno of the transport.
 */
int path_send(TunnelPath *path, GBytes *message, bool probe);
/* What an errno does not say about its end, for people; NULL: nothing. Borrowed. */
const char *path_why(const TunnelPath *path);
bool path_is_stream(const TunnelPath *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunnelPath, path_free)
