/* What the parts of the relay share. */
#pragma once
#include "crypto/tls-server.h"
#include "encap/tcp-encap.h"
#include "relay/relay.h"

#include <sys/socket.h>
#include <systemd/sd-event.h>

#define READS_AT_A_TIME 16 /* so that no stream keeps the others waiting */
#define LOGS_A_SECOND   10 /* lines about single streams; the rest is counted */

/* So many events a second. */
typedef struct {
    uint64_t second;
    unsigned used;
} Rate;

typedef enum {
    STREAM_PROXY_HEADER, /* waits for what the balancer says */
    STREAM_TLS,          /* its handshake */
    STREAM_OPEN,         /* prefix and frames */
} StreamPhase;

typedef struct {
    Relay *relay;
    int tcp, udp; /* udp: -1 before the first packet */
    InetEndpoint client;
    bool counted; /* among the client's streams */
    bool with_tls;
    StreamPhase phase;
    TlsServer *tls;
    TcpDeframer deframer;
    GByteArray *head;                         /* of a PROXY header */
    GByteArray *out;                          /* NULL: nothing waits */
    size_t sent;                              /* of out */
    size_t accounted;                         /* of the relay's memory */
    size_t unfinished;                        /* octets of a frame that is not whole */
    uint64_t packets;                         /* from the client */
    uint64_t deadline, frame_deadline, armed; /* of CLOCK_MONOTONIC, microseconds */
    sd_event_source *tcp_source, *udp_source, *timer;
} Stream;

typedef struct {
    InetEndpoint client;
    bool counted;
    bool behind_proxy; /* a PROXY header comes first */
    bool with_tls;
} StreamOrigin;

typedef struct {
    sd_event_source *source;
    Relay *relay;
    RelayListen what;
    char *path; /* of a Unix socket of ours, removed at the end */
} Listener;

/* The certificate as it was last read. */
typedef struct {
    const char *certificate, *key;
    TlsServerIdentity *identity; /* NULL: no TLS */
    uint64_t looked;             /* at the files */
    struct {
        uint64_t device, inode, size;
        int64_t changed_ns;
    } seen[2];
} RelayTls;

struct _Relay {
    RelayOptions options;
    RelayStatistics statistics;
    sd_event *event;
    GPtrArray *listeners; /* Listener */
    GHashTable *streams;  /* Stream, as a set */
    GHashTable *clients;  /* InetAddress: how many streams */
    Rate accepts, logs;
    RelayTls tls;
    int spare; /* given up for a moment to refuse a stream when there are no descriptors left */
    bool draining;
    uint64_t drain_end;
    sd_event_source *drain_timer, *metrics_timer;
    uint8_t *input;    /* TCP_ENCAP_BUFFER octets, lent to the stream that reads */
    uint8_t *datagram; /* DATAGRAM_MAX octets */
    GByteArray *plain, *records, *batch; /* of the stream that is at work */
};

/* relay.c */
uint64_t relay_now(const Relay *relay); /* of CLOCK_MONOTONIC, as this round of the loop began */
void relay_log(Relay *relay, const InetAddress *client, const char *event);
/* False when it has as many streams as it may. */
bool relay_count_client(Relay *relay, const InetAddress *client);
void relay_uncount_client(Relay *relay, const InetAddress *client);

/* stream.c */
/* Takes the socket; false where it could not be set up (it is closed then, and uncounted). */
bool stream_open(Relay *relay, int tcp, const StreamOrigin *origin);
void stream_free(gpointer stream);
bool stream_has_nothing_to_send(const Stream *stream);
void stream_drain(Stream *stream);

/* gateway-socket.c */
InetEndpoint from_sockaddr(const struct sockaddr_storage *in);
/* A UDP socket that only hears this gateway; -1 with errno. */
int gateway_socket(const RelayOptions *options, const InetEndpoint *gateway,
                   const InetEndpoint *client);

/* relay-tls.c */
bool relay_tls_init(RelayTls *tls, const RelayOptions *options, GError **error);
void relay_tls_clear(RelayTls *tls);
/* Looks at the files at most once a second, or at once; what cannot be used leaves the old one. */
void relay_tls_refresh(RelayTls *tls, uint64_t now, bool at_once);

/* metrics.c */
/* In Prometheus' text form; free with g_free. */
char *metrics_text(const Relay *relay);
void metrics_serve(Relay *relay, int fd); /* taken */
bool metrics_start(Relay *relay, GError **error);
void metrics_write_file(Relay *relay);
