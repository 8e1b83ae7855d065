/*
 * The way through a proxy, without sockets: CONNECT of HTTP/1.1 (RFC 9110, section 9.3.6) and
 * SOCKS5 (RFC 1928, RFC 1929). Octets of the proxy go in, octets for it come out; once it is open,
 * everything else on the connection is the server's.
 */
#pragma once
#include "base/secret.h"

#define PROXY_CLIENT_MAX_HEAD (16 * 1024)  /* octets of one answer's head */
#define PROXY_CLIENT_MAX_BODY (256 * 1024) /* of a refusal that is read to its end */

typedef enum { PROXY_HTTP, PROXY_SOCKS5 } ProxyKind;

/* Borrowed for proxy_client_new only. */
typedef struct {
    ProxyKind kind;
    const char *host; /* whom to connect to: a name in A-labels, or an address */
    uint16_t port;
    const char *user;       /* NULL: nobody */
    const Secret *password; /* NULL: none */
    const char *challenge;  /* proxy_client_challenge of an earlier one; NULL: none */
    const char *cnonce;     /* text drawn at random, for Digest */
} ProxyConfig;

typedef enum {
    PROXY_GOES_ON,
    PROXY_OPEN,
    PROXY_AGAIN,  /* on another connection, with proxy_client_challenge */
    PROXY_LOGIN,  /* there is no user and password, or they are not accepted */
    PROXY_FAILED, /* for good */
} ProxyState;

typedef struct _ProxyClient ProxyClient;

/* NULL: a name, user or password that the protocol has no form for. */
ProxyClient *proxy_client_new(const ProxyConfig *config);
void proxy_client_free(ProxyClient *client);
/* What is to be sent; empty where nothing is. Belongs to the caller, and may hold the password. */
Secret *proxy_client_take_output(ProxyClient *client);
/* *used of length octets were the proxy's; the rest is to be given again, or is the server's. */
ProxyState proxy_client_feed(ProxyClient *client, const uint8_t *data, size_t length, size_t *used);
ProxyState proxy_client_state(const ProxyClient *client);
/* Words for people, with what the proxy says quoted; NULL while all is well. Borrowed. */
const char *proxy_client_why(const ProxyClient *client);
/* What an HTTP proxy wants to be told; NULL: nothing. Borrowed. */
const char *proxy_client_challenge(const ProxyClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProxyClient, proxy_client_free)
