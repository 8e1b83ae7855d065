/* ENCDNS_IP4, ENCDNS_IP6 and ENCDNS_DIGEST_INFO: the first octet says which. */
#include "fuzz.h"
#include "plan/encrypted-dns.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    InetFamily family = data[0] % 3 == 0 ? INET_V4 : INET_V6;
    if (data[0] % 3 == 2) {
        g_autoptr(EncryptedDigest) digest = encrypted_digest_parse(data + 1, size - 1, NULL);
        FUZZ_CHECK(digest == NULL || g_bytes_get_size(digest->digest) > 0);
        return 0;
    }
    g_autoptr(EncryptedResolver) resolver =
        encrypted_resolver_parse(family, data + 1, size - 1, NULL);
    if (resolver == NULL)
        return 0;
    FUZZ_CHECK(resolver->priority != 0 && resolver->port != 0 && *resolver->name != '\0');
    FUZZ_CHECK(resolver->addresses->len > 0 &&
               resolver->addresses->len <= ENCRYPTED_RESOLVER_MAX_ADDRESSES);
    for (guint i = 0; i < resolver->addresses->len; i++)
        FUZZ_CHECK(g_array_index(resolver->addresses, InetAddress, i).family == family);
    return 0;
}
