#include "ike/payload-ts.h"

#include "base/error.h"
#include "ike/registry.h"

/* Octets of one selector before its addresses (RFC 7296, section 3.13.1). */
#define SELECTOR_FIXED_LENGTH 8

static InetFamily
family_of_type(uint8_t type)
{
    switch (type) {
    case IKE_TS_IPV4_ADDR_RANGE:
        return INET_V4;
    case IKE_TS_IPV6_ADDR_RANGE:
        return INET_V6;
    default:
        return INET_NONE;
    }
}

static bool
parse_addresses(ByteReader *reader, InetFamily family, InetRange *out)
{
    size_t length = inet_family_length(family);
    const uint8_t *first, *last;
    if (!byte_reader_take(reader, length, &first) || !byte_reader_take(reader, length, &last) ||
        byte_reader_left(reader) != 0)
        return false;
    out->first = inet_address_new(family, first);
    out->last = inet_address_new(family, last);
    return true;
}

static bool
check_selector(const TrafficSelector *selector, GError **error)
{
    if (inet_address_compare(&selector->range.first, &selector->range.last) > 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "TS payload: a range that ends before it starts");
        return false;
    }
    if (selector->start_port > selector->end_port && !traffic_selector_is_opaque(selector)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "TS payload: ports %u to %u are no range", selector->start_port,
                    selector->end_port);
        return false;
    }
    return true;
}

/* False with error for a malformed selector; *known says whether it is of a type that we read. */
static bool
parse_selector(ByteReader *body, TrafficSelector *out, bool *known, GError **error)
{
    uint8_t type;
    uint16_t length;
    ByteReader head = *body;
    ByteReader selector;
    if (!byte_reader_u8(&head, &type) || !byte_reader_u8(&head, &out->protocol) ||
        !byte_reader_u16(&head, &length) || length < 4 ||
        !byte_reader_sub(body, length, &selector) || !byte_reader_skip(&selector, 4)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "TS payload: ends within a selector");
        return false;
    }
    InetFamily family = family_of_type(type);
    *known = family != INET_NONE;
    if (!*known)
        return true;
    if (!byte_reader_u16(&selector, &out->start_port) ||
        !byte_reader_u16(&selector, &out->end_port) ||
        !parse_addresses(&selector, family, &out->range)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "TS payload: a selector of type %u with %u octets", type, length);
        return false;
    }
    return check_selector(out, error);
}

static bool
parse_selectors(ByteReader *body, uint8_t count, GArray *selectors, GError **error)
{
    for (unsigned i = 0; i < count; i++) {
        TrafficSelector selector = { 0 };
        bool known;
        if (!parse_selector(body, &selector, &known, error))
            return false;
        if (known)
            g_array_append_val(selectors, selector);
    }
    if (byte_reader_left(body) != 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "TS payload: %zu octets behind its last selector", byte_reader_left(body));
        return false;
    }
    return true;
}

bool
payload_ts_parse(ByteReader *body, PayloadTs *out, GError **error)
{
    *out = (PayloadTs){ 0 };
    uint8_t count;
    if (!byte_reader_u8(body, &count) || !byte_reader_skip(body, 3)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED, "TS payload: shorter than 4 octets");
        return false;
    }
    if (count == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "TS payload: no selectors");
        return false;
    }
    out->selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    if (!parse_selectors(body, count, out->selectors, error)) {
        payload_ts_clear(out);
        return false;
    }
    return true;
}

static void
write_selector(const TrafficSelector *selector, ByteWriter *writer)
{
    bool v4 = selector->range.first.family == INET_V4;
    size_t length = inet_family_length((InetFamily)selector->range.first.family);
    byte_writer_u8(writer, v4 ? IKE_TS_IPV4_ADDR_RANGE : IKE_TS_IPV6_ADDR_RANGE);
    byte_writer_u8(writer, selector->protocol);
    byte_writer_u16(writer, (uint16_t)(SELECTOR_FIXED_LENGTH + 2 * length));
    byte_writer_u16(writer, selector->start_port);
    byte_writer_u16(writer, selector->end_port);
    byte_writer_octets(writer, selector->range.first.octets, length);
    byte_writer_octets(writer, selector->range.last.octets, length);
}

void
payload_ts_write(const PayloadTs *ts, ByteWriter *writer)
{
    g_return_if_fail(ts->selectors->len > 0 && ts->selectors->len <= PAYLOAD_TS_MAX_SELECTORS);
    byte_writer_u8(writer, (uint8_t)ts->selectors->len);
    byte_writer_zero(writer, 3);
    for (guint i = 0; i < ts->selectors->len; i++)
        write_selector(&g_array_index(ts->selectors, TrafficSelector, i), writer);
}

void
payload_ts_clear(PayloadTs *ts)
{
    g_clear_pointer(&ts->selectors, g_array_unref);
}
