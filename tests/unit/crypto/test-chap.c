#include "crypto/chap.h"

#include <gnutls/crypto.h>

/* The library's MD5 over what RFC 1994 says, joined here. */
static void
test_digest(void)
{
    static const uint8_t joined[] = "\7Ar3etTnp\1\2\3\4";
    static const uint8_t challenge[] = { 1, 2, 3, 4 };
    uint8_t expected[16];
    g_autoptr(Secret) password = secret_new("Ar3etTnp", 8);
    g_autoptr(GBytes) digest = chap_md5(7, password, challenge, sizeof challenge);
    gnutls_hash_fast(GNUTLS_DIG_MD5, joined, sizeof joined - 1, expected);
    g_assert_cmpmem(g_bytes_get_data(digest, NULL), g_bytes_get_size(digest), expected, 16);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/chap/digest", test_digest);
    return g_test_run();
}
