#include "ike/ike-sa.h"

#include <string.h>

#include "crypto/algorithms.h"

static void
fill(Rng *rng, void *out, size_t length)
{
    memset(out, 0x33, length);
}

static Rng rng = { fill };

/* The two ends of one SA. */
typedef struct {
    IkeSa *i, *r;
} Pair;

static IkeSa *
end(bool initiator)
{
    static const IkeSuite suite = { .encr = ENCR_AES_GCM_16,
                                    .key_bits = 256,
                                    .prf = PRF_HMAC_SHA2_256 };
    g_autoptr(GBytes) nonce = g_bytes_new_static("0123456789abcdef", 16);
    g_autoptr(Secret) shared = secret_new("shared", 6);
    IkeKeySeed seed = { nonce, nonce, 0x11, 0x22 };
    g_auto(IkeKeys) keys = { 0 };
    g_assert_true(ike_keys_derive(&suite, shared, &seed, &keys));
    IkeSa *sa = ike_sa_new(0x11, 0x22, initiator);
    g_assert_true(ike_sa_set_keys(sa, &suite, &keys, &rng));
    g_assert_null(keys.d); /* taken */
    return sa;
}

static void
set_up(Pair *pair, gconstpointer data)
{
    pair->i = end(true);
    pair->r = end(false);
}

static void
tear_down(Pair *pair, gconstpointer data)
{
    ike_sa_free(pair->i);
    ike_sa_free(pair->r);
}

static IkeMessage *
parse(GPtrArray *datagrams, guint index)
{
    IkeMessage *message = NULL;
    g_assert_cmpint(ike_message_parse(g_ptr_array_index(datagrams, index), &message, NULL), ==,
                    IKE_DECODE_OK);
    return message;
}

/* What one end seals the other opens, in both directions; not itself. */
static void
test_both_ways(Pair *pair, gconstpointer data)
{
    IkeSa *ends[2] = { pair->i, pair->r };
    for (int from = 0; from < 2; from++) {
        g_autoptr(IkeMessage) request = ike_sa_new_request(ends[from], IKE_EXCHANGE_INFORMATIONAL);
        ike_message_add_notify(request, 40000, "hello", 5);
        g_autoptr(GPtrArray) datagrams = ike_sa_seal(ends[from], request, 1280);
        g_assert_cmpuint(datagrams->len, ==, 1);
        g_autoptr(IkeMessage) received = parse(datagrams, 0);
        g_assert_true(ike_header_from_initiator(&received->header) == (from == 0));
        g_assert_true(ike_sa_is_authentic(ends[1 - from], received));
        g_assert_false(ike_sa_is_authentic(ends[from], received));
        g_assert_cmpint(ike_message_open(received, ends[1 - from]->aead_in, NULL, NULL), ==,
                        IKE_DECODE_OK);
        g_assert_nonnull(ike_message_find_notify(received, 40000));
    }
}

/* Fragments only where both sides have said so. */
static void
test_fragments(Pair *pair, gconstpointer data)
{
    uint8_t big[3000] = { 0 };
    for (int agreed = 0; agreed < 2; agreed++) {
        pair->i->fragmentation = agreed != 0;
        g_autoptr(IkeMessage) request = ike_sa_new_request(pair->i, IKE_EXCHANGE_INFORMATIONAL);
        ike_message_add_notify(request, 40000, big, sizeof big);
        g_autoptr(GPtrArray) datagrams = ike_sa_seal(pair->i, request, 1280);
        g_assert_cmpuint(datagrams->len, ==, agreed ? 3 : 1);
        g_autoptr(IkeMessage) first = parse(datagrams, 0);
        g_assert_true(ike_sa_is_authentic(pair->r, first));
    }
}

static void
test_message_ids(Pair *pair, gconstpointer data)
{
    pair->i->window.next_out = 9;
    g_autoptr(IkeMessage) request = ike_sa_new_request(pair->i, IKE_EXCHANGE_INFORMATIONAL);
    g_autoptr(IkeMessage) response = ike_sa_new_response(pair->r, IKE_EXCHANGE_INFORMATIONAL, 9);
    g_assert_cmpuint(request->header.message_id, ==, 9);
    g_assert_cmpuint(request->header.flags, ==, IKE_FLAG_INITIATOR);
    g_assert_cmpuint(response->header.message_id, ==, 9);
    g_assert_cmpuint(response->header.flags, ==, IKE_FLAG_RESPONSE);
}

static void
test_unusable_suite(Pair *pair, gconstpointer data)
{
    IkeSuite unknown = { .encr = 999, .prf = PRF_HMAC_SHA2_256 };
    g_auto(IkeKeys)
        keys = { .d = secret_new("d", 1), .ei = secret_new("e", 1), .er = secret_new("e", 1) };
    g_autoptr(IkeSa) sa = ike_sa_new(1, 2, true);
    g_assert_false(ike_sa_set_keys(sa, &unknown, &keys, &rng));
}

#define ADD(path, function) g_test_add("/ike/ike-sa/" path, Pair, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("seals-both-ways", test_both_ways);
    ADD("fragments-where-agreed", test_fragments);
    ADD("message-ids", test_message_ids);
    ADD("refuses-unusable-suite", test_unusable_suite);
    return g_test_run();
}
