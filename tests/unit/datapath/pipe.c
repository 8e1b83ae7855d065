#include "pipe.h"

#include "crypto/algorithms.h"
#include "loopback.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPI_TO_A 0xa0000000
#define SPI_TO_B 0xb0000000
#define KEY      36 /* AES-256-GCM with its salt */

static void
heard(GBytes *message, Transport *transport, gpointer data)
{
    End *end = data;
    g_clear_pointer(&end->heard, g_bytes_unref);
    end->heard = g_bytes_ref(message);
    end->n_heard++;
}

static void
failed(Transport *transport, int error, gpointer data)
{
    End *end = data;
    end->n_failed++;
    end->error = error;
}

void
end_init_offloads(End *end, unsigned offloads)
{
    static const DatapathHandler handler = { heard, failed };
    int fds[2];
    *end = (End){ 0 };
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                    0);
    end->tun = fds[1];
    end->datapath = datapath_new(fds[0], offloads, &handler, end);
}

void
end_init(End *end)
{
    end_init_offloads(end, 0);
}

void
end_clear(End *end)
{
    datapath_free(end->datapath);
    transport_unref(end->transport);
    g_clear_pointer(&end->heard, g_bytes_unref);
    close(end->tun);
}

void
pipe_init_offloads(Pipe *pipe, unsigned offloads)
{
    *pipe = (Pipe){ 0 };
    end_init_offloads(&pipe->a, offloads);
    end_init_offloads(&pipe->b, offloads);
}

void
pipe_init(Pipe *pipe)
{
    pipe_init_offloads(pipe, 0);
}

void
pipe_clear(Pipe *pipe)
{
    end_clear(&pipe->a);
    end_clear(&pipe->b);
}

void
pipe_attach(Pipe *pipe)
{
    datapath_set_transport(pipe->a.datapath, pipe->a.transport);
    datapath_set_transport(pipe->b.datapath, pipe->b.transport);
}

void
pipe_join_udp(Pipe *pipe)
{
    int fds[2];
    loopback_udp_pair(fds);
    pipe->a.transport = transport_udp_new(fds[0], true);
    pipe->b.transport = transport_udp_new(fds[1], true);
    pipe_attach(pipe);
}

/* A transport opens its stream and expects no prefix: what a relay would take is taken here. */
static void
open_stream(Transport *transport, int peer)
{
    static const uint8_t message[28] = { 1 };
    char prefix[TCP_ENCAP_PREFIX_LENGTH];
    g_assert_cmpint(transport_send_ike(transport, message, sizeof message), ==, 0);
    loopback_wait(peer, POLLIN);
    g_assert_cmpint(recv(peer, prefix, sizeof prefix, MSG_WAITALL), ==, sizeof prefix);
    g_assert_cmpmem(prefix, sizeof prefix, TCP_ENCAP_PREFIX, sizeof prefix);
}

void
pipe_join_tcp(Pipe *pipe)
{
    int fds[2];
    loopback_tcp_pair(fds);
    pipe->a.transport = transport_tcp_new(fds[0]);
    pipe->b.transport = transport_tcp_new(fds[1]);
    open_stream(pipe->a.transport, fds[1]);
    open_stream(pipe->b.transport, fds[0]);
    pipe_attach(pipe);
}

static InetRange
one_address(const char *octets)
{
    InetAddress address = inet_address_new(INET_V4, (const uint8_t *)octets);
    return (InetRange){ address, address };
}

static EspSelectors *
selectors_between(InetRange local, InetRange remote)
{
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_autoptr(GArray) theirs = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    EspSelector here = { 0, 0, 65535, local }, there = { 0, 0, 65535, remote };
    g_array_append_val(ours, here);
    g_array_append_val(theirs, there);
    return esp_selectors_new(ours, theirs);
}

static EspSelectors *
selectors_open(void)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    EspSelector any[2] = { { 0, 0, 65535, inet_range_any(INET_V4) },
                           { 0, 0, 65535, inet_range_any(INET_V6) } };
    g_array_append_vals(all, any, 2);
    return esp_selectors_new(all, all);
}

