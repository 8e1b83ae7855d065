/*
 * One direction of a Child SA in tunnel mode: seals and opens ESP packets in place (RFC 4303,
 * sections 2, 3.3 and 3.4; RFC 4106, 7634 and 3602 for the IV). Sequence number and IV live in one
 * object that only one thread advances; it is never copied.
 */
#pragma once
#include "base/secret.h"
#include "crypto/rng.h"
#include "esp/replay.h"

#define ESP_HEADER_LENGTH 8 /* SPI and sequence number */
#define ESP_MAX_HEAD      (ESP_HEADER_LENGTH + 16)
#define ESP_MAX_TAIL      (16 + 2 + 32) /* padding, pad length and next header, ICV */
#define ESP_NEXT_IPV4     4
#define ESP_NEXT_IPV6     41
#define ESP_NEXT_NONE     59 /* dummy packet (RFC 4303, section 2.6) */

typedef struct {
    uint32_t spi;
    uint16_t encr, key_bits, integ; /* transform IDs */
    const Secret *encr_key, *integ_key;
    bool esn;
} EspSaParameters;

typedef struct _EspOutbound EspOutbound;
typedef struct _EspInbound EspInbound;

EspOutbound *esp_outbound_new(const EspSaParameters *parameters, Rng *rng, GError **error);
EspOutbound *esp_outbound_ref(EspOutbound *sa);
void esp_outbound_unref(EspOutbound *sa);
/* Octets that a sealed packet has before the inner one. */
size_t esp_outbound_head(const EspOutbound *sa);
/* Octets that sealing adds to an inner packet of this length. */
size_t esp_outbound_overhead(const EspOutbound *sa, size_t inner_length);
/* packet: esp_outbound_head octets of room, then inner_length octets, then room for ESP_MAX_TAIL.
 * The sealed length, or 0 when the sequence numbers are used up: nothing may be sent any more. */
size_t esp_outbound_seal(EspOutbound *sa, uint8_t *packet, size_t inner_length,
                         uint8_t next_header);
/* So far, of any thread. */
uint64_t esp_outbound_packets(const EspOutbound *sa);
uint64_t esp_outbound_octets(const EspOutbound *sa); /* of inner packets */
uint64_t esp_outbound_sequence(const EspOutbound *sa);
/* Goes on after sequence; never back. */
void esp_outbound_skip(EspOutbound *sa, uint64_t sequence);

typedef enum {
    ESP_OK,
    ESP_DUMMY,     /* authentic, carries nothing */
    ESP_MALFORMED, /* too short, wrong block, bad padding */
    ESP_REPLAYED,
    ESP_FORGED, /* the ICV does not fit */
} EspVerdict;

EspInbound *esp_inbound_new(const EspSaParameters *parameters, GError **error);
EspInbound *esp_inbound_ref(EspInbound *sa);
void esp_inbound_unref(EspInbound *sa);
uint32_t esp_inbound_spi(const EspInbound *sa);
/* Authentic ones so far, of any thread. */
uint64_t esp_inbound_packets(const EspInbound *sa);
uint64_t esp_inbound_octets(const EspInbound *sa); /* of inner packets */
/* Opens packet in place. Order: replay window (look), ICV, window (mark), padding and next header.
 */
EspVerdict esp_inbound_open(EspInbound *sa, uint8_t *packet, size_t length, uint8_t **inner,
                            size_t *inner_length, uint8_t *next_header);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EspOutbound, esp_outbound_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EspInbound, esp_inbound_unref)
