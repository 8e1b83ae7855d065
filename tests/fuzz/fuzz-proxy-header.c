/* What stands before a balancer's stream. */
#include "fuzz.h"
#include "encap/proxy-header.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    InetEndpoint client;
    size_t wanted = 0;
    switch (proxy_header_parse(data, size, &wanted, &client)) {
    case PROXY_HEADER_MORE:
        FUZZ_CHECK(wanted > size && wanted <= PROXY_HEADER_MAX);
        break;
    case PROXY_HEADER_DONE:
        FUZZ_CHECK(wanted <= size && wanted >= PROXY_HEADER_START);
        break;
    case PROXY_HEADER_WRONG:
        break;
    }
    return 0;
}
