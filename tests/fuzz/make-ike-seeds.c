/*
 * Writes the seeds of the targets for IKE with the builders that ship: make-ike-seeds
 * CORPUS-FOLDER. Its output is committed; run it again when a payload learns something.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "ike/message.h"

static const char *corpus;

static void
save(const char *target, const char *name, const void *data, size_t length)
{
    g_autofree char *folder = g_build_filename(corpus, target, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(folder, 0755);
    if (!g_file_set_contents(path, data, (gssize)length, &error))
        g_error("%s", error->message);
}

static void
save_hex(const char *target, const char *name, const char *hex)
{
    GByteArray *octets = g_byte_array_new();
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ')
            continue;
        guint8 octet = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(octets, &octet, 1);
        hex++;
    }
    save(target, name, octets->data, octets->len);
    g_byte_array_unref(octets);
}

/* --- Messages, and the payloads in them --- */

static const char *
target_of(uint8_t type)
{
    switch (type) {
    case IKE_PAYLOAD_IDR:
        type = IKE_PAYLOAD_IDI;
        break;
    case IKE_PAYLOAD_TSR:
        type = IKE_PAYLOAD_TSI;
        break;
    default:
        break;
    }
    static const struct {
        uint8_t type;
        const char *target;
    } targets[] = {
        { IKE_PAYLOAD_SA, "ike-payload-sa" },
        { IKE_PAYLOAD_KE, "ike-payload-ke" },
        { IKE_PAYLOAD_IDI, "ike-payload-id" },
        { IKE_PAYLOAD_CERT, "ike-payload-cert" },
        { IKE_PAYLOAD_CERTREQ, "ike-payload-certreq" },
        { IKE_PAYLOAD_AUTH, "ike-payload-auth" },
        { IKE_PAYLOAD_NONCE, "ike-payload-nonce" },
        { IKE_PAYLOAD_NOTIFY, "ike-payload-notify" },
        { IKE_PAYLOAD_DELETE, "ike-payload-delete" },
        { IKE_PAYLOAD_VENDOR, "ike-payload-vendor" },
        { IKE_PAYLOAD_TSI, "ike-payload-ts" },
        { IKE_PAYLOAD_CP, "ike-payload-cp" },
        { IKE_PAYLOAD_EAP, "ike-payload-eap" },
        { IKE_PAYLOAD_PUZZLE, "ike-payload-puzzle" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
        if (targets[i].type == type)
            return targets[i].target;
    g_assert_not_reached();
}

static void
save_payload(const char *name, guint index, const IkePayload *payload)
{
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_payload_write(payload, IKE_PAYLOAD_NONE, &writer);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    g_autofree char *file = g_strdup_printf("%s-%u", name, index);
    const uint8_t *data = g_bytes_get_data(octets, NULL);
    save(target_of(payload->type), file, data + IKE_PAYLOAD_HEADER_LENGTH,
         g_bytes_get_size(octets) - IKE_PAYLOAD_HEADER_LENGTH);
}

/* The message itself, what is inside for fuzz-ike-sealed, its header, and each payload. */
static void
save_message(const char *name, IkeMessage *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) octets = ike_message_write(message, &error);
    if (octets == NULL)
        g_error("%s", error->message);
    gsize length;
    const uint8_t *data = g_bytes_get_data(octets, &length);
    save("ike-message", name, data, length);
    save("ike-header", name, data, IKE_HEADER_LENGTH);
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    const uint8_t exchange = (uint8_t)((message->header.exchange + 2) % 4); /* as it reads it */
    const uint8_t head[3] = { data[16], (uint8_t)((message->header.flags & 0x20) | exchange),
                              (uint8_t)(message->payloads->len > 3 ? 100 : 0) };
    g_byte_array_append(sealed, head, sizeof head);
    g_byte_array_append(sealed, data + IKE_HEADER_LENGTH, (guint)(length - IKE_HEADER_LENGTH));
    save("ike-sealed", name, sealed->data, sealed->len);
    for (guint i = 0; i < message->payloads->len; i++)
        save_payload(name, i, message->payloads->pdata[i]);
}

static GBytes *
octets(size_t length)
{
    uint8_t *data = g_malloc(length);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(i * 7 + 1);
    return g_bytes_new_take(data, length);
}

static IkeMessage *
begin(uint8_t exchange, uint8_t flags, uint32_t message_id)
{
    IkeHeader header = { .spi_i = 0x0102030405060708,
                         .spi_r = message_id == 0 ? 0 : 0x1112131415161718,
                         .exchange = exchange,
                         .flags = flags,
                         .message_id = message_id };
    return ike_message_new(&header);
}

static void
init_request(void)
{
    g_autoptr(IkeMessage) message = begin(IKE_EXCHANGE_SA_INIT, IKE_FLAG_INITIATOR, 0);
    g_autoptr(IkeProposalList) proposals = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    g_autoptr(GBytes) public = octets(32);
    g_autoptr(GBytes) hash = octets(20);
    ike_message_add_notify(message, IKE_NOTIFY_COOKIE, "cookie", 6);
    ike_message_add_sa(message, proposals);
    ike_message_add_ke(message, KE_CURVE25519, public);
    ike_message_add_nonce(message, public);
    ike_message_add_notify(message, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP,
                           g_bytes_get_data(hash, NULL), 20);
    ike_message_add_notify(message, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
    ike_message_add_notify(message, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, "\0\2\0\3", 4);
    ike_message_add_vendor(message, "vendor", 6);
    save_message("init-request", message);
}

static void
init_answers(void)
{
    g_autoptr(IkeMessage) group = begin(IKE_EXCHANGE_SA_INIT, IKE_FLAG_RESPONSE, 0);
    ike_message_add_notify(group, IKE_NOTIFY_INVALID_KE_PAYLOAD, "\0\x13", 2);
    save_message("init-invalid-ke", group);
    g_autoptr(IkeMessage) refused = begin(IKE_EXCHANGE_SA_INIT, IKE_FLAG_RESPONSE, 0);
    ike_message_add_notify(refused, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
    save_message("init-no-proposal", refused);
    g_autoptr(IkeMessage) answer = begin(IKE_EXCHANGE_SA_INIT, IKE_FLAG_RESPONSE, 0);
    g_autoptr(IkeProposalList) proposals =
        ike_proposal_list_from_words("aes256-sha256-prfsha256-ecp256", IKE_PROTOCOL_IKE, NULL);
    g_autoptr(GBytes) public = octets(64);
    ike_message_add_sa(answer, proposals);
    ike_message_add_ke(answer, KE_ECP_256, public);
    ike_message_add_nonce(answer, public);
    ike_message_add_certreq(answer, IKE_CERT_X509_SIGNATURE, public);
    save_message("init-response", answer);
}

static void
add_selectors(IkeMessage *message, uint8_t type, const char *first, const char *second)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    const char *const texts[] = { first, second };
    for (size_t i = 0; i < 2; i++) {
        InetPrefix prefix;
        if (!inet_prefix_parse(texts[i], &prefix, NULL))
            g_error("%s", texts[i]);
        TrafficSelector selector = traffic_selector_for_prefix(&prefix);
        selector.protocol = i == 0 ? 0 : 6;
        g_array_append_val(selectors, selector);
    }
    ike_message_add_ts(message, type, selectors);
}

static void
add_child(IkeMessage *message)
{
    g_autoptr(IkeProposalList) plain = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    g_autoptr(IkeProposalList) proposals = ike_proposal_list_with_spi(plain, "\1\2\3\4", 4);
    ike_message_add_sa(message, proposals);
    add_selectors(message, IKE_PAYLOAD_TSI, "10.77.0.10", "2001:db8:77::10");
    add_selectors(message, IKE_PAYLOAD_TSR, "0.0.0.0/0", "2001:db8:99::/64");
}

static void
auth_request(void)
{
    g_autoptr(IkeMessage) message = begin(IKE_EXCHANGE_AUTH, IKE_FLAG_INITIATOR, 1);
    g_autoptr(GBytes) name = g_bytes_new("tess@example.com", 16);
    g_autoptr(GBytes) address = g_bytes_new("\xc0\0\2\1", 4);
    g_autoptr(GBytes) blob = octets(120);
    ike_message_add_id(message, IKE_PAYLOAD_IDI, IKE_ID_RFC822_ADDR, name);
    ike_message_add_id(message, IKE_PAYLOAD_IDR, IKE_ID_IPV4_ADDR, address);
    ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, blob);
    ike_message_add_certreq(message, IKE_CERT_X509_SIGNATURE, blob);
    ike_message_add_auth(message, IKE_AUTH_METHOD_SIGNATURE, blob);
    PayloadCp *cp = ike_message_add_cp(message, IKE_CFG_REQUEST);
    static const uint16_t types[] = { 1, 3, 8, 10, 13, 15, 25, 26, 27, 28 };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        payload_cp_add(cp, types[i], NULL, 0);
    add_child(message);
    ike_message_add_notify(message, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
    save_message("auth-request", message);
}

static void
auth_response(void)
{
    static const uint8_t address[17] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x10, [16] = 64 };
    g_autoptr(IkeMessage) message = begin(IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 1);
    g_autoptr(GBytes) name = g_bytes_new("gw.example", 10);
    g_autoptr(GBytes) mac = octets(32);
    ike_message_add_id(message, IKE_PAYLOAD_IDR, IKE_ID_FQDN, name);
    ike_message_add_auth(message, IKE_AUTH_METHOD_PSK, mac);
    PayloadCp *cp = ike_message_add_cp(message, IKE_CFG_REPLY);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS, "\n\115\0\n", 4);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP4_NETMASK, "\377\377\377\0", 4);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP4_DNS, "\n\143\0\1", 4);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP4_SUBNET, "\n\143\0\0\377\377\377\0", 8);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS, address, 17);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET, address, 17);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_IP6_DNS, address, 16);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN, "corp.example", 12);
    payload_cp_add(cp, IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA,
                   "\x7a\xae\x08\x02"
                   "0123456789abcdef",
                   20);
    add_child(message);
    save_message("auth-response", message);
}

