/*
 * What goes between the engine, the EAP peer and ginneld. The peer is played here: its own tests
 * are elsewhere.
 */
#include "tunnel/eap.h"

#include "channel/channel.h"
#include "test-pki.h"

#include <string.h>
#include <sys/socket.h>

/* ---- the peer ---- */

static struct {
    EapAction script[4];
    size_t next;
    unsigned made;
    GString *heard; /* what it was told */
} play;

struct _EapPeer {
    int unused;
};

EapPeer *
eap_peer_new(const EapConfig *config, Rng *rng)
{
    play.made++;
    g_string_append_printf(play.heard, "new(%s,%" G_GINT64_FORMAT ") ", config->identity,
                           config->wall_clock_s);
    return g_new0(EapPeer, 1);
}

void
eap_peer_free(EapPeer *peer)
{
    g_free(peer);
}

const EapAction *
eap_peer_receive(EapPeer *peer, GBytes *packet)
{
    g_string_append_printf(play.heard, "receive(%s) ",
                           (const char *)g_bytes_get_data(packet, NULL));
    return &play.script[play.next++];
}

const EapAction *
eap_peer_answer(EapPeer *peer, const EapAnswer *answer)
{
    g_string_append_printf(play.heard, "answer(%s,%s) ", answer->ok ? "ok" : "no",
                           answer->detail != NULL ? answer->detail : "");
    if (answer->password != NULL && secret_length(answer->password) > 0)
        g_string_append_len(play.heard, (const char *)secret_data(answer->password),
                            (gssize)secret_length(answer->password));
    return &play.script[play.next++];
}

/* ---- the bed ---- */

typedef struct {
    Channel *tunnel, *daemon;
    Requests *requests;
    TunnelStart start;
    TunnelEap *eap;
    GString *supplied;
    GVariant *asked; /* what ginneld got last */
    RecordType asked_type;
    RevocationCache *cache;
    unsigned told;
} Bed;

static void
daemon_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Bed *bed = data;
    g_clear_pointer(&bed->asked, g_variant_unref);
    bed->asked = g_variant_ref(body);
    bed->asked_type = type;
}

static void
tunnel_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    requests_reply(((Bed *)data)->requests, body, -1);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
supplied(uint32_t serial, const IkeCredential *credential, gpointer data)
{
    Bed *bed = data;
    g_string_append_printf(bed->supplied, "%u:%s", serial, credential->ok ? "ok" : "no");
    if (credential->eap != NULL)
        g_string_append_printf(bed->supplied, ",send(%s)",
                               (const char *)g_bytes_get_data(credential->eap, NULL));
    if (credential->msk != NULL)
        g_string_append(bed->supplied, credential->eap_mutual ? ",msk,mutual" : ",msk");
    if (!credential->ok)
        g_string_append_printf(bed->supplied, ",%s,%s", ike_close_reason_to_string(credential->why),
                               credential->detail);
    g_string_append_c(bed->supplied, ' ');
}

static void
told(const char *event, const char *text, gpointer data)
{
    ((Bed *)data)->told++;
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    static const ChannelHandler tunnel = { tunnel_received, closed };
    static const ChannelHandler daemon = { daemon_received, closed };
    int pair[2];
    memset(&play, 0, sizeof play);
    play.heard = g_string_new(NULL);
    bed->supplied = g_string_new(NULL);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->tunnel = channel_new(pair[0], &tunnel, bed);
    bed->daemon = channel_new(pair[1], &daemon, bed);
    bed->requests = requests_new(bed->tunnel);
    bed->start.eap.identity = "tess";
    bed->cache = revocation_cache_new();
    bed->eap = tunnel_eap_new(&bed->start, bed->requests, bed->cache, NULL, TEST_PKI_NOW, supplied,
                              told, bed);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    g_clear_pointer(&bed->eap, tunnel_eap_free);
    revocation_cache_free(bed->cache);
    g_clear_pointer(&bed->start.ike, ike_config_unref);
    requests_free(bed->requests);
    channel_free(bed->tunnel);
    channel_free(bed->daemon);
    g_clear_pointer(&bed->asked, g_variant_unref);
    g_string_free(bed->supplied, TRUE);
    g_string_free(play.heard, TRUE);
}

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
gateway_sends(Bed *bed, uint32_t serial, const char *packet, bool second)
{
    g_autoptr(GBytes) eap = g_bytes_new_static(packet, strlen(packet) + 1);
    IkeCredentialRequest request = {
        .serial = serial, .kind = IKE_CREDENTIAL_EAP, .eap = eap, .eap_second = second
    };
    tunnel_eap_ask(bed->eap, &request);
    settle();
}

