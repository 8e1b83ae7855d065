#include "cli/output.h"

#include <locale.h>
#include <string.h>

#define NOW G_GINT64_CONSTANT(1800000000000000)

static GVariant *
props(const char *text)
{
    g_autofree char *whole = g_strdup_printf("{%s}", text);
    g_autoptr(GError) error = NULL;
    GVariant *parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, whole, NULL, NULL, &error);
    g_assert_no_error(error);
    return parsed;
}

#define CONNECTED                                                                                  \
    "'Profile': <'work'>, 'State': <'connected'>, 'Gateway': <'vpn.example.com'>, "                \
    "'GatewayAddress': <'192.0.2.1'>, 'GatewayId': <'vpn.example.com'>, "                          \
    "'GatewayNotAfter': <int64 1807084800>, 'Transport': <'tcp/4500'>, "                           \
    "'ConnectedAt': <int64 1799999760000000>, 'Interface': <'ginnel0'>, "                          \
    "'Addresses': <['10.77.0.10', '2001:db8:77::10']>, 'DnsServers': <['10.99.0.1']>, "            \
    "'Networks': <['10.99.0.0/24', '2001:db8:99::/64']>, 'Rekeys': <uint32 2>, "                   \
    "'Timeline': <[(int64 10, 'attempt-started', {'attempt': <uint32 1>, 'transport': <'udp'>}), " \
    "(int64 1200000, 'connected', {'transport': <'tcp/4500'>, 'after': <int64 1200000>})]>"
#define DOMAINS                                                                                    \
    ", 'Domains': <[{'name': <'corp.example'>, 'validated': <true>, 'key-tag': <uint32 31406>}, "  \
    "{'name': <'two.example'>, 'validated': <false>, 'why': <'the gateway sent no key'>}]>"
#define REFUSED                                                                                    \
    ", 'Refused': <[{'kind': <'anchor'>, 'name': <'example'>, "                                    \
    "'why': <'not in trust-anchor-domains of work.ginnel'>}]>"

static void
check_result(const char *text, const char *expected)
{
    g_autoptr(GVariant) parsed = props(text);
    g_autoptr(GString) out = g_string_new(NULL);
    output_result(out, parsed);
    g_assert_cmpstr(out->str, ==, expected);
}

static void
test_result_of_a_split_tunnel(void)
{
    check_result(CONNECTED DOMAINS,
                 "Connected over TCP after 1.2 s. You are 10.77.0.10 and 2001:db8:77::10.\n"
                 "Inside: corp.example (validated), two.example. Everything else stays outside.\n");
}

static void
test_result_says_what_was_refused(void)
{
    check_result(CONNECTED DOMAINS REFUSED ", 'Warning': <'the link is slow'>",
                 "Connected over TCP after 1.2 s. You are 10.77.0.10 and 2001:db8:77::10.\n"
                 "Inside: corp.example (validated), two.example. Everything else stays outside.\n"
                 "Refused: key for example: not in trust-anchor-domains of work.ginnel\n"
                 "Note: the link is slow\n");
}

static void
test_result_without_names(void)
{
    check_result(CONNECTED,
                 "Connected over TCP after 1.2 s. You are 10.77.0.10 and 2001:db8:77::10.\n"
                 "Inside: 10.99.0.0/24 and 2001:db8:99::/64; no names resolve inside. Everything "
                 "else stays outside.\n");
}

static void
test_result_of_a_full_tunnel(void)
{
    check_result(CONNECTED ", 'FullTunnel': <true>",
                 "Connected over TCP after 1.2 s. You are 10.77.0.10 and 2001:db8:77::10.\n"
                 "Everything goes through the tunnel, names too.\n");
}

static void
test_result_of_a_failure(void)
{
    check_result("'State': <'failed'>, 'Reason': <'IdentityMismatch'>, "
                 "'ReasonText': <'Wrong gateway. It says gw.example. Set id = gw.example.'>, "
                 "'Timeline': <[(int64 1, 'failed', {'why': <'It says gw.example'>})]>",
                 "  It says gw.example\n"
                 "Not connected: the gateway is not who the profile expects.\n"
                 "Set id = gw.example.\n");
}

static void
test_result_of_an_unknown_reason(void)
{
    check_result("'State': <'failed'>, 'Reason': <'Strange'>, 'ReasonText': <'Well.'>",
                 "Not connected: Strange.\nWell.\n");
}

static void
check_status(const char *text, const char *statistics, gboolean verbose, const char *expected)
{
    g_autoptr(GVariant) parsed = props(text);
    g_autoptr(GVariant) counters =
        statistics != NULL ? g_variant_parse(G_VARIANT_TYPE("a{st}"), statistics, NULL, NULL, NULL)
                           : NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    output_status(out, parsed, counters, NOW, verbose);
    g_assert_cmpstr(out->str, ==, expected);
}

