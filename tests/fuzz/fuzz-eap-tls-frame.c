/*
 * TLS in packets of EAP: each piece is an octet of length and a request's data. Whatever comes, no
 * more is kept than the bound, and an answer can always be made.
 */
#include "eap/eap-peer.h"
#include "eap/eap-tls-frame.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ByteReader reader = byte_reader(data, size), piece;
    EapTlsFrame frame;
    uint8_t length;
    eap_tls_frame_init(&frame);
    while (byte_reader_u8(&reader, &length) && byte_reader_sub(&reader, length, &piece)) {
        g_autoptr(GBytes) message = NULL;
        EapTlsFrameVerdict verdict = eap_tls_frame_receive(&frame, piece, &message);
        FUZZ_CHECK((verdict == EAP_TLS_FRAME_MESSAGE) == (message != NULL));
        FUZZ_CHECK(frame.in->len <= EAP_MAX_MESSAGE);
        if (message != NULL) {
            FUZZ_CHECK(g_bytes_get_size(message) <= EAP_MAX_MESSAGE);
            eap_tls_frame_send(&frame, message);
        }
        g_autoptr(GBytes) answer = eap_tls_frame_next(&frame);
        FUZZ_CHECK(answer != NULL && g_bytes_get_size(answer) <= EAP_TLS_FRAGMENT + 5);
    }
    eap_tls_frame_clear(&frame);
    return 0;
}
