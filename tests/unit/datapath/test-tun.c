/* What stands before a packet of a TUN queue, read and written; a pair of sockets stands for it. */
#include "datapath/tun.h"

#include <errno.h>
#include <glib.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL (TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP)

static void
make_pair(int fds[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                    0);
}

static void
close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void
test_round_trips(void)
{
    static const TunHeader headers[] = {
        { .kind = TUN_WHOLE },
        { .kind = TUN_WHOLE, .checksum = true, .checksum_start = 20, .checksum_offset = 6 },
        { .kind = TUN_TCP_V4,
          .checksum = true,
          .size = 1348,
          .headers = 52,
          .checksum_start = 20,
          .checksum_offset = 16 },
        { .kind = TUN_TCP_V6,
          .checksum = true,
          .size = 1328,
          .headers = 72,
          .checksum_start = 40,
          .checksum_offset = 16 },
        { .kind = TUN_UDP_MANY,
          .checksum = true,
          .size = 1200,
          .headers = 28,
          .checksum_start = 20,
          .checksum_offset = 6 },
    };
    int fds[2];
    g_autofree uint8_t *memory = g_malloc(TUN_HEADROOM + TUN_MAX_PACKET);
    uint8_t *got = memory + TUN_HEADROOM;
    make_pair(fds);
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        struct iovec iov[3] = { { NULL, 0 }, { (void *)"head", 4 }, { (void *)"and tail", 8 } };
        TunHeader header;
        bool gone;
        g_assert_cmpint(tun_write(fds[0], ALL, &headers[i], iov, 3), ==, 0);
        g_assert_cmpuint(tun_read(fds[1], ALL, &header, got, &gone), ==, 12);
        g_assert_cmpmem(got, 12, "headand tail", 12);
        g_assert_cmpmem(&header, sizeof header, &headers[i], sizeof header);
    }
    close_pair(fds);
}

/* virtio 1.2, section 5.1.6: field by field, as the kernel has it. */
static void
test_on_the_wire(void)
{
    static const TunHeader tcp = { .kind = TUN_TCP_V4,
                                   .checksum = true,
                                   .size = 1348,
                                   .headers = 52,
                                   .checksum_start = 20,
                                   .checksum_offset = 16 };
    static const TunHeader verified = { .kind = TUN_WHOLE, .verified = true };
    int fds[2];
    struct virtio_net_hdr virtio;
    make_pair(fds);
    struct iovec iov[2] = { { NULL, 0 }, { (void *)"x", 1 } };
    uint8_t wire[sizeof virtio + 1];
    g_assert_cmpint(tun_write(fds[0], ALL, &tcp, iov, 2), ==, 0);
    g_assert_cmpint(read(fds[1], wire, sizeof wire), ==, 11);
    memcpy(&virtio, wire, sizeof virtio);
    g_assert_cmpuint(virtio.flags, ==, 1);
    g_assert_cmpuint(virtio.gso_type, ==, 1);
    g_assert_cmpuint(virtio.hdr_len, ==, 52);
    g_assert_cmpuint(virtio.gso_size, ==, 1348);
    g_assert_cmpuint(virtio.csum_start, ==, 20);
    g_assert_cmpuint(virtio.csum_offset, ==, 16);
    g_assert_cmpint(tun_write(fds[0], ALL, &verified, iov, 2), ==, 0);
    g_assert_cmpint(read(fds[1], wire, sizeof wire), ==, 11);
    g_assert_cmpuint(wire[0], ==, 2);
    close_pair(fds);
}

static void
test_without_header(void)
{
    static const TunHeader plain = { .kind = TUN_WHOLE };
    int fds[2];
    bool gone;
    TunHeader header = { .kind = TUN_TCP_V4 };
    g_autofree uint8_t *memory = g_malloc(TUN_HEADROOM + TUN_MAX_PACKET);
    uint8_t *got = memory + TUN_HEADROOM;
    make_pair(fds);
    struct iovec iov[2] = { { NULL, 0 }, { (void *)"abc", 3 } };
    g_assert_cmpint(tun_write(fds[0], 0, &plain, iov, 2), ==, 0);
    g_assert_cmpuint(tun_read(fds[1], 0, &header, got, &gone), ==, 3);
    g_assert_cmpint(header.kind, ==, TUN_WHOLE);
    g_assert_cmpuint(tun_read(fds[1], 0, &header, got, &gone), ==, 0);
    g_assert_false(gone);
    close(fds[0]);
    g_assert_cmpuint(tun_read(fds[1], 0, &header, got, &gone), ==, 0);
    g_assert_true(gone);
    g_assert_cmpint(tun_write(fds[0], 0, &plain, iov, 2), ==, EBADF);
    close(fds[1]);
}

/* A kind that was never asked for, and a header with nothing behind it. */
static void
test_strange_ones_are_passed_over(void)
{
    int fds[2];
    bool gone;
    TunHeader header;
    struct virtio_net_hdr virtio = { .gso_type = 0x55 };
    uint8_t wire[sizeof virtio + 3] = { 0 };
    g_autofree uint8_t *memory = g_malloc(TUN_HEADROOM + TUN_MAX_PACKET);
    uint8_t *got = memory + TUN_HEADROOM;
    make_pair(fds);
    memcpy(wire, &virtio, sizeof virtio);
    g_assert_cmpint(write(fds[0], wire, sizeof wire), ==, sizeof wire);
    g_assert_cmpint(write(fds[0], wire, sizeof virtio), ==, sizeof virtio);
    memset(wire, 0, sizeof wire);
    g_assert_cmpint(write(fds[0], wire, sizeof wire), ==, sizeof wire);
    g_assert_cmpuint(tun_read(fds[1], ALL, &header, got, &gone), ==, 3);
    close_pair(fds);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/tun/round-trips", test_round_trips);
    g_test_add_func("/datapath/tun/on-the-wire", test_on_the_wire);
    g_test_add_func("/datapath/tun/without-header", test_without_header);
    g_test_add_func("/datapath/tun/strange-ones-are-passed-over",
                    test_strange_ones_are_passed_over);
    return g_test_run();
}
