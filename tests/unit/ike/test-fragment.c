#include "ike/fragment.h"

#include <string.h>

#include "ike/registry.h"

static IkeFragment
fragment(uint32_t message_id, uint16_t number, uint16_t total)
{
    return (IkeFragment){ .exchange = IKE_EXCHANGE_AUTH,
                          .message_id = message_id,
                          .number = number,
                          .total = total,
                          .first_inner = number == 1 ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_NONE };
}

static IkeFragmentResult
add(IkeFragmentBuffer *buffer, IkeFragment one, const char *text)
{
    g_autoptr(GBytes) plain = g_bytes_new(text, strlen(text));
    return ike_fragment_buffer_add(buffer, &one, plain);
}

static void
assert_taken(IkeFragmentBuffer *buffer, const char *text)
{
    uint8_t first;
    g_autoptr(GBytes) whole = ike_fragment_buffer_take(buffer, &first);
    g_assert_cmpmem(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole), text, strlen(text));
    g_assert_cmpuint(first, ==, IKE_PAYLOAD_IDI);
    g_assert_true(ike_fragment_buffer_is_empty(buffer));
}

static void
test_any_order(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 3, 3), "c"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 1, 3), "a"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 2, 3), "b"), ==, IKE_FRAGMENT_COMPLETE);
    assert_taken(buffer, "abc");
}

static void
test_single(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 1, 1), "a"), ==, IKE_FRAGMENT_COMPLETE);
    assert_taken(buffer, "a");
}

static void
test_repetition(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 1, 2), "a"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 1, 2), "x"), ==, IKE_FRAGMENT_REFUSED);
    g_assert_cmpint(add(buffer, fragment(1, 2, 2), "b"), ==, IKE_FRAGMENT_COMPLETE);
    assert_taken(buffer, "ab");
}

/* RFC 7383, section 2.6: a sender that makes them smaller wins, one that makes them larger is late.
 */
static void
test_totals(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 1, 2), "ab"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 2, 3), "b"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 2, 2), "c"), ==, IKE_FRAGMENT_REFUSED);
    g_assert_cmpint(add(buffer, fragment(1, 1, 3), "a"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(1, 3, 3), "c"), ==, IKE_FRAGMENT_COMPLETE);
    assert_taken(buffer, "abc");
}

static void
test_next_message(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 1, 2), "a"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(2, 2, 2), "d"), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(add(buffer, fragment(2, 1, 2), "c"), ==, IKE_FRAGMENT_COMPLETE);
    assert_taken(buffer, "cd");
}

static void
test_reset(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_assert_cmpint(add(buffer, fragment(1, 1, 2), "a"), ==, IKE_FRAGMENT_STORED);
    ike_fragment_buffer_reset(buffer);
    g_assert_true(ike_fragment_buffer_is_empty(buffer));
    g_assert_cmpint(add(buffer, fragment(1, 2, 2), "b"), ==, IKE_FRAGMENT_STORED);
}

static void
test_range(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    static const uint16_t bad[][2] = {
        { 0, 1 }, { 2, 1 }, { 0, 0 }, { 1, 65535 }, { 1, IKE_FRAGMENT_MAX_TOTAL + 1 }
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(add(buffer, fragment(1, bad[i][0], bad[i][1]), "a"), ==,
                        IKE_FRAGMENT_REFUSED);
    g_assert_true(ike_fragment_buffer_is_empty(buffer));
    g_assert_cmpint(add(buffer, fragment(1, 256, IKE_FRAGMENT_MAX_TOTAL), "a"), ==,
                    IKE_FRAGMENT_STORED);
}

static void
test_length(void)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    g_autoptr(GBytes) half = g_bytes_new_take(g_malloc0(40000), 40000);
    IkeFragment first = fragment(1, 1, 2), second = fragment(1, 2, 2);
    g_assert_cmpint(ike_fragment_buffer_add(buffer, &first, half), ==, IKE_FRAGMENT_STORED);
    g_assert_cmpint(ike_fragment_buffer_add(buffer, &second, half), ==, IKE_FRAGMENT_REFUSED);
    g_assert_cmpint(add(buffer, second, "b"), ==, IKE_FRAGMENT_COMPLETE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/fragment/any-order", test_any_order);
    g_test_add_func("/ike/fragment/one-of-one", test_single);
    g_test_add_func("/ike/fragment/refuses-repetitions", test_repetition);
    g_test_add_func("/ike/fragment/greater-total-starts-over", test_totals);
    g_test_add_func("/ike/fragment/next-message-starts-over", test_next_message);
    g_test_add_func("/ike/fragment/reset-forgets", test_reset);
    g_test_add_func("/ike/fragment/bounds-the-numbers", test_range);
    g_test_add_func("/ike/fragment/bounds-the-octets", test_length);
    return g_test_run();
}
