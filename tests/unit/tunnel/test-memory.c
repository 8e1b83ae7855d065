/* What is let go is not ours any more, and all goes on. */
#include "tunnel/memory.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

/* KB that are read from files and no different from them. */
static unsigned
clean_kb(void)
{
    g_autofree char *text = NULL;
    unsigned private, shared;
    g_assert_true(g_file_get_contents("/proc/self/smaps_rollup", &text, NULL, NULL));
    g_assert_cmpint(sscanf(strstr(text, "Private_Clean:"), "Private_Clean: %u", &private), ==, 1);
    g_assert_cmpint(sscanf(strstr(text, "Shared_Clean:"), "Shared_Clean: %u", &shared), ==, 1);
    return private + shared;
}

static void
test_less(void)
{
    g_type_ensure(G_TYPE_SOCKET_CLIENT);
    unsigned before = clean_kb();
    memory_let_go();
    g_assert_cmpuint(clean_kb(), <, before * 3 / 4);
    g_autoptr(GBytes) bytes = g_bytes_new_static("still", 5);
    g_assert_cmpuint(g_bytes_hash(bytes), !=, 0);
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_assert_nonnull(client);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tunnel/memory/less", test_less);
    return g_test_run();
}
