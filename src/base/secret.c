#include "base/secret.h"

#include <string.h>

struct _Secret {
    gatomicrefcount references;
    size_t length;
    uint8_t data[];
};

Secret *
secret_new_blank(size_t length, uint8_t **data)
{
    Secret *secret = g_malloc0(sizeof *secret + length);
    g_atomic_ref_count_init(&secret->references);
    secret->length = length;
    *data = secret->data;
    return secret;
}

Secret *
secret_new(const void *data, size_t length)
{
    uint8_t *copy;
    Secret *secret = secret_new_blank(length, &copy);
    if (length > 0)
        memcpy(copy, data, length);
    return secret;
}

Secret *
secret_new_part(const Secret *secret, size_t offset, size_t length)
{
    g_return_val_if_fail(offset <= secret->length && length <= secret->length - offset, NULL);
    return secret_new(secret->data + offset, length);
}

Secret *
secret_ref(Secret *secret)
{
    g_atomic_ref_count_inc(&secret->references);
    return secret;
}

void
secret_unref(Secret *secret)
{
    if (secret == NULL || !g_atomic_ref_count_dec(&secret->references))
        return;
    secret_wipe(secret->data, secret->length);
    g_free(secret);
}

const uint8_t *
secret_data(const Secret *secret)
{
    return secret->data;
}

size_t
secret_length(const Secret *secret)
{
    return secret->length;
}

bool
secret_octets_equal(const void *a, const void *b, size_t length)
{
    const volatile uint8_t *left = a, *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < length; i++)
        difference |= left[i] ^ right[i];
    return difference == 0;
}

bool
secret_equal(const Secret *a, const Secret *b)
{
    if (a == NULL || b == NULL || a->length != b->length)
        return false;
    return secret_octets_equal(a->data, b->data, a->length);
}

void
secret_wipe(void *data, size_t length)
{
    if (data != NULL)
        explicit_bzero(data, length);
}
