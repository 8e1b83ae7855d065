/*
 * Values of the bus as JSON (RFC 8259), for programs.
 */
#pragma once
#include <glib.h>

/* Dictionaries with string keys become objects, in their order; tuples and other arrays arrays;
 * variants what they hold. 64-bit numbers are written as they are. */
void json_append(GString *out, GVariant *value);
void json_append_string(GString *out, const char *text);
