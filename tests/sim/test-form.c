/* What the engine sends, octet by octet as a gateway sees it, in every exchange: the fixed fields
 * of headers and payloads, what is sent again, what belongs together (RFC 7296, section 3; RFC
 * 4555; RFC 8598, section 3.1). */
#include <string.h>

#include "exchanges.h"
#include "ike-responder-private.h"
#include "crypto/algorithms.h"
#include "ike/registry.h"

/* All that went to the gateway in a run. */
typedef struct {
    Sim *sim;
    GPtrArray *datagrams; /* GBytes, as sent */
    GPtrArray *messages;  /* IkeMessage, opened; not for fragments */
} Sent;

static const ResponderSa *
find_sa(Sim *sim, const IkeHeader *header)
{
    for (guint i = 0; i < sim->gateway->sas->len; i++) {
        const ResponderSa *sa = g_ptr_array_index(sim->gateway->sas, i);
        if (sa->ike->spi_i == header->spi_i && sa->ike->spi_r == header->spi_r)
            return sa;
    }
    return NULL;
}

/* RFC 7296, section 3.1 */
static void
check_header(Sent *sent, const IkeMessage *message, GBytes *datagram)
{
    const uint8_t *octets = g_bytes_get_data(datagram, NULL);
    const IkeHeader *header = &message->header;
    bool init = header->exchange == IKE_EXCHANGE_SA_INIT;
    const ResponderSa *sa = init ? NULL : find_sa(sent->sim, header);
    g_assert_cmpuint(octets[17], ==, 0x20); /* version 2.0 */
    g_assert_cmpuint(octets[19] & ~(IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE), ==, 0);
    g_assert_cmpuint(header->length, ==, g_bytes_get_size(datagram));
    g_assert_cmpuint(header->spi_i, !=, 0);
    g_assert_true(init || sa != NULL);
    g_assert_true((header->spi_r == 0) == init);
    g_assert_true(ike_header_from_initiator(header) == (init || !sa->ike->original_initiator));
    g_assert_true(!init || header->message_id == 0);
}

static void
assert_zero(const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_assert_cmpuint(octets[i], ==, 0);
}

/* RFC 7296, sections 3.3.1 and 3.3.2 */
static void
check_sa(const uint8_t *body, size_t length)
{
    unsigned number = 0;
    while (length > 0) {
        size_t proposal = (size_t)body[2] << 8 | body[3];
        g_assert_cmpuint(body[0], ==, proposal < length ? 2 : 0);
        g_assert_cmpuint(body[1], ==, 0);
        g_assert_cmpuint(body[4], ==, ++number);
        const uint8_t *transform = body + 8 + body[6];
        for (unsigned i = 0; i < body[7]; i++) {
            g_assert_cmpuint(transform[0], ==, i + 1 < body[7] ? 3 : 0);
            g_assert_cmpuint(transform[1], ==, 0);
            g_assert_cmpuint(transform[5], ==, 0);
            transform += (size_t)transform[2] << 8 | transform[3];
        }
        g_assert_true(transform == body + proposal);
        body += proposal;
        length -= proposal;
    }
}

/* RFC 7296, section 3.15: attributes with a bit that is zero, and their lengths. */
static void
check_cp(const uint8_t *body, size_t length)
{
    assert_zero(body + 1, 3);
    body += 4;
    length -= 4;
    while (length > 0) {
        size_t value = (size_t)body[2] << 8 | body[3];
        g_assert_cmpuint(body[0] & 0x80, ==, 0);
        g_assert_cmpuint(value + 4, <=, length);
        body += value + 4;
        length -= value + 4;
    }
}

/* RFC 7296, sections 3.10 and 3.11; here only ESP has an SPI. */
static void
check_spi(uint8_t protocol, uint8_t spi_size)
{
    g_assert_cmpuint(spi_size, ==, protocol == IKE_PROTOCOL_ESP ? 4 : 0);
}

