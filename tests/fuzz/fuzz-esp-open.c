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

/* Made once: what speeds a cipher up is prepared for each key, which takes longer than all the
 * rest. */
static struct {
    Aead *aead;
    EspInbound *stranger, *insider;
    uint32_t number; /* of the last packet to insider: none comes twice */
} made;

static void
make(void)
{
    uint8_t *octets;
    if (made.aead != NULL)
        return;
    g_autoptr(Secret) key = secret_new_blank(encr_key_length(ENCR_AES_GCM_16, 128), &octets);
    made.stranger = inbound_new(key);
    made.insider = inbound_new(key);
    made.aead = aead_new(ENCR_AES_GCM_16, 128, key, INTEG_NONE, NULL, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make();
    EspVerdict verdict = open_exact(made.stranger, data, size);
    FUZZ_CHECK(verdict != ESP_OK && verdict != ESP_DUMMY);

    uint32_t number = GUINT32_TO_BE(++made.number);
    uint8_t packet[HEAD + TEXT_MAX + ICV] = { 1, 2, 3, 4 };
    memcpy(packet + 4, &number, sizeof number);
    size = MIN(size, TEXT_MAX);
    memcpy(packet + HEAD, data, size);
    AeadExtra extra = { .aad = packet, .aad_length = 8 };
    FUZZ_CHECK(aead_seal(made.aead, &extra, packet + 8, packet + HEAD, size, packet + HEAD + size));
    verdict = open_exact(made.insider, packet, HEAD + size + ICV);
    FUZZ_CHECK(verdict != ESP_FORGED && verdict != ESP_REPLAYED);
    return 0;
}
