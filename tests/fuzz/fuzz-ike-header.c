/* The IKE header. */
#include <string.h>

#include "fuzz.h"
#include "ike/header.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ByteReader reader = byte_reader(data, size);
    IkeHeader header;
    g_autoptr(GError) error = NULL;
    if (!ike_header_parse(&reader, &header, &error)) {
        FUZZ_CHECK(error != NULL);
        return 0;
    }
    /* Version 0 is ours to fill in. */
    if (header.version == 0)
        return 0;
    ByteWriter writer;
    byte_writer_init(&writer, IKE_HEADER_LENGTH);
    ike_header_write(&header, &writer);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    FUZZ_CHECK(octets != NULL && g_bytes_get_size(octets) == IKE_HEADER_LENGTH);
    FUZZ_CHECK(memcmp(g_bytes_get_data(octets, NULL), data, IKE_HEADER_LENGTH) == 0);
    return 0;
}