static void
check_body(uint8_t type, const uint8_t *body, size_t length)
{
    switch (type) {
    case IKE_PAYLOAD_SA:
        check_sa(body, length);
        break;
    case IKE_PAYLOAD_KE:
        assert_zero(body + 2, 2);
        break;
    case IKE_PAYLOAD_IDI:
    case IKE_PAYLOAD_IDR:
    case IKE_PAYLOAD_AUTH:
    case IKE_PAYLOAD_TSI:
    case IKE_PAYLOAD_TSR:
        assert_zero(body + 1, 3);
        break;
    case IKE_PAYLOAD_NONCE:
        g_assert_cmpuint(length, >=, 32); /* half of the longest key, of PRF_HMAC_SHA2_512 */
        g_assert_cmpuint(length, <=, 256);
        break;
    case IKE_PAYLOAD_NOTIFY:
        g_assert_true(body[0] == IKE_PROTOCOL_NONE || body[0] == IKE_PROTOCOL_ESP);
        check_spi(body[0], body[1]);
        break;
    case IKE_PAYLOAD_DELETE:
        check_spi(body[0], body[1]);
        break;
    case IKE_PAYLOAD_CP:
        check_cp(body, length);
        break;
    default:
        break;
    }
}

/* RFC 7296, section 3.2: nothing is critical that the standard knows, RESERVED is zero. */
static void
check_chain(uint8_t type, const uint8_t *octets, size_t length)
{
    while (type != IKE_PAYLOAD_NONE) {
        g_assert_cmpuint(length, >=, 4);
        size_t payload = (size_t)octets[2] << 8 | octets[3];
        g_assert_cmpuint(payload, <=, length);
        g_assert_cmpuint(octets[1], ==, 0);
        if (type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF) {
            g_assert_cmpuint(payload, ==, length); /* the last one */
            return;
        }
        check_body(type, octets + 4, payload - 4);
        type = octets[0];
        octets += payload;
        length -= payload;
    }
    g_assert_cmpuint(length, ==, 0);
}

/* Opens it as the gateway does, by the octets. */
static void
check_content(Sent *sent, IkeMessage *message, GBytes *datagram)
{
    const ResponderSa *sa = find_sa(sent->sim, &message->header);
    gsize length;
    g_autoptr(GBytes) plain = payload_sk_open(&message->sk, datagram, sa->ike->aead_in, NULL);
    g_assert_nonnull(plain);
    if (message->sk.fragment)
        return;
    const uint8_t *octets = g_bytes_get_data(plain, &length);
    check_chain(message->sk.first_inner, octets, length);
    g_autoptr(IkeFragmentBuffer) none = ike_fragment_buffer_new();
    g_assert_cmpint(ike_message_open(message, sa->ike->aead_in, none, NULL), ==, IKE_DECODE_OK);
    g_ptr_array_add(sent->messages, ike_message_ref(message));
}

static LinkFate
watch(gpointer data, LinkDirection direction, unsigned number, GBytes *datagram)
{
    Sent *sent = data;
    gsize length;
    if (direction != LINK_UP)
        return (LinkFate){ 0 };
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    g_autoptr(IkeMessage) message = NULL;
    g_assert_cmpint(ike_message_parse(datagram, &message, NULL), ==, IKE_DECODE_OK);
    check_header(sent, message, datagram);
    check_chain(octets[16], octets + 28, length - 28);
    g_ptr_array_add(sent->datagrams, g_bytes_ref(datagram));
    if (message->sealed)
        check_content(sent, message, datagram);
    else
        g_ptr_array_add(sent->messages, ike_message_ref(message));
    return (LinkFate){ 0 };
}

static void
sent_init(Sent *sent, Sim *sim)
{
    sent->sim = sim;
    sent->datagrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    sent->messages = g_ptr_array_new_with_free_func((GDestroyNotify)ike_message_free);
    sim->link.script = watch;
    sim->link.script_data = sent;
}

