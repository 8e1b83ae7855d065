/* Joining neighbours: what is joined comes apart as it came, and what a receiver could tell apart
 * stays apart. */
#include "datapath/merge.h"

#include "datapath/segment.h"
#include "packets.h"

#include <string.h>

#define PSH 0x08
#define ACK 0x10
#define ALL (TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP)

/* What was written: how often, and the packets that a receiver sees. */
typedef struct {
    Merge merge;
    unsigned writes, verified;
    GPtrArray *packets; /* GBytes */
    GPtrArray *sent;    /* octets of packets that were added, as they were */
} Bench;

static void
written(const TunHeader *header, struct iovec *iov, size_t n, gpointer data)
{
    Bench *bench = data;
    g_autoptr(GByteArray) whole = g_byte_array_new();
    uint8_t piece[PACKET_ROOM];
    Segment segment;
    for (size_t i = 1; i < n; i++)
        g_byte_array_append(whole, iov[i].iov_base, (guint)iov[i].iov_len);
    bench->writes++;
    bench->verified += header->verified;
    g_assert_true(segment_begin(&segment, header, whole->data, whole->len));
    for (size_t length; (length = segment_length(&segment)) > 0;) {
        segment_write(&segment, piece);
        g_ptr_array_add(bench->packets, g_bytes_new(piece, length));
    }
}

static void
bench_init(Bench *bench, unsigned offloads)
{
    *bench = (Bench){ .packets = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
                      .sent = g_ptr_array_new_with_free_func(g_free) };
    merge_init(&bench->merge, offloads, written, bench);
}

static void
bench_clear(Bench *bench)
{
    merge_clear(&bench->merge);
    g_ptr_array_unref(bench->packets);
    g_ptr_array_unref(bench->sent);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bench, bench_clear)

static void
add(Bench *bench, const PacketSpec *spec)
{
    uint8_t *packet = g_malloc(PACKET_ROOM);
    g_ptr_array_add(bench->sent, packet);
    merge_add(&bench->merge, packet, packet_make(packet, spec));
}

/* The next that a receiver sees, from the front. */
static void
expect(Bench *bench, const PacketSpec *spec)
{
    uint8_t expected[PACKET_ROOM];
    size_t want = packet_make(expected, spec), length;
    g_assert_cmpuint(bench->packets->len, >, 0);
    const void *got = g_bytes_get_data(bench->packets->pdata[0], &length);
    g_assert_cmpmem(got, length, expected, want);
    g_ptr_array_remove_index(bench->packets, 0);
}

static PacketSpec
nth(PacketSpec first, unsigned i)
{
    first.sequence += (uint32_t)(i * first.payload);
    first.id = (uint16_t)(first.id + i);
    return first;
}

/* n neighbours go in; they come out as they were, in so many writes. */
static void
check_run(PacketSpec first, unsigned n, unsigned offloads, unsigned writes)
{
    g_auto(Bench) bench;
    bench_init(&bench, offloads);
    for (unsigned i = 0; i < n; i++) {
        PacketSpec spec = nth(first, i);
        add(&bench, &spec);
    }
    merge_flush(&bench.merge);
    for (unsigned i = 0; i < n; i++) {
        PacketSpec spec = nth(first, i);
        expect(&bench, &spec);
    }
    g_assert_cmpuint(bench.packets->len, ==, 0);
    g_assert_cmpuint(bench.writes, ==, writes);
}

static void
test_runs(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        PacketSpec spec = { .v6 = kind % 2 != 0,
                            .udp = kind / 2 != 0,
                            .payload = 1000,
                            .sequence = 0xfffff000,
                            .id = 0xfffe };
        check_run(spec, 1, ALL, 1);
        check_run(spec, 30, ALL, 1);
        check_run(spec, 70, ALL, 2); /* 64 of UDP, 65 of TCP do not fit */
        check_run(spec, 10, 0, 10);
        check_run(spec, 10, TUN_OFFLOAD_HEADER, 10);
        check_run(spec, 10, TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP, spec.udp ? 10 : 1);
    }
    check_run((PacketSpec){ .payload = 1348, .timestamp = 9 }, 48, ALL, 1);
    check_run((PacketSpec){ .payload = 1348, .timestamp = 9 }, 49, ALL, 2);
}

