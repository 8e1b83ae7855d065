/*
 * DNS messages as far as a forwarder touches them (RFC 1035, section 4): reads a query, and makes
 * of what the resolver found a reply to it. Pure.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define DNS_HEADER_LENGTH 12
/* What a client without EDNS takes over UDP (RFC 1035, section 4.2.1), and what others get at most:
 * the way is not longer than this machine. */
#define DNS_UDP_LEAST 512
#define DNS_UDP_MOST  4096

enum { /* RCODEs (RFC 1035, section 4.1.1) */
       DNS_RCODE_FORMERR = 1,
       DNS_RCODE_SERVFAIL = 2,
       DNS_RCODE_NOTIMP = 4,
};
enum { /* INFO-CODEs (RFC 8914, section 4) */
       DNS_ERROR_NONE = -1,
       DNS_ERROR_BOGUS = 6,
};

typedef struct {
    GBytes *head; /* header and question, as they came */
    char *name;   /* in presentation format, what is no letter, digit, "-" or "_" as \DDD */
    uint16_t type, klass;
    bool edns;     /* there is an OPT record (RFC 6891) */
    bool wants_ad; /* AD or DO is set: it is told whether the answer is authentic (RFC 6840, section
                    * 5.7) */
    uint16_t limit; /* octets of a reply over UDP */
} DnsQuery;

typedef enum {
    DNS_QUERY_GOOD,
    DNS_QUERY_REFUSED, /* answered with rcode */
    DNS_QUERY_SILENT,  /* a response, or no DNS at all */
} DnsQueryVerdict;

/* out is set, and to be cleared, unless SILENT. */
DnsQueryVerdict dns_query_parse(const uint8_t *data, size_t length, DnsQuery *out, uint8_t *rcode);
void dns_query_clear(DnsQuery *query);

/* What the resolver found, as a reply to the query; of at most limit octets, else truncated. NULL
 * where answer is not one to this question. */
GBytes *dns_reply_new(const DnsQuery *query, const uint8_t *answer, size_t length, bool authentic,
                      size_t limit);
/* extended: DNS_ERROR_*. */
GBytes *dns_reply_failed(const DnsQuery *query, uint8_t rcode, int extended);