static void
test_status_of_a_split_tunnel(void)
{
    check_status(
        CONNECTED DOMAINS REFUSED, "{'octets-in': 1200000000, 'octets-out': 88000000}", FALSE,
        "work            connected over TCP for 4 min (UDP did not get through on this network)\n"
        "gateway         vpn.example.com, 192.0.2.1 port 4500, certificate good for 82 days\n"
        "you             10.77.0.10, 2001:db8:77::10 on ginnel0\n"
        "inside names    corp.example     asked at 10.99.0.1, validated with key 31406\n"
        "                two.example      asked at 10.99.0.1, not validated: the gateway sent no "
        "key\n"
        "refused         key for example  not in trust-anchor-domains of work.ginnel\n"
        "networks        10.99.0.0/24, 2001:db8:99::/64\n"
        "traffic         1.2 GB in, 88.0 MB out, rekeyed 2 times\n");
}

/* Over TCP by what is known of the network, and the ways so far. */
static void
test_status_of_moves(void)
{
    check_status(
        "'Profile': <'work'>, 'State': <'connected'>, 'Gateway': <'gw'>, 'ConnectedAt': "
        "<int64 "
        "1799999760000000"
        ">, 'Transport': <'tcp/4500'>, 'UdpLookAt': <int64 "
        "1800000120000000"
        ">, 'TransportHistory': <[(int64 "
        "1799999760000000"
        ", 'udp/4500', ''), (int64 "
        "1799999880000000"
        ", 'tcp/4500', 'udp-silent')]>",
        NULL, TRUE,
        "work            connected over TCP for 4 min (UDP did not get through on this network; "
        "next look in 2 min)\n"
        "gateway         gw\n"
        "transport       tcp 4500\n"
        "ways so far     4 min ago  udp 4500\n"
        "                2 min ago  tcp 4500: UDP got no answer any more\n");
}

static void
test_status_of_a_failure(void)
{
    check_status("'Profile': <'work'>, 'State': <'failed'>, 'Gateway': <'vpn.example.com'>, "
                 "'Reason': <'GatewayUnreachable'>, 'ReasonText': <'One.\\nTwo.'>",
                 "@a{st} {}", FALSE,
                 "work            failed: the gateway does not answer\n"
                 "                One.\n"
                 "                Two.\n"
                 "gateway         vpn.example.com\n");
}

static void
test_status_verbose_tells_the_story(void)
{
    check_status("'Profile': <'work'>, 'State': <'connecting'>, 'Gateway': <'gw'>, "
                 "'IkeAlgorithms': <'aes256gcm16-prfsha384-x25519'>, "
                 "'Transport': <'udp/4500'>, 'BehindNat': <true>, "
                 "'Timeline': <[(int64 500000, 'attempt-retransmitted', {'attempt': <uint32 1>, "
                 "'transmission': <uint32 2>}), (int64 1000000, 'attempt-started', {'attempt': "
                 "<uint32 2>, 'transport': <'tcp'>, 'port': <uint32 4500>, 'address': "
                 "<'192.0.2.1'>})]>",
                 "{'drop-replay': 3}", TRUE,
                 "work            connecting\n"
                 "gateway         gw\n"
                 "IKE             aes256gcm16-prfsha384-x25519\n"
                 "transport       udp 4500, behind a NAT\n"
                 "timeline            0.500 s  attempt 1: no answer yet, sent for the 2. time\n"
                 "                    1.000 s  attempt 2: tcp 4500 to 192.0.2.1\n"
                 "counters        drop-replay              3\n");
}

/* Whatever a service of another version sends, the tool shows what it can. */
static void
test_wrong_types_count_as_empty(void)
{
    check_status("'Profile': <uint32 5>, 'State': <['x']>, 'Domains': <'no'>, 'Refused': <1>, "
                 "'Timeline': <@as []>, 'Addresses': <'a'>",
                 NULL, FALSE, "                \ngateway         \n");
}

static void
test_join(void)
{
    const char *const none[] = { NULL }, *const one[] = { "a", NULL };
    const char *const three[] = { "a", "b", "c", NULL };
    g_autofree char *of_none = output_join(none), *of_one = output_join(one);
    g_autofree char *of_three = output_join(three);
    g_assert_cmpstr(of_none, ==, "");
    g_assert_cmpstr(of_one, ==, "a");
    g_assert_cmpstr(of_three, ==, "a, b and c");
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/output/result-of-a-split-tunnel", test_result_of_a_split_tunnel);
    g_test_add_func("/cli/output/result-says-what-was-refused", test_result_says_what_was_refused);
    g_test_add_func("/cli/output/result-without-names", test_result_without_names);
    g_test_add_func("/cli/output/result-of-a-full-tunnel", test_result_of_a_full_tunnel);
    g_test_add_func("/cli/output/result-of-a-failure", test_result_of_a_failure);
    g_test_add_func("/cli/output/result-of-an-unknown-reason", test_result_of_an_unknown_reason);
    g_test_add_func("/cli/output/status-of-a-split-tunnel", test_status_of_a_split_tunnel);
    g_test_add_func("/cli/output/status-of-moves", test_status_of_moves);
    g_test_add_func("/cli/output/status-of-a-failure", test_status_of_a_failure);
    g_test_add_func("/cli/output/status-verbose-tells-the-story",
                    test_status_verbose_tells_the_story);
    g_test_add_func("/cli/output/wrong-types-count-as-empty", test_wrong_types_count_as_empty);
    g_test_add_func("/cli/output/join", test_join);
    return g_test_run();
}
