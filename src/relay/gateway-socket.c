#include "config.h"

#include "relay/relay-private.h"

#include "base/sockaddr.h"
#include "relay/gateway-choice.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* A listener that systemd made takes IPv4 as mapped addresses (RFC 4291, section 2.5.5.2). */
InetEndpoint
from_sockaddr(const struct sockaddr_storage *in)
{
    InetEndpoint out = { 0 };
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)in;
    (void)sockaddr_to_endpoint(in, &out); /* the listeners have no others */
    if (out.address.family == INET_V6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        out.address = inet_address_new(INET_V4, (const uint8_t *)&in6->sin6_addr + 12);
    return out;
}

static bool
bind_to(int fd, InetEndpoint endpoint)
{
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(&endpoint, &address);
    return bind(fd, (struct sockaddr *)&address, length) == 0;
}

/* The client's own port where it is free, so that the gateway sees whom it would see without us. */
static bool
bind_as_client(int fd, const InetEndpoint *client)
{
    int one = 1;
    bool v4 = client->address.family == INET_V4;
    if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &one,
                   sizeof one) < 0)
        return false;
    return bind_to(fd, *client) ||
           (errno == EADDRINUSE && bind_to(fd, (InetEndpoint){ client->address, 0 }));
}

static bool
bind_source(int fd, const RelayOptions *options, const InetEndpoint *gateway,
            const InetEndpoint *client)
{
    const InetPrefix *pool =
        gateway->address.family == INET_V4 ? &options->source4 : &options->source6;
    if (options->transparent && client->address.family == gateway->address.family)
        return bind_as_client(fd, client);
    if (pool->address.family == INET_NONE)
        return true;
    return bind_to(fd, (InetEndpoint){ gateway_choice_source(pool, &client->address), 0 });
}

int
gateway_socket(const RelayOptions *options, const InetEndpoint *gateway, const InetEndpoint *client)
{
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(gateway, &address);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0;
    if (ok && options->mark != 0)
        ok = setsockopt(fd, SOL_SOCKET, SO_MARK, &options->mark, sizeof options->mark) == 0;
    ok = ok && bind_source(fd, options, gateway, client) &&
         connect(fd, (struct sockaddr *)&address, length) == 0;
    if (ok)
        return fd;
    int failure = errno;
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}
