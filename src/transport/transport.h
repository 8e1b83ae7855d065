/*
 * A way for IKE messages and ESP packets to the gateway: a UDP socket or a stream, made elsewhere
 * and handed over. Never blocks. At first the main loop uses a transport for the handshake; then it
 * belongs to the data path: its sending thread alone sends (over UDP the main loop too, what is no
 * ESP packet: each is a datagram of its own), its receiving thread alone receives.
 * RFC 3948; RFC 9329, sections 3 to 6.
 */
#pragma once
#include "crypto/certificate.h"
#include "encap/proxy-client.h"
#include "encap/tcp-encap.h"
#include "base/instant.h"
#include "base/secret.h"

#include <glib.h>

typedef enum { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS } TransportKind;

#define TRANSPORT_BATCH 256
/* Room that a packet handed to transport_send_esp has before its data. */
#define TRANSPORT_HEADROOM TCP_ENCAP_FRAME_HEADER

typedef struct {
    uint8_t *data; /* may be changed in place until the next receive */
    size_t length;
    EncapKind kind; /* ENCAP_IKE (without marker) or ENCAP_ESP; the rest is dropped and counted */
    uint8_t ecn;    /* the two bits of the outer IP header (RFC 3168, section 5); 0 on a stream */
} TransportPacket;

typedef struct _Transport Transport;

/* fd: connected, non-blocking; taken. marker: false only on port 500. */
Transport *transport_udp_new(int fd, bool marker);
/* fd: non-blocking, its connect may still be under way; taken. The prefix goes out first. */
Transport *transport_tcp_new(int fd);

typedef struct {
    TrustStore *trust;
    const char *server_name; /* in A-labels, or an address: whose certificate it has to be */
    int64_t now_s;           /* Unix seconds */
    const Secret *resume;    /* transport_take_session of an earlier one; NULL: none */
} TransportTlsConfig;

/* The same inside TLS (RFC 9329, appendix A). config: borrowed for the call. NULL with *error, and
 * fd closed, where the library cannot. */
Transport *transport_tls_new(int fd, const TransportTlsConfig *config, GError **error);
Transport *transport_ref(Transport *transport);
void transport_unref(Transport *transport);
int transport_fd(const Transport *transport);
TransportKind transport_kind(const Transport *transport);
bool transport_is_stream(const Transport *transport);
/* A stream that broke: nothing comes or goes any more. From any thread. */
bool transport_is_dead(const Transport *transport);

/* Of a stream that was just made: the way leads through this proxy, to which fd is connected;
 * taken. */
void transport_use_proxy(Transport *transport, ProxyClient *proxy);
/* After transport_open has failed: PROXY_AGAIN, with *challenge (borrowed); PROXY_LOGIN; or what is
 * said by its errno. */
ProxyState transport_proxy_state(const Transport *transport, const char **challenge);

/* A stream is opened by the main loop, before the data path has it: POLLIN or POLLOUT, what it
 * waits for; 0: it is open. IKE messages may be sent before, and leave when it is. */
short transport_opening(const Transport *transport);
/* Goes on with that. 0, or an errno that ends the transport. */
int transport_open(Transport *transport);
/* More than an errno of transport_open says, for people; NULL: nothing. Borrowed. */
const char *transport_why(const Transport *transport);
/* For transport_tls_new, when this one is used no more: once each time that the server gave
 * something; NULL: nothing new. From any thread. */
Secret *transport_take_session(Transport *transport);
/* TLS without a whole handshake. */
bool transport_was_resumed(const Transport *transport);

/* What poll is to wait for in order to send: true while octets wait to leave, or the connect has
 * not finished. */
bool transport_wants_write(const Transport *transport);
/* Sends what waits. 0, or an errno that ends the transport. */
int transport_flush(Transport *transport);
/* A whole IKE message; on a stream it goes before packets that have not begun to leave and is never
 * dropped. 0, or an errno: over UDP EMSGSIZE, ECONNREFUSED, EPERM ... are hints, the socket lives
 * on. */
int transport_send_ike(Transport *transport, const uint8_t *message, size_t length);
/* The same, over UDP as one packet that no router may cut into pieces. */
int transport_send_probe(Transport *transport, const uint8_t *message, size_t length);
/* Room for packets: false while a stream is busy, when the caller lets them wait. */
bool transport_has_room(const Transport *transport);
/* Octets that are handed over at a time: few where the stream is slow, or what waits in the kernel
 * could be neither marked nor dropped. SIZE_MAX over UDP. Of the sending thread. */
size_t transport_room(const Transport *transport);
/* A stream on which what is handed over takes its time: what waits for it had better be managed. Of
 * the sending thread. */
bool transport_is_slow(const Transport *transport);
/* Looks how fast a stream is, sets the above and bounds what the kernel keeps unsent; a few system
 * calls, for now and then. */
void transport_pace(Transport *transport);
/* Nothing of what was sent is here any more, unsent or unacknowledged: what goes by another
 * transport now overtakes nothing. Of the sending thread. */
bool transport_is_drained(const Transport *transport);
/* True where a stream has sent octets that are not acknowledged: how long ago anything was, and how
 * long an acknowledgement takes at the most, by what was measured. From any thread. */
bool transport_awaits_ack(const Transport *transport, Duration *last_ack, Duration *round_trip);
/* n <= TRANSPORT_BATCH sealed packets with TRANSPORT_HEADROOM octets before each. 0 or an errno as
 * above; *dropped is how many did not leave. */
int transport_send_esp(Transport *transport, const TransportPacket *packets, size_t n,
                       size_t *dropped);
/* A NAT keepalive (RFC 3948, section 2.3); nothing on a stream. */
int transport_send_keepalive(Transport *transport);
/* Up to TRANSPORT_BATCH packets: *n of them, 0 when there is nothing. 0 or an errno; over UDP an
 * errno is what ICMP said. After a full batch a stream may hold more that poll does not know of. */
int transport_receive(Transport *transport, TransportPacket *packets, size_t *n);
/* What became of a packet that came. */
typedef enum {
    TRANSPORT_NEUTRAL, /* a replay, a fragment, one that waits for its SA */
    TRANSPORT_AUTHENTIC,
    TRANSPORT_UNKNOWN, /* of no SA that is known */
    TRANSPORT_FORGED,  /* of one, and not authentic */
} TransportJudgement;

#define TRANSPORT_MAX_UNKNOWN 16          /* in a row */
#define TRANSPORT_MAX_ESP     (16 * 1024) /* octets of a packet on a stream */
/* A sender writes whole frames: one that octets still come of after so long had its length altered,
 * and the stream is corrupt. */
#define TRANSPORT_FRAME_PATIENCE (2 * DURATION_SECOND)

/* RFC 9329, sections 6.1 and 10: a stream on which something is not authentic, or too many packets
 * in a row are nobody's, is corrupt: it is dead then, and EPROTO is returned, once; else 0. Never
 * over UDP, where anybody can send anything. From any thread. */
int transport_judge(Transport *transport, TransportJudgement judgement);
/* Packets that were neither IKE nor ESP; read from any thread. */
uint64_t transport_garbage(const Transport *transport);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Transport, transport_unref)
