/* DNS messages: what a forwarder reads of a query, and the reply that it makes of an answer. */
#include "stub/dns-message.h"

#include "name-server.h"

#include <string.h>

static void
append(GByteArray *out, const char *octets, guint n)
{
    g_byte_array_append(out, (const guint8 *)octets, n);
}

/* One A record behind the question of a query without EDNS; its OPT record where wanted. */
static GByteArray *
answer_new(const char *name, guint16 type, bool opt)
{
    GByteArray *out = query_new(0, name, type, false);
    out->data[2] = 0x85;
    out->data[7] = 1;
    append(out, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\x63\0\1", 16);
    if (opt) {
        out->data[11] = 1;
        append(out, "\0\0\x29\x04\xd0\0\0\x80\0\0\0", 11);
    }
    return out;
}

static DnsQueryVerdict
parse(const GByteArray *octets, DnsQuery *out, uint8_t *rcode)
{
    return dns_query_parse(octets->data, octets->len, out, rcode);
}

static void
test_query(void)
{
    DnsQuery query;
    uint8_t rcode = 0;
    g_autoptr(GByteArray) plain = query_new(7, "Host.corp.example", 28, false);
    g_assert_cmpint(parse(plain, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_assert_cmpstr(query.name, ==, "Host.corp.example.");
    g_assert_cmpuint(query.type, ==, 28);
    g_assert_cmpuint(query.klass, ==, 1);
    g_assert_false(query.edns);
    g_assert_cmpuint(query.limit, ==, 512);
    dns_query_clear(&query);
    g_autoptr(GByteArray) edns = query_new(7, "a", 1, true);
    g_assert_cmpint(parse(edns, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_assert_true(query.edns);
    g_assert_cmpuint(query.limit, ==, 1232);
    dns_query_clear(&query);
    g_autoptr(GByteArray) root = query_new(7, "", 2, false);
    g_assert_cmpint(parse(root, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_assert_cmpstr(query.name, ==, ".");
    dns_query_clear(&query);
}

/* What the presentation format has another meaning for is written by numbers. */
static void
test_odd_names(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) odd = g_byte_array_new();
    append(odd, "\0\1\1\0\0\1\0\0\0\0\0\0\6a.\\\0\"\xff\1b\0\0\1\0\1", 26);
    g_assert_cmpint(parse(odd, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_assert_cmpstr(query.name, ==, "a\\046\\092\\000\\034\\255.b.");
    dns_query_clear(&query);
}

static void
test_refused(void)
{
    DnsQuery query;
    uint8_t rcode = 0;
    g_autoptr(GByteArray) octets = query_new(7, "a.example", 1, true);
    octets->data[2] = 0x28; /* UPDATE */
    g_assert_cmpint(parse(octets, &query, &rcode), ==, DNS_QUERY_REFUSED);
    g_assert_cmpuint(rcode, ==, DNS_RCODE_NOTIMP);
    g_autoptr(GBytes) reply = dns_reply_failed(&query, rcode, DNS_ERROR_NONE);
    g_assert_cmpuint(g_bytes_get_size(reply), ==, 12);
    dns_query_clear(&query);
    octets->data[2] = 1;
    octets->data[5] = 2; /* two questions */
    g_assert_cmpint(parse(octets, &query, &rcode), ==, DNS_QUERY_REFUSED);
    g_assert_cmpuint(rcode, ==, DNS_RCODE_FORMERR);
    dns_query_clear(&query);
    octets->data[5] = 1;
    octets->data[12] = 0xc0; /* a pointer, to nothing before it */
    g_assert_cmpint(parse(octets, &query, &rcode), ==, DNS_QUERY_REFUSED);
    dns_query_clear(&query);
    octets->data[2] = 0x81; /* a response */
    g_assert_cmpint(parse(octets, &query, &rcode), ==, DNS_QUERY_SILENT);
    dns_query_clear(&query);
}

static void
test_truncated(void)
{
    g_autoptr(GByteArray) whole = query_new(7, "host.corp.example", 1, true);
    for (guint length = 0; length < whole->len; length++) {
        DnsQuery query;
        uint8_t rcode = 0;
        g_autofree guint8 *cut = g_memdup2(whole->data, length);
        DnsQueryVerdict verdict = dns_query_parse(cut, length, &query, &rcode);
        g_assert_cmpint(verdict, ==, length < 12 ? DNS_QUERY_SILENT : DNS_QUERY_REFUSED);
        dns_query_clear(&query);
    }
}

static void
test_name_of_256_octets(void)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (int i = 0; i < 5; i++)
        g_string_append_printf(name, "%s%050d", i > 0 ? "." : "", i);
    g_autoptr(GByteArray) octets = query_new(7, name->str, 1, false);
    DnsQuery query;
    uint8_t rcode = 0;
    g_assert_cmpint(parse(octets, &query, &rcode), ==, DNS_QUERY_REFUSED);
    dns_query_clear(&query);
}

static uint16_t
u16_at(GBytes *message, size_t at)
{
    const uint8_t *octets = g_bytes_get_data(message, NULL);
    return (uint16_t)(octets[at] << 8 | octets[at + 1]);
}

static void
test_reply(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) asked = query_new(0x1234, "HOST.corp.example", 1, false);
    g_autoptr(GByteArray) answer = answer_new("host.corp.example", 1, true);
    asked->data[3] |= 0x20; /* AD: tell me */
    g_assert_cmpint(parse(asked, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_autoptr(GBytes) reply = dns_reply_new(&query, answer->data, answer->len, true, 512);
    g_assert_cmpuint(u16_at(reply, 0), ==, 0x1234);
    g_assert_cmpuint(u16_at(reply, 2), ==, 0x81a0); /* QR RD RA AD, and no AA */
    g_assert_cmpuint(u16_at(reply, 6), ==, 1);
    /* Nobody asked for EDNS. */
    g_assert_cmpuint(u16_at(reply, 10), ==, 0);
    g_assert_cmpuint(g_bytes_get_size(reply), ==, answer->len - 11);
    /* The question is the client's, in its letters. */
    g_assert_cmpmem((const uint8_t *)g_bytes_get_data(reply, NULL) + 12, 5, "\4HOST", 5);
    g_autoptr(GBytes) unproven = dns_reply_new(&query, answer->data, answer->len, false, 512);
    g_assert_cmpuint(u16_at(unproven, 2), ==, 0x8180);
    dns_query_clear(&query);
    g_autoptr(GByteArray) edns = query_new(1, "host.corp.example", 1, true);
    g_assert_cmpint(parse(edns, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_autoptr(GBytes) with = dns_reply_new(&query, answer->data, answer->len, true, 512);
    g_assert_cmpuint(u16_at(with, 2), ==, 0x8180); /* AD for who asks for it */
    g_assert_cmpuint(u16_at(with, 10), ==, 1);
    g_assert_cmpuint(g_bytes_get_size(with), ==, answer->len);
    dns_query_clear(&query);
}

static void
test_reply_too_large(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) asked = query_new(1, "host.corp.example", 1, false);
    g_autoptr(GByteArray) answer = answer_new("host.corp.example", 1, false);
    g_assert_cmpint(parse(asked, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_autoptr(GBytes) fits = dns_reply_new(&query, answer->data, answer->len, false, answer->len);
    g_assert_cmpuint(g_bytes_get_size(fits), ==, answer->len);
    g_autoptr(GBytes) cut =
        dns_reply_new(&query, answer->data, answer->len, false, answer->len - 1);
    g_assert_cmpuint(u16_at(cut, 2), ==, 0x8380); /* TC */
    g_assert_cmpuint(u16_at(cut, 6), ==, 0);
    g_assert_cmpuint(g_bytes_get_size(cut), ==, asked->len);
    dns_query_clear(&query);
}

/* What the server cut is not whole when it goes on. */
static void
test_reply_cut_before(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) asked = query_new(1, "host.corp.example", 1, false);
    g_autoptr(GByteArray) answer = answer_new("host.corp.example", 1, false);
    answer->data[2] |= 0x02; /* TC */
    g_assert_cmpint(parse(asked, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_autoptr(GBytes) reply = dns_reply_new(&query, answer->data, answer->len, false, 512);
    g_assert_cmpuint(u16_at(reply, 2), ==, 0x8380);
    dns_query_clear(&query);
}

static void
test_reply_to_another_question(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) asked = query_new(1, "host.corp.example", 1, false);
    g_autoptr(GByteArray) other = answer_new("hosts.corp.example", 1, false);
    g_autoptr(GByteArray) type = answer_new("host.corp.example", 28, false);
    g_autoptr(GByteArray) good = answer_new("host.corp.example", 1, true);
    g_autoptr(GByteArray) alike = answer_new("hose.corp.example", 1, true);
    g_autoptr(GByteArray) question = answer_new("host.corp.example", 1, true);
    g_autoptr(GByteArray) version = answer_new("host.corp.example", 1, true);
    question->data[2] &= 0x7f; /* QR */
    version->data[version->len - 6] =
        1; /* BADVERS: in the OPT record alone (RFC 6891, section 9) */
    g_assert_cmpint(parse(asked, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_assert_null(dns_reply_new(&query, other->data, other->len, false, 512));
    g_assert_null(dns_reply_new(&query, type->data, type->len, false, 512));
    g_assert_null(dns_reply_new(&query, alike->data, alike->len, false, 512));
    g_assert_null(dns_reply_new(&query, question->data, question->len, false, 512));
    g_assert_null(dns_reply_new(&query, version->data, version->len, false, 512));
    for (guint length = 0; length < good->len; length++) {
        g_autofree guint8 *cut = g_memdup2(good->data, length);
        g_assert_null(dns_reply_new(&query, cut, length, false, 512));
    }
    dns_query_clear(&query);
}

static void
test_failed(void)
{
    DnsQuery query;
    uint8_t rcode;
    g_autoptr(GByteArray) asked = query_new(1, "host.corp.example", 1, true);
    g_assert_cmpint(parse(asked, &query, &rcode), ==, DNS_QUERY_GOOD);
    g_autoptr(GBytes) reply = dns_reply_failed(&query, DNS_RCODE_SERVFAIL, DNS_ERROR_BOGUS);
    gsize length = g_bytes_get_size(reply);
    g_assert_cmpuint(u16_at(reply, 2), ==, 0x8182);
    g_assert_cmpuint(u16_at(reply, 10), ==, 1);
    g_assert_cmpuint(length, ==, asked->len + 6);
    g_assert_cmpuint(u16_at(reply, length - 6), ==, 15);
    g_assert_cmpuint(u16_at(reply, length - 2), ==, DNS_ERROR_BOGUS);
    dns_query_clear(&query);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/dns-message/query", test_query);
    g_test_add_func("/stub/dns-message/odd-names", test_odd_names);
    g_test_add_func("/stub/dns-message/refused", test_refused);
    g_test_add_func("/stub/dns-message/truncated", test_truncated);
    g_test_add_func("/stub/dns-message/name-of-256-octets", test_name_of_256_octets);
    g_test_add_func("/stub/dns-message/reply", test_reply);
    g_test_add_func("/stub/dns-message/reply-too-large", test_reply_too_large);
    g_test_add_func("/stub/dns-message/reply-cut-before", test_reply_cut_before);
    g_test_add_func("/stub/dns-message/reply-to-another-question", test_reply_to_another_question);
    g_test_add_func("/stub/dns-message/failed", test_failed);
    return g_test_run();
}
