#include "config.h"

#include "system/sockets.h"

#include "base/sockaddr.h"
#include "system/error.h"

#include <errno.h>
#include <net/if.h>
#include <glib.h>
#include <netinet/in.h>
#include <linux/in6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAM_DEAD_MS 10000 /* unacknowledged for so long: the stream is dead */
#define BUFFER_LENGTH  (4 * 1024 * 1024)
#define FLOW_LABELS    0x80000

static void
set_int(int fd, int level, int option, int value)
{
    /* Tuning: where the kernel refuses, the socket still works. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void
tune(int fd, bool stream, bool v6)
{
    if (stream) {
        set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, STREAM_DEAD_MS);
        set_int(fd, IPPROTO_TCP, TCP_SYNCNT, 3); /* 15 s */
        set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 20);
        set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, 3);
        set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
        return;
    }
    set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_LENGTH);
    set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_LENGTH);
    /* IKE messages may be larger than the path: the kernel fragments. */
    if (v6)
        set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    else
        set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static bool
bind_port(int fd, const InetAddress *gateway, uint16_t port)
{
    struct sockaddr_storage local;
    InetEndpoint any = { { .family = gateway->family }, port };
    socklen_t length = (socklen_t)sockaddr_from_endpoint(&any, &local);
    return port == 0 || bind(fd, (struct sockaddr *)&local, length) == 0;
}

/* Not zero, and outside of what a kernel may keep for itself. Drawn with each boot, for each
 * connection and gateway; the same from one stream, and one of our processes, to the next. */
static uint32_t
flow_label(const InetEndpoint *gateway, uint32_t mark)
{
    g_autofree char *boot = NULL;
    g_autofree char *address = inet_address_to_string(&gateway->address);
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
        boot = g_strdup("");
    g_autofree char *text = g_strdup_printf("%s %08x %s", boot, mark, address);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    digest[8] = '\0';
    return 1 + (uint32_t)g_ascii_strtoull(digest, NULL, 16) % (FLOW_LABELS - 1);
}

/* RFC 9329, section 6.1: a new stream for an old SA keeps its IPv6 flow label, or balancers on the
 * way take it elsewhere. What connect is to be told; 0 where the kernel will not have it. */
static uint32_t
fix_flow_label(int fd, const InetEndpoint *gateway, uint32_t mark)
{
    struct in6_flowlabel_req request = { .flr_label = htonl(flow_label(gateway, mark)),
                                         .flr_action = IPV6_FL_A_GET,
                                         .flr_share = IPV6_FL_S_USER,
                                         .flr_flags = IPV6_FL_F_CREATE };
    memcpy(&request.flr_dst, gateway->address.octets, sizeof request.flr_dst);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request) < 0)
        return 0;
    set_int(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1);
    return request.flr_label;
}

/* Deviation: RFC 7296, sections 2.11 and 2.23, would have IKE come from port 500 or 4500, and taken
 * from any. Tunnels of several people, and another IKE daemon, may be on this machine: the port is
 * the kernel's choice unless the profile names one, which is what a NAT makes of it anyway; and of
 * the gateway is taken what comes from the port that we send to. */
int
socket_to_gateway(const InetEndpoint *gateway, bool stream, uint32_t mark, uint16_t source_port,
                  int *code)
{
    bool v6 = gateway->address.family == INET_V6;
    struct sockaddr_storage remote;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(gateway, &remote);
    int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(v6 ? AF_INET6 : AF_INET, type, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
    if (ok) {
        tune(fd, stream, v6);
        if (stream && v6)
            ((struct sockaddr_in6 *)&remote)->sin6_flowinfo = fix_flow_label(fd, gateway, mark);
        ok = bind_port(fd, &gateway->address, source_port) &&
             (connect(fd, (struct sockaddr *)&remote, length) == 0 || errno == EINPROGRESS);
    }
    if (ok)
        return fd;
    *code = errno;
    if (fd >= 0)
        close(fd);
    return -1;
}

uint32_t
socket_path_mtu(int fd)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    int mtu = 0;
    socklen_t mtu_length = sizeof mtu;
    if (getsockname(fd, (struct sockaddr *)&local, &length) < 0)
        return 0;
    bool v6 = local.ss_family == AF_INET6;
    if (getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &mtu_length) <
        0)
        return 0;
    return mtu > 0 ? (uint32_t)mtu : 0;
}

int
socket_bind_interface(int fd, int interface)
{
    char name[IF_NAMESIZE];
    if (interface <= 0 || if_indextoname((unsigned)interface, name) == NULL)
        return ENODEV;
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) == 0 ? 0
                                                                                           : errno;
}

/* -1 with errno. */
static int
bind_socket(const InetEndpoint *at, int type)
{
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(at, &address);
    int on = 1;
    int fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* REUSEADDR: streams that ended a moment ago do not keep the port from a listener. */
    if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) == 0 &&
        (type != SOCK_STREAM || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0) &&
        bind(fd, (struct sockaddr *)&address, length) == 0 &&
        (type != SOCK_STREAM || listen(fd, 16) == 0))
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

bool
sockets_listen_pair(InetEndpoint *at, int *udp, int *tcp, GError **error)
{
    const uint16_t wanted = at->port;
    /* The port that UDP gets may be taken over TCP. */
    for (unsigned i = 0; i < (wanted == 0 ? 8 : 1); i++) {
        struct sockaddr_storage own;
        socklen_t length = sizeof own;
        at->port = wanted;
        *udp = bind_socket(at, SOCK_DGRAM);
        if (*udp < 0 || getsockname(*udp, (struct sockaddr *)&own, &length) != 0 ||
            !sockaddr_to_endpoint(&own, at))
            break;
        *tcp = bind_socket(at, SOCK_STREAM);
        if (*tcp >= 0)
            return true;
        close(*udp);
        *udp = -1;
    }
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "sockets to answer names on: %s",
                g_strerror(errno));
    return false;
}

int
socket_to_unit(const char *path, const char *unit, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "%s: %s; is %s running?", path,
                g_strerror(errno), unit);
    if (fd >= 0)
        close(fd);
    return -1;
}
