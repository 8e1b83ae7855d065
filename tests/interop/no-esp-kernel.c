/*
 * Preloaded into gateways that leave ESP to the kernel, on a kernel that has none: their security
 * associations are taken down nowhere and confirmed, so that everything before the first packet can
 * be tested: SAs are agreed, rekeyed and deleted, and nothing passes through them. Over XFRM
 * (Libreswan), what concerns SAs is replaced by a request that the kernel confirms; PF_KEY
 * (OpenIKED), which this kernel lacks altogether, is a socket that gives back what it is told.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/pfkeyv2.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 1024
#define MAX_MESSAGE     16384
#define PF_KEY_NAME     "pf-key-without-kernel-"

static bool is_xfrm[MAX_DESCRIPTORS];

static void *
real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    return function;
}

/* The SPI that SADB_GETSPI asks for: random, within what it allows. */
static size_t
add_spi(uint8_t *message, size_t length)
{
    struct sadb_sa sa = { .sadb_sa_len = sizeof sa / 8, .sadb_sa_exttype = SADB_EXT_SA };
    uint32_t spi = 0;
    while (spi < 256 && getrandom(&spi, sizeof spi, 0) == sizeof spi)
        ;
    sa.sadb_sa_spi = spi;
    memcpy(message + length, &sa, sizeof sa);
    return length + sizeof sa;
}

/* What the kernel would answer: the message itself (RFC 2367, section 1.4). Its new length. */
static size_t
answer_pf_key(uint8_t *message, size_t length)
{
    struct sadb_msg header;
    if (length < sizeof header)
        return length;
    memcpy(&header, message, sizeof header);
    header.sadb_msg_errno = 0;
    if (header.sadb_msg_type == SADB_GETSPI)
        length = add_spi(message, length);
    if (header.sadb_msg_type == SADB_GET) /* when was it used last? */
        header.sadb_msg_errno = ESRCH;
    header.sadb_msg_len = (uint16_t)(length / 8);
    memcpy(message, &header, sizeof header);
    return length;
}

/* A socket that is connected with itself: what is written to it is read from it. Known again in
 * another process, to which it may have been passed, by its name. */
static int
pf_key_socket(void)
{
    int (*next)(int, int, int) = real("socket");
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    uint32_t number = 0;
    int fd = next(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || getrandom(&number, sizeof number, 0) != sizeof number)
        return -1;
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, PF_KEY_NAME "%08x", number);
    socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(PF_KEY_NAME) + 9);
    if (bind(fd, (struct sockaddr *)&name, length) == 0 &&
        connect(fd, (struct sockaddr *)&name, length) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool
is_pf_key(int fd)
{
    struct sockaddr_un name = { 0 };
    socklen_t length = sizeof name;
    return getsockname(fd, (struct sockaddr *)&name, &length) == 0 && name.sun_family == AF_UNIX &&
           length > sizeof name.sun_family + strlen(PF_KEY_NAME) &&
           memcmp(name.sun_path + 1, PF_KEY_NAME, strlen(PF_KEY_NAME)) == 0;
}

ssize_t
writev(int fd, const struct iovec *parts, int n_parts)
{
    ssize_t (*next)(int, const struct iovec *, int) = real("writev");
    uint8_t message[MAX_MESSAGE];
    size_t length = 0;
    if (!is_pf_key(fd))
        return next(fd, parts, n_parts);
    for (int i = 0; i < n_parts; i++) {
        if (length + parts[i].iov_len > sizeof message - sizeof(struct sadb_sa)) {
            errno = EMSGSIZE;
            return -1;
        }
        memcpy(message + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    struct iovec answer = { message, answer_pf_key(message, length) };
    return next(fd, &answer, 1) < 0 ? -1 : (ssize_t)length;
}

int
socket(int domain, int type, int protocol)
{
    int (*next)(int, int, int) = real("socket");
    if (domain == AF_KEY)
        return pf_key_socket();
    int fd = next(domain, type, protocol);
    if (fd >= 0 && fd < MAX_DESCRIPTORS)
        is_xfrm[fd] = domain == AF_NETLINK && protocol == NETLINK_XFRM;
    return fd;
}

/* OpenIKED has its own datagrams pass by policies, which needs what this kernel lacks as well. */
int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    int (*next)(int, int, int, const void *, socklen_t) = real("setsockopt");
    if ((level == IPPROTO_IP && name == IP_IPSEC_POLICY) ||
        (level == IPPROTO_IPV6 && name == IPV6_IPSEC_POLICY))
        return 0;
    return next(fd, level, name, value, length);
}

/* True: *message is to be sent in place of the program's, and confirmed by the kernel. */
static bool
replaced(int fd, const void *data, size_t length, void *message, size_t *out_length)
{
    struct nlmsghdr header;
    if (fd < 0 || fd >= MAX_DESCRIPTORS || !is_xfrm[fd] || length < sizeof header)
        return false;
    memcpy(&header, data, sizeof header);
    if (header.nlmsg_type != XFRM_MSG_NEWSA && header.nlmsg_type != XFRM_MSG_UPDSA &&
        header.nlmsg_type != XFRM_MSG_DELSA)
        return false;
    header.nlmsg_type = XFRM_MSG_NEWSPDINFO; /* with no attribute it changes nothing */
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    header.nlmsg_len = NLMSG_LENGTH(sizeof(uint32_t));
    memset(message, 0, header.nlmsg_len);
    memcpy(message, &header, sizeof header);
    *out_length = header.nlmsg_len;
    return true;
}

ssize_t
write(int fd, const void *data, size_t length)
{
    ssize_t (*next)(int, const void *, size_t) = real("write");
    uint8_t message[64];
    size_t other = 0;
    if (!replaced(fd, data, length, message, &other))
        return next(fd, data, length);
    return next(fd, message, other) < 0 ? -1 : (ssize_t)length;
}

ssize_t
send(int fd, const void *data, size_t length, int flags)
{
    ssize_t (*next)(int, const void *, size_t, int) = real("send");
    uint8_t message[64];
    size_t other = 0;
    if (!replaced(fd, data, length, message, &other))
        return next(fd, data, length, flags);
    return next(fd, message, other, flags) < 0 ? -1 : (ssize_t)length;
}

ssize_t
sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
       socklen_t to_length)
{
    ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        real("sendto");
    uint8_t message[64];
    size_t other = 0;
    if (!replaced(fd, data, length, message, &other))
        return next(fd, data, length, flags, to, to_length);
    return next(fd, message, other, flags, to, to_length) < 0 ? -1 : (ssize_t)length;
}