static EspSaParameters
parameters_for(uint32_t spi, uint8_t seed, Secret **key)
{
    uint8_t *data;
    *key = secret_new_blank(KEY, &data);
    memset(data, seed, KEY);
    return (
        EspSaParameters){ .spi = spi, .encr = ENCR_AES_GCM_16, .key_bits = 256, .encr_key = *key };
}

typedef void (*Install)(Datapath *datapath, EspInbound *inbound, EspOutbound *outbound,
                        EspSelectors *selectors);

static void
install(End *end, bool is_a, uint8_t generation, EspSelectors *selectors, Install how)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key_in = NULL;
    g_autoptr(Secret) key_out = NULL;
    uint32_t to_a = SPI_TO_A + generation, to_b = SPI_TO_B + generation;
    uint8_t seed_a = (uint8_t)(2 * generation), seed_b = (uint8_t)(2 * generation + 1);
    EspSaParameters in = parameters_for(is_a ? to_a : to_b, is_a ? seed_a : seed_b, &key_in);
    EspSaParameters out = parameters_for(is_a ? to_b : to_a, is_a ? seed_b : seed_a, &key_out);
    g_autoptr(EspInbound) inbound = esp_inbound_new(&in, &error);
    g_assert_no_error(error);
    g_autoptr(EspOutbound) outbound = esp_outbound_new(&out, rng_system(), &error);
    g_assert_no_error(error);
    how(end->datapath, inbound, outbound, selectors);
    end->spi = in.spi;
}

static void
install_a(Pipe *pipe, Install how)
{
    InetRange any = inet_range_any(INET_V4);
    InetRange a = one_address(PIPE_ADDRESS_A), b = one_address(PIPE_ADDRESS_B);
    g_autoptr(EspSelectors) selectors = pipe->open       ? selectors_open()
                                        : pipe->careless ? selectors_between(any, any)
                                                         : selectors_between(a, b);
    install(&pipe->a, true, pipe->generation, selectors, how);
}

static void
install_b(Pipe *pipe)
{
    g_autoptr(EspSelectors) selectors =
        pipe->open ? selectors_open()
                   : selectors_between(one_address(PIPE_ADDRESS_B), one_address(PIPE_ADDRESS_A));
    install(&pipe->b, false, pipe->generation, selectors, datapath_install);
}

void
pipe_rekey(Pipe *pipe, End *receiver)
{
    pipe->generation++;
    if (receiver == &pipe->b)
        install_b(pipe);
    install_a(pipe, datapath_install);
    if (receiver == &pipe->a)
        install_b(pipe);
}

void
pipe_rekey_answer(Pipe *pipe)
{
    pipe->generation++;
    install_a(pipe, datapath_install_later);
}

void
pipe_rekey_expect(Pipe *pipe)
{
    pipe->generation++;
    datapath_expect(pipe->b.datapath, SPI_TO_B + pipe->generation);
    install_a(pipe, datapath_install);
}

void
pipe_rekey_answered(Pipe *pipe)
{
    install_b(pipe);
}

size_t
pipe_packet(uint8_t *out, bool from_a, size_t length, uint32_t number)
{
    memset(out, (int)number, length);
    memcpy(out, "\x45\0\0\0\0\0\0\0\x40\x11\0\0", 12);
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
    memcpy(out + 12, from_a ? PIPE_ADDRESS_A : PIPE_ADDRESS_B, 4);
    memcpy(out + 16, from_a ? PIPE_ADDRESS_B : PIPE_ADDRESS_A, 4);
    memcpy(out + length - sizeof number, &number, sizeof number);
    return length;
}

uint32_t
pipe_number(const uint8_t *packet, size_t length)
{
    uint32_t number;
    g_assert_cmpuint(length, >=, 32);
    memcpy(&number, packet + length - sizeof number, sizeof number);
    return number;
}

void
pipe_write(int tun, const uint8_t *packet, size_t length)
{
    loopback_wait(tun, POLLOUT);
    g_assert_cmpint(write(tun, packet, length), ==, length);
}

size_t
pipe_read(int tun, uint8_t *out, size_t room)
{
    loopback_wait(tun, POLLIN);
    ssize_t n = read(tun, out, room);
    g_assert_cmpint(n, >, 0);
    return (size_t)n;
}
