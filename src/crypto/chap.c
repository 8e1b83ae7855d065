#include "crypto/chap.h"

#include <nettle/md5.h>

GBytes *
chap_md5(uint8_t identifier, const Secret *password, const void *challenge, size_t length)
{
    struct md5_ctx context;
    uint8_t digest[MD5_DIGEST_SIZE];
    md5_init(&context);
    md5_update(&context, 1, &identifier);
    md5_update(&context, secret_length(password), secret_data(password));
    md5_update(&context, length, challenge);
    md5_digest(&context, sizeof digest, digest);
    secret_wipe(&context, sizeof context);
    return g_bytes_new(digest, sizeof digest);
}
