#include "config.h"

#include "conversation.h"

#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "crypto/mschapv2.h"
#include "eap/eap-packet.h"

#define MAX_ROUNDS 90

void
conversation_set_up(Conversation *talk, gconstpointer tls13)
{
    *talk = (Conversation){ .tls13 = GPOINTER_TO_INT(tls13) };
    talk->authority =
        test_identity_new(&(TestPkiSpec){ .name = "Test CA", .authority = true }, NULL);
    talk->other = test_identity_new(&(TestPkiSpec){ .name = "Other CA", .authority = true }, NULL);
    talk->identity =
        test_identity_new(&(TestPkiSpec){ .name = "server", .dns = TEST_NAME }, talk->authority);
    talk->client = test_identity_new(&(TestPkiSpec){ .name = TEST_USER }, talk->authority);
    talk->trust = test_identity_trust(talk->authority);
    talk->priority = talk->tls13 ? TEST_TLS_13 : TEST_TLS_12;
    talk->fragment = 1024;
    talk->password = TEST_PASSWORD;
    talk->config = (EapConfig){ .identity = "anonymous",
                                .inner_identity = TEST_USER,
                                .trust = talk->trust,
                                .server_name = TEST_NAME,
                                .wall_clock_s = TEST_PKI_NOW,
                                .chain = g_ptr_array_new() };
    g_ptr_array_add(talk->config.chain, test_identity_certificate(talk->client));
    talk->in = g_byte_array_new();
}

void
conversation_tear_down(Conversation *talk, gconstpointer unused)
{
    eap_peer_free(talk->peer);
    test_tls_server_free(talk->server);
    g_ptr_array_unref(talk->config.chain);
    trust_store_unref(talk->trust);
    test_identity_free(talk->client);
    test_identity_free(talk->identity);
    test_identity_free(talk->other);
    test_identity_free(talk->authority);
    g_byte_array_unref(talk->in);
    g_clear_pointer(&talk->out, g_bytes_unref);
    g_clear_pointer(&talk->msk, secret_unref);
    g_free(talk->detail);
}

/* ---- the server ---- */

GBytes *
conversation_end(Conversation *talk, uint8_t code)
{
    const uint8_t packet[] = { code, talk->identifier, 0, 4 };
    return g_bytes_new(packet, sizeof packet);
}

static GBytes *
raw_request(Conversation *talk, uint8_t flags, const uint32_t *whole, const void *data,
            size_t length)
{
    ByteWriter writer;
    byte_writer_init(&writer, EAP_MAX_PACKET);
    byte_writer_u8(&writer, EAP_CODE_REQUEST);
    byte_writer_u8(&writer, ++talk->identifier);
    byte_writer_u16(&writer, (uint16_t)(6 + (whole != NULL ? 4 : 0) + length));
    byte_writer_u8(&writer, talk->type);
    byte_writer_u8(&writer, flags);
    if (whole != NULL)
        byte_writer_u32(&writer, *whole);
    byte_writer_octets(&writer, data, length);
    return byte_writer_end(&writer);
}

static GBytes *
next_fragment(Conversation *talk)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(talk->out, &length);
    size_t part = MIN(length - talk->out_offset, talk->fragment);
    bool more = talk->out_offset + part < length, first = talk->out_offset == 0;
    uint32_t whole = (uint32_t)length;
    talk->fragments_sent++;
    GBytes *packet = raw_request(talk, (uint8_t)((more ? 0x40 : 0) | (more && first ? 0x80 : 0)),
                                 more && first ? &whole : NULL, octets + talk->out_offset, part);
    talk->out_offset += part;
    if (!more)
        g_clear_pointer(&talk->out, g_bytes_unref);
    return packet;
}

GBytes *
conversation_request(Conversation *talk, const void *data, size_t length)
{
    talk->out = g_bytes_new(data, length);
    talk->out_offset = 0;
    return next_fragment(talk);
}

GBytes *
conversation_say(Conversation *talk, const void *data, size_t length)
{
    g_autoptr(GBytes) records = test_tls_server_write(talk->server, data, length);
    return conversation_request(talk, g_bytes_get_data(records, NULL), g_bytes_get_size(records));
}