static uint32_t
asked_serial(const Bed *bed)
{
    uint32_t serial;
    g_variant_get_child(bed->asked, 0, "u", &serial);
    return serial;
}

/* ---- tests ---- */

static void
test_sends_and_succeeds(Bed *bed, gconstpointer data)
{
    g_autoptr(GBytes) packet = g_bytes_new_static("identity", 9);
    g_autoptr(Secret) msk = secret_new("msk", 3);
    play.script[0] = (EapAction){ .kind = EAP_ACTION_SEND, .packet = packet };
    play.script[1] =
        (EapAction){ .kind = EAP_ACTION_SUCCESS, .msk = msk, .mutual = true, .method = "EAP-TLS" };
    gateway_sends(bed, 1, "who", false);
    g_assert_null(tunnel_eap_method(bed->eap));
    gateway_sends(bed, 2, "success", false);
    g_assert_cmpstr(play.heard->str, ==, "new(tess,1700000000) receive(who) receive(success) ");
    g_assert_cmpstr(bed->supplied->str, ==, "1:ok,send(identity) 2:ok,msk,mutual ");
    g_assert_cmpstr(tunnel_eap_method(bed->eap), ==, "EAP-TLS");
}

static void
test_asks_for_a_password(Bed *bed, gconstpointer data)
{
    const EapQuestion question = { .kind = EAP_ASK_PASSWORD,
                                   .purpose = "gtc",
                                   .prompt = (char *)"Code:" };
    g_autoptr(GBytes) packet = g_bytes_new_static("code", 5);
    play.script[0] = (EapAction){ .kind = EAP_ACTION_ASK, .question = &question };
    play.script[1] = (EapAction){ .kind = EAP_ACTION_SEND, .packet = packet };
    gateway_sends(bed, 5, "gtc", false);
    g_assert_true(tunnel_eap_is_waiting(bed->eap));
    g_assert_cmpint(bed->asked_type, ==, RECORD_PASSWORD);
    const char *purpose, *prompt;
    g_variant_get(bed->asked, "(u&s&s)", NULL, &purpose, &prompt);
    g_assert_cmpstr(purpose, ==, "gtc");
    g_assert_cmpstr(prompt, ==, "Code:");
    g_assert_cmpstr(bed->supplied->str, ==, "");
    channel_send(
        bed->daemon, RECORD_PASSWORD_REPLY,
        g_variant_new("(u@ays)", asked_serial(bed), channel_variant_from_octets("123", 3), ""),
        NULL, 0);
    settle();
    g_assert_false(tunnel_eap_is_waiting(bed->eap));
    g_assert_cmpstr(play.heard->str, ==, "new(tess,1700000000) receive(gtc) answer(ok,) 123");
    g_assert_cmpstr(bed->supplied->str, ==, "5:ok,send(code) ");
}

