/*
 * Preloaded into gateways that leave ESP to the kernel, on a kernel that has none: their security
 * associations are taken down nowhere and confirmed, so that everything before the first packet can
 * be tested: SAs are agreed, rekeyed and deleted, and nothing passes through them. Over XFRM
 * (Libreswan), what concerns SAs is replaced by a request that the kernel confirms; PF_KEY
 * (OpenIKED), which this kernel lacks altogether, is answered by a process of its own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/pfkeyv2.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 1024
#define MAX_MESSAGE     16384

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

/* RFC 2367, section 1.4: the kernel answers each message with itself. */
static void
answer_pf_key(int end)
{
    uint8_t message[MAX_MESSAGE];
    for (;;) {
        ssize_t got = recv(end, message, sizeof message - sizeof(struct sadb_sa), 0);
        if (got <= 0)
            _exit(0);
        size_t length = (size_t)got;
        if (length < sizeof(struct sadb_msg))
            continue;
        struct sadb_msg header;
        memcpy(&header, message, sizeof header);
        header.sadb_msg_errno = 0;
        if (header.sadb_msg_type == SADB_GETSPI)
            length = add_spi(message, length);
        if (header.sadb_msg_type == SADB_GET) /* when was it used last? */
            header.sadb_msg_errno = ESRCH;
        header.sadb_msg_len = (uint16_t)(length / 8);
        memcpy(message, &header, sizeof header);
        if (send(end, message, length, 0) < 0)
            _exit(0);
    }
}

static int
pf_key_socket(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        answer_pf_key(ends[1]);
    }
    close(ends[1]);
    return child > 0 ? ends[0] : -1;
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
