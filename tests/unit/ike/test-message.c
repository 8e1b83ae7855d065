#include "ike/message.h"

#include <string.h>

#include "sealed-cases.h"
#include "wire-cases.h"

#define NONCE "0000000000000000 0000000000000000"

/* An IKE_SA_INIT request with the payloads of body, the first of type next. */
static GBytes *
datagram(const char *next, const char *body)
{
    g_autoptr(GBytes) octets = wire_from_hex(body);
    g_autofree char *hex =
        g_strdup_printf("0102030405060708 0000000000000000 %s 20 22 08 00000000 %08zx %s", next,
                        IKE_HEADER_LENGTH + g_bytes_get_size(octets), body);
    return wire_from_hex(hex);
}

static IkeDecodeStatus
parse(const char *next, const char *body, IkeMessage **out)
{
    g_autoptr(GBytes) octets = datagram(next, body);
    g_autoptr(GError) error = NULL;
    IkeDecodeStatus status = ike_message_parse(octets, out, &error);
    g_assert_true((status == IKE_DECODE_OK) == (error == NULL));
    g_assert_true((status == IKE_DECODE_OK) == (*out != NULL));
    return status;
}

static void
test_clear(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(parse("28", "29 00 0014" NONCE "00 00 0008 00 00 4006", &message), ==,
                    IKE_DECODE_OK);
    g_assert_false(message->sealed);
    g_assert_false(message->opened);
    g_assert_nonnull(ike_message_find(message, IKE_PAYLOAD_NONCE));
    g_assert_null(ike_message_find(message, IKE_PAYLOAD_SA));
    g_assert_nonnull(ike_message_find_notify(message, IKE_NOTIFY_COOKIE));
    g_assert_null(ike_message_find_error(message));
    g_autofree char *text = ike_message_to_string(message);
    g_assert_cmpstr(text, ==, "IKE_SA_INIT request 0: Nonce N(COOKIE)");
}

static void
test_unknown(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_autoptr(IkeMessage) critical = NULL;
    g_assert_cmpint(parse("c8", "28 00 0005 aa 00 00 0014" NONCE, &message), ==, IKE_DECODE_OK);
    g_assert_cmpuint(message->unsupported_critical, ==, 0);
    g_assert_cmpuint(message->payloads->len, ==, 1);
    g_assert_cmpint(parse("c8", "c9 80 0005 aa 28 80 0004 00 00 0014" NONCE, &critical), ==,
                    IKE_DECODE_OK);
    g_assert_cmpuint(critical->unsupported_critical, ==, 0xc8);
}

/* "The critical bit ... MUST be ignored by the recipient if the recipient understands the payload".
 */
static void
test_known_critical(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(parse("28", "00 80 0014" NONCE, &message), ==, IKE_DECODE_OK);
    g_assert_cmpuint(message->unsupported_critical, ==, 0);
    g_assert_cmpuint(message->payloads->len, ==, 1);
}

static void
test_chain_lies(void)
{
    static const struct {
        const char *next, *body;
    } cases[] = {
        { "28", "" },                      /* announced and not there */
        { "28", "28 00 0014" NONCE },      /* and one more */
        { "00", "00 00 0014" NONCE },      /* there and not announced */
        { "28", "00 00 0014" NONCE "00" }, /* something behind the last one */
        { "28", "00 00 0015" NONCE },      /* a length beyond the end */
        { "28", "00 00 0003" NONCE },      /* a length below the header's */
        { "28", "00 00 0000" NONCE },
        { "c8", "00 80 00ff" },                              /* unknown and lying */
        { "28", "00 00 000c 0000000000000000" },             /* malformed inside */
        { "2e", "29 00 0008 00000000 00 00 0008 00000000" }, /* SK that is not the last */
        { "35", "00 00 0008 0002 0001" },                    /* fragment 2 of 1 */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(IkeMessage) message = NULL;
        g_test_message("%s %s", cases[i].next, cases[i].body);
        g_assert_cmpint(parse(cases[i].next, cases[i].body, &message), ==, IKE_DECODE_DISCARD);
    }
}