static void
test_no_secret(Bed *bed, gconstpointer data)
{
    EapQuestion question = { .kind = EAP_ASK_MSCHAP, .user_name = (char *)"tess" };
    memset(question.peer_challenge, 7, sizeof question.peer_challenge);
    play.script[0] = (EapAction){ .kind = EAP_ACTION_ASK, .question = &question };
    play.script[1] = (EapAction){ .kind = EAP_ACTION_FAILURE, .detail = "nobody answered" };
    gateway_sends(bed, 5, "challenge", false);
    g_assert_cmpint(bed->asked_type, ==, RECORD_MSCHAP);
    g_autoptr(GVariant) peer = g_variant_get_child_value(bed->asked, 2);
    gsize n;
    const uint8_t *octets = g_variant_get_fixed_array(peer, &n, 1);
    g_assert_cmpmem(octets, n, question.peer_challenge, 16);
    GVariant *nothing[3];
    for (size_t i = 0; i < 3; i++)
        nothing[i] = channel_variant_from_octets(NULL, 0);
    channel_send(bed->daemon, RECORD_MSCHAP_REPLY,
                 g_variant_new("(u@ay@ay@ays)", asked_serial(bed), nothing[0], nothing[1],
                               nothing[2], "nobody"),
                 NULL, 0);
    settle();
    g_assert_cmpstr(play.heard->str, ==,
                    "new(tess,1700000000) receive(challenge) answer(no,nobody) ");
    g_autofree char *expected = g_strdup_printf("5:no,%s,nobody answered ",
                                                ike_close_reason_to_string(IKE_CLOSE_CREDENTIAL));
    g_assert_cmpstr(bed->supplied->str, ==, expected);
}

/* An alert goes out first; whatever answers it, the method's own words stay. */
static void
test_failure_with_a_packet(Bed *bed, gconstpointer data)
{
    g_autoptr(GBytes) alert = g_bytes_new_static("alert", 6);
    play.script[0] = (EapAction){
        .kind = EAP_ACTION_FAILURE, .packet = alert, .detail = "another name", .method = "EAP-TTLS"
    };
    gateway_sends(bed, 5, "hello", false);
    g_assert_cmpstr(bed->supplied->str, ==, "5:ok,send(alert) ");
    g_assert_cmpstr(tunnel_eap_detail(bed->eap), ==, "another name");
    gateway_sends(bed, 6, "failure", false);
    g_autofree char *expected = g_strdup_printf("5:ok,send(alert) 6:no,%s,another name ",
                                                ike_close_reason_to_string(IKE_CLOSE_EAP_FAILED));
    g_assert_cmpstr(bed->supplied->str, ==, expected);
}

static void
test_nonsense_ends_it(Bed *bed, gconstpointer data)
{
    play.script[0] = (EapAction){ .kind = EAP_ACTION_IGNORE };
    gateway_sends(bed, 5, "?", false);
    g_assert_true(g_str_has_prefix(bed->supplied->str, "5:no,"));
}

static void
test_second_round(Bed *bed, gconstpointer data)
{
    g_autoptr(GBytes) packet = g_bytes_new_static("x", 2);
    for (size_t i = 0; i < 3; i++)
        play.script[i] = (EapAction){ .kind = EAP_ACTION_SEND, .packet = packet };
    gateway_sends(bed, 1, "a", false);
    gateway_sends(bed, 2, "b", true);
    gateway_sends(bed, 3, "c", true);
    g_assert_cmpuint(play.made, ==, 2);
}

/* The attempt is over: an answer that still comes is nobody's. */
static void
test_freed_while_waiting(Bed *bed, gconstpointer data)
{
    g_autoptr(GBytes) octets = g_bytes_new_static("x", 1);
    const EapQuestion question = { .kind = EAP_ASK_MD5, .identifier = 3, .challenge = octets };
    play.script[0] = (EapAction){ .kind = EAP_ACTION_ASK, .question = &question };
    gateway_sends(bed, 5, "md5", false);
    g_assert_cmpint(bed->asked_type, ==, RECORD_MD5);
    g_clear_pointer(&bed->eap, tunnel_eap_free);
    channel_send(
        bed->daemon, RECORD_MD5_REPLY,
        g_variant_new("(u@ays)", asked_serial(bed), channel_variant_from_octets("d", 1), ""), NULL,
        0);
    settle();
    g_assert_cmpstr(bed->supplied->str, ==, "");
}

