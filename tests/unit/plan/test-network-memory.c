/* What is remembered of networks, for how long, and what a damaged file does. */
#include "plan/network-memory.h"

#include <string.h>

#define NOW 1700000000

static char *
key(const char *network)
{
    return network_memory_key("salt", network, "vpn.example.com");
}

static void
test_notes_and_finds(void)
{
    g_autoptr(NetworkMemory) memory = network_memory_new();
    g_autofree char *hotel = key("192.168.1.1 02:00:00:00:00:01");
    g_autofree char *home = key("192.168.1.1 02:00:00:00:00:02");
    g_assert_cmpstr(hotel, !=, home);
    g_assert_null(network_memory_find(memory, hotel, NOW));
    network_memory_note(memory, hotel, true, 0, NOW);
    network_memory_note(memory, home, false, 1492, NOW);
    g_assert_true(network_memory_find(memory, hotel, NOW)->udp_blocked);
    g_assert_false(network_memory_find(memory, home, NOW)->udp_blocked);
    g_assert_cmpuint(network_memory_find(memory, home, NOW)->path_mtu, ==, 1492);
    network_memory_note(memory, hotel, false, 0, NOW + 1);
    g_assert_false(network_memory_find(memory, hotel, NOW + 1)->udp_blocked);
    g_assert_cmpuint(network_memory_count(memory), ==, 2);
}

static void
test_ages(void)
{
    g_autoptr(NetworkMemory) memory = network_memory_new();
    g_autofree char *hotel = key("a");
    network_memory_note(memory, hotel, true, 0, NOW);
    g_assert_nonnull(network_memory_find(memory, hotel, NOW + NETWORK_MEMORY_AGE_S - 1));
    g_assert_null(network_memory_find(memory, hotel, NOW + NETWORK_MEMORY_AGE_S));
    g_assert_null(network_memory_find(memory, hotel, NOW - 1)); /* the clock was set back */
}

static void
test_is_bounded(void)
{
    g_autoptr(NetworkMemory) memory = network_memory_new();
    for (unsigned i = 0; i < 10 * NETWORK_MEMORY_MAX; i++) {
        g_autofree char *network = g_strdup_printf("network %u", i);
        g_autofree char *one = key(network);
        network_memory_note(memory, one, true, 0, NOW + i);
    }
    g_autofree char *first = key("network 0");
    g_autofree char *last = key("network 639");
    g_assert_cmpuint(network_memory_count(memory), ==, NETWORK_MEMORY_MAX);
    g_assert_null(network_memory_find(memory, first, NOW + 640));
    g_assert_nonnull(network_memory_find(memory, last, NOW + 640));
}

static void
test_text(void)
{
    g_autoptr(NetworkMemory) memory = network_memory_new();
    g_autoptr(NetworkMemory) again = network_memory_new();
    g_autofree char *hotel = key("a");
    g_autofree char *home = key("b");
    network_memory_note(memory, hotel, true, 0, NOW);
    network_memory_note(memory, home, false, 1492, NOW);
    g_autofree char *text = network_memory_to_text(memory);
    g_assert_null(strstr(text, "vpn.example.com"));
    network_memory_read(again, text, NOW + 10);
    g_autofree char *same = network_memory_to_text(again);
    g_assert_cmpstr(text, ==, same);
}

static void
test_damaged_text(void)
{
    g_autofree char *hotel = key("a");
    const char *const tails[] = { "",
                                  " 1700000000",
                                  " 1700000000 udp-blocked",
                                  " 1700000000 udp-blocked 70000",
                                  " 1700000000 udp-blocked 0 more",
                                  " -1 udp-blocked 0",
                                  " 1800000000 udp-blocked 0",
                                  " 1600000000 udp-blocked 0",
                                  " x udp-blocked 0",
                                  "a 1700000000 udp-blocked 0" };
    for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
        g_autoptr(NetworkMemory) memory = network_memory_new();
        g_autofree char *text = g_strdup_printf("%s%s\n", hotel, tails[i]);
        network_memory_read(memory, text, NOW + 1);
        g_assert_cmpuint(network_memory_count(memory), ==, 0);
    }
    g_autoptr(NetworkMemory) memory = network_memory_new();
    g_autofree char *text = g_strdup_printf("nonsense\n%s 1700000000 udp-blocked 0\n", hotel);
    network_memory_read(memory, text, NOW + 1);
    g_assert_cmpuint(network_memory_count(memory), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/network-memory/notes-and-finds", test_notes_and_finds);
    g_test_add_func("/plan/network-memory/ages", test_ages);
    g_test_add_func("/plan/network-memory/is-bounded", test_is_bounded);
    g_test_add_func("/plan/network-memory/text", test_text);
    g_test_add_func("/plan/network-memory/damaged-text", test_damaged_text);
    return g_test_run();
}
