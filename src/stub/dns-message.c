#include "stub/dns-message.h"

#include "base/bytes.h"

#include <string.h>

#define FLAG_QR     0x8000
#define FLAG_TC     0x0200
#define FLAG_RD     0x0100
#define FLAG_RA     0x0080
#define FLAG_AD     0x0020
#define FLAG_CD     0x0010
#define MASK_OPCODE 0x7800
#define MASK_RCODE  0x000f

#define TYPE_OPT      41
#define OPT_DO        0x8000
#define OPTION_EDE    15 /* RFC 8914, section 2 */
#define EDNS_SIZE     1232
#define NAME_MAX_WIRE 255

typedef struct {
    uint16_t id, flags, counts[4]; /* question, answer, authority, additional */
} Header;

static bool
read_header(ByteReader *reader, Header *out)
{
    bool ok = byte_reader_u16(reader, &out->id) && byte_reader_u16(reader, &out->flags);
    for (size_t i = 0; ok && i < G_N_ELEMENTS(out->counts); i++)
        ok = byte_reader_u16(reader, &out->counts[i]);
    return ok;
}

static void
append_label(GString *text, const uint8_t *label, uint8_t length)
{
    for (uint8_t i = 0; i < length; i++) {
        if (g_ascii_isalnum(label[i]) || label[i] == '-' || label[i] == '_')
            g_string_append_c(text, (char)label[i]);
        else
            g_string_append_printf(text, "\\%03u", label[i]);
    }
    g_string_append_c(text, '.');
}

/* A name in a question: without pointers, there is nothing before it to point at. */
static char *
read_name(ByteReader *reader)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t begin = byte_reader_left(reader);
    for (;;) {
        uint8_t length;
        const uint8_t *label;
        if (!byte_reader_u8(reader, &length) || length > 63 ||
            !byte_reader_take(reader, length, &label))
            return NULL;
        if (length == 0)
            break;
        append_label(text, label, length);
    }
    if (begin - byte_reader_left(reader) > NAME_MAX_WIRE)
        return NULL;
    return g_strdup(text->len == 0 ? "." : text->str);
}

/* A name anywhere: its labels, and at most one pointer, which ends it. */
static bool
skip_name(ByteReader *reader)
{
    for (;;) {
        uint8_t length;
        if (!byte_reader_u8(reader, &length))
            return false;
        if (length == 0)
            return true;
        if (length >= 0xc0)
            return byte_reader_skip(reader, 1);
        if (length > 63 || !byte_reader_skip(reader, length))
            return false;
    }
}

typedef struct {
    uint16_t type, klass, length;
    uint32_t ttl;
} Record;

static bool
read_record(ByteReader *reader, Record *out)
{
    return skip_name(reader) && byte_reader_u16(reader, &out->type) &&
           byte_reader_u16(reader, &out->klass) && byte_reader_u32(reader, &out->ttl) &&
           byte_reader_u16(reader, &out->length) && byte_reader_skip(reader, out->length);
}

static bool
read_extensions(ByteReader *reader, unsigned records, DnsQuery *out)
{
    for (unsigned i = 0; i < records; i++) {
        Record record;
        if (!read_record(reader, &record))
            return false;
        if (record.type != TYPE_OPT)
            continue;
        if (out->edns)
            return false; /* RFC 6891, section 6.1.1: one at most */
        out->edns = true;
        out->limit = CLAMP(record.klass, DNS_UDP_LEAST, DNS_UDP_MOST);
        out->wants_ad = out->wants_ad || (record.ttl & OPT_DO) != 0;
    }
    return true;
}

static bool
read_question(ByteReader *reader, DnsQuery *out)
{
    out->name = read_name(reader);
    return out->name != NULL && byte_reader_u16(reader, &out->type) &&
           byte_reader_u16(reader, &out->klass);
}

static DnsQueryVerdict
refuse(DnsQuery *out, const uint8_t *data, uint8_t code, uint8_t *rcode)
{
    dns_query_clear(out);
    out->head = g_bytes_new(data, DNS_HEADER_LENGTH);
    out->limit = DNS_UDP_LEAST;
    *rcode = code;
    return DNS_QUERY_REFUSED;
}

DnsQueryVerdict
dns_query_parse(const uint8_t *data, size_t length, DnsQuery *out, uint8_t *rcode)
{
    ByteReader reader = byte_reader(data, length);
    Header header;
    *out = (DnsQuery){ .limit = DNS_UDP_LEAST };
    if (!read_header(&reader, &header) || (header.flags & FLAG_QR) != 0)
        return DNS_QUERY_SILENT;
    if ((header.flags & MASK_OPCODE) != 0)
        return refuse(out, data, DNS_RCODE_NOTIMP, rcode);
    out->wants_ad = (header.flags & FLAG_AD) != 0;
    if (header.counts[0] != 1 || !read_question(&reader, out))
        return refuse(out, data, DNS_RCODE_FORMERR, rcode);
    out->head = g_bytes_new(data, reader.offset);
    unsigned others = (unsigned)header.counts[1] + header.counts[2] + header.counts[3];
    if (!read_extensions(&reader, others, out))
        return refuse(out, data, DNS_RCODE_FORMERR, rcode);
    return DNS_QUERY_GOOD;
}

