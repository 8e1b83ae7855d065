/*
 * What worked in which network, so that the next connect there need not find out again. Bounded and
 * aged; networks are known by keys that say nothing about them. Pure.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define NETWORK_MEMORY_MAX 64
/* Networks change their minds: a block is not believed for longer. */
#define NETWORK_MEMORY_AGE_S (7 * 24 * 3600)

typedef struct {
    char *key;
    int64_t at_s; /* Unix seconds */
    bool udp_blocked;
    uint32_t path_mtu; /* 0: not known */
} NetworkMemoryEntry;

typedef struct _NetworkMemory NetworkMemory;

NetworkMemory *network_memory_new(void);
void network_memory_free(NetworkMemory *memory);
/* Of a network and a gateway there; salt keeps it from being guessed. Free with g_free. */
char *network_memory_key(const char *salt, const char *network, const char *gateway);
/* NULL: nothing that is still believed at now_s. */
const NetworkMemoryEntry *network_memory_find(const NetworkMemory *memory, const char *key,
                                              int64_t now_s);
/* The oldest goes where there are too many. */
void network_memory_note(NetworkMemory *memory, const char *key, bool udp_blocked,
                         uint32_t path_mtu, int64_t now_s);
/* Lines of text, for a file; what is malformed, too old or from the future is left out. */
char *network_memory_to_text(const NetworkMemory *memory);
void network_memory_read(NetworkMemory *memory, const char *text, int64_t now_s);
guint network_memory_count(const NetworkMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkMemory, network_memory_free)