static void
test_header_lies(void)
{
    g_autoptr(GBytes) octets = datagram("28", "00 00 0014" NONCE);
    static const struct {
        size_t offset;
        uint8_t value;
    } cases[] = { { 17, 0x30 }, { 17, 0x10 }, { 27, 0x2f }, { 27, 0x31 }, { 27, 0 } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = g_bytes_get_size(octets);
        uint8_t *copy = g_memdup2(g_bytes_get_data(octets, NULL), length);
        copy[cases[i].offset] = cases[i].value;
        g_autoptr(GBytes) changed = g_bytes_new_take(copy, length);
        g_autoptr(IkeMessage) message = NULL;
        g_assert_cmpint(ike_message_parse(changed, &message, NULL), ==, IKE_DECODE_DISCARD);
        g_assert_null(message);
    }
}

/* The minor version, and the flags that nobody has a use for (RFC 7296, section 3.1). */
static void
test_header_ignored(void)
{
    g_autoptr(GBytes) octets = datagram("28", "00 00 0014" NONCE);
    gsize length = g_bytes_get_size(octets);
    uint8_t *copy = g_memdup2(g_bytes_get_data(octets, NULL), length);
    copy[17] = 0x2f;
    copy[19] = (uint8_t)~IKE_FLAG_RESPONSE;
    g_autoptr(GBytes) changed = g_bytes_new_take(copy, length);
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(ike_message_parse(changed, &message, NULL), ==, IKE_DECODE_OK);
    g_assert_true(ike_header_from_initiator(&message->header));
    g_assert_false(ike_header_is_response(&message->header));
    g_assert_nonnull(ike_message_find(message, IKE_PAYLOAD_NONCE));
}

static void
test_truncations(void)
{
    g_autoptr(GBytes) octets = datagram("28", "29 00 0014" NONCE "00 00 0008 00 00 4006");
    for (size_t length = 0; length < g_bytes_get_size(octets); length++) {
        g_autoptr(GBytes) prefix = g_bytes_new_from_bytes(octets, 0, length);
        g_autoptr(IkeMessage) message = NULL;
        g_assert_cmpint(ike_message_parse(prefix, &message, NULL), ==, IKE_DECODE_DISCARD);
    }
}

static void
test_count_is_bounded(void)
{
    for (unsigned extra = 0; extra < 2; extra++) {
        GString *body = g_string_new("");
        for (unsigned i = 1; i < IKE_MAX_PAYLOADS + extra; i++)
            g_string_append(body, "c8 00 0004");
        g_string_append(body, "00 00 0004");
        g_autoptr(IkeMessage) message = NULL;
        g_assert_cmpint(parse("c8", body->str, &message), ==,
                        extra == 0 ? IKE_DECODE_OK : IKE_DECODE_DISCARD);
        g_string_free(body, TRUE);
    }
}

/* --- Sealed --- */

/* A message with SK around inner octets, an unprotected payload before it where clear says so. */
static IkeMessage *
sealed_message(Aead *aead, const char *inner, uint8_t first, bool clear)
{
    g_autoptr(GBytes) plain = wire_from_hex(inner);
    gsize length;
    const uint8_t *octets = g_bytes_get_data(plain, &length);
    size_t sealed = payload_sk_sealed_length(aead, length);
    size_t total = IKE_HEADER_LENGTH + (clear ? 8 : 0) + IKE_PAYLOAD_HEADER_LENGTH + sealed;
    PayloadSkSealer sealer = { aead, sealed_rng(), 1 };
    IkeHeader header = { 1,
                         2,
                         clear ? IKE_PAYLOAD_NOTIFY : IKE_PAYLOAD_SK,
                         0,
                         IKE_EXCHANGE_AUTH,
                         IKE_FLAG_RESPONSE,
                         1,
                         (uint32_t)total };
    ByteWriter writer;
    byte_writer_init(&writer, 65535);
    ike_header_write(&header, &writer);
    if (clear) {
        byte_writer_u32(&writer, IKE_PAYLOAD_SK << 24 | 8);
        byte_writer_u32(&writer, IKE_NOTIFY_AUTHENTICATION_FAILED);
    }
    byte_writer_u32(&writer,
                    (uint32_t)first << 24 | (uint32_t)(IKE_PAYLOAD_HEADER_LENGTH + sealed));
    g_assert_true(payload_sk_seal(&sealer, octets, length, &writer));
    g_autoptr(GBytes) message_octets = byte_writer_end(&writer);
    IkeMessage *message;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(ike_message_parse(message_octets, &message, &error), ==, IKE_DECODE_OK);
    g_assert_no_error(error);
    g_assert_true(message->sealed);
    return message;
}

