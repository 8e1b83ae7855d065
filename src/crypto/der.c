#include "crypto/der.h"

#include <string.h>

#define MULTI_OCTET_TAG   0x1f
#define LONG_FORM         0x80
#define MAX_LENGTH_LENGTH 3 /* octets of a length: up to 16 MiB */

static bool
read_length(ByteReader *reader, size_t *length)
{
    uint8_t first, octet;
    if (!byte_reader_u8(reader, &first))
        return false;
    *length = first;
    if (first < LONG_FORM)
        return true;
    unsigned n = first & ~LONG_FORM;
    *length = 0;
    if (n == 0 || n > MAX_LENGTH_LENGTH)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (!byte_reader_u8(reader, &octet))
            return false;
        *length = *length << 8 | octet;
    }
    return true;
}

bool
der_next(ByteReader *reader, uint8_t *tag, ByteReader *content)
{
    ByteReader at = *reader;
    size_t length;
    if (!byte_reader_u8(&at, tag) || (*tag & MULTI_OCTET_TAG) == MULTI_OCTET_TAG ||
        !read_length(&at, &length) || !byte_reader_sub(&at, length, content))
        return false;
    *reader = at;
    return true;
}

bool
der_expect(ByteReader *reader, uint8_t tag, ByteReader *content)
{
    uint8_t found;
    return der_is_next(reader, tag) && der_next(reader, &found, content);
}

bool
der_is_next(const ByteReader *reader, uint8_t tag)
{
    ByteReader at = *reader;
    uint8_t found;
    return byte_reader_u8(&at, &found) && found == tag;
}

static int
two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

bool
der_time(uint8_t tag, const ByteReader *content, int64_t *seconds)
{
    char text[] = "YYYYMMDDHHMMSSZ";
    size_t skip = tag == DER_UTC_TIME ? 2 : 0;
    ByteReader at = *content;
    if ((tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME) ||
        byte_reader_left(&at) != strlen(text) - skip ||
        !byte_reader_copy(&at, text + skip, strlen(text) - skip) || text[14] != 'Z')
        return false;
    /* RFC 5280, section 4.1.2.5.1 */
    if (skip > 0)
        memcpy(text, text[2] >= '5' ? "19" : "20", 2);
    for (size_t i = 0; i < 14; i++)
        if (!g_ascii_isdigit(text[i]))
            return false;
    g_autoptr(GDateTime) date = g_date_time_new_utc(
        two_digits(text) * 100 + two_digits(text + 2), two_digits(text + 4), two_digits(text + 6),
        two_digits(text + 8), two_digits(text + 10), two_digits(text + 12));
    if (date == NULL)
        return false;
    *seconds = g_date_time_to_unix(date);
    return true;
}
