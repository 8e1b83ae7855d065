#include "config.h"

#include "plan/network-memory.h"

#include <string.h>

#define MAX_PATH_MTU 65535

struct _NetworkMemory {
    GPtrArray *entries; /* NetworkMemoryEntry, the latest last */
};

static void
entry_free(gpointer data)
{
    NetworkMemoryEntry *entry = data;
    g_free(entry->key);
    g_free(entry);
}

NetworkMemory *
network_memory_new(void)
{
    NetworkMemory *memory = g_new0(NetworkMemory, 1);
    memory->entries = g_ptr_array_new_with_free_func(entry_free);
    return memory;
}

void
network_memory_free(NetworkMemory *memory)
{
    if (memory == NULL)
        return;
    g_ptr_array_unref(memory->entries);
    g_free(memory);
}

guint
network_memory_count(const NetworkMemory *memory)
{
    return memory->entries->len;
}

char *
network_memory_key(const char *salt, const char *network, const char *gateway)
{
    g_autofree char *text = g_strdup_printf("%s\n%s\n%s", salt, network, gateway);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

const NetworkMemoryEntry *
network_memory_find(const NetworkMemory *memory, const char *key, int64_t now_s)
{
    for (guint i = 0; i < memory->entries->len; i++) {
        const NetworkMemoryEntry *entry = memory->entries->pdata[i];
        if (strcmp(entry->key, key) == 0)
            return entry->at_s <= now_s && now_s - entry->at_s < NETWORK_MEMORY_AGE_S ? entry
                                                                                      : NULL;
    }
    return NULL;
}

static void
forget(NetworkMemory *memory, const char *key)
{
    for (guint i = memory->entries->len; i-- > 0;)
        if (strcmp(((NetworkMemoryEntry *)memory->entries->pdata[i])->key, key) == 0)
            g_ptr_array_remove_index(memory->entries, i);
}

void
network_memory_note(NetworkMemory *memory, const char *key, bool udp_blocked, uint32_t path_mtu,
                    int64_t now_s)
{
    g_autofree char *own = g_strdup(key); /* it may be what an entry holds */
    forget(memory, own);
    if (memory->entries->len == NETWORK_MEMORY_MAX)
        g_ptr_array_remove_index(memory->entries, 0);
    NetworkMemoryEntry *entry = g_new0(NetworkMemoryEntry, 1);
    *entry = (NetworkMemoryEntry){ g_steal_pointer(&own), now_s, udp_blocked, path_mtu };
    g_ptr_array_add(memory->entries, entry);
}

char *
network_memory_to_text(const NetworkMemory *memory)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < memory->entries->len; i++) {
        const NetworkMemoryEntry *entry = memory->entries->pdata[i];
        g_string_append_printf(text, "%s %" G_GINT64_FORMAT " %s %u\n", entry->key, entry->at_s,
                               entry->udp_blocked ? "udp-blocked" : "udp-works", entry->path_mtu);
    }
    return g_string_free(text, FALSE);
}

static bool
is_key(const char *word)
{
    size_t length = strspn(word, "0123456789abcdef");
    return length == 64 && word[length] == '\0';
}

static void
read_line(NetworkMemory *memory, const char *line, int64_t now_s)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 5);
    gint64 at;
    guint64 mtu;
    if (g_strv_length(words) != 4 || !is_key(words[0]) ||
        !g_ascii_string_to_signed(words[1], 10, 0, now_s, &at, NULL) ||
        !g_ascii_string_to_unsigned(words[3], 10, 0, MAX_PATH_MTU, &mtu, NULL) ||
        now_s - at >= NETWORK_MEMORY_AGE_S)
        return;
    network_memory_note(memory, words[0], strcmp(words[2], "udp-blocked") == 0, (uint32_t)mtu, at);
}

void
network_memory_read(NetworkMemory *memory, const char *text, int64_t now_s)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", NETWORK_MEMORY_MAX + 1);
    for (guint i = 0; lines[i] != NULL && i < NETWORK_MEMORY_MAX; i++)
        read_line(memory, lines[i], now_s);
}
