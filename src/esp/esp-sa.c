#include "esp/esp-sa.h"

#include "crypto/aead.h"

#include <string.h>

#define IV_MAX 16

struct _EspOutbound {
    gatomicrefcount references;
    uint32_t spi;
    bool esn;
    Aead *aead;
    Rng *rng;
    uint64_t sequence; /* of the last packet */
    uint64_t packets, octets;
};

struct _EspInbound {
    gatomicrefcount references;
    uint32_t spi;
    bool esn;
    Aead *aead;
    ReplayWindow window;
    uint64_t packets, octets;
};

/* Written by the one thread that the SA belongs to, read by others. */
static void
count(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void
put_u32(uint8_t *out, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(out, &value, sizeof value);
}

static void
put_u64(uint8_t *out, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(out, &value, sizeof value);
}

static uint32_t
get_u32(const uint8_t *in)
{
    uint32_t value;
    memcpy(&value, in, sizeof value);
    return GUINT32_FROM_BE(value);
}

/*
 * What is authenticated besides the text: combined modes take SPI and the whole sequence number
 * (RFC 4106, section 5); a separate MAC takes the header as it is on the wire and the high half of
 * an extended number at the end (RFC 4303, section 2.2.1).
 */
typedef struct {
    uint8_t aad[12];
    uint8_t high[4];
    AeadExtra extra;
} EspExtra;

static void
esp_extra_set(EspExtra *extra, bool combined, uint32_t spi, uint64_t sequence, bool esn)
{
    put_u32(extra->aad, spi);
    put_u32(extra->high, (uint32_t)(sequence >> 32));
    extra->extra = (AeadExtra){ .aad = extra->aad, .aad_length = 8 };
    if (combined && esn) {
        put_u64(extra->aad + 4, sequence);
        extra->extra.aad_length = 12;
        return;
    }
    put_u32(extra->aad + 4, (uint32_t)sequence);
    if (!combined && esn) {
        extra->extra.trailer = extra->high;
        extra->extra.trailer_length = 4;
    }
}

EspOutbound *
esp_outbound_new(const EspSaParameters *parameters, Rng *rng, GError **error)
{
    Aead *aead = aead_new(parameters->encr, parameters->key_bits, parameters->encr_key,
                          parameters->integ, parameters->integ_key, error);
    if (aead == NULL)
        return NULL;
    EspOutbound *sa = g_new0(EspOutbound, 1);
    g_atomic_ref_count_init(&sa->references);
    sa->spi = parameters->spi;
    sa->esn = parameters->esn;
    sa->aead = aead;
    sa->rng = rng;
    return sa;
}

EspOutbound *
esp_outbound_ref(EspOutbound *sa)
{
    g_atomic_ref_count_inc(&sa->references);
    return sa;
}

void
esp_outbound_unref(EspOutbound *sa)
{
    if (sa == NULL || !g_atomic_ref_count_dec(&sa->references))
        return;
    aead_free(sa->aead);
    g_free(sa);
}

size_t
esp_outbound_head(const EspOutbound *sa)
{
    return ESP_HEADER_LENGTH + aead_iv_length(sa->aead);
}

/* Padding makes text, pad length and next header end on 4 octets, or on the cipher's block
 * (RFC 4303, section 2.4). */
static size_t
padding_for(const Aead *aead, size_t inner_length)
{
    size_t align = MAX(aead_block_length(aead), 4);
    return (align - (inner_length + 2) % align) % align;
}

size_t
esp_outbound_overhead(const EspOutbound *sa, size_t inner_length)
{
    return esp_outbound_head(sa) + padding_for(sa->aead, inner_length) + 2 +
           aead_icv_length(sa->aead);
}

uint64_t
esp_outbound_packets(const EspOutbound *sa)
{
    return __atomic_load_n(&sa->packets, __ATOMIC_RELAXED);
}

uint64_t
esp_outbound_octets(const EspOutbound *sa)
{
    return __atomic_load_n(&sa->octets, __ATOMIC_RELAXED);
}

uint64_t
esp_outbound_sequence(const EspOutbound *sa)
{
    return sa->sequence;
}

void
esp_outbound_skip(EspOutbound *sa, uint64_t sequence)
{
    sa->sequence = MAX(sa->sequence, sequence);
}

size_t
esp_outbound_seal(EspOutbound *sa, uint8_t *packet, size_t inner_length, uint8_t next_header)
{
    /* Never wraps, so that neither a sequence number nor a counter IV comes twice under one key. */
    if (sa->sequence >= (sa->esn ? UINT64_MAX : UINT32_MAX))
        return 0;
    sa->sequence++;
    size_t padding = padding_for(sa->aead, inner_length);
    size_t iv_length = aead_iv_length(sa->aead);
    uint8_t *iv = packet + ESP_HEADER_LENGTH;
    uint8_t *text = iv + iv_length;
    put_u32(packet, sa->spi);
    put_u32(packet + 4, (uint32_t)sa->sequence);
    if (aead_iv_is_counter(sa->aead))
        put_u64(iv, sa->sequence);
    else
        rng_fill(sa->rng, iv, iv_length);
    for (size_t i = 0; i < padding; i++)
        text[inner_length + i] = (uint8_t)(i + 1);
    text[inner_length + padding] = (uint8_t)padding;
    text[inner_length + padding + 1] = next_header;
    size_t text_length = inner_length + padding + 2;
    EspExtra extra;
    esp_extra_set(&extra, aead_iv_is_counter(sa->aead), sa->spi, sa->sequence, sa->esn);
    if (!aead_seal(sa->aead, &extra.extra, iv, text, text_length, text + text_length))
        return 0;
    count(&sa->packets, 1);
    count(&sa->octets, inner_length);
    return ESP_HEADER_LENGTH + iv_length + text_length + aead_icv_length(sa->aead);
}

EspInbound *
esp_inbound_new(const EspSaParameters *parameters, GError **error)
{
    Aead *aead = aead_new(parameters->encr, parameters->key_bits, parameters->encr_key,
                          parameters->integ, parameters->integ_key, error);
    if (aead == NULL)
        return NULL;
    EspInbound *sa = g_new0(EspInbound, 1);
    g_atomic_ref_count_init(&sa->references);
    sa->spi = parameters->spi;
    sa->esn = parameters->esn;
    sa->aead = aead;
    return sa;
}

EspInbound *
esp_inbound_ref(EspInbound *sa)
{
    g_atomic_ref_count_inc(&sa->references);
    return sa;
}

void
esp_inbound_unref(EspInbound *sa)
{
    if (sa == NULL || !g_atomic_ref_count_dec(&sa->references))
        return;
    aead_free(sa->aead);
    g_free(sa);
}

uint32_t
esp_inbound_spi(const EspInbound *sa)
{
    return sa->spi;
}

uint64_t
esp_inbound_packets(const EspInbound *sa)
{
    return __atomic_load_n(&sa->packets, __ATOMIC_RELAXED);
}

uint64_t
esp_inbound_octets(const EspInbound *sa)
{
    return __atomic_load_n(&sa->octets, __ATOMIC_RELAXED);
}

/* The padding is known: 1, 2, 3 ... (RFC 4303, section 2.4: it SHOULD be inspected). */
static bool
padding_fits(const uint8_t *text, size_t length)
{
    size_t padding = text[length - 2];
    if (padding > length - 2)
        return false;
    const uint8_t *pad = text + length - 2 - padding;
    for (size_t i = 0; i < padding; i++)
        if (pad[i] != i + 1)
            return false;
    return true;
}

EspVerdict
esp_inbound_open(EspInbound *sa, uint8_t *packet, size_t length, uint8_t **inner,
                 size_t *inner_length, uint8_t *next_header)
{
    size_t head = ESP_HEADER_LENGTH + aead_iv_length(sa->aead);
    size_t icv_length = aead_icv_length(sa->aead);
    if (length < head + 2 + icv_length)
        return ESP_MALFORMED;
    size_t text_length = length - head - icv_length;
    if (text_length % aead_block_length(sa->aead) != 0)
        return ESP_MALFORMED;
    uint64_t sequence = replay_infer(&sa->window, get_u32(packet + 4), sa->esn);
    if (!replay_look(&sa->window, sequence))
        return ESP_REPLAYED;
    uint8_t *text = packet + head;
    EspExtra extra;
    esp_extra_set(&extra, aead_iv_is_counter(sa->aead), sa->spi, sequence, sa->esn);
    if (!aead_open(sa->aead, &extra.extra, packet + ESP_HEADER_LENGTH, text, text_length,
                   text + text_length))
        return ESP_FORGED;
    if (!replay_mark(&sa->window, sequence))
        return ESP_REPLAYED;
    if (!padding_fits(text, text_length))
        return ESP_MALFORMED;
    *inner = text;
    *inner_length = text_length - 2 - text[text_length - 2];
    *next_header = text[text_length - 1];
    count(&sa->packets, 1);
    count(&sa->octets, *inner_length);
    return *next_header == ESP_NEXT_NONE ? ESP_DUMMY : ESP_OK;
}
