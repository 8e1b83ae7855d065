/* Sealing and opening in place, for every algorithm that we offer. */
#include "crypto/aead.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/prf.h"

#include <string.h>

#define TEXT_MAX 1408

typedef struct {
    uint16_t encr, key_bits, integ;
} Suite;

static const Suite suites[] = {
    { ENCR_AES_GCM_16, 128, 0 },
    { ENCR_AES_GCM_16, 192, 0 },
    { ENCR_AES_GCM_16, 256, 0 },
    { ENCR_AES_GCM_12, 128, 0 },
    { ENCR_AES_GCM_12, 256, 0 },
    { ENCR_AES_GCM_8, 128, 0 },
    { ENCR_AES_GCM_8, 192, 0 },
    { ENCR_AES_GCM_8, 256, 0 },
    { ENCR_CHACHA20_POLY1305, 0, 0 },
    { ENCR_AES_CBC, 128, INTEG_HMAC_SHA1_96 },
    { ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_256_128 },
    { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_384_192 },
    { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
};

/* A packet with room for everything, and what it held before it was sealed. */
typedef struct {
    Aead *aead;
    uint8_t aad[12], trailer[4], iv[16], icv[32];
    uint8_t text[TEXT_MAX], plain[TEXT_MAX];
    AeadExtra extra;
} Packet;

static Secret *
numbered(size_t length, uint8_t first)
{
    uint8_t *data;
    Secret *secret = secret_new_blank(length, &data);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(first + i);
    return secret;
}

static Aead *
aead_for(const Suite *suite)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key = numbered(encr_key_length(suite->encr, suite->key_bits), 1);
    g_autoptr(Secret) mac_key = numbered(integ_key_length(suite->integ), 101);
    Aead *aead = aead_new(suite->encr, suite->key_bits, key, suite->integ,
                          suite->integ != 0 ? mac_key : NULL, &error);
    g_assert_no_error(error);
    return aead;
}

static Packet *
packet_new(const Suite *suite)
{
    Packet *packet = g_new0(Packet, 1);
    packet->aead = aead_for(suite);
    memset(packet->aad, 0xaa, sizeof packet->aad);
    memset(packet->trailer, 0xbb, sizeof packet->trailer);
    memset(packet->iv, 0xcc, sizeof packet->iv);
    for (size_t i = 0; i < TEXT_MAX; i++)
        packet->plain[i] = packet->text[i] = (uint8_t)(i * 7);
    packet->extra = (AeadExtra){ packet->aad, sizeof packet->aad, NULL, 0 };
    if (suite->integ != 0) {
        packet->extra.trailer = packet->trailer;
        packet->extra.trailer_length = sizeof packet->trailer;
    }
    return packet;
}

static void
packet_free(Packet *packet)
{
    aead_free(packet->aead);
    g_free(packet);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packet, packet_free)

static bool
seal(Packet *packet, size_t length)
{
    return aead_seal(packet->aead, &packet->extra, packet->iv, packet->text, length, packet->icv);
}

static bool
open_(Packet *packet, size_t length)
{
    return aead_open(packet->aead, &packet->extra, packet->iv, packet->text, length, packet->icv);
}

/* Every length around the block and around the packets of a real link. */
static void
test_opens_what_it_sealed(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Packet) packet = packet_new(&suites[s]);
        size_t block = aead_block_length(packet->aead);
        for (size_t length = block; length <= TEXT_MAX;
             length += length < 70 ? block : 16 * block) {
            g_assert_true(seal(packet, length));
            g_assert_cmpint(memcmp(packet->text, packet->plain, length), !=, 0);
            g_assert_cmpmem(packet->text + length, TEXT_MAX - length, packet->plain + length,
                            TEXT_MAX - length);
            g_assert_true(open_(packet, length));
            g_assert_cmpmem(packet->text, TEXT_MAX, packet->plain, TEXT_MAX);
        }
    }
}

/* A combined mode may have nothing to encrypt. */
static void
test_empty_text(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Packet) packet = packet_new(&suites[s]);
        if (suites[s].integ != 0)
            continue;
        g_assert_true(seal(packet, 0));
        g_assert_true(open_(packet, 0));
        packet->icv[0] ^= 1;
        g_assert_false(open_(packet, 0));
    }
}

static void
test_sizes_are_told(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Aead) aead = aead_for(&suites[s]);
        bool combined = suites[s].integ == 0;
        g_assert_cmpuint(aead_iv_length(aead), ==, encr_iv_length(suites[s].encr));
        g_assert_cmpuint(aead_icv_length(aead), ==,
                         combined ? encr_icv_length(suites[s].encr)
                                  : integ_icv_length(suites[s].integ));
        g_assert_cmpuint(aead_block_length(aead), ==, encr_block_length(suites[s].encr));
        g_assert_cmpint(aead_iv_is_counter(aead), ==, combined);
    }
}

/* Exactly icv_length octets are written: the packet's neighbour begins there. */
static void
test_icv_stays_in_its_place(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Packet) packet = packet_new(&suites[s]);
        size_t icv = aead_icv_length(packet->aead);
        memset(packet->icv, 0x5a, sizeof packet->icv);
        g_assert_true(seal(packet, 64));
        for (size_t i = icv; i < sizeof packet->icv; i++)
            g_assert_cmphex(packet->icv[i], ==, 0x5a);
    }
}