static void
check_two(const PacketSpec *first, const PacketSpec *second, unsigned writes)
{
    g_auto(Bench) bench;
    bench_init(&bench, ALL);
    add(&bench, first);
    add(&bench, second);
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.writes, ==, writes);
    expect(&bench, first);
    expect(&bench, second);
}

/* Two neighbours of which the second differs: they stay apart, and in order. */
static void
check_apart(const PacketSpec *first, const PacketSpec *second)
{
    check_two(first, second, 2);
}

/* The same two, but for the difference, are joined: or the test says nothing. */
static void
check_pair(const PacketSpec *first, const PacketSpec *second)
{
    check_two(first, second, 1);
}

static void
test_tcp_apart(void)
{
    for (unsigned v6 = 0; v6 < 2; v6++) {
        const PacketSpec first = { .v6 = v6 != 0, .payload = 900, .timestamp = 5 };
        const PacketSpec right = nth(first, 1);
        PacketSpec second = right;
        check_pair(&first, &second);
        second.sequence++;
        check_apart(&first, &second); /* a hole */
        second = right;
        second.sequence = 0;
        check_apart(&first, &second); /* once more */
        second = right;
        second.ack = 1;
        check_apart(&first, &second);
        second = right;
        second.window = 501;
        check_apart(&first, &second);
        second = right;
        second.timestamp = 6;
        check_apart(&first, &second);
        second = right;
        second.timestamp = 0;
        check_apart(&first, &second);
        second = right;
        second.tos = 1;
        check_apart(&first, &second);
        second = right;
        second.tos = 3; /* congestion experienced */
        check_apart(&first, &second);
        second = right;
        second.ttl = 63;
        check_apart(&first, &second);
        second = right;
        second.urgent = 1;
        check_apart(&first, &second);
        second = right;
        second.payload++; /* longer than the first */
        check_apart(&first, &second);
        second = right;
        second.payload = 0; /* an ACK alone */
        check_apart(&first, &second);
        second = right;
        second.bad_checksum = true;
        check_apart(&first, &second);
        second = right;
        second.source_port = 40001;
        check_apart(&first, &second);
    }
}

static void
test_every_other_flag(void)
{
    const PacketSpec first = { .payload = 900 };
    for (unsigned flags = 1; flags < 256; flags++) {
        PacketSpec second = nth(first, 1);
        second.flags = (uint8_t)flags;
        if (flags == ACK || flags == (ACK | PSH))
            check_pair(&first, &second);
        else
            check_apart(&first, &second);
        PacketSpec other = first;
        other.flags = (uint8_t)flags;
        second.flags = ACK;
        if (flags != ACK)
            check_apart(&other, &second); /* PSH is at an end, too */
    }
}

static void
test_ipv4_apart(void)
{
    const PacketSpec first = { .payload = 900, .id = 77 };
    PacketSpec second = nth(first, 1);
    second.id = 79;
    check_apart(&first, &second);
    PacketSpec may = first, next = nth(first, 1);
    may.fragmentable = next.fragmentable = true;
    check_pair(&may, &next);
    next.id = may.id; /* means something here */
    check_apart(&may, &next);
    next = nth(first, 1);
    check_apart(&may, &next); /* DF differs */
    may.fragment = 0x2000;
    next.fragment = 0x2000;
    check_apart(&may, &next); /* more fragments */
    may.fragment = next.fragment = 0xc000;
    check_apart(&may, &next); /* the reserved bit */
    may = first;
    next = nth(first, 1);
    may.ip_options = next.ip_options = true;
    check_apart(&may, &next);
}

/* RFC 6864, section 4.1: in an atomic datagram it has no meaning. */
static void
test_same_id(void)
{
    g_auto(Bench) bench;
    bench_init(&bench, ALL);
    for (unsigned i = 0; i < 5; i++) {
        PacketSpec spec = nth((PacketSpec){ .payload = 500 }, i);
        spec.id = 0;
        add(&bench, &spec);
    }
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.writes, ==, 1);
}

static void
test_udp_apart(void)
{
    const PacketSpec first = { .udp = true, .payload = 300 };
    PacketSpec second = nth(first, 1), other = first;
    check_pair(&first, &second);
    second.no_checksum = other.no_checksum = true;
    check_apart(&first, &second);
    second = nth(first, 1);
    check_apart(&other, &second);
    second.bad_checksum = true;
    check_apart(&first, &second);
    second = nth(first, 1);
    second.payload = 301;
    check_apart(&first, &second);
    second.payload = 0;
    check_apart(&first, &second);
}

