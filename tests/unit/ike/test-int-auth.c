/* IntAuth against values that a second implementation (Python's hmac) gave for the formulas of RFC
 * 9242, section 3.3.2, and the same value however a message travels. */
#include "ike/int-auth.h"

#include "crypto/algorithms.h"
#include "sealed-cases.h"

static const char first[] = "7ce2b72a395263f634331295da8ede55632aa6df54959a7ab2d7dc3366364f69";
static const char second[] = "fbdf4cfee9f12f5db9d681861414a4a48812144c3eb690d0543e50a2933866b6";

static Secret *
sk_p(void)
{
    uint8_t octets[32];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)i;
    return secret_new(octets, sizeof octets);
}

/* HDR, SK {KE} */
static IkeMessage *
request(void)
{
    IkeHeader header = { .spi_i = 0x0102030405060708,
                         .spi_r = 0x1112131415161718,
                         .exchange = IKE_EXCHANGE_INTERMEDIATE,
                         .flags = IKE_FLAG_INITIATOR,
                         .message_id = 1 };
    uint8_t octets[20];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)i;
    g_autoptr(GBytes) data = g_bytes_new(octets, sizeof octets);
    IkeMessage *message = ike_message_new(&header);
    ike_message_add_ke(message, KE_ECP_256, data);
    return message;
}

static void
assert_hex(GBytes *bytes, const char *hex)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const uint8_t *octets = g_bytes_get_data(bytes, NULL);
    for (size_t i = 0; i < g_bytes_get_size(bytes); i++)
        g_string_append_printf(text, "%02x", octets[i]);
    g_assert_cmpstr(text->str, ==, hex);
}

static GBytes *
next(GBytes *previous, const IkeMessage *message)
{
    g_autoptr(Secret) key = sk_p();
    return int_auth_next(PRF_HMAC_SHA2_256, key, previous, message);
}

static void
test_chain(void)
{
    g_autoptr(IkeMessage) message = request();
    g_autoptr(GBytes) one = next(NULL, message);
    assert_hex(one, first);
    /* HDR, SK {} */
    IkeHeader header = message->header;
    header.flags = IKE_FLAG_RESPONSE;
    header.message_id = 2;
    g_autoptr(IkeMessage) empty = ike_message_new(&header);
    g_autoptr(GBytes) two = next(one, empty);
    assert_hex(two, second);
    g_autoptr(GBytes) whole = int_auth_finish(one, two, 3);
    g_autofree char *hex = g_strconcat(first, second, "00000003", NULL);
    assert_hex(whole, hex);
}

/* Sealed in pieces of at most max octets (0: whole) and opened again, the last piece first. */
static GBytes *
travelled(const SealedCipher *cipher, size_t max, uint8_t flags)
{
    g_autoptr(IkeMessage) message = request();
    g_autoptr(Aead) aead = sealed_aead(cipher);
    g_autoptr(IkeFragmentBuffer) fragments = ike_fragment_buffer_new();
    PayloadSkSealer sealer = { aead, sealed_rng(), 1 };
    g_autoptr(GPtrArray) datagrams = ike_message_seal(message, &sealer, max, NULL);
    g_assert_true((datagrams->len > 1) == (max > 0));
    for (guint i = datagrams->len; i > 0; i--) {
        g_autoptr(IkeMessage) piece = NULL;
        g_assert_cmpint(ike_message_parse(datagrams->pdata[i - 1], &piece, NULL), ==,
                        IKE_DECODE_OK);
        if (i == 1)
            piece->sk.flags = flags;
        if (ike_message_open(piece, aead, fragments, NULL) == IKE_DECODE_OK)
            return next(NULL, piece);
    }
    g_assert_not_reached();
}

static void
test_however_it_travels(void)
{
    for (size_t i = 0; i < n_sealed_ciphers; i++) {
        g_autoptr(GBytes) whole = travelled(&sealed_ciphers[i], 0, 0);
        g_autoptr(GBytes) pieces = travelled(&sealed_ciphers[i], 84, 0);
        assert_hex(whole, first);
        assert_hex(pieces, first);
    }
}

/* RESERVED is that of the first fragment, whichever comes last. */
static void
test_reserved(void)
{
    static const char expected[] =
        "6521f8663b3a94339c7fd2716c40538b2258ed25f37462af54fa8358e52b9d04";
    g_autoptr(GBytes) whole = travelled(&sealed_ciphers[0], 0, 0x7f);
    g_autoptr(GBytes) pieces = travelled(&sealed_ciphers[0], 84, 0x7f);
    assert_hex(whole, expected);
    assert_hex(pieces, expected);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/int-auth/chain", test_chain);
    g_test_add_func("/ike/int-auth/however-it-travels", test_however_it_travels);
    g_test_add_func("/ike/int-auth/reserved-of-the-first-fragment", test_reserved);
    return g_test_run();
}
