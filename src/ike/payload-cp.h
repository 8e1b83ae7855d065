/*
 * The Configuration payload (RFC 7296, section 3.15): attributes in the order of the wire, since
 * INTERNAL_DNSSEC_TA belongs to the INTERNAL_DNS_DOMAIN before it (RFC 8598, section 4.2).
 */
#pragma once
#include "base/bytes.h"
#include "base/inet.h"
#include "ike/registry.h"

#define PAYLOAD_CP_MAX_ATTRIBUTES 2048

typedef struct {
    uint16_t type; /* IKE_ATTRIBUTE_*, without the reserved bit */
    GBytes *value; /* may be empty, never NULL */
} CpAttribute;

typedef struct {
    uint8_t type;       /* IKE_CFG_* */
    GArray *attributes; /* CpAttribute */
} PayloadCp;

void payload_cp_init(PayloadCp *cp, uint8_t type);
void payload_cp_add(PayloadCp *cp, uint16_t type, const void *value, size_t length);
bool payload_cp_parse(ByteReader *body, PayloadCp *out, GError **error);
void payload_cp_write(const PayloadCp *cp, ByteWriter *writer);
void payload_cp_clear(PayloadCp *cp);

static inline const CpAttribute *
payload_cp_get(const PayloadCp *cp, guint index)
{
    return &g_array_index(cp->attributes, CpAttribute, index);
}

/* The typed readings: false where the length does not fit the type (an empty value among them). */

/* INTERNAL_IP4_ADDRESS, _NETMASK, _DNS, _NBNS, _DHCP: 4 octets; INTERNAL_IP6_DNS, _DHCP: 16. */
bool cp_attribute_address(const CpAttribute *attribute, InetAddress *out);
/* INTERNAL_IP6_ADDRESS (host bits kept), INTERNAL_IP6_SUBNET: 16 octets and a length;
 * INTERNAL_IP4_SUBNET: address and mask. Host bits of subnets are cleared. */
bool cp_attribute_prefix(const CpAttribute *attribute, InetPrefix *out);
/* The prefix length of INTERNAL_IP4_NETMASK; false where the ones are not contiguous. */
bool cp_attribute_netmask(const CpAttribute *attribute, uint8_t *length);
/* INTERNAL_DNS_DOMAIN in normal form (base/names.h), or NULL. */
char *cp_attribute_domain(const CpAttribute *attribute, GError **error);