static void
sent_clear(Sent *sent)
{
    g_ptr_array_unref(sent->datagrams);
    g_ptr_array_unref(sent->messages);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sent, sent_clear)

static void
check_together(const IkeMessage *message)
{
    const IkePayload *sa = ike_message_find(message, IKE_PAYLOAD_SA);
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    if (message->header.exchange == IKE_EXCHANGE_FOLLOWUP_KE) { /* RFC 9370, section 2.2.4 */
        bool linked = ike_message_find_notify(message, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE) != NULL;
        g_assert_nonnull(ke);
        g_assert_null(sa);
        g_assert_true(linked || ike_header_is_response(&message->header));
    } else if (message->header.exchange == IKE_EXCHANGE_SA_INIT) /* RFC 7296, section 3.3.1 */
        g_assert_cmpuint(ike_proposal_list_get(sa->sa.proposals, 0)->spi_length, ==, 0);
    if (ke != NULL && message->header.exchange != IKE_EXCHANGE_FOLLOWUP_KE &&
        message->header.exchange != IKE_EXCHANGE_INTERMEDIATE)
        /* RFC 7296, sections 1.3 and 3.4 */
        g_assert_true(ike_proposal_list_offers_ke(sa->sa.proposals, ke->ke.group));
    bool seen = false;
    for (guint i = 0; i < message->payloads->len; i++) {
        const IkePayload *payload = g_ptr_array_index(message->payloads, i);
        seen = seen || payload->type == IKE_PAYLOAD_SA;
        g_assert_false(seen && payload->type == IKE_PAYLOAD_CP); /* RFC 7296, section 2.19 */
    }
}

/* RFC 7296, section 3.9: a nonce is used once, but for what is asked again in IKE_SA_INIT. */
static void
check_nonces(const GPtrArray *messages)
{
    g_autoptr(GHashTable) nonces = g_hash_table_new(g_bytes_hash, g_bytes_equal);
    for (guint i = 0; i < messages->len; i++) {
        const IkeMessage *message = g_ptr_array_index(messages, i);
        const IkePayload *payload = ike_message_find(message, IKE_PAYLOAD_NONCE);
        if (payload != NULL && message->header.exchange != IKE_EXCHANGE_SA_INIT)
            g_assert_true(g_hash_table_add(nonces, payload->nonce.data));
    }
}

static void
test_exchange(gconstpointer data)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    exchange_begin(&sim, data);
    sent_init(&sent, &sim);
    exchange_trigger(&sim, data);
    sim_run(&sim, 5 * DURATION_SECOND);
    g_assert_cmpuint(sent.datagrams->len, >, 0);
    for (guint i = 0; i < sent.messages->len; i++)
        check_together(g_ptr_array_index(sent.messages, i));
    check_nonces(sent.messages);
}

/* RFC 7296, section 2.1: to the last bit. Requests and responses, in fragments too. */
static void
test_repeated(void)
{
    for (size_t i = 0; i < n_exchanges; i++) {
        g_auto(Sim) sim = { 0 };
        g_auto(Sent) sent = { 0 };
        g_autoptr(GHashTable) known = g_hash_table_new(g_bytes_hash, g_bytes_equal);
        exchange_begin(&sim, &exchanges[i]);
        sent_init(&sent, &sim);
        sim.link.blocked[LINK_UP] = true;
        exchange_trigger(&sim, &exchanges[i]);
        sim_run(&sim, 200 * DURATION_MILLISECOND);
        guint first = sent.datagrams->len;
        g_assert_cmpuint(first, >, 0);
        if (sim.closed) /* and the SA is forgotten */
            continue;
        for (guint k = 0; k < first; k++)
            g_hash_table_add(known, g_ptr_array_index(sent.datagrams, k));
        if (ike_responder_sa(sim.gateway) != NULL)
            responder_sa_repeat(sim.gateway, ike_responder_sa(sim.gateway));
        sim_drain(&sim);
        sim_run(&sim, 1600 * DURATION_MILLISECOND);
        /* Some may have been repeated by themselves before. */
        guint last = first + g_hash_table_size(known);
        g_assert_cmpuint(sent.datagrams->len, >=, last);
        for (guint k = first; k < last; k++)
            g_assert_true(g_hash_table_contains(known, g_ptr_array_index(sent.datagrams, k)));
    }
}

