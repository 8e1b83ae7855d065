/*
 * Random flows through two data paths with every offload, and through two with none: what arrives
 * is the same, octet for octet, and in the same order within each flow. The kernel's part, many
 * packets as one and one as many, is done here in the plain way.
 */
#include "datapath/tun.h"
#include "loopback.h"
#include "packets.h"
#include "pipe.h"

#include <poll.h>
#include <string.h>

#define ALL         (TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP)
#define ROUNDS      150
#define ROUNDS_FULL 3000
#define IN_FLIGHT   60 /* packets: what is lost was lost by us, not by a socket's buffer */
#define FLOWS       6

typedef struct {
    TunHeader header;
    GBytes *octets;
} Super;

/* What goes in: as the kernel hands it over with offloads, and without. */
typedef struct {
    GArray *supers;    /* Super */
    GPtrArray *pieces; /* GBytes */
} Input;

typedef struct {
    Pipe offloads, plain;
    PacketSpec flows[FLOWS]; /* what each sends next */
    unsigned joined;         /* packets that came joined to another */
} Bench;

static void
super_clear(gpointer data)
{
    g_bytes_unref(((Super *)data)->octets);
}

static Input
input_new(void)
{
    Input input = { g_array_new(FALSE, FALSE, sizeof(Super)),
                    g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref) };
    g_array_set_clear_func(input.supers, super_clear);
    return input;
}

static void
input_clear(Input *input)
{
    g_array_unref(input->supers);
    g_ptr_array_unref(input->pieces);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_clear)

static GBytes *
make(const PacketSpec *spec)
{
    uint8_t *packet = g_malloc(PACKET_ROOM);
    size_t length = packet_make(packet, spec);
    return g_bytes_new_take(packet, length);
}

static void
add_single(Input *input, GBytes *packet /* taken */)
{
    Super super = { { .kind = TUN_WHOLE }, packet };
    g_array_append_val(input->supers, super);
    g_ptr_array_add(input->pieces, g_bytes_ref(packet));
}

/* As one for the first, in pieces for the second; the pieces are written one by one. */
static void
add_burst(Input *input, const PacketSpec *spec, size_t size)
{
    GBytes *whole = make(spec);
    size_t ip = packet_ip_length(g_bytes_get_data(whole, NULL));
    Super super = { { .kind = spec->udp  ? TUN_UDP_MANY
                              : spec->v6 ? TUN_TCP_V6
                                         : TUN_TCP_V4,
                      .checksum = true,
                      .size = (uint16_t)size,
                      .checksum_start = (uint16_t)ip,
                      .checksum_offset = spec->udp ? 6 : 16 },
                    whole };
    g_array_append_val(input->supers, super);
    for (size_t offset = 0, i = 0; offset < spec->payload; offset += size, i++) {
        PacketSpec one = *spec;
        one.payload = MIN(size, spec->payload - offset);
        one.sequence += (uint32_t)offset;
        one.id = (uint16_t)(spec->id + i);
        if (offset + size < spec->payload)
            one.flags &= (uint8_t)~0x09; /* FIN and PSH are at the end */
        if (i > 0)
            one.flags &= (uint8_t)~0x80; /* CWR at the beginning */
        g_ptr_array_add(input->pieces, make(&one));
    }
}

static bool
one_in(int n)
{
    return g_test_rand_int_range(0, n) == 0;
}

/* ICMP and ICMPv6 echo, each of its own length. */
static GBytes *
make_echo(bool v6)
{
    PacketSpec spec = { .v6 = v6, .udp = true, .payload = (size_t)g_test_rand_int_range(1, 1300) };
    uint8_t *packet = g_malloc(PACKET_ROOM);
    size_t length = packet_make(packet, &spec), ip = packet_ip_length(packet);
    packet[v6 ? 6 : 9] = v6 ? 58 : 1;
    packet[ip] = v6 ? 128 : 8;
    packet[ip + 1] = 0;
    return g_bytes_new_take(packet, length);
}

