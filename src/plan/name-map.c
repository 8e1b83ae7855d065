#include "plan/name-map.h"

#include <string.h>

GHashTable *
name_map_new(void)
{
    return g_hash_table_new(g_str_hash, g_str_equal);
}

gpointer
name_map_nearest(GHashTable *map, const char *name)
{
    const char *dot;
    for (; *name != '\0'; name = dot + 1) {
        gpointer value = g_hash_table_lookup(map, name);
        dot = strchr(name, '.');
        if (value != NULL)
            return value;
        if (dot == NULL)
            break;
    }
    return g_hash_table_lookup(map, "");
}