static const IkeMessage *
find_exchange(const Sent *sent, uint8_t exchange)
{
    for (guint i = 0; i < sent->messages->len; i++) {
        const IkeMessage *message = g_ptr_array_index(sent->messages, i);
        if (message->header.exchange == exchange)
            return message;
    }
    return NULL;
}

static unsigned
count_attribute(const PayloadCp *cp, uint16_t type)
{
    unsigned count = 0;
    for (guint i = 0; i < cp->attributes->len; i++)
        count += payload_cp_get(cp, i)->type == type;
    return count;
}

static void
test_auth_request(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sent_init(&sent, &sim);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    const IkeMessage *init = find_exchange(&sent, IKE_EXCHANGE_SA_INIT);
    const IkeMessage *auth = find_exchange(&sent, IKE_EXCHANGE_AUTH);
    const PayloadNotify *fragments =
        ike_message_find_notify(init, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED);
    g_assert_nonnull(ike_message_find_notify(init, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP));
    g_assert_nonnull(ike_message_find_notify(init, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP));
    g_assert_cmpuint(g_bytes_get_size(fragments->data), ==, 0);
    const PayloadNotify *mobike = ike_message_find_notify(auth, IKE_NOTIFY_MOBIKE_SUPPORTED);
    g_assert_cmpuint(g_bytes_get_size(mobike->data), ==, 0);
    g_assert_null(ike_message_find_notify(auth, IKE_NOTIFY_INITIAL_CONTACT));
    const PayloadCp *cp = &ike_message_find(auth, IKE_PAYLOAD_CP)->cp;
    g_assert_cmpuint(count_attribute(cp, IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS), ==, 1);
    g_assert_cmpuint(count_attribute(cp, IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS), ==, 1);
    g_assert_cmpuint(count_attribute(cp, IKE_ATTRIBUTE_INTERNAL_IP4_DNS), ==, 1);
    g_assert_cmpuint(count_attribute(cp, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN), ==, 1);
    g_assert_cmpuint(count_attribute(cp, IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA), ==, 1);
    for (guint i = 0; i < cp->attributes->len; i++)
        g_assert_cmpuint(g_bytes_get_size(payload_cp_get(cp, i)->value), ==, 0);
}

/* HDR, SK {..., CP(CFG_REQUEST: ..., INTERNAL_DNS_DOMAIN(), INTERNAL_DNSSEC_TA(),
 * INTERNAL_DNS_DOMAIN(corp.example), INTERNAL_DNSSEC_TA(...)), ...}  -->   in this order (RFC 8598,
 * section 3.4.2) */
static void
test_anchors_told(void)
{
    static const uint8_t anchor[] = { 0x7a, 0xae, 13, 2, 'F', '7' };
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim_ask(&sim, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, "corp.example", strlen("corp.example"));
    sim_ask(&sim, IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA, anchor, sizeof anchor);
    sent_init(&sent, &sim);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    const IkeMessage *auth = find_exchange(&sent, IKE_EXCHANGE_AUTH);
    const PayloadCp *cp = &ike_message_find(auth, IKE_PAYLOAD_CP)->cp;
    for (guint i = 0; i < sim.request_split_dns->len; i++) {
        const IkeConfigAttribute *asked = sim.request_split_dns->pdata[i];
        const CpAttribute *one =
            payload_cp_get(cp, cp->attributes->len - sim.request_split_dns->len + i);
        g_assert_cmpuint(one->type, ==, asked->type);
        g_assert_true(g_bytes_equal(one->value, asked->value));
    }
}

/* HDR, SK {N(UPDATE_SA_ADDRESSES)}  -->   twice: the second move has its own (RFC 4555, section
 * 3.6). */
