#include "base/sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

size_t
sockaddr_from_endpoint(const InetEndpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (endpoint->address.family == INET_V4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(endpoint->port);
        memcpy(&in->sin_addr, endpoint->address.octets, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(endpoint->port);
    memcpy(&in6->sin6_addr, endpoint->address.octets, 16);
    return sizeof *in6;
}

bool
sockaddr_to_endpoint(const struct sockaddr_storage *from, InetEndpoint *out)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        *out = (InetEndpoint){ inet_address_new(INET_V4, (const uint8_t *)&in->sin_addr),
                               ntohs(in->sin_port) };
        return true;
    }
    if (from->ss_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
    *out = (InetEndpoint){ inet_address_new(INET_V6, (const uint8_t *)&in6->sin6_addr),
                           ntohs(in6->sin6_port) };
    return true;
}
