/* Which packets a Child SA may carry. */
#include "esp/selectors.h"

static EspSelector
selector(const char *prefix, uint8_t protocol, uint16_t from, uint16_t to)
{
    InetPrefix parsed;
    g_assert_true(inet_prefix_parse(prefix, &parsed, NULL));
    return (EspSelector){ protocol, from, to, inet_prefix_to_range(&parsed) };
}

static InnerPacket
packet(const char *source, const char *destination, uint8_t protocol, uint16_t port)
{
    InnerPacket out = { .protocol = protocol, .source_port = 40000, .destination_port = port };
    g_assert_true(inet_address_parse(source, &out.source));
    g_assert_true(inet_address_parse(destination, &out.destination));
    return out;
}

typedef struct {
    const char *source, *destination;
    uint8_t protocol;
    uint16_t port;
    bool fragment, out, allowed;
} Case;

static void
test_table(void)
{
    static const Case cases[] = {
        { "10.77.0.10", "10.99.0.1", 6, 80, false, true, true },
        { "10.77.0.10", "10.99.0.1", 17, 53, false, true, true },
        { "10.77.0.11", "10.99.0.1", 6, 80, false, true, false },
        { "10.77.0.10", "10.98.0.1", 6, 80, false, true, false },
        { "10.77.0.10", "10.50.0.1", 6, 443, false, true, true },
        { "10.77.0.10", "10.50.0.1", 6, 444, false, true, false },
        { "10.77.0.10", "10.50.0.1", 17, 443, false, true, false },
        { "10.77.0.10", "10.50.0.1", 6, 443, true, true, false },
        { "10.77.0.10", "10.99.0.1", 17, 0, true, true, true },
        { "10.99.0.1", "10.77.0.10", 6, 80, false, false, true },
        { "10.98.0.1", "10.77.0.10", 6, 80, false, false, false },
        { "10.77.0.10", "10.99.0.1", 6, 80, false, false, false },
        { "2001:db8::1", "10.99.0.1", 6, 80, false, true, false },
    };
    g_autoptr(GArray) local = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    EspSelector ours = selector("10.77.0.10/32", 0, 0, 65535);
    EspSelector net = selector("10.99.0.0/24", 0, 0, 65535);
    EspSelector web = selector("10.50.0.0/16", 6, 443, 443);
    g_array_append_val(local, ours);
    g_array_append_val(remote, net);
    g_array_append_val(remote, web);
    g_autoptr(EspSelectors) selectors = esp_selectors_new(local, remote);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *one = &cases[i];
        InnerPacket inner = packet(one->source, one->destination, one->protocol, one->port);
        inner.fragment = one->fragment;
        g_test_message("case %zu", i);
        g_assert_cmpint(esp_selectors_allow(selectors, &inner, one->out), ==, one->allowed);
    }
}

static bool
allowed_by(const EspSelector *remote, const InnerPacket *inner)
{
    g_autoptr(GArray) locals = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_autoptr(GArray) remotes = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    EspSelector any = selector("10.77.0.10/32", 0, 0, 65535);
    g_array_append_val(locals, any);
    g_array_append_val(remotes, *remote);
    g_autoptr(EspSelectors) selectors = esp_selectors_new(locals, remotes);
    return esp_selectors_allow(selectors, inner, true);
}

/* RFC 7296, section 3.13.1: OPAQUE is for packets whose ports cannot be seen. */
static void
test_opaque(void)
{
    EspSelector opaque = selector("10.99.0.0/24", 17, 65535, 0);
    InnerPacket inner = packet("10.77.0.10", "10.99.0.1", 17, 0);
    g_assert_false(allowed_by(&opaque, &inner));
    inner.fragment = true;
    g_assert_true(allowed_by(&opaque, &inner));
}

