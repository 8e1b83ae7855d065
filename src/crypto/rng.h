/* Random octets as an interface, so that a protocol run can be repeated in a test. */
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _Rng Rng;
struct _Rng {
    void (*fill)(Rng *rng, void *out,
                 size_t length); /* cannot fail: aborts if the system has none */
};

static inline void
rng_fill(Rng *rng, void *out, size_t length)
{
    rng->fill(rng, out, length);
}

/* The library's generator; a static object, never freed. */
Rng *rng_system(void);
