/* A query, and behind it, where there is a second part, what a resolver found. */
#include "fuzz.h"
#include "stub/dns-message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    DnsQuery query;
    uint8_t rcode = 0;
    if (size < 2)
        return 0;
    size_t first = (size_t)data[0] % size;
    DnsQueryVerdict verdict = dns_query_parse(data + 1, first, &query, &rcode);
    if (verdict == DNS_QUERY_SILENT)
        return 0;
    g_autoptr(GBytes) failed = dns_reply_failed(&query, rcode, DNS_ERROR_BOGUS);
    FUZZ_CHECK(failed != NULL && g_bytes_get_size(failed) <= DNS_UDP_LEAST);
    if (verdict == DNS_QUERY_GOOD) {
        FUZZ_CHECK(query.limit >= DNS_UDP_LEAST && query.limit <= DNS_UDP_MOST);
        g_autoptr(GBytes) reply =
            dns_reply_new(&query, data + 1 + first, size - 1 - first, true, query.limit);
        FUZZ_CHECK(reply == NULL || g_bytes_get_size(reply) <= query.limit);
    }
    dns_query_clear(&query);
    return 0;
}