/* What may differ from one packet of a flow to the next. */
static void
vary(PacketSpec *flow)
{
    static const uint8_t flags[] = { 0x10, 0x10, 0x10, 0x18, 0x11, 0x12, 0x14, 0x90, 0x50, 0x30 };
    if (one_in(4))
        flow->flags = flags[g_test_rand_int_range(0, G_N_ELEMENTS(flags))];
    if (one_in(8))
        flow->ack += 1000;
    if (one_in(8))
        flow->window++;
    if (one_in(8))
        flow->tos = (uint8_t)g_test_rand_int_range(0, 256);
    if (one_in(10))
        flow->timestamp = flow->timestamp != 0 ? flow->timestamp + 1 : 0;
    if (one_in(12))
        flow->id = (uint16_t)g_test_rand_int();
    if (one_in(20))
        flow->ttl = (uint8_t)g_test_rand_int_range(1, 256);
}

static void
add_strange(Input *input, const PacketSpec *flow)
{
    PacketSpec spec = *flow;
    spec.payload = (size_t)g_test_rand_int_range(0, 1200);
    switch (g_test_rand_int_range(0, 7)) {
    case 0:
        spec.bad_checksum = true;
        break;
    case 1:
        spec.fragment = one_in(2) ? 0x2000 : 0x2010; /* first, and a later one */
        break;
    case 2:
        spec.ip_options = true;
        break;
    case 3:
        spec.no_checksum = spec.udp;
        break;
    case 4:
        spec.payload = 8900; /* jumbo */
        break;
    case 5:
        spec.urgent = 5;
        break;
    default:
        add_single(input, make_echo(spec.v6));
        return;
    }
    add_single(input, make(&spec));
}

/* A step of one flow: a burst, single neighbours, something strange, or once more what was. */
static void
add_step(Bench *bench, Input *input)
{
    PacketSpec *flow = &bench->flows[g_test_rand_int_range(0, FLOWS)];
    vary(flow);
    if (one_in(6)) {
        add_strange(input, flow);
        return;
    }
    if (one_in(12) && input->pieces->len > 0) {
        guint which = (guint)g_test_rand_int_range(0, (gint32)input->pieces->len);
        add_single(input, g_bytes_ref(input->pieces->pdata[which]));
        return;
    }
    size_t size = (size_t)g_test_rand_int_range(1, 1340);
    unsigned n = (unsigned)g_test_rand_int_range(1, 12);
    flow->payload = size * n - (size_t)(one_in(2) ? g_test_rand_int_range(0, (gint32)size) : 0);
    if (n > 1 && one_in(2)) {
        add_burst(input, flow, size);
        flow->id = (uint16_t)(flow->id + (flow->payload + size - 1) / size);
        flow->sequence += (uint32_t)flow->payload;
        return;
    }
    for (size_t left = flow->payload; left > 0; left -= flow->payload) {
        flow->payload = MIN(left, size);
        add_single(input, make(flow));
        flow->id++;
        flow->sequence += (uint32_t)flow->payload;
    }
}

/* Some change places, the same in both. */
static void
shuffle_singles(Input *input)
{
    if (input->supers->len != input->pieces->len || input->pieces->len < 2 || !one_in(3))
        return;
    guint i = (guint)g_test_rand_int_range(1, (gint32)input->pieces->len);
    gpointer piece = input->pieces->pdata[i];
    Super super = g_array_index(input->supers, Super, i);
    input->pieces->pdata[i] = input->pieces->pdata[i - 1];
    input->pieces->pdata[i - 1] = piece;
    g_array_index(input->supers, Super, i) = g_array_index(input->supers, Super, i - 1);
    g_array_index(input->supers, Super, i - 1) = super;
}

