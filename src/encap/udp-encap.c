#include "encap/udp-encap.h"

#define IKE_MIN_LENGTH 28 /* an IKE header */
#define ESP_MIN_LENGTH 8  /* SPI and sequence number */

EncapKind
udp_encap_classify(const uint8_t *data, size_t length, bool marker, size_t *offset)
{
    *offset = 0;
    if (length == 1 && data[0] == UDP_ENCAP_KEEPALIVE)
        return ENCAP_KEEPALIVE;
    if (!marker)
        return length >= IKE_MIN_LENGTH ? ENCAP_IKE : ENCAP_GARBAGE;
    if (length < UDP_ENCAP_MARKER_LENGTH)
        return ENCAP_GARBAGE;
    bool zero = (data[0] | data[1] | data[2] | data[3]) == 0;
    if (!zero)
        return length >= ESP_MIN_LENGTH ? ENCAP_ESP : ENCAP_GARBAGE;
    *offset = UDP_ENCAP_MARKER_LENGTH;
    return length >= UDP_ENCAP_MARKER_LENGTH + IKE_MIN_LENGTH ? ENCAP_IKE : ENCAP_GARBAGE;
}
