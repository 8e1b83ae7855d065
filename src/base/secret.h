/*
 * Key material: immutable, counted, wiped when the last reference goes, never printed.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _Secret Secret;

Secret *secret_new(const void *data, size_t length);
/* Writable until the caller returns it to somebody else; *data points at length zero octets. */
Secret *secret_new_blank(size_t length, uint8_t **data);
/* length octets of secret from offset on, as a secret of its own. */
Secret *secret_new_part(const Secret *secret, size_t offset, size_t length);
Secret *secret_ref(Secret *secret);
void secret_unref(Secret *secret);
const uint8_t *secret_data(const Secret *secret);
size_t secret_length(const Secret *secret);
/* In time that depends on the lengths only. NULL equals nothing. */
bool secret_equal(const Secret *a, const Secret *b);
/* The same for plain octets. */
bool secret_octets_equal(const void *a, const void *b, size_t length);
/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *data, size_t length);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_unref)
