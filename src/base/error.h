/*
 * Errors that the pure layers share: one domain a layer, one code for each thing a caller can do
 * about it. Messages name the object and quote foreign text (error_quote).
 */
#pragma once
#include <glib.h>

/* Octets or text that do not follow their grammar. */
#define PARSE_ERROR (parse_error_quark())
GQuark parse_error_quark(void);

typedef enum {
    PARSE_ERROR_TRUNCATED, /* ends before what its lengths announce */
    PARSE_ERROR_INVALID,   /* a value that the grammar does not allow */
    PARSE_ERROR_TOO_LARGE, /* more than the named limit of the place that reads it */
} ParseError;

/* Printable, bounded copy of foreign octets for a message: at most max_chars characters, everything
 * but printable ASCII as \xNN, "..." where it was cut. Free with g_free. */
char *error_quote(const void *octets, gsize length, gsize max_chars);