/* RFC 7296, section 3.13.1: type and code as one number, the type in the high octet. */
static void
test_icmp_type_and_code(void)
{
    static const uint8_t echo[28] = { 0x45, 0,  0,  28, 0,  0,  0,  0, 64, 1, 0,
                                      0,    10, 77, 0,  10, 10, 99, 0, 1,  8, 3 };
    InnerPacket inner;
    g_assert_true(inner_packet_parse(&inner, echo, sizeof echo));
    EspSelector exact = selector("10.99.0.0/24", 1, 0x0803, 0x0803);
    EspSelector type = selector("10.99.0.0/24", 1, 0x0800, 0x08ff);
    EspSelector other = selector("10.99.0.0/24", 1, 0x0804, 0x7fff);
    g_assert_true(allowed_by(&exact, &inner));
    g_assert_true(allowed_by(&type, &inner));
    g_assert_false(allowed_by(&other, &inner));
}

/* The plain way: one after the other. */
static bool
list_allows(const GArray *list, const InetAddress *address, uint16_t port, const InnerPacket *inner)
{
    for (guint i = 0; i < list->len; i++) {
        const EspSelector *one = &g_array_index(list, EspSelector, i);
        bool any_port = one->start_port == 0 && one->end_port == 65535;
        if (inet_range_contains(&one->range, address) &&
            (one->protocol == 0 || one->protocol == inner->protocol) &&
            (any_port || (port >= one->start_port && port <= one->end_port)))
            return true;
    }
    return false;
}

static InetAddress
random_address(bool v6)
{
    uint8_t octets[16] = { 10, 0, (uint8_t)g_test_rand_int_range(0, 4),
                           (uint8_t)g_test_rand_int_range(0, 256) };
    return inet_address_new(v6 ? INET_V6 : INET_V4, octets);
}

static EspSelector
random_selector(void)
{
    bool v6 = g_test_rand_bit();
    InetAddress a = random_address(v6), b = random_address(v6);
    InetRange range = inet_address_compare(&a, &b) < 0 ? (InetRange){ a, b } : (InetRange){ b, a };
    if (g_test_rand_bit())
        range.last = range.first;
    if (g_test_rand_bit())
        return (EspSelector){ 0, 0, 65535, range };
    uint16_t from = (uint16_t)g_test_rand_int_range(0, 4);
    return (EspSelector){ g_test_rand_bit() ? 6 : 0, from, (uint16_t)(from + 1), range };
}

/* However they lie to each other: as a list would say. */
static void
test_many_as_a_list(void)
{
    for (unsigned round = 0; round < 200; round++) {
        g_autoptr(GArray) local = g_array_new(FALSE, FALSE, sizeof(EspSelector));
        g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(EspSelector));
        EspSelector any[2] = { { 0, 0, 65535, inet_range_any(INET_V4) },
                               { 0, 0, 65535, inet_range_any(INET_V6) } };
        g_array_append_vals(local, any, 2);
        for (unsigned i = 0; i < round % 40; i++) {
            EspSelector one = random_selector();
            g_array_append_val(remote, one);
        }
        g_autoptr(EspSelectors) selectors = esp_selectors_new(local, remote);
        for (unsigned i = 0; i < 300; i++) {
            bool v6 = g_test_rand_bit();
            InnerPacket inner = { .source = random_address(v6),
                                  .destination = random_address(v6),
                                  .protocol = g_test_rand_bit() ? 6 : 17,
                                  .destination_port = (uint16_t)g_test_rand_int_range(0, 6) };
            g_assert_cmpint(
                esp_selectors_allow(selectors, &inner, true), ==,
                list_allows(remote, &inner.destination, inner.destination_port, &inner));
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp/selectors/table", test_table);
    g_test_add_func("/esp/selectors/opaque", test_opaque);
    g_test_add_func("/esp/selectors/icmp-type-and-code", test_icmp_type_and_code);
    g_test_add_func("/esp/selectors/many-as-a-list", test_many_as_a_list);
    return g_test_run();
}
