/* What the kinds of proxy share. */
#pragma once
#include "encap/proxy-client.h"

struct _ProxyClient {
    ProxyState state;
    ProxyKind kind;
    char *host, *user; /* user: NULL for none */
    uint16_t port;
    Secret *password;
    Secret *output; /* NULL: nothing */
    char *why;
    GByteArray *input; /* of an answer that is not whole yet */

    /* HTTP */
    char *challenge, *cnonce;
    bool signed_in; /* the last request said who we are */
    size_t skip;    /* octets of a refusal that are still to come */

    /* SOCKS5 */
    enum { SOCKS_METHOD, SOCKS_PASSWORD, SOCKS_CONNECT } step;
};

void proxy_client_say(ProxyClient *client, Secret *output /* taken */);
G_GNUC_PRINTF(3, 4)
ProxyState proxy_client_end(ProxyClient *client, ProxyState state, const char *format, ...);

bool proxy_http_begin(ProxyClient *client);
size_t proxy_http_feed(ProxyClient *client, const uint8_t *data, size_t length);
bool proxy_socks_begin(ProxyClient *client);
size_t proxy_socks_feed(ProxyClient *client, const uint8_t *data, size_t length);
