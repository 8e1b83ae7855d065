#include "ike/window.h"

static GPtrArray *
datagrams(const char *text)
{
    GPtrArray *array = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(array, g_bytes_new_static(text, 1));
    return array;
}

static void
test_requests(void)
{
    Window window = { 0 };
    g_assert_true(window_can_send(&window));
    g_assert_false(window_awaits(&window, 0));
    window_sent(&window, datagrams("a"));
    g_assert_true(window_is_busy(&window));
    g_assert_false(window_can_send(&window));
    g_assert_true(window_awaits(&window, 0));
    g_assert_false(window_awaits(&window, 1));
    window_answered(&window);
    g_assert_false(window_is_busy(&window));
    g_assert_false(window_awaits(&window, 0)); /* a late repetition of the response */
    g_assert_cmpuint(window.next_out, ==, 1);
    window_clear(&window);
}

static void
test_responses(void)
{
    Window window = { 0 };
    g_assert_cmpint(window_place_request(&window, 0), ==, WINDOW_NEW);
    g_assert_cmpint(window_place_request(&window, 1), ==, WINDOW_OUTSIDE);
    g_assert_cmpint(window_place_request(&window, UINT32_MAX), ==, WINDOW_OUTSIDE);
    window_responded(&window, datagrams("a"));
    g_assert_cmpint(window_place_request(&window, 0), ==, WINDOW_REPEATED);
    g_assert_cmpint(window_place_request(&window, 1), ==, WINDOW_NEW);
    window_responded(&window, datagrams("b"));
    g_assert_cmpint(window_place_request(&window, 0), ==, WINDOW_OUTSIDE);
    g_assert_cmpint(window_place_request(&window, 1), ==, WINDOW_REPEATED);
    window_clear(&window);
}

/* IDs never wrap (RFC 7296, section 2.2). */
static void
test_used_up(void)
{
    Window window = { .next_out = UINT32_MAX, .next_in = UINT32_MAX };
    g_assert_false(window_can_send(&window));
    g_assert_cmpint(window_place_request(&window, UINT32_MAX), ==, WINDOW_OUTSIDE);
    window_clear(&window);
}

static void
test_nearly_used(void)
{
    Window window = { .next_out = 5, .next_in = 1000000 };
    g_assert_false(window_is_nearly_used(&window));
    window.next_in = UINT32_C(0x7fffffff);
    g_assert_true(window_is_nearly_used(&window));
    window = (Window){ .next_out = UINT32_C(0x7fffffff) };
    g_assert_true(window_is_nearly_used(&window));
    g_assert_true(window_can_send(&window));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/window/requests", test_requests);
    g_test_add_func("/ike/window/responses", test_responses);
    g_test_add_func("/ike/window/used-up", test_used_up);
    g_test_add_func("/ike/window/nearly-used", test_nearly_used);
    return g_test_run();
}