static void
test_moved_twice(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    unsigned updates = 0;
    uint32_t last = UINT32_MAX;
    sim_init(&sim, 1);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sent_init(&sent, &sim);
    for (unsigned i = 0; i < 2; i++) {
        sim.path.local.port++;
        sim.path.id++;
        ike_engine_path_changed(sim.engine, &sim.path, sim.link.now);
        sim_drain(&sim);
    }
    sim_run(&sim, DURATION_SECOND);
    for (guint i = 0; i < sent.messages->len; i++) {
        const IkeMessage *message = g_ptr_array_index(sent.messages, i);
        if (message->header.message_id == last)
            continue;
        last = message->header.message_id;
        updates += ike_message_find_notify(message, IKE_NOTIFY_UPDATE_SA_ADDRESSES) != NULL;
        g_assert_nonnull(ike_message_find_notify(message, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP));
    }
    g_assert_cmpuint(updates, ==, 2);
}

/* What a gateway puts into an INFORMATIONAL request comes back where MOBIKE says so. */
static const PayloadNotify *
answer_to(Sim *sim, Sent *sent, uint16_t asked, uint16_t wanted, const void *data, size_t length)
{
    sim_init(sim, 1);
    sim_start(sim);
    g_assert_true(sim_connect(sim));
    sent_init(sent, sim);
    responder_sa_notify(sim->gateway, ike_responder_sa(sim->gateway), asked, data, length);
    sim_drain(sim);
    sim_run(sim, DURATION_SECOND);
    g_assert_cmpuint(sent->messages->len, ==, 1);
    return ike_message_find_notify(g_ptr_array_index(sent->messages, 0), wanted);
}

static void
test_cookie2(void)
{
    static const uint8_t cookie[64] = { 1, 2, 3 };
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    const PayloadNotify *notify =
        answer_to(&sim, &sent, IKE_NOTIFY_COOKIE2, IKE_NOTIFY_COOKIE2, cookie, sizeof cookie);
    g_assert_cmpmem(g_bytes_get_data(notify->data, NULL), g_bytes_get_size(notify->data), cookie,
                    sizeof cookie);
}

static void
test_nat_detection(void)
{
    static const uint8_t hash[20] = { 1 };
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    const PayloadNotify *notify =
        answer_to(&sim, &sent, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP,
                  IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, hash, sizeof hash);
    g_assert_nonnull(notify);
    g_assert_cmpuint(g_bytes_get_size(notify->data), ==, 20);
}

/* Types that nobody knows, of statuses and, in a request, of errors, are ignored, and answered with
 * nothing (RFC 7296, section 3.10.1); as is a suspicion of the gateway's (section 2.21.4). */
static void
test_unknown_types(void)
{
    static const uint16_t types[] = { 50000, 20000, 8191, 16383, IKE_NOTIFY_INVALID_SPI };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_auto(Sim) sim = { 0 };
        g_auto(Sent) sent = { 0 };
        g_assert_null(answer_to(&sim, &sent, types[i], types[i], "anything", 8));
        const IkeMessage *reply = g_ptr_array_index(sent.messages, 0);
        g_assert_cmpuint(reply->payloads->len, ==, 0);
        g_assert_cmpint(sim.state, ==, IKE_STATE_ESTABLISHED);
    }
}

/* The octets of a message behind its header, and behind a cookie that comes first. */
static GBytes *
without_cookie(GBytes *datagram)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(datagram, &length);
    size_t skip = 28;
    if (octets[16] == IKE_PAYLOAD_NOTIFY && (octets[34] << 8 | octets[35]) == IKE_NOTIFY_COOKIE)
        skip += (size_t)octets[30] << 8 | octets[31];
    return g_bytes_new(octets + skip, length - skip);
}

