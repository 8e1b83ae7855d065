/*
 * Asks servers by DNS over TLS (RFC 7858): one stream at a time, on which questions do not wait for
 * one another, kept while there are some; the next server where one fails. A server's certificate
 * must be good for the machine's authorities and carry its name (RFC 8310, section 8.1), and its
 * key must be one of those that digests were given of, where some were (RFC 9464, section 3.2).
 */
#pragma once
#include "base/inet.h"
#include "crypto/certificate.h"
#include "stub/asker.h"

typedef struct {
    uint16_t hash; /* number of RFC 7427, section 7 */
    GBytes *digest;
} TlsDigest;

typedef struct {
    InetEndpoint endpoint;
    char *name;
    GArray *digests; /* TlsDigest; empty: any key */
} TlsServer;

typedef struct _TlsUpstream TlsUpstream;

/* servers: TlsServer, in their order; sources: InetAddress that streams begin at, of either family.
 * All are referenced. */
TlsUpstream *tls_upstream_new(GPtrArray *servers, GArray *sources, TrustStore *trust);
/* Nobody is answered any more. */
void tls_upstream_free(TlsUpstream *upstream);
Asker tls_upstream_asker(TlsUpstream *upstream);
TlsServer *tls_server_new(const InetEndpoint *endpoint, const char *name);
void tls_server_free(TlsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsUpstream, tls_upstream_free)
