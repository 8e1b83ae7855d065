/*
 * DNS names as A-labels: lower case, without the final dot, at most 253 octets. Names from the wire
 * are delimited by their length, never by NUL.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The normal form of a presentation-format name, or NULL with PARSE_ERROR: embedded NUL, empty or
 * overlong label, octets beyond letters, digits, hyphen and underscore. "." gives "". */
char *dns_name_normalise(const void *octets, size_t length, GError **error);
/* Both in normal form. Every name is at or below "". */
bool dns_name_is_at_or_below(const char *name, const char *apex);
unsigned dns_name_count_labels(const char *name); /* "" has 0 */
