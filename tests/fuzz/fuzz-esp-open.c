/* ESP: as it comes from a stranger, and as a peer seals it who holds the key but not to the RFC. */
#include <string.h>

#include "crypto/aead.h"
#include "crypto/algorithms.h"
#include "esp/esp-sa.h"
#include "fuzz.h"

#define TEXT_MAX 8192
#define HEAD     16 /* header and IV of AES-GCM */
#define ICV      16

static EspInbound *
inbound_new(const Secret *key)
{
    EspSaParameters parameters = {
        .spi = 0x01020304, .encr = ENCR_AES_GCM_16, .key_bits = 128, .encr_key = key
    };
    return esp_inbound_new(&parameters, NULL);
}

static EspVerdict
open_exact(EspInbound *sa, const uint8_t *packet, size_t length)
{
    g_autofree uint8_t *copy = g_malloc(MAX(length, 1));
    uint8_t *inner, next;
    size_t inner_length;
    memcpy(copy, packet, length);
    EspVerdict verdict = esp_inbound_open(sa, copy, length, &inner, &inner_length, &next);
    if (verdict == ESP_OK || verdict == ESP_DUMMY)
        FUZZ_CHECK(inner == copy + HEAD && inner_length <= length - HEAD - ICV - 2);
    return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *octets;
    g_autoptr(Secret) key = secret_new_blank(encr_key_length(ENCR_AES_GCM_16, 128), &octets);
    g_autoptr(EspInbound) stranger = inbound_new(key);
    EspVerdict verdict = open_exact(stranger, data, size);
    FUZZ_CHECK(verdict != ESP_OK && verdict != ESP_DUMMY);

    g_autoptr(EspInbound) insider = inbound_new(key);
    g_autoptr(Aead) aead = aead_new(ENCR_AES_GCM_16, 128, key, INTEG_NONE, NULL, NULL);
    uint8_t packet[HEAD + TEXT_MAX + ICV] = { 1, 2, 3, 4, 0, 0, 0, 1 };
    size = MIN(size, TEXT_MAX);
    memcpy(packet + HEAD, data, size);
    AeadExtra extra = { .aad = packet, .aad_length = 8 };
    FUZZ_CHECK(aead_seal(aead, &extra, packet + 8, packet + HEAD, size, packet + HEAD + size));
    verdict = open_exact(insider, packet, HEAD + size + ICV);
    FUZZ_CHECK(verdict != ESP_FORGED && verdict != ESP_REPLAYED);
    return 0;
}