void
dns_query_clear(DnsQuery *query)
{
    g_clear_pointer(&query->head, g_bytes_unref);
    g_clear_pointer(&query->name, g_free);
    query->edns = query->wants_ad = false;
}

/* ---- replies ---- */

/* Header and question of the reply; the counts of the records behind are added by the caller. */
static void
write_head(ByteWriter *out, const DnsQuery *query, uint16_t flags, bool authentic)
{
    gsize length;
    const uint8_t *head = g_bytes_get_data(query->head, &length);
    uint16_t asked = (uint16_t)(head[2] << 8 | head[3]);
    flags = (uint16_t)(flags | FLAG_QR | FLAG_RA | (asked & (FLAG_RD | FLAG_CD | MASK_OPCODE)));
    if (authentic && query->wants_ad)
        flags |= FLAG_AD;
    byte_writer_octets(out, head, 2);
    byte_writer_u16(out, flags);
    byte_writer_u16(out, length > DNS_HEADER_LENGTH ? 1 : 0);
    byte_writer_zero(out, 6);
    byte_writer_octets(out, head + DNS_HEADER_LENGTH, length - DNS_HEADER_LENGTH);
}

#define AT_ADDITIONAL 10 /* in the header: how many additional records */

/* extended: or DNS_ERROR_NONE. */
static void
write_opt(ByteWriter *out, int extended)
{
    byte_writer_u8(out, 0); /* the root */
    byte_writer_u16(out, TYPE_OPT);
    byte_writer_u16(out, EDNS_SIZE);
    byte_writer_u32(out, 0);
    byte_writer_u16(out, extended >= 0 ? 6 : 0);
    if (extended >= 0) {
        byte_writer_u16(out, OPTION_EDE);
        byte_writer_u16(out, 2);
        byte_writer_u16(out, (uint16_t)extended);
    }
    byte_writer_set_u16(out, AT_ADDITIONAL, 1);
}

static GBytes *
reply_short(const DnsQuery *query, uint16_t flags, int extended)
{
    g_auto(ByteWriter) out;
    byte_writer_init(&out, DNS_UDP_LEAST);
    write_head(&out, query, flags, false);
    if (query->edns)
        write_opt(&out, extended);
    return byte_writer_end(&out);
}

GBytes *
dns_reply_failed(const DnsQuery *query, uint8_t rcode, int extended)
{
    return reply_short(query, rcode & MASK_RCODE, extended);
}

/* Walks the records; end and header: where they end, and how many there are, without an OPT record
 * in the last place. False also where that says of an error what the header does not (RFC 6891,
 * section 6.1.3). */
static bool
measure(ByteReader *reader, Header *header, size_t *end)
{
    unsigned others = (unsigned)header->counts[1] + header->counts[2] + header->counts[3];
    *end = reader->offset;
    for (unsigned i = 0; i < others; i++) {
        Record record = { 0 };
        if (!read_record(reader, &record))
            return false;
        bool last = i + 1 == others && header->counts[3] > 0;
        if (record.type == TYPE_OPT && record.ttl >> 24 != 0)
            return false;
        if (last && record.type == TYPE_OPT)
            header->counts[3]--;
        else
            *end = reader->offset;
    }
    return true;
}

/* Name, type and class of a question on the wire; of the name, letters of either case. */
static bool
same_question(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t i = 0; i + 4 < length; i++)
        if (g_ascii_tolower((char)a[i]) != g_ascii_tolower((char)b[i]))
            return false;
    return memcmp(a + length - 4, b + length - 4, 4) == 0;
}

GBytes *
dns_reply_new(const DnsQuery *query, const uint8_t *answer, size_t length, bool authentic,
              size_t limit)
{
    ByteReader reader = byte_reader(answer, length);
    Header header;
    gsize head_length;
    const uint8_t *head = g_bytes_get_data(query->head, &head_length);
    size_t end;
    if (!read_header(&reader, &header) || (header.flags & FLAG_QR) == 0 || header.counts[0] != 1 ||
        !skip_name(&reader) || !byte_reader_skip(&reader, 4))
        return NULL;
    /* Pointers into the question stay right only where it has the same length. */
    if (reader.offset != head_length || !measure(&reader, &header, &end))
        return NULL;
    if (!same_question(answer + DNS_HEADER_LENGTH, head + DNS_HEADER_LENGTH,
                       head_length - DNS_HEADER_LENGTH))
        return NULL;
    size_t wanted = end + (query->edns ? 11 : 0);
    if (wanted > limit)
        return reply_short(query, FLAG_TC | (header.flags & MASK_RCODE), DNS_ERROR_NONE);
    g_auto(ByteWriter) out;
    byte_writer_init(&out, limit);
    write_head(&out, query, header.flags & (MASK_RCODE | FLAG_TC), authentic);
    byte_writer_octets(&out, answer + head_length, end - head_length);
    byte_writer_set_u16(&out, 6, header.counts[1]);
    byte_writer_set_u16(&out, 8, header.counts[2]);
    if (query->edns)
        write_opt(&out, DNS_ERROR_NONE);
    byte_writer_set_u16(&out, AT_ADDITIONAL, (uint16_t)(header.counts[3] + (query->edns ? 1 : 0)));
    return byte_writer_end(&out);
}
