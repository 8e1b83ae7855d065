/* Attributes of TTLS: what can be read can be written, and reads the same. */
#include "eap/mschap-text.h"
#include "eap/ttls-avp.h"
#include "fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t proof[20];
    ByteReader reader = byte_reader(data, size);
    TtlsAvp avp, again;
    while (ttls_avp_next(&reader, &avp) == TTLS_AVP_OK) {
        g_auto(ByteWriter) writer = { 0 };
        mschap_text_proves(avp.data, proof);
        FUZZ_CHECK(mschap_text_failure(avp.data) != NULL);
        byte_writer_init(&writer, size + 16);
        ttls_avp_write(&writer, avp.vendor, avp.code, avp.data.data, avp.data.length);
        g_autoptr(GBytes) octets = byte_writer_end(&writer);
        FUZZ_CHECK(octets != NULL);
        ByteReader copy = byte_reader_for_bytes(octets);
        FUZZ_CHECK(ttls_avp_next(&copy, &again) == TTLS_AVP_OK);
        FUZZ_CHECK(again.code == avp.code && again.vendor == avp.vendor);
        FUZZ_CHECK(again.data.length == avp.data.length);
        FUZZ_CHECK(avp.data.length == 0 ||
                   memcmp(again.data.data, avp.data.data, avp.data.length) == 0);
    }
    return 0;
}