/* One bit anywhere, and the packet is refused; and the next good one is still taken. */
static void
expect_refused(Packet *packet, uint8_t *octets, size_t length)
{
    uint8_t sealed[64], icv[32];
    memcpy(sealed, packet->text, sizeof sealed);
    memcpy(icv, packet->icv, sizeof icv);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        g_assert_false(open_(packet, sizeof sealed));
        memcpy(packet->text, sealed, sizeof sealed);
        memcpy(packet->icv, icv, sizeof icv);
        if (octets != packet->text && octets != packet->icv)
            octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    g_assert_true(open_(packet, sizeof sealed));
    g_assert_cmpmem(packet->text, sizeof sealed, packet->plain, sizeof sealed);
    g_assert_true(seal(packet, sizeof sealed));
}

static void
test_refuses_any_changed_bit(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Packet) packet = packet_new(&suites[s]);
        g_assert_true(seal(packet, 64));
        expect_refused(packet, packet->text, 64);
        expect_refused(packet, packet->icv, aead_icv_length(packet->aead));
        expect_refused(packet, packet->aad, sizeof packet->aad);
        expect_refused(packet, packet->iv, aead_iv_length(packet->aead));
        expect_refused(packet, packet->trailer, packet->extra.trailer_length);
    }
}

static void
test_refuses_other_lengths(void)
{
    for (size_t s = 0; s < G_N_ELEMENTS(suites); s++) {
        g_autoptr(Packet) packet = packet_new(&suites[s]);
        bool combined = suites[s].integ == 0;
        g_assert_true(seal(packet, 64));
        g_assert_false(open_(packet, 48));
        g_assert_false(open_(packet, 0));
        if (combined)
            continue;
        g_assert_false(seal(packet, 63));
        g_assert_false(open_(packet, 63));
    }
}

/* The MAC covers aad | IV | ciphertext | trailer (RFC 4303, section 3.3.2.1), made here by hand. */
static void
test_mac_covers_what_is_sent(void)
{
    const Suite *suite = &suites[10];
    g_autoptr(Packet) packet = packet_new(suite);
    g_autoptr(Secret) key = numbered(integ_key_length(suite->integ), 101);
    g_assert_true(seal(packet, 64));
    Chunk covered[] = { chunk(packet->aad, sizeof packet->aad), chunk(packet->iv, 16),
                        chunk(packet->text, 64), chunk(packet->trailer, sizeof packet->trailer) };
    g_autoptr(Secret) mac = prf_compute(PRF_HMAC_SHA2_256, key, covered, G_N_ELEMENTS(covered));
    g_assert_cmpmem(packet->icv, aead_icv_length(packet->aead), secret_data(mac), 16);
}

static void
test_combined_takes_no_trailer(void)
{
    g_autoptr(Packet) packet = packet_new(&suites[0]);
    packet->extra.trailer = packet->trailer;
    packet->extra.trailer_length = 4;
    g_assert_false(seal(packet, 64));
    g_assert_false(open_(packet, 64));
}

static void
refuse_new(uint16_t encr, uint16_t key_bits, size_t key_length, uint16_t integ, size_t mac_length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key = numbered(key_length, 0);
    g_autoptr(Secret) mac = mac_length > 0 ? numbered(mac_length, 0) : NULL;
    g_assert_null(aead_new(encr, key_bits, key, integ, mac, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED);
}

static void
test_refuses_what_does_not_fit(void)
{
    refuse_new(3, 0, 24, 0, 0);
    refuse_new(ENCR_AES_GCM_16, 64, 12, 0, 0);
    refuse_new(ENCR_AES_GCM_16, 256, 32, 0, 0);
    refuse_new(ENCR_AES_GCM_16, 256, 36, INTEG_HMAC_SHA2_256_128, 32);
    refuse_new(ENCR_CHACHA20_POLY1305, 256, 36, 0, 0);
    refuse_new(ENCR_AES_CBC, 256, 32, INTEG_NONE, 0);
    refuse_new(ENCR_AES_CBC, 256, 32, 1, 32);
    refuse_new(ENCR_AES_CBC, 256, 32, INTEG_HMAC_SHA2_256_128, 0);
    refuse_new(ENCR_AES_CBC, 256, 32, INTEG_HMAC_SHA2_256_128, 31);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/aead/opens-what-it-sealed", test_opens_what_it_sealed);
    g_test_add_func("/crypto/aead/empty-text", test_empty_text);
    g_test_add_func("/crypto/aead/sizes-are-told", test_sizes_are_told);
    g_test_add_func("/crypto/aead/icv-stays-in-its-place", test_icv_stays_in_its_place);
    g_test_add_func("/crypto/aead/refuses-any-changed-bit", test_refuses_any_changed_bit);
    g_test_add_func("/crypto/aead/refuses-other-lengths", test_refuses_other_lengths);
    g_test_add_func("/crypto/aead/mac-covers-what-is-sent", test_mac_covers_what_is_sent);
    g_test_add_func("/crypto/aead/combined-takes-no-trailer", test_combined_takes_no_trailer);
    g_test_add_func("/crypto/aead/refuses-what-does-not-fit", test_refuses_what_does_not_fit);
    return g_test_run();
}