/* RFC 7296, section 2.6: the cookie first, as it came, and all else as before. */
static void
test_with_cookie(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->want_cookie = true;
    sent_init(&sent, &sim);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    g_autoptr(GBytes) before = without_cookie(g_ptr_array_index(sent.datagrams, 0));
    g_autoptr(GBytes) after = without_cookie(g_ptr_array_index(sent.datagrams, 1));
    const IkeMessage *second = g_ptr_array_index(sent.messages, 1);
    const IkePayload *first = g_ptr_array_index(second->payloads, 0);
    g_assert_true(g_bytes_equal(before, after));
    g_assert_cmpuint(first->type, ==, IKE_PAYLOAD_NOTIFY);
    g_assert_true(g_bytes_equal(first->notify.data, sim.gateway->cookie));
}

/* RFC 7296, section 1.2: another group is no reason to offer less. */
static void
test_with_other_group(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim.gateway = ike_responder_new(&sim.gateway_config, &sim.gateway_rng.rng);
    ike_responder_faults(sim.gateway)->want_group = KE_ECP_256;
    sent_init(&sent, &sim);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    char *offers[2];
    for (size_t i = 0; i < 2; i++) {
        const IkeMessage *message = g_ptr_array_index(sent.messages, i);
        const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
        offers[i] =
            ike_proposal_list_to_string(ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals);
        g_assert_cmpuint(ke->ke.group, ==, i == 0 ? KE_CURVE25519 : KE_ECP_256);
    }
    g_assert_cmpstr(offers[0], ==, offers[1]);
    g_free(offers[0]);
    g_free(offers[1]);
}

/* RFC 7296, section 1.3.3: what is replaced is named, by the SPI that it sends us packets with. */
static void
test_replaced_is_named(void)
{
    uint32_t spi;
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim.config->child_lifetime = 10 * DURATION_MINUTE;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    uint32_t old = ((const IkeChild *)g_ptr_array_index(sim.installed, 0))->spi_in;
    sent_init(&sent, &sim);
    sim_run(&sim, 11 * DURATION_MINUTE);
    const IkeMessage *request = find_exchange(&sent, IKE_EXCHANGE_CREATE_CHILD_SA);
    const PayloadNotify *named = ike_message_find_notify(request, IKE_NOTIFY_REKEY_SA);
    g_assert_nonnull(named);
    g_assert_cmpuint(named->protocol, ==, IKE_PROTOCOL_ESP);
    g_assert_true(payload_notify_child_spi(named, &spi));
    g_assert_cmpuint(spi, ==, old);
}

/* HDR, SK {D}  -->  meets  <--  HDR, SK {D} of the same pair: our answer names it no more (RFC
 * 7296, section 1.4.1). */
static void
test_both_delete(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim.config->child_lifetime = 10 * DURATION_MINUTE;
    sim.config->liveness_interval = 60 * DURATION_MINUTE;
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sim_until_sent(&sim);                      /* our rekeying */
    sim_run(&sim, 100 * DURATION_MILLISECOND); /* is answered */
    sent_init(&sent, &sim);
    sim_until_sent(&sim); /* our DELETE of the old one */
    ike_responder_forget_replaced(sim.gateway);
    responder_sa_delete_child(sim.gateway, ike_responder_sa(sim.gateway)); /* the same */
    sim_drain(&sim);
    sim_run(&sim, 100 * DURATION_MILLISECOND);
    g_assert_cmpuint(sent.messages->len, ==, 2);
    const IkeMessage *request = g_ptr_array_index(sent.messages, 0);
    const IkeMessage *response = g_ptr_array_index(sent.messages, 1);
    g_assert_false(ike_header_is_response(&request->header));
    g_assert_nonnull(ike_message_find(request, IKE_PAYLOAD_DELETE));
    g_assert_true(ike_header_is_response(&response->header));
    g_assert_cmpuint(response->payloads->len, ==, 0);
}

/* <--  HDR, SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}     HDR, SK {SA, Nr, TSi, TSr}  -->   where
 * NONE is what both can: the KE payload is ignored (RFC 7296, section 3.3.6) */