static IkeDecodeStatus
open_inner(const char *inner, uint8_t first, IkeMessage **out)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    g_autoptr(GError) error = NULL;
    *out = sealed_message(aead, inner, first, false);
    IkeDecodeStatus status = ike_message_open(*out, aead, NULL, &error);
    g_assert_true((status == IKE_DECODE_OK) == (error == NULL));
    return status;
}

static void
test_open(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(open_inner("00 00 0008 00 00 4000", IKE_PAYLOAD_NOTIFY, &message), ==,
                    IKE_DECODE_OK);
    g_assert_true(message->opened);
    g_assert_false(message->sealed);
    g_assert_nonnull(ike_message_find_notify(message, IKE_NOTIFY_INITIAL_CONTACT));
}

static void
test_open_empty(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(open_inner("", IKE_PAYLOAD_NONE, &message), ==, IKE_DECODE_OK);
    g_assert_cmpuint(message->payloads->len, ==, 0);
}

/* Authentic octets that are no payloads: the four-way verdict's third. */
static void
test_open_malformed(void)
{
    static const struct {
        uint8_t first;
        const char *inner;
    } cases[] = {
        { IKE_PAYLOAD_NOTIFY, "" },
        { IKE_PAYLOAD_NONE, "00" },
        { IKE_PAYLOAD_NOTIFY, "00 00 0009 00 00 4000" },
        { IKE_PAYLOAD_NOTIFY, "29 00 0008 00 00 4000" },
        { IKE_PAYLOAD_NONCE, "00 00 0008 00000000" },
        { IKE_PAYLOAD_SK, "00 00 0008 00000000" },
        { IKE_PAYLOAD_SKF, "00 00 0008 00010001" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(IkeMessage) message = NULL;
        g_assert_cmpint(open_inner(cases[i].inner, cases[i].first, &message), ==,
                        IKE_DECODE_PROTECTED_ERROR);
    }
}

static void
test_open_unknown(void)
{
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(open_inner("29 80 0004 00 00 0008 00 00 4000", 0xc8, &message), ==,
                    IKE_DECODE_OK);
    g_assert_cmpuint(message->unsupported_critical, ==, 0xc8);
}

static void
test_open_forged(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    g_autoptr(Aead) other = sealed_aead(&sealed_ciphers[1]);
    g_autoptr(IkeMessage) message = sealed_message(aead, "", IKE_PAYLOAD_NONE, false);
    g_assert_cmpint(ike_message_open(message, other, NULL, NULL), ==, IKE_DECODE_DISCARD);
    g_assert_true(message->sealed);
    g_assert_cmpint(ike_message_open(message, aead, NULL, NULL), ==, IKE_DECODE_OK);
}

/* What stood in clear before SK is gone once it is open: nobody takes it for protected. */
static void
test_open_drops_the_clear(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[2]);
    g_autoptr(IkeMessage) message =
        sealed_message(aead, "00 00 0008 00 00 4000", IKE_PAYLOAD_NOTIFY, true);
    g_assert_nonnull(ike_message_find_error(message));
    g_assert_cmpint(ike_message_open(message, aead, NULL, NULL), ==, IKE_DECODE_OK);
    g_assert_null(ike_message_find_error(message));
    g_assert_cmpuint(message->payloads->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/message/reads-in-clear", test_clear);
    g_test_add_func("/ike/message/unknown-payloads", test_unknown);
    g_test_add_func("/ike/message/known-payloads-are-never-critical", test_known_critical);
    g_test_add_func("/ike/message/discards-a-lying-chain", test_chain_lies);
    g_test_add_func("/ike/message/discards-a-lying-header", test_header_lies);
    g_test_add_func("/ike/message/ignores-the-rest-of-the-header", test_header_ignored);
    g_test_add_func("/ike/message/discards-truncation", test_truncations);
    g_test_add_func("/ike/message/bounds-the-payloads", test_count_is_bounded);
    g_test_add_func("/ike/message/opens", test_open);
    g_test_add_func("/ike/message/opens-an-empty-one", test_open_empty);
    g_test_add_func("/ike/message/authentic-but-malformed", test_open_malformed);
    g_test_add_func("/ike/message/unknown-critical-inside", test_open_unknown);
    g_test_add_func("/ike/message/discards-the-forged", test_open_forged);
    g_test_add_func("/ike/message/drops-what-was-in-clear", test_open_drops_the_clear);
    return g_test_run();
}
