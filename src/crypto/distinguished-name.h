/*
 * Distinguished names (RFC 4514, RFC 5280, section 7.1): from what people write, for people, and
 * whether two are the same.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* DER of "C=DE, O=Example, CN=gw", the most general part first as gateways print it, or with CN
 * (or UID) first the other way round, as RFC 4514 has it. CRYPTO_ERROR_INVALID. */
GBytes *distinguished_name_parse(const char *text, GError **error);
/* "CN=gw,O=Example,C=DE"; NULL where it is no name. Not escaped for a terminal. */
char *distinguished_name_to_string(const void *der, size_t length);
/* The same attributes in the same order; text without regard to case and to how it is encoded. */
bool distinguished_name_equal(const void *a, size_t a_length, const void *b, size_t b_length);
