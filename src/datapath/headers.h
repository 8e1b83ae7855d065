/* Octets and numbers of the headers that packets are cut from and joined under: IPv4, IPv6, TCP and
 * UDP (RFC 791, 8200, 9293, 768). */
#pragma once
#include <stdint.h>

#define IPV4_HEADER  20
#define IPV6_HEADER  40
#define TCP_HEADER   20
#define UDP_HEADER   8
#define TCP_CHECKSUM 16 /* where the field is, in the header */
#define UDP_CHECKSUM 6
#define TCP_FIN      0x01
#define TCP_PSH      0x08
#define TCP_ACK      0x10
#define TCP_CWR      0x80
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

static inline void
put_u16(uint8_t *out, uint64_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static inline uint16_t
get_u16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static inline uint32_t
get_u32(const uint8_t *in)
{
    return (uint32_t)get_u16(in) << 16 | get_u16(in + 2);
}
