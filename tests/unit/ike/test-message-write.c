#include <string.h>

#include "crypto/algorithms.h"
#include "sealed-cases.h"
#include "wire-cases.h"

static GBytes *
octets(size_t length)
{
    uint8_t *data = g_malloc(length);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)i;
    return g_bytes_new_take(data, length);
}

/* One payload of every kind. */
static IkeMessage *
full_message(size_t certificate_length)
{
    IkeHeader header = { .spi_i = 1,
                         .spi_r = 2,
                         .exchange = IKE_EXCHANGE_AUTH,
                         .flags = IKE_FLAG_INITIATOR,
                         .message_id = 1 };
    IkeMessage *message = ike_message_new(&header);
    g_autoptr(GBytes) data = octets(20);
    g_autoptr(GBytes) certificate = octets(certificate_length);
    g_autoptr(GBytes) eap = wire_from_hex("01 2a 0006 01 41");
    g_autoptr(IkeProposalList) proposals = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    TrafficSelector any = traffic_selector_any(INET_V6);
    static const uint32_t spis[] = { 0xa1b2c3d4, 2 };
    g_array_append_val(selectors, any);
    ike_message_add_id(message, IKE_PAYLOAD_IDI, IKE_ID_FQDN, data);
    ike_message_add_id(message, IKE_PAYLOAD_IDR, IKE_ID_KEY_ID, data);
    ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, certificate);
    ike_message_add_certreq(message, IKE_CERT_X509_SIGNATURE, data);
    ike_message_add_auth(message, IKE_AUTH_METHOD_SIGNATURE, data);
    ike_message_add_sa(message, proposals);
    ike_message_add_ke(message, KE_CURVE25519, data);
    ike_message_add_nonce(message, data);
    ike_message_add_ts(message, IKE_PAYLOAD_TSI, selectors);
    ike_message_add_ts(message, IKE_PAYLOAD_TSR, selectors);
    ike_message_add_notify(message, IKE_NOTIFY_COOKIE, "cookie", 6);
    ike_message_add_notify_child(message, IKE_NOTIFY_REKEY_SA, 0xa1b2c3d4);
    ike_message_add_delete_ike(message);
    ike_message_add_delete_children(message, spis, G_N_ELEMENTS(spis));
    ike_message_add_vendor(message, "vendor", 6);
    ike_message_add_eap(message, eap);
    PayloadCp *cp = ike_message_add_cp(message, IKE_CFG_REQUEST);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, "corp.example", 12);
    return message;
}

#define FULL                                                                                       \
    "IKE_AUTH request 1: IDi IDr CERT CERTREQ AUTH SA KE Nonce TSi TSr N(COOKIE) N(REKEY_SA) D D " \
    "V EAP CP"

/* Read and written again, nothing has changed. */
static void
assert_same(const IkeMessage *message, const IkeMessage *again)
{
    g_autoptr(GBytes) first = ike_message_write(message, NULL);
    g_autoptr(GBytes) second = ike_message_write(again, NULL);
    g_assert_true(g_bytes_equal(first, second));
}

static void
test_clear(void)
{
    g_autoptr(IkeMessage) message = full_message(300);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) wire = ike_message_write(message, &error);
    g_assert_no_error(error);
    g_autoptr(IkeMessage) again = NULL;
    g_assert_cmpint(ike_message_parse(wire, &again, &error), ==, IKE_DECODE_OK);
    g_assert_no_error(error);
    g_autofree char *text = ike_message_to_string(again);
    g_assert_cmpstr(text, ==, FULL);
    g_assert_cmpuint(again->header.version, ==, IKE_VERSION_2);
    assert_same(message, again);
    uint32_t spi;
    g_assert_true(
        payload_notify_child_spi(ike_message_find_notify(again, IKE_NOTIFY_REKEY_SA), &spi));
    g_assert_cmphex(spi, ==, 0xa1b2c3d4);
}

/* Feeds datagrams in reverse and gives the opened message. */
static IkeMessage *
receive(GPtrArray *datagrams, Aead *aead)
{
    g_autoptr(IkeFragmentBuffer) fragments = ike_fragment_buffer_new();
    for (guint i = datagrams->len; i > 0; i--) {
        g_autoptr(GError) error = NULL;
        g_autoptr(IkeMessage) message = NULL;
        g_assert_cmpint(ike_message_parse(datagrams->pdata[i - 1], &message, &error), ==,
                        IKE_DECODE_OK);
        IkeDecodeStatus status = ike_message_open(message, aead, fragments, &error);
        g_assert_no_error(error);
        if (i == 1) {
            g_assert_cmpint(status, ==, IKE_DECODE_OK);
            return g_steal_pointer(&message);
        }
        g_assert_cmpint(status, ==, IKE_DECODE_PARTIAL);
    }
    return NULL;
}

