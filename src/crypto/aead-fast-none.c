#include "config.h"

#include "crypto/aead-fast.h"

AeadFast *
aead_fast_new(uint16_t encr, uint16_t key_bits, const uint8_t *key)
{
    return NULL;
}

void
aead_fast_free(AeadFast *fast)
{
}

bool
aead_fast_seal(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, uint8_t *tag)
{
    return false;
}

bool
aead_fast_open(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, const uint8_t *icv, size_t icv_length)
{
    return false;
}