/* A shorter one, and one with PSH, end it. */
static void
test_ends(void)
{
    for (unsigned way = 0; way < 2; way++) {
        g_auto(Bench) bench;
        PacketSpec spec = { .payload = 800 }, last, after;
        bench_init(&bench, ALL);
        add(&bench, &spec);
        last = nth(spec, 1);
        if (way == 0)
            last.payload = 799;
        else
            last.flags = ACK | PSH;
        add(&bench, &last);
        after = nth(last, 1);
        add(&bench, &after);
        merge_flush(&bench.merge);
        g_assert_cmpuint(bench.writes, ==, 2);
        expect(&bench, &spec);
        expect(&bench, &last);
        expect(&bench, &after);
    }
}

/* Flows that take turns are each joined; more than there is room for still arrive. */
static void
test_many_flows(void)
{
    g_auto(Bench) bench;
    bench_init(&bench, ALL);
    for (unsigned i = 0; i < 4; i++)
        for (uint16_t flow = 0; flow < MERGE_FLOWS; flow++) {
            PacketSpec spec = nth((PacketSpec){ .payload = 400 }, i);
            spec.source_port = (uint16_t)(1000 + flow);
            add(&bench, &spec);
        }
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.writes, ==, MERGE_FLOWS);
    g_assert_cmpuint(bench.packets->len, ==, 4 * MERGE_FLOWS);
    for (uint16_t flow = 0; flow < 3 * MERGE_FLOWS; flow++) {
        PacketSpec spec = { .payload = 400, .source_port = (uint16_t)(2000 + flow) };
        add(&bench, &spec);
    }
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.packets->len, ==, 7 * MERGE_FLOWS);
}

/* What is neither TCP nor UDP overtakes nothing. */
static void
test_others_keep_their_place(void)
{
    g_auto(Bench) bench;
    PacketSpec spec = { .payload = 400 }, fragment = { .payload = 64, .fragment = 0x2000 };
    bench_init(&bench, ALL);
    add(&bench, &spec);
    add(&bench, &fragment);
    expect(&bench, &spec);
    expect(&bench, &fragment);
}

/* The kernel need not look again at what we have looked at. */
static void
test_says_what_was_verified(void)
{
    g_auto(Bench) bench;
    PacketSpec right = { .payload = 400 }, wrong = { .payload = 400, .bad_checksum = true };
    bench_init(&bench, ALL);
    add(&bench, &right);
    add(&bench, &wrong);
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.writes, ==, 2);
    g_assert_cmpuint(bench.verified, ==, 1);
    expect(&bench, &right);
    expect(&bench, &wrong);
}

/* An IPv4 header that the kernel would refuse is not hidden in a right one. */
static void
test_bad_ip_checksum(void)
{
    g_auto(Bench) bench;
    uint8_t packet[2000];
    PacketSpec first = { .payload = 400 }, second = nth(first, 1);
    bench_init(&bench, ALL);
    add(&bench, &first);
    size_t length = packet_make(packet, &second);
    packet[11] ^= 1;
    merge_add(&bench.merge, packet, length);
    merge_flush(&bench.merge);
    g_assert_cmpuint(bench.writes, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/merge/runs", test_runs);
    g_test_add_func("/datapath/merge/tcp-apart", test_tcp_apart);
    g_test_add_func("/datapath/merge/every-other-flag", test_every_other_flag);
    g_test_add_func("/datapath/merge/ipv4-apart", test_ipv4_apart);
    g_test_add_func("/datapath/merge/same-id", test_same_id);
    g_test_add_func("/datapath/merge/udp-apart", test_udp_apart);
    g_test_add_func("/datapath/merge/ends", test_ends);
    g_test_add_func("/datapath/merge/many-flows", test_many_flows);
    g_test_add_func("/datapath/merge/others-keep-their-place", test_others_keep_their_place);
    g_test_add_func("/datapath/merge/says-what-was-verified", test_says_what_was_verified);
    g_test_add_func("/datapath/merge/bad-ip-checksum", test_bad_ip_checksum);
    return g_test_run();
}