static void
assert_sealed(const SealedCipher *cipher, size_t certificate_length, size_t max_length,
              bool fragmented)
{
    g_autoptr(Aead) aead = sealed_aead(cipher);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0 };
    g_autoptr(IkeMessage) message = full_message(certificate_length);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) datagrams = ike_message_seal(message, &sealer, max_length, &error);
    g_assert_no_error(error);
    g_assert_cmpint(datagrams->len > 1, ==, fragmented);
    for (guint i = 0; i < datagrams->len && max_length != 0; i++)
        g_assert_cmpuint(g_bytes_get_size(datagrams->pdata[i]), <=, max_length);
    g_autoptr(IkeMessage) again = receive(datagrams, aead);
    g_assert_true(again->opened);
    assert_same(message, again);
}

static void
test_sealed(void)
{
    for (size_t i = 0; i < n_sealed_ciphers; i++)
        assert_sealed(&sealed_ciphers[i], 300, 0, false);
}

static void
test_fragments(void)
{
    for (size_t i = 0; i < n_sealed_ciphers; i++) {
        assert_sealed(&sealed_ciphers[i], 3000, 1280, true);
        assert_sealed(&sealed_ciphers[i], 3000, 0, false);
        for (size_t max = 200; max < 220; max++)
            assert_sealed(&sealed_ciphers[i], 3000, max, true);
    }
}

/* The first fragment names the first inner payload, the others none (RFC 7383, section 2.5). */
static void
test_fragment_heads(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0 };
    g_autoptr(IkeMessage) message = full_message(3000);
    g_autoptr(GPtrArray) datagrams = ike_message_seal(message, &sealer, 1280, NULL);
    for (guint i = 0; i < datagrams->len; i++) {
        g_autoptr(IkeMessage) fragment = NULL;
        g_assert_cmpint(ike_message_parse(datagrams->pdata[i], &fragment, NULL), ==, IKE_DECODE_OK);
        g_assert_true(fragment->sk.fragment);
        g_assert_cmpuint(fragment->sk.number, ==, i + 1);
        g_assert_cmpuint(fragment->sk.total, ==, datagrams->len);
        g_assert_cmpuint(fragment->sk.first_inner, ==, i == 0 ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_NONE);
    }
    g_assert_cmpuint(sealer.next_iv, ==, datagrams->len);
}

static void
test_fragments_not_expected(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0 };
    g_autoptr(IkeMessage) message = full_message(3000);
    g_autoptr(GPtrArray) datagrams = ike_message_seal(message, &sealer, 1280, NULL);
    g_autoptr(IkeMessage) fragment = NULL;
    g_assert_cmpint(ike_message_parse(datagrams->pdata[0], &fragment, NULL), ==, IKE_DECODE_OK);
    g_assert_cmpint(ike_message_open(fragment, aead, NULL, NULL), ==, IKE_DECODE_DISCARD);
}

static void
test_too_large(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0 };
    g_autoptr(IkeMessage) message = full_message(300);
    g_autoptr(GBytes) large = octets(30000);
    g_autoptr(GError) clear_error = NULL;
    g_autoptr(GError) sealed_error = NULL;
    g_autoptr(GError) count_error = NULL;
    ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, large);
    /* 30 KiB are within the limits, but not in pieces of 64 octets or of none. */
    g_assert_null(ike_message_seal(message, &sealer, 64, &count_error));
    g_assert_error(count_error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE);
    g_assert_null(ike_message_seal(message, &sealer, 1, NULL));
    ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, large);
    ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, large);
    g_assert_null(ike_message_write(message, &clear_error));
    g_assert_error(clear_error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE);
    g_assert_null(ike_message_seal(message, &sealer, 0, &sealed_error));
    g_assert_error(sealed_error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE);
}

static void
test_empty(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0 };
    IkeHeader header = { .exchange = IKE_EXCHANGE_INFORMATIONAL };
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    g_autoptr(GPtrArray) datagrams = ike_message_seal(message, &sealer, 1280, NULL);
    g_assert_cmpuint(datagrams->len, ==, 1);
    g_autoptr(IkeMessage) again = receive(datagrams, aead);
    g_assert_cmpuint(again->payloads->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/message-write/clear-round-trip", test_clear);
    g_test_add_func("/ike/message-write/sealed-round-trip", test_sealed);
    g_test_add_func("/ike/message-write/fragments-round-trip", test_fragments);
    g_test_add_func("/ike/message-write/fragments-say-what-they-are", test_fragment_heads);
    g_test_add_func("/ike/message-write/fragments-not-expected", test_fragments_not_expected);
    g_test_add_func("/ike/message-write/refuses-what-is-too-large", test_too_large);
    g_test_add_func("/ike/message-write/empty-message", test_empty);
    return g_test_run();
}
