#include "ike/payload-sa.h"

#include "base/error.h"

/* Octets before the SPI of a proposal, and of a transform before its attributes. */
#define PROPOSAL_FIXED_LENGTH  8
#define TRANSFORM_FIXED_LENGTH 8
#define MORE_PROPOSALS         2
#define MORE_TRANSFORMS        3
/* Attributes (RFC 7296, section 3.3.5): the format bit, and the only type that there is. */
#define ATTRIBUTE_SHORT_FORM 0x8000
#define ATTRIBUTE_KEY_LENGTH 14

static bool
truncated(GError **error, const char *where)
{
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED, "SA payload: ends within %s", where);
    return false;
}

static bool
parse_attribute(ByteReader *reader, IkeTransform *transform)
{
    uint16_t type, value;
    if (!byte_reader_u16(reader, &type) || !byte_reader_u16(reader, &value))
        return false;
    if (type == (ATTRIBUTE_SHORT_FORM | ATTRIBUTE_KEY_LENGTH)) {
        transform->key_bits = value;
        return true;
    }
    transform->unusable = true;
    return (type & ATTRIBUTE_SHORT_FORM) != 0 || byte_reader_skip(reader, value);
}

/* A sub-structure's head (0, 2 or 3; reserved; length) and a reader for what is behind it. */
static bool
parse_head(ByteReader *reader, ByteReader *out)
{
    ByteReader head = *reader;
    uint16_t length;
    return byte_reader_skip(&head, 2) && byte_reader_u16(&head, &length) && length >= 4 &&
           byte_reader_sub(reader, length, out) && byte_reader_skip(out, 4);
}

static bool
parse_transform(ByteReader *reader, IkeTransform *out, GError **error)
{
    ByteReader fields;
    *out = (IkeTransform){ 0 };
    if (!parse_head(reader, &fields) || !byte_reader_u8(&fields, &out->type) ||
        !byte_reader_skip(&fields, 1) || !byte_reader_u16(&fields, &out->id))
        return truncated(error, "a transform");
    while (byte_reader_left(&fields) > 0)
        if (!parse_attribute(&fields, out))
            return truncated(error, "an attribute");
    return true;
}

static bool
parse_transforms(ByteReader *reader, uint8_t count, IkeProposal *out, GError **error)
{
    if (count > IKE_MAX_TRANSFORMS) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                    "SA payload: %u transforms in one proposal", count);
        return false;
    }
    for (; out->n_transforms < count; out->n_transforms++)
        if (!parse_transform(reader, &out->transforms[out->n_transforms], error))
            return false;
    if (byte_reader_left(reader) != 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "SA payload: proposal %u goes on behind its %u transforms", out->number, count);
        return false;
    }
    return true;
}

static bool
spi_length_fits(uint8_t protocol, uint8_t length)
{
    switch (protocol) {
    case IKE_PROTOCOL_IKE:
        return length == 0 || length == 8;
    case IKE_PROTOCOL_AH:
    case IKE_PROTOCOL_ESP:
        return length == 4;
    default:
        return false;
    }
}

static bool
protocol_is_known(uint8_t protocol)
{
    return protocol >= IKE_PROTOCOL_IKE && protocol <= IKE_PROTOCOL_ESP;
}

static bool
parse_proposal(ByteReader *reader, IkeProposal *out, bool *known, GError **error)
{
    ByteReader fields;
    uint8_t count;
    *out = (IkeProposal){ 0 };
    if (!parse_head(reader, &fields) || !byte_reader_u8(&fields, &out->number) ||
        !byte_reader_u8(&fields, &out->protocol) || !byte_reader_u8(&fields, &out->spi_length) ||
        !byte_reader_u8(&fields, &count))
        return truncated(error, "a proposal");
    *known = protocol_is_known(out->protocol);
    if (!*known)
        return true;
    if (!spi_length_fits(out->protocol, out->spi_length)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "SA payload: an SPI of %u octets for protocol %u", out->spi_length,
                    out->protocol);
        return false;
    }
    if (!byte_reader_copy(&fields, out->spi, out->spi_length))
        return truncated(error, "an SPI");
    return parse_transforms(&fields, count, out, error);
}

static bool
parse_proposals(ByteReader *body, IkeProposalList *list, GError **error)
{
    /* Ignored proposals count too, so that the work is bounded. */
    for (unsigned n = 0; byte_reader_left(body) > 0; n++) {
        IkeProposal proposal;
        bool known;
        if (n == IKE_MAX_PROPOSALS) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                        "SA payload: more than %d proposals", IKE_MAX_PROPOSALS);
            return false;
        }
        if (!parse_proposal(body, &proposal, &known, error))
            return false;
        if (known)
            ike_proposal_list_add(list, &proposal);
    }
    return true;
}

bool
payload_sa_parse(ByteReader *body, PayloadSa *out, GError **error)
{
    *out = (PayloadSa){ 0 };
    if (byte_reader_left(body) == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "SA payload: no proposals");
        return false;
    }
    g_autoptr(IkeProposalList) list = ike_proposal_list_new();
    if (!parse_proposals(body, list, error))
        return false;
    out->proposals = g_steal_pointer(&list);
    return true;
}

static uint16_t
transform_length(const IkeTransform *transform)
{
    return TRANSFORM_FIXED_LENGTH + (transform->key_bits != 0 ? 4 : 0);
}

static uint16_t
proposal_length(const IkeProposal *proposal)
{
    uint16_t length = PROPOSAL_FIXED_LENGTH + proposal->spi_length;
    for (unsigned i = 0; i < proposal->n_transforms; i++)
        length += transform_length(&proposal->transforms[i]);
    return length;
}

static void
write_transform(const IkeTransform *transform, bool last, ByteWriter *writer)
{
    byte_writer_u8(writer, last ? 0 : MORE_TRANSFORMS);
    byte_writer_u8(writer, 0);
    byte_writer_u16(writer, transform_length(transform));
    byte_writer_u8(writer, transform->type);
    byte_writer_u8(writer, 0);
    byte_writer_u16(writer, transform->id);
    if (transform->key_bits == 0)
        return;
    byte_writer_u16(writer, ATTRIBUTE_SHORT_FORM | ATTRIBUTE_KEY_LENGTH);
    byte_writer_u16(writer, transform->key_bits);
}

static void
write_proposal(const IkeProposal *proposal, bool last, ByteWriter *writer)
{
    byte_writer_u8(writer, last ? 0 : MORE_PROPOSALS);
    byte_writer_u8(writer, 0);
    byte_writer_u16(writer, proposal_length(proposal));
    byte_writer_u8(writer, proposal->number);
    byte_writer_u8(writer, proposal->protocol);
    byte_writer_u8(writer, proposal->spi_length);
    byte_writer_u8(writer, proposal->n_transforms);
    byte_writer_octets(writer, proposal->spi, proposal->spi_length);
    for (unsigned i = 0; i < proposal->n_transforms; i++)
        write_transform(&proposal->transforms[i], i + 1u == proposal->n_transforms, writer);
}

void
payload_sa_write(const PayloadSa *sa, ByteWriter *writer)
{
    guint n = ike_proposal_list_length(sa->proposals);
    for (guint i = 0; i < n; i++)
        write_proposal(ike_proposal_list_get(sa->proposals, i), i + 1 == n, writer);
}

void
payload_sa_clear(PayloadSa *sa)
{
    g_clear_pointer(&sa->proposals, ike_proposal_list_unref);
}
