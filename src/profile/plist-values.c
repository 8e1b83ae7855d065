#include "profile/plist-values.h"

static plist_t
find(plist_t dict, const char *key, plist_type type)
{
    plist_t node = dict != NULL && plist_get_node_type(dict) == PLIST_DICT
                       ? plist_dict_get_item(dict, key)
                       : NULL;
    return node != NULL && plist_get_node_type(node) == type ? node : NULL;
}

const char *
plist_values_text(plist_t node)
{
    return node != NULL && plist_get_node_type(node) == PLIST_STRING
               ? plist_get_string_ptr(node, NULL)
               : NULL;
}

const char *
plist_values_string(plist_t dict, const char *key)
{
    return plist_values_text(find(dict, key, PLIST_STRING));
}

const void *
plist_values_data(plist_t dict, const char *key, gsize *length)
{
    uint64_t size = 0;
    plist_t node = find(dict, key, PLIST_DATA);
    const char *octets = node != NULL ? plist_get_data_ptr(node, &size) : NULL;
    *length = (gsize)size;
    return octets;
}

plist_t
plist_values_dict(plist_t dict, const char *key)
{
    return find(dict, key, PLIST_DICT);
}

static bool
is(plist_t dict, const char *key, bool wanted)
{
    uint8_t flag = 0;
    guint64 number;
    plist_t node = find(dict, key, PLIST_BOOLEAN);
    if (node != NULL) {
        plist_get_bool_val(node, &flag);
        return (flag != 0) == wanted;
    }
    return plist_values_uint(dict, key, &number) && (number != 0) == wanted;
}

bool
plist_values_is_true(plist_t dict, const char *key)
{
    return is(dict, key, true);
}

bool
plist_values_is_false(plist_t dict, const char *key)
{
    return is(dict, key, false);
}

bool
plist_values_uint(plist_t dict, const char *key, guint64 *out)
{
    uint64_t number = 0;
    plist_t node = find(dict, key, PLIST_UINT);
    if (node == NULL)
        return false;
    plist_get_uint_val(node, &number);
    *out = number;
    return true;
}

uint32_t
plist_values_length(plist_t array, uint32_t limit)
{
    return array != NULL && plist_get_node_type(array) == PLIST_ARRAY
               ? MIN(plist_array_get_size(array), limit)
               : 0;
}
