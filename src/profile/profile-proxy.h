/* A proxy as a URL says it: in a profile, or in the system's settings. */
#pragma once
#include "base/secret.h"
#include "encap/proxy-client.h"

typedef struct {
    ProxyKind kind;
    char *host; /* in A-labels, or an address */
    uint16_t port;
    char *user;       /* NULL: nobody */
    Secret *password; /* NULL: none */
} ProfileProxy;

/* http://HOST[:PORT] and socks5://HOST[:PORT] (also socks, socks5h), with USER:PASSWORD@ before.
 * PROFILE_ERROR_VALUE, words that go on after the quoted URL. */
bool profile_proxy_parse(const char *url, ProfileProxy *out, GError **error);
void profile_proxy_clear(ProfileProxy *proxy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProfileProxy, profile_proxy_clear)
