#include "crypto/algorithms.h"
#include "wire-cases.h"

/* One IKE proposal without SPI: AES-GCM-16 256, PRF SHA2-384, X25519. */
#define GCM_256 "03 00 000c 01 00 0014 800e0100"
#define PRF_384 "03 00 0008 02 00 0006"
#define X25519  "00 00 0008 04 00 001f"
#define IKE_ONE "00 00 0024 01 01 00 03" GCM_256 PRF_384 X25519
/* Two ESP proposals. */
#define ESN_NONE "00 00 0008 05 00 0000"
#define ESP_TWO                                                                                    \
    "02 00 0020 01 03 04 02 a1b2c3d4" GCM_256 ESN_NONE                                             \
    "00 00 0020 02 03 04 02 a1b2c3d4 03 00 000c 01 00 0014 800e0080" ESN_NONE

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_SA, IKE_ONE);
    g_assert_cmpuint(ike_proposal_list_length(payload->sa.proposals), ==, 1);
    const IkeProposal *proposal = ike_proposal_list_get(payload->sa.proposals, 0);
    g_assert_cmpuint(proposal->number, ==, 1);
    g_assert_cmpuint(proposal->protocol, ==, IKE_PROTOCOL_IKE);
    g_assert_cmpuint(proposal->n_transforms, ==, 3);
    g_assert_cmpuint(proposal->transforms[0].id, ==, ENCR_AES_GCM_16);
    g_assert_cmpuint(proposal->transforms[0].key_bits, ==, 256);
    g_assert_cmpuint(proposal->transforms[2].id, ==, KE_CURVE25519);
}

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_SA, IKE_ONE);
    wire_assert_round_trip(IKE_PAYLOAD_SA, ESP_TWO);
}

static void
test_default_lists(void)
{
    static const uint8_t protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    static const uint8_t spi[4] = { 1, 2, 3, 4 };
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        g_autoptr(IkeProposalList) list = ike_proposal_list_default(protocols[i]);
        g_autoptr(IkeProposalList) ours = ike_proposal_list_with_spi(list, spi, i == 0 ? 0 : 4);
        ByteWriter writer;
        byte_writer_init(&writer, 65535);
        payload_sa_write(&(PayloadSa){ ours }, &writer);
        g_autoptr(GBytes) octets = byte_writer_end(&writer);
        ByteReader body = byte_reader_for_bytes(octets);
        g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_SA, &body, NULL);
        g_assert_nonnull(payload);
        g_autofree char *before = ike_proposal_list_to_string(ours);
        g_autofree char *after = ike_proposal_list_to_string(payload->sa.proposals);
        g_assert_cmpstr(before, ==, after);
    }
}

static void
test_truncations(void)
{
    wire_assert_truncations(IKE_PAYLOAD_SA, IKE_ONE, 36);
    wire_assert_refused(IKE_PAYLOAD_SA, "", PARSE_ERROR_INVALID);
}

static void
test_lying_lengths(void)
{
    /* The proposal's length: too short for its transforms, beyond the end, below its own head. */
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0023 01 01 00 03" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0025 01 01 00 03" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0003 01 01 00 03" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_TRUNCATED);
    /* The transform's. */
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0014 01 01 00 01 00 00 000b 01 00 0014 800e0100",
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0014 01 01 00 01 00 00 0000 01 00 0014 800e0100",
                        PARSE_ERROR_TRUNCATED);
    /* The attribute's. */
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0014 01 01 00 01 00 00 000c 01 00 0014 000f0001",
                        PARSE_ERROR_TRUNCATED);
    /* The number of transforms. */
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0024 01 01 00 02" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0024 01 01 00 04" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0024 01 01 00 ff" GCM_256 PRF_384 X25519,
                        PARSE_ERROR_TOO_LARGE);
}

static void
test_spi_sizes(void)
{
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 000c 01 01 04 00 a1b2c3d4", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0008 01 03 00 00", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 000a 01 03 04 00 a1b2", PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0008 01 03 ff 00", PARSE_ERROR_INVALID);
    wire_assert_round_trip(IKE_PAYLOAD_SA, "00 00 0010 01 01 08 00 0102030405060708");
}

static void
test_unknown_protocol(void)
{
    g_autoptr(IkePayload) payload =
        wire_parse(IKE_PAYLOAD_SA, "02 00 000d 01 63 05 07 0102030405" IKE_ONE);
    g_assert_cmpuint(ike_proposal_list_length(payload->sa.proposals), ==, 1);
    g_autoptr(IkePayload) none = wire_parse(IKE_PAYLOAD_SA, "00 00 0008 01 63 00 07");
    g_assert_cmpuint(ike_proposal_list_length(none->sa.proposals), ==, 0);
}

/* Unknown attributes in both forms spoil their transform, and only theirs. */
static void
test_unknown_attribute(void)
{
    /* Short form, long form, then a sound one. */
    g_autoptr(IkePayload) payload =
        wire_parse(IKE_PAYLOAD_SA, "00 00 003e 01 03 04 04 a1b2c3d4"
                                   "03 00 0010 01 00 0014 800e0100 80630001"
                                   "03 00 000e 01 00 0014 0064 0002 0102" GCM_256 ESN_NONE);
    const IkeProposal *proposal = ike_proposal_list_get(payload->sa.proposals, 0);
    g_assert_cmpuint(proposal->n_transforms, ==, 4);
    g_assert_true(proposal->transforms[0].unusable);
    g_assert_true(proposal->transforms[1].unusable);
    g_assert_false(proposal->transforms[2].unusable);
    g_assert_false(proposal->transforms[3].unusable);
}

static void
test_too_many_proposals(void)
{
    GString *hex = g_string_new("");
    for (unsigned i = 0; i < IKE_MAX_PROPOSALS; i++)
        g_string_append(hex, "02 00 0008 01 01 00 00");
    wire_assert_refused(IKE_PAYLOAD_SA, "00 00 0007 01 01 00 00", PARSE_ERROR_TRUNCATED);
    g_autoptr(IkePayload) most = wire_parse(IKE_PAYLOAD_SA, hex->str);
    g_assert_cmpuint(ike_proposal_list_length(most->sa.proposals), ==, IKE_MAX_PROPOSALS);
    g_string_append(hex, "00 00 0008 01 63 00 00");
    wire_assert_refused(IKE_PAYLOAD_SA, hex->str, PARSE_ERROR_TOO_LARGE);
    g_string_free(hex, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-sa/reads", test_reads);
    g_test_add_func("/ike/payload-sa/round-trip", test_round_trip);
    g_test_add_func("/ike/payload-sa/carries-the-built-in-lists", test_default_lists);
    g_test_add_func("/ike/payload-sa/refuses-truncation", test_truncations);
    g_test_add_func("/ike/payload-sa/refuses-lying-lengths", test_lying_lengths);
    g_test_add_func("/ike/payload-sa/refuses-strange-spi-sizes", test_spi_sizes);
    g_test_add_func("/ike/payload-sa/leaves-out-unknown-protocols", test_unknown_protocol);
    g_test_add_func("/ike/payload-sa/marks-unknown-attributes", test_unknown_attribute);
    g_test_add_func("/ike/payload-sa/bounds-the-proposals", test_too_many_proposals);
    return g_test_run();
}