static void
later_exchanges(void)
{
    static const uint32_t spis[] = { 0x01020304, 0xa1b2c3d4 };
    g_autoptr(GBytes) nonce = octets(32);
    g_autoptr(IkeMessage) rekey = begin(IKE_EXCHANGE_CREATE_CHILD_SA, IKE_FLAG_INITIATOR, 2);
    ike_message_add_notify_child(rekey, IKE_NOTIFY_REKEY_SA, spis[0]);
    ike_message_add_nonce(rekey, nonce);
    add_child(rekey);
    save_message("rekey-child", rekey);
    g_autoptr(IkeMessage) children = begin(IKE_EXCHANGE_INFORMATIONAL, 0, 3);
    ike_message_add_delete_children(children, spis, G_N_ELEMENTS(spis));
    save_message("delete-children", children);
    g_autoptr(IkeMessage) all = begin(IKE_EXCHANGE_INFORMATIONAL, 0, 4);
    ike_message_add_delete_ike(all);
    save_message("delete-ike", all);
    g_autoptr(IkeMessage) alive = begin(IKE_EXCHANGE_INFORMATIONAL, IKE_FLAG_RESPONSE, 5);
    save_message("alive", alive);
    g_autoptr(IkeMessage) eap = begin(IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 2);
    g_autoptr(GBytes) packet = g_bytes_new("\1\52\0\11\1tess", 9);
    ike_message_add_eap(eap, packet);
    save_message("eap", eap);
}