/* The EAP server's certificate is asked about, by the gateway's rule: nobody can say. */
static void
check_unknown(Bed *bed, bool strict)
{
    g_autoptr(TestIdentity) authority =
        test_identity_new(&(TestPkiSpec){ .name = "authority", .authority = true }, NULL);
    g_autoptr(TestIdentity) server = test_identity_new(
        &(TestPkiSpec){ .name = "radius", .crl_urls = "http://authority.example/crl" }, authority);
    g_autoptr(GPtrArray) chain = g_ptr_array_new();
    g_ptr_array_add(chain, test_identity_certificate(server));
    g_ptr_array_add(chain, test_identity_certificate(authority));
    const EapQuestion question = { .kind = EAP_ASK_REVOCATION, .chain = chain };
    g_autoptr(GBytes) packet = g_bytes_new_static("next", 5);
    bed->start.ike = ike_config_new();
    bed->start.ike->check_revocation = true;
    bed->start.revocation_strict = strict;
    play.script[0] = (EapAction){ .kind = EAP_ACTION_ASK, .question = &question };
    play.script[1] = strict ? (EapAction){ .kind = EAP_ACTION_FAILURE, .detail = "unknown" }
                            : (EapAction){ .kind = EAP_ACTION_SEND, .packet = packet };
    gateway_sends(bed, 5, "hello", false);
    g_assert_true(tunnel_eap_is_waiting(bed->eap));
    g_assert_cmpint(bed->asked_type, ==, RECORD_FETCH);
    channel_send(bed->daemon, RECORD_FETCH_REPLY,
                 g_variant_new("(u@ays)", asked_serial(bed), channel_variant_from_octets(NULL, 0),
                               "nobody is there"),
                 NULL, 0);
    settle();
}

static void
test_revocation_soft(Bed *bed, gconstpointer data)
{
    check_unknown(bed, false);
    g_assert_cmpstr(bed->supplied->str, ==, "5:ok,send(next) ");
    g_assert_nonnull(strstr(play.heard->str, "answer(ok,"));
    g_assert_cmpuint(bed->told, ==, 2); /* whom it asks, that nobody could say */
    g_assert_false(tunnel_eap_is_waiting(bed->eap));
}

static void
test_revocation_strict(Bed *bed, gconstpointer data)
{
    check_unknown(bed, true);
    g_autofree char *expected = g_strdup_printf(
        "5:no,%s,unknown ", ike_close_reason_to_string(IKE_CLOSE_REVOCATION_UNKNOWN));
    g_assert_cmpstr(bed->supplied->str, ==, expected);
    g_assert_nonnull(strstr(play.heard->str, "answer(no,that of its EAP server, about the"));
    g_assert_false(tunnel_eap_lacked_secret(bed->eap));
}

#define ADD(path, function) g_test_add(path, Bed, NULL, bed_up, function, bed_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/tunnel/eap/sends-and-succeeds", test_sends_and_succeeds);
    ADD("/tunnel/eap/asks-for-a-password", test_asks_for_a_password);
    ADD("/tunnel/eap/no-secret-is-no-refusal", test_no_secret);
    ADD("/tunnel/eap/failure-with-a-packet", test_failure_with_a_packet);
    ADD("/tunnel/eap/nonsense-ends-it", test_nonsense_ends_it);
    ADD("/tunnel/eap/second-round-begins-anew", test_second_round);
    ADD("/tunnel/eap/revocation-soft", test_revocation_soft);
    ADD("/tunnel/eap/revocation-strict", test_revocation_strict);
    ADD("/tunnel/eap/freed-while-waiting", test_freed_while_waiting);
    return g_test_run();
}
