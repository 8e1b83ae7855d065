#include "ike/payload-certreq.h"

#include "base/error.h"
#include "ike/registry.h"

bool
payload_certreq_parse(ByteReader *body, PayloadCertreq *out, GError **error)
{
    *out = (PayloadCertreq){ 0 };
    if (!byte_reader_u8(body, &out->encoding)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "CERTREQ payload: ends before its data");
        return false;
    }
    /* Only this encoding is said to be a list of hashes (RFC 7296, section 3.7). */
    if (out->encoding == IKE_CERT_X509_SIGNATURE &&
        byte_reader_left(body) % PAYLOAD_CERTREQ_HASH_LENGTH != 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "CERTREQ payload: %zu octets are no list of hashes", byte_reader_left(body));
        return false;
    }
    out->authorities = byte_reader_rest(body);
    return true;
}

void
payload_certreq_write(const PayloadCertreq *certreq, ByteWriter *writer)
{
    byte_writer_u8(writer, certreq->encoding);
    byte_writer_bytes(writer, certreq->authorities);
}

void
payload_certreq_clear(PayloadCertreq *certreq)
{
    g_clear_pointer(&certreq->authorities, g_bytes_unref);
}
