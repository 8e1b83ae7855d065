#include "crypto/rng.h"

#include <gnutls/crypto.h>

static void
system_fill(Rng *rng, void *out, size_t length)
{
    if (gnutls_rnd(GNUTLS_RND_KEY, out, length) < 0)
        g_error("the system gives no random octets");
}

Rng *
rng_system(void)
{
    static const Rng rng = { system_fill };
    return (Rng *)&rng; /* has no state that fill could change */
}