/* What comes out of a TUN with offloads, one by one: cut by the test's own hands. */
static void
cut(const TunHeader *header, const uint8_t *packet, size_t length, GPtrArray *out)
{
    size_t ip = packet_ip_length(packet);
    size_t headers = ip + (header->kind == TUN_UDP_MANY ? 8 : (size_t)(packet[ip + 12] >> 4) * 4);
    for (size_t offset = headers, i = 0; offset < length; offset += header->size, i++) {
        size_t payload = MIN(header->size, length - offset);
        uint8_t *piece = g_malloc(headers + payload);
        memcpy(piece, packet, headers);
        memcpy(piece + headers, packet + offset, payload);
        packet_renumber(piece, headers + payload, (uint16_t)i, (uint32_t)(offset - headers),
                        offset + payload == length);
        g_ptr_array_add(out, g_bytes_new_take(piece, headers + payload));
    }
}

static void
read_offloaded(Bench *bench, size_t n, GPtrArray *out)
{
    g_autofree uint8_t *memory = g_malloc(TUN_HEADROOM + TUN_MAX_PACKET);
    uint8_t *packet = memory + TUN_HEADROOM;
    while (out->len < n) {
        TunHeader header;
        bool gone;
        size_t length = tun_read(bench->offloads.b.tun, ALL, &header, packet, &gone);
        if (length == 0) {
            loopback_wait(bench->offloads.b.tun, POLLIN);
            continue;
        }
        guint before = out->len;
        if (header.kind == TUN_WHOLE)
            g_ptr_array_add(out, g_bytes_new(packet, length));
        else
            cut(&header, packet, length, out);
        bench->joined += out->len - before - 1;
    }
}

static void
write_offloaded(Bench *bench, const Input *input)
{
    for (guint i = 0; i < input->supers->len; i++) {
        const Super *super = &g_array_index(input->supers, Super, i);
        gsize length;
        void *octets = (void *)g_bytes_get_data(super->octets, &length);
        struct iovec iov[2] = { { NULL, 0 }, { octets, length } };
        loopback_wait(bench->offloads.a.tun, POLLOUT);
        g_assert_cmpint(tun_write(bench->offloads.a.tun, ALL, &super->header, iov, 2), ==, 0);
    }
}

static void
through_plain(Bench *bench, const Input *input, GPtrArray *out)
{
    g_autofree uint8_t *packet = g_malloc(TUN_MAX_PACKET);
    for (guint i = 0; i < input->pieces->len; i++) {
        gsize length;
        const uint8_t *octets = g_bytes_get_data(input->pieces->pdata[i], &length);
        pipe_write(bench->plain.a.tun, octets, length);
    }
    while (out->len < input->pieces->len) {
        size_t length = pipe_read(bench->plain.b.tun, packet, TUN_MAX_PACKET);
        g_ptr_array_add(out, g_bytes_new(packet, length));
    }
}

/* What keeps its order: who talks to whom, without regard to ports in fragments, of which only the
 * first has them. What has options is not held to be joined, and may leave before what is. */
static char *
flow_of(GBytes *packet)
{
    const uint8_t *data = g_bytes_get_data(packet, NULL);
    bool v6 = data[0] >> 4 == 6;
    size_t ip = packet_ip_length(data);
    uint8_t protocol = data[v6 ? 6 : 9];
    bool fragment = !v6 && ((data[6] & 0x3f) != 0 || data[7] != 0);
    bool ports = (protocol == 6 || protocol == 17) && !fragment;
    return g_strdup_printf("IPv%d protocol %d port %d%s%s", v6 ? 6 : 4, protocol,
                           ports ? data[ip] << 8 | data[ip + 1] : 0, fragment ? ", fragments" : "",
                           !v6 && ip != 20 ? ", options" : "");
}

static GHashTable *
by_flow(GPtrArray *packets)
{
    GHashTable *flows =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < packets->len; i++) {
        g_autofree char *key = flow_of(packets->pdata[i]);
        GPtrArray *list = g_hash_table_lookup(flows, key);
        if (list == NULL) {
            list = g_ptr_array_new();
            g_hash_table_insert(flows, g_steal_pointer(&key), list);
        }
        g_ptr_array_add(list, packets->pdata[i]);
    }
    return flows;
}

/* RFC 6864, section 4.1: an identification means nothing in a datagram that must not be fragmented
 * and is no fragment. The header's checksum was right before and after, or wrong in both. */
