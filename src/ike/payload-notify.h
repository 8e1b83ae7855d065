/* The Notify payload (RFC 7296, section 3.10). What a type's data means is for its reader. */
#pragma once
#include "base/bytes.h"
#include "ike/registry.h"

#define PAYLOAD_NOTIFY_MAX_SPI 8

typedef struct {
    uint8_t protocol;   /* IKE_PROTOCOL_* of the SA that it is about, or IKE_PROTOCOL_NONE */
    uint8_t spi_length; /* 0, 4 or 8; 0 too for sizes that no protocol of ours has */
    uint8_t spi[PAYLOAD_NOTIFY_MAX_SPI];
    uint16_t type; /* IKE_NOTIFY_* */
    GBytes *data;  /* may be empty, never NULL after parsing */
} PayloadNotify;

bool payload_notify_parse(ByteReader *body, PayloadNotify *out, GError **error);
void payload_notify_write(const PayloadNotify *notify, ByteWriter *writer);
void payload_notify_clear(PayloadNotify *notify);

/* Unknown error types count as errors too (RFC 7296, section 3.10.1). */
bool payload_notify_is_error(const PayloadNotify *notify);
/* The SPI of a Child SA; false where there is none of 4 octets. */
bool payload_notify_child_spi(const PayloadNotify *notify, uint32_t *spi);
/* Data of exactly two octets: the group of INVALID_KE_PAYLOAD. */
bool payload_notify_u16(const PayloadNotify *notify, uint16_t *value);