/* What the builders do not make. */
static void
by_hand(void)
{
    save_hex("ike-message", "unknown-critical",
             "0102030405060708 0000000000000000 c8 20 22 08 00000000 00000024 00 80 0008 00000000");
    save_hex("ike-message", "fragment",
             "0102030405060708 1112131415161718 35 20 23 20 00000001 00000034"
             "24 00 0018 0001 0002 0000000000000001 0102030405060708");
    save_hex("ike-payload-sa", "unknown-attributes",
             "00 00 003e 01 03 04 04 a1b2c3d4 03 00 0010 01 00 0014 800e0100 80630001"
             "03 00 000e 01 00 0014 0064 0002 0102 03 00 000c 01 00 0014 800e0100"
             "00 00 0008 05 00 0000");
    save_hex("ike-payload-sa", "unknown-protocol", "00 00 000d 01 63 05 07 0102030405");
    save_hex("ike-payload-ts", "opaque-and-unknown",
             "02 000000 09 00 0006 0102 07 11 0010 ffff 0000 0a000000 0a000000");
    save_hex("ike-payload-id", "ipv6", "05 000000 20010db8000000000000000000000001");
    save_hex("ike-payload-id", "dn", "09 000000 300d310b3009060355040613024154");
    save_hex("ike-payload-eap", "success", "03 2a 0004");
    save_hex("ike-fragment", "in-order", "01 0001 0002 02 6161 01 0002 0002 02 6262");
    save_hex("ike-fragment", "greater-total",
             "01 0001 0002 01 61 01 0003 0003 01 63 01 0001 0003 01 61 01 0002 0003 01 62");
    save_hex("ike-fragment", "repeated-and-next",
             "01 0001 0002 01 61 01 0001 0002 01 61 02 0001 0001 00");
    static const char *const words[] = {
        "aes256gcm16-prfsha384-x25519",
        "aes128-sha256-ecp256,chacha20poly1305-x25519",
        "aes256gcm16-esn",
        "aes256-sha512-modp3072-nopfs-noesn;aes128gcm16",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *name = g_strdup_printf("words-%zu", i);
        save("ike-words", name, words[i], strlen(words[i]));
    }
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    corpus = argv[1];
    init_request();
    init_answers();
    auth_request();
    auth_response();
    later_exchanges();
    by_hand();
    return 0;
}