static GBytes *
without_idle_id(GBytes *packet)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(packet, &length);
    if (data[0] >> 4 != 4 || data[6] != 0x40 || data[7] != 0)
        return g_bytes_ref(packet);
    uint8_t *copy = g_memdup2(data, length);
    bool right = packet_header_right(data);
    copy[4] = copy[5] = copy[10] = 0;
    copy[11] = right;
    return g_bytes_new_take(copy, length);
}

static void
dump_difference(const char *flow, guint i, const uint8_t *x, size_t a, const uint8_t *y, size_t b)
{
    g_test_message("flow %s, packet %u: %zu octets, and %zu the plain way", flow, i, a, b);
    for (size_t at = 0; at < MIN(a, b); at++)
        if (x[at] != y[at])
            g_test_message("octet %zu: %02x, %02x", at, x[at], y[at]);
}

static void
compare(GPtrArray *got, GPtrArray *expected)
{
    g_autoptr(GHashTable) flows = by_flow(got);
    g_autoptr(GHashTable) others = by_flow(expected);
    GHashTableIter iter;
    gpointer key, value;
    g_assert_cmpuint(got->len, ==, expected->len);
    g_assert_cmpuint(g_hash_table_size(flows), ==, g_hash_table_size(others));
    g_hash_table_iter_init(&iter, flows);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        GPtrArray *one = value, *other = g_hash_table_lookup(others, key);
        g_assert_nonnull(other);
        g_assert_cmpuint(one->len, ==, other->len);
        for (guint i = 0; i < one->len; i++) {
            gsize a, b;
            g_autoptr(GBytes) this = without_idle_id(one->pdata[i]);
            g_autoptr(GBytes) that = without_idle_id(other->pdata[i]);
            const void *x = g_bytes_get_data(this, &a), *y = g_bytes_get_data(that, &b);
            if (a != b || memcmp(x, y, a) != 0)
                dump_difference(key, i, x, a, y, b);
            g_assert_cmpmem(x, a, y, b);
        }
    }
}

static void
play_round(Bench *bench)
{
    g_auto(Input) input = input_new();
    g_autoptr(GPtrArray) got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GPtrArray) expected = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    while (input.pieces->len < IN_FLIGHT - 12) {
        add_step(bench, &input);
        shuffle_singles(&input);
    }
    write_offloaded(bench, &input);
    read_offloaded(bench, input.pieces->len, got);
    through_plain(bench, &input, expected);
    compare(got, expected);
}

static void
test_same_as_plain(gconstpointer join)
{
    g_autofree Bench *bench = g_new0(Bench, 1);
    for (unsigned i = 0; i < FLOWS; i++)
        bench->flows[i] = (PacketSpec){ .v6 = i % 2 != 0,
                                        .udp = i >= 4,
                                        .source_port = (uint16_t)(20000 + i),
                                        .sequence = 0xffff0000u * i,
                                        .flags = 0x10,
                                        .timestamp = i == 0 ? 77 : 0,
                                        .fragmentable = i == 2 };
    pipe_init_offloads(&bench->offloads, ALL);
    pipe_init(&bench->plain);
    bench->offloads.open = bench->plain.open = true;
    ((void (*)(Pipe *))join)(&bench->offloads);
    ((void (*)(Pipe *))join)(&bench->plain);
    pipe_rekey(&bench->offloads, &bench->offloads.b);
    pipe_rekey(&bench->plain, &bench->plain.b);
    unsigned rounds = g_getenv("GINNEL_TESTS_FULL") != NULL ? ROUNDS_FULL : ROUNDS;
    for (unsigned i = 0; i < rounds; i++)
        play_round(bench);
    g_assert_cmpuint(bench->joined, >, 5 * rounds); /* or nothing was tried */
    pipe_clear(&bench->offloads);
    pipe_clear(&bench->plain);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/datapath/differential/udp", pipe_join_udp, test_same_as_plain);
    g_test_add_data_func("/datapath/differential/tcp", pipe_join_tcp, test_same_as_plain);
    return g_test_run();
}
