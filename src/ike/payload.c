#include "ike/payload.h"

#include "base/error.h"

bool
ike_payload_header_parse(ByteReader *reader, IkePayloadHeader *out, GError **error)
{
    ByteReader fields = *reader;
    uint8_t flags;
    uint16_t length;
    if (!byte_reader_u8(&fields, &out->next) || !byte_reader_u8(&fields, &flags) ||
        !byte_reader_u16(&fields, &length)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "payload header: %zu octets where 4 are needed", byte_reader_left(reader));
        return false;
    }
    if (length < IKE_PAYLOAD_HEADER_LENGTH) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "payload header: a length of %u octets", length);
        return false;
    }
    out->flags = flags;
    out->critical = (flags & IKE_PAYLOAD_CRITICAL) != 0;
    out->length = length - IKE_PAYLOAD_HEADER_LENGTH;
    *reader = fields;
    return true;
}

void
ike_payload_header_write(const IkePayloadHeader *header, ByteWriter *writer)
{
    byte_writer_u8(writer, header->next);
    byte_writer_u8(writer, header->critical ? IKE_PAYLOAD_CRITICAL : 0);
    byte_writer_u16(writer, (uint16_t)(header->length + IKE_PAYLOAD_HEADER_LENGTH));
}

IkePayload *
ike_payload_new(uint8_t type)
{
    IkePayload *payload = g_new0(IkePayload, 1);
    payload->type = type;
    return payload;
}

static void
clear_body(IkePayload *payload)
{
    switch (payload->type) {
    case IKE_PAYLOAD_SA:
        payload_sa_clear(&payload->sa);
        break;
    case IKE_PAYLOAD_KE:
        payload_ke_clear(&payload->ke);
        break;
    case IKE_PAYLOAD_IDI:
    case IKE_PAYLOAD_IDR:
        payload_id_clear(&payload->id);
        break;
    case IKE_PAYLOAD_CERT:
        payload_cert_clear(&payload->cert);
        break;
    case IKE_PAYLOAD_CERTREQ:
        payload_certreq_clear(&payload->certreq);
        break;
    case IKE_PAYLOAD_AUTH:
        payload_auth_clear(&payload->auth);
        break;
    case IKE_PAYLOAD_NONCE:
        payload_nonce_clear(&payload->nonce);
        break;
    case IKE_PAYLOAD_NOTIFY:
        payload_notify_clear(&payload->notify);
        break;
    case IKE_PAYLOAD_DELETE:
        payload_delete_clear(&payload->del);
        break;
    case IKE_PAYLOAD_VENDOR:
        payload_vendor_clear(&payload->vendor);
        break;
    case IKE_PAYLOAD_TSI:
    case IKE_PAYLOAD_TSR:
        payload_ts_clear(&payload->ts);
        break;
    case IKE_PAYLOAD_CP:
        payload_cp_clear(&payload->cp);
        break;
    case IKE_PAYLOAD_EAP:
        payload_eap_clear(&payload->eap);
        break;
    case IKE_PAYLOAD_PUZZLE:
        payload_puzzle_clear(&payload->puzzle);
        break;
    default:
        break;
    }
}

void
ike_payload_free(IkePayload *payload)
{
    if (payload == NULL)
        return;
    clear_body(payload);
    g_free(payload);
}

static bool
parse_body(IkePayload *payload, ByteReader *body, GError **error)
{
    switch (payload->type) {
    case IKE_PAYLOAD_SA:
        return payload_sa_parse(body, &payload->sa, error);
    case IKE_PAYLOAD_KE:
        return payload_ke_parse(body, &payload->ke, error);
    case IKE_PAYLOAD_IDI:
    case IKE_PAYLOAD_IDR:
        return payload_id_parse(body, &payload->id, error);
    case IKE_PAYLOAD_CERT:
        return payload_cert_parse(body, &payload->cert, error);
    case IKE_PAYLOAD_CERTREQ:
        return payload_certreq_parse(body, &payload->certreq, error);
    case IKE_PAYLOAD_AUTH:
        return payload_auth_parse(body, &payload->auth, error);
    case IKE_PAYLOAD_NONCE:
        return payload_nonce_parse(body, &payload->nonce, error);
    case IKE_PAYLOAD_NOTIFY:
        return payload_notify_parse(body, &payload->notify, error);
    case IKE_PAYLOAD_DELETE:
        return payload_delete_parse(body, &payload->del, error);
    case IKE_PAYLOAD_VENDOR:
        return payload_vendor_parse(body, &payload->vendor, error);
    case IKE_PAYLOAD_TSI:
    case IKE_PAYLOAD_TSR:
        return payload_ts_parse(body, &payload->ts, error);
    case IKE_PAYLOAD_CP:
        return payload_cp_parse(body, &payload->cp, error);
    case IKE_PAYLOAD_EAP:
        return payload_eap_parse(body, &payload->eap, error);
    case IKE_PAYLOAD_PUZZLE:
        return payload_puzzle_parse(body, &payload->puzzle, error);
    default:
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%s payload: not where it may be",
                    ike_payload_to_string(payload->type));
        return false;
    }
}

IkePayload *
ike_payload_parse(uint8_t type, ByteReader *body, GError **error)
{
    g_autoptr(IkePayload) payload = ike_payload_new(type);
    if (!parse_body(payload, body, error))
        return NULL;
    return g_steal_pointer(&payload);
}

static void
write_body(const IkePayload *payload, ByteWriter *writer)
{
    switch (payload->type) {
    case IKE_PAYLOAD_SA:
        payload_sa_write(&payload->sa, writer);
        break;
    case IKE_PAYLOAD_KE:
        payload_ke_write(&payload->ke, writer);
        break;
    case IKE_PAYLOAD_IDI:
    case IKE_PAYLOAD_IDR:
        payload_id_write(&payload->id, writer);
        break;
    case IKE_PAYLOAD_CERT:
        payload_cert_write(&payload->cert, writer);
        break;
    case IKE_PAYLOAD_CERTREQ:
        payload_certreq_write(&payload->certreq, writer);
        break;
    case IKE_PAYLOAD_AUTH:
        payload_auth_write(&payload->auth, writer);
        break;
    case IKE_PAYLOAD_NONCE:
        payload_nonce_write(&payload->nonce, writer);
        break;
    case IKE_PAYLOAD_NOTIFY:
        payload_notify_write(&payload->notify, writer);
        break;
    case IKE_PAYLOAD_DELETE:
        payload_delete_write(&payload->del, writer);
        break;
    case IKE_PAYLOAD_VENDOR:
        payload_vendor_write(&payload->vendor, writer);
        break;
    case IKE_PAYLOAD_TSI:
    case IKE_PAYLOAD_TSR:
        payload_ts_write(&payload->ts, writer);
        break;
    case IKE_PAYLOAD_CP:
        payload_cp_write(&payload->cp, writer);
        break;
    case IKE_PAYLOAD_EAP:
        payload_eap_write(&payload->eap, writer);
        break;
    case IKE_PAYLOAD_PUZZLE:
        payload_puzzle_write(&payload->puzzle, writer);
        break;
    default:
        g_return_if_reached();
    }
}

void
ike_payload_write(const IkePayload *payload, uint8_t next, ByteWriter *writer)
{
    size_t start = byte_writer_length(writer);
    ike_payload_header_write(&(IkePayloadHeader){ .next = next }, writer);
    write_body(payload, writer);
    if (writer->failed)
        return;
    size_t length = byte_writer_length(writer) - start;
    if (length > G_MAXUINT16) {
        writer->failed = true;
        return;
    }
    byte_writer_set_u16(writer, start + 2, (uint16_t)length);
}