static GBytes *
server_receive(Conversation *talk, GBytes *response)
{
    EapPacket packet;
    uint8_t flags;
    uint32_t whole;
    g_assert_true(eap_packet_parse(response, &packet));
    g_assert_cmpint(packet.code, ==, EAP_CODE_RESPONSE);
    g_assert_cmpint(packet.identifier, ==, talk->identifier);
    g_assert_cmpint(packet.type, ==, talk->type);
    g_assert_true(byte_reader_u8(&packet.data, &flags));
    g_assert_cmpint(flags & 7, ==, 0);
    if ((flags & 0x80) != 0)
        g_assert_true(byte_reader_u32(&packet.data, &whole));
    g_autoptr(GBytes) part = byte_reader_rest(&packet.data);
    g_byte_array_append(talk->in, g_bytes_get_data(part, NULL), (guint)g_bytes_get_size(part));
    if ((flags & 0x40) != 0) {
        talk->fragments_received++;
        return raw_request(talk, 0, NULL, NULL, 0);
    }
    if (talk->out != NULL)
        return next_fragment(talk);
    g_autoptr(GBytes) message = g_byte_array_free_to_bytes(talk->in);
    talk->in = g_byte_array_new();
    g_autoptr(GBytes) reply = test_tls_server_feed(talk->server, message);
    if (test_tls_server_error(talk->server) != 0)
        return conversation_end(talk, EAP_CODE_FAILURE);
    if (g_bytes_get_size(reply) > 0)
        return conversation_request(talk, g_bytes_get_data(reply, NULL), g_bytes_get_size(reply));
    g_assert_true(test_tls_server_open(talk->server));
    g_autoptr(GBytes) data = test_tls_server_take_data(talk->server);
    return talk->script(talk, data);
}

/* ---- our side's secrets ---- */

static GBytes *
sign(const Conversation *talk, const EapQuestion *question)
{
    const char *pem = test_identity_key_pem(talk->client);
    gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) }, signature = { 0 };
    gnutls_datum_t data = { (unsigned char *)g_bytes_get_data(question->octets, NULL),
                            (unsigned)g_bytes_get_size(question->octets) };
    gnutls_privkey_t key;
    g_assert_cmphex(question->scheme, ==, 0x0403);
    gnutls_privkey_init(&key);
    g_assert_cmpint(gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0), ==,
                    0);
    g_assert_cmpint(gnutls_privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signature),
                    ==, 0);
    gnutls_privkey_deinit(key);
    GBytes *bytes = g_bytes_new(signature.data, signature.size);
    gnutls_free(signature.data);
    return bytes;
}

static const EapAction *
answer(Conversation *talk, const EapQuestion *question)
{
    g_autoptr(Secret) password = secret_new(talk->password, strlen(talk->password));
    g_autoptr(GBytes) octets = NULL;
    g_auto(Mschapv2Answer) mschap = { 0 };
    EapAnswer given = { .ok = true };
    talk->asked += question->kind != EAP_ASK_REVOCATION;
    switch (question->kind) {
    case EAP_ASK_MSCHAP:
        g_assert_true(mschapv2_answer(question->authenticator_challenge, question->peer_challenge,
                                      question->user_name, password, &mschap, NULL));
        given.nt_response = mschap.nt_response;
        given.authenticator_response = mschap.authenticator_response;
        given.master_key = mschap.master_key;
        break;
    case EAP_ASK_SIGN_TLS:
        given.ok = !talk->no_signature;
        given.detail = "the key is gone";
        octets = given.ok ? sign(talk, question) : NULL;
        given.octets = octets;
        break;
    case EAP_ASK_PASSWORD:
        given.password = password;
        break;
    case EAP_ASK_REVOCATION:
        talk->asked_revocation++;
        g_assert_cmpuint(talk->asked, ==, 0); /* before anything else */
        g_assert_cmpuint(question->chain->len, ==, 2);
        g_assert_true(g_bytes_equal(certificate_der(question->chain->pdata[0]),
                                    certificate_der(test_identity_certificate(talk->identity))));
        given.ok = !talk->revoked;
        given.detail = "revoked long ago";
        break;
    case EAP_ASK_MD5:
        g_assert_not_reached();
    }
    return eap_peer_answer(talk->peer, &given);
}

void
conversation_run(Conversation *talk)
{
    talk->peer = eap_peer_new(&talk->config, rng_system());
    talk->server = test_tls_server_new(talk->identity, talk->priority,
                                       talk->ask_client ? talk->authority : NULL);
    g_autoptr(GBytes) request = raw_request(talk, 0x20, NULL, NULL, 0);
    for (unsigned round = 0; round < MAX_ROUNDS; round++) {
        const EapAction *action = eap_peer_receive(talk->peer, request);
        while (action->kind == EAP_ACTION_ASK)
            action = answer(talk, action->question);
        talk->end = action->kind;
        if (action->kind != EAP_ACTION_SEND) {
            g_free(talk->detail);
            talk->detail = g_strdup(action->detail);
            talk->msk = action->msk != NULL ? secret_ref((Secret *)action->msk) : NULL;
            talk->mutual = action->mutual;
            if (action->packet != NULL)
                g_bytes_unref(server_receive(talk, action->packet));
            return;
        }
        GBytes *next = server_receive(talk, action->packet);
        g_bytes_unref(request);
        request = next;
    }
    g_assert_not_reached();
}
