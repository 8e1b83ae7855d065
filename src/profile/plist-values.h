/* Values of property lists, whatever stands where they should: absent and of another type are
 * alike. */
#pragma once
#include <glib.h>
#include <plist/plist.h>
#include <stdbool.h>

/* dict may be NULL in all of these. What they return belongs to the list. */
const char *plist_values_text(plist_t node);
const char *plist_values_string(plist_t dict, const char *key);
const void *plist_values_data(plist_t dict, const char *key, gsize *length);
plist_t plist_values_dict(plist_t dict, const char *key);
/* Booleans, and the numbers 1 and 0 that stand for them. */
bool plist_values_is_true(plist_t dict, const char *key);
bool plist_values_is_false(plist_t dict, const char *key);
bool plist_values_uint(plist_t dict, const char *key, guint64 *out);
/* Of an array, at most limit. */
uint32_t plist_values_length(plist_t array, uint32_t limit);
