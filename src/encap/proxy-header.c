#include "encap/proxy-header.h"

#include "base/bytes.h"

#include <string.h>

#define SIGNATURE        "\r\n\r\n\0\r\nQUIT\n"
#define SIGNATURE_LENGTH 12

enum { VERSION_2_LOCAL = 0x20, VERSION_2_PROXY = 0x21 };
enum { TCP_OVER_IPV4 = 0x11, TCP_OVER_IPV6 = 0x21 };

static bool
read_client(ByteReader *reader, InetFamily family, InetEndpoint *client)
{
    uint8_t octets[16];
    size_t length = inet_family_length(family);
    if (!byte_reader_copy(reader, octets, length) || !byte_reader_skip(reader, length) ||
        !byte_reader_u16(reader, &client->port) || !byte_reader_skip(reader, 2))
        return false;
    client->address = inet_address_new(family, octets);
    return true;
}

ProxyHeaderState
proxy_header_parse(const uint8_t *data, size_t length, size_t *wanted, InetEndpoint *client)
{
    uint8_t command, protocol;
    uint16_t rest;
    *client = (InetEndpoint){ 0 };
    *wanted = PROXY_HEADER_START;
    /* A wrong octet is noticed at once. */
    if (length > 0 && memcmp(data, SIGNATURE, MIN(length, SIGNATURE_LENGTH)) != 0)
        return PROXY_HEADER_WRONG;
    if (length < PROXY_HEADER_START)
        return PROXY_HEADER_MORE;
    ByteReader reader = byte_reader(data + SIGNATURE_LENGTH, length - SIGNATURE_LENGTH);
    if (!byte_reader_u8(&reader, &command) || !byte_reader_u8(&reader, &protocol) ||
        !byte_reader_u16(&reader, &rest) || rest > PROXY_HEADER_MAX - PROXY_HEADER_START ||
        (command != VERSION_2_LOCAL && command != VERSION_2_PROXY))
        return PROXY_HEADER_WRONG;
    *wanted += rest;
    if (length < *wanted)
        return PROXY_HEADER_MORE;
    if (command == VERSION_2_LOCAL)
        return PROXY_HEADER_DONE;
    ByteReader body;
    if (!byte_reader_sub(&reader, rest, &body))
        return PROXY_HEADER_WRONG;
    switch (protocol) {
    case TCP_OVER_IPV4:
        return read_client(&body, INET_V4, client) ? PROXY_HEADER_DONE : PROXY_HEADER_WRONG;
    case TCP_OVER_IPV6:
        return read_client(&body, INET_V6, client) ? PROXY_HEADER_DONE : PROXY_HEADER_WRONG;
    default:
        return PROXY_HEADER_DONE;
    }
}