static void
test_rekeyed_without_group(void)
{
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    ike_proposal_list_unref(sim.config->esp_proposals);
    ike_proposal_list_unref(sim.gateway_config.esp_proposals);
    sim.config->esp_proposals = ike_proposal_list_from_words("aes256gcm16", IKE_PROTOCOL_ESP, NULL);
    sim.gateway_config.esp_proposals =
        ike_proposal_list_from_words("aes256gcm16-x25519-nopfs", IKE_PROTOCOL_ESP, NULL);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sent_init(&sent, &sim);
    responder_sa_rekey_child(sim.gateway, ike_responder_sa(sim.gateway));
    sim_drain(&sim);
    sim_run(&sim, 5 * DURATION_SECOND);
    const IkeMessage *answer = find_exchange(&sent, IKE_EXCHANGE_CREATE_CHILD_SA);
    g_assert_null(ike_message_find(answer, IKE_PAYLOAD_KE));
    g_assert_cmpuint(sim.n_installed, ==, 2);
    g_assert_cmpuint(sim.installed->len, ==, 1);
    g_assert_cmpuint(((const IkeChild *)g_ptr_array_index(sim.installed, 0))->ke, ==, KE_NONE);
}

/* <--  HDR, SK {CP(CFG_SET)}      HDR, SK {}  -->   nothing of ours is set from there (RFC 7296,
 * section 3.15.1) */
static void
test_configuration_set(void)
{
    static const uint8_t set[] = { 0, 0, 0, 16, 3, 0, 0, 0, 0, 1, 0, 4, 10, 77, 0, 99 };
    g_auto(Sim) sim = { 0 };
    g_auto(Sent) sent = { 0 };
    sim_init(&sim, 1);
    sim_start(&sim);
    g_assert_true(sim_connect(&sim));
    sent_init(&sent, &sim);
    ResponderSa *sa = ike_responder_sa(sim.gateway);
    g_autoptr(IkeMessage) model = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    g_autoptr(GPtrArray) datagrams =
        responder_seal_raw(sa, &model->header, IKE_PAYLOAD_CP, set, sizeof set);
    GBytes *datagram = g_ptr_array_index(datagrams, 0);
    IkeVerdict verdict =
        sim_inject(&sim, g_bytes_get_data(datagram, NULL), g_bytes_get_size(datagram));
    g_assert_cmpint(verdict, ==, IKE_VERDICT_OK);
    g_assert_cmpuint(sent.messages->len, ==, 1);
    const IkeMessage *reply = g_ptr_array_index(sent.messages, 0);
    g_assert_cmpuint(reply->payloads->len, ==, 0);
    g_assert_cmpuint(sim.n_configured, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < n_exchanges; i++) {
        g_autofree char *path = g_strdup_printf("/sim/form/%s", exchanges[i].name);
        g_test_add_data_func(path, &exchanges[i], test_exchange);
    }
    g_test_add_func("/sim/form/repeated-to-the-bit", test_repeated);
    g_test_add_func("/sim/form/auth-request", test_auth_request);
    g_test_add_func("/sim/form/anchors-told", test_anchors_told);
    g_test_add_func("/sim/form/moved-twice", test_moved_twice);
    g_test_add_func("/sim/form/cookie2", test_cookie2);
    g_test_add_func("/sim/form/nat-detection-answered", test_nat_detection);
    g_test_add_func("/sim/form/unknown-types", test_unknown_types);
    g_test_add_func("/sim/form/with-cookie", test_with_cookie);
    g_test_add_func("/sim/form/with-other-group", test_with_other_group);
    g_test_add_func("/sim/form/replaced-is-named", test_replaced_is_named);
    g_test_add_func("/sim/form/both-delete", test_both_delete);
    g_test_add_func("/sim/form/rekeyed-without-group", test_rekeyed_without_group);
    g_test_add_func("/sim/form/configuration-set", test_configuration_set);
    return g_test_run();
}
