/* What `ginnel dns` says of what is not as it should be; the rest is in test-verbs. */
#include "cli/output-dns.h"

#include "cli/output.h"

#include <string.h>

static GVariant *
dict(const char *text)
{
    g_autoptr(GError) error = NULL;
    GVariant *parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
    g_assert_no_error(error);
    return parsed;
}

static void
check(const char *props, const char *dns, const char *words)
{
    g_autoptr(GVariant) tunnel = dict(props), told = dict(dns);
    g_autoptr(GString) out = g_string_new(NULL);
    output_dns(out, tunnel, told);
    if (strstr(out->str, words) == NULL)
        g_error("nothing like '%s' in:\n%s", words, out->str);
}

static void
test_nobody_tells(void)
{
    check("{'Interface': <'ginnel0'>}", "{'by': <''>}", "is systemd-resolved running?");
    check("{'Interface': <'ginnel0'>}", "{'by': <''>}", "offered         nothing\n");
}

static void
test_somebody_changed_it(void)
{
    check("{'Interface': <'ginnel0'>}",
          "{'by': <'systemd-resolved'>, 'resolver': <{'differs': <'domains'>}>}",
          "somebody else has changed the link's domains");
}

static void
test_stub(void)
{
    check(
        "{'Interface': <'ginnel0'>}",
        "{'stub': <'10.77.0.10 port 4711'>, 'validates': <'ginnel-stub'>, 'clients-see': <false>, "
        "'anchors': <['a. IN DS 1 8 2 00', 'b. IN DS 2 8 2 00']>}",
        "between         ginnel-stub at 10.77.0.10 port 4711 asks the servers\n"
        "validation      by ginnel-stub; what is forged fails, but programs are not told what is "
        "authentic\n"
        "keys            a. IN DS 1 8 2 00\n"
        "                b. IN DS 2 8 2 00\n");
    check("{}", "{'validates': <''>}", "validation      none\n");
}

static void
test_status_of_a_stub(void)
{
    g_autoptr(GVariant) props = dict(
        "{'DnsServers': <['10.99.0.1']>, 'ValidatedBy': <'ginnel-stub'>, 'Domains': <[{'name': "
        "<'corp.example'>, 'validated': <true>, 'key-tag': <uint32 31406>}]>}");
    g_autoptr(GString) out = g_string_new(NULL);
    output_names(out, props);
    g_assert_cmpstr(
        out->str, ==,
        "inside names    corp.example     asked at 10.99.0.1, validated with key 31406 by "
        "ginnel-stub, unseen by programs\n");
}

static void
check_test(const char *result, const char *expected)
{
    g_autoptr(GVariant) told = dict(result);
    g_autoptr(GString) out = g_string_new(NULL);
    output_dns_test(out, "www.example", told, "ginnel0");
    g_assert_cmpstr(out->str, ==, expected);
}

static void
test_outside(void)
{
    check_test("{'links': <['up0', 'up1']>, 'domain': <'.'>, 'addresses': <['192.0.2.80']>, "
               "'authenticated': <false>}",
               "test            www.example\n"
               "asked           over up0, up1, as what belongs nowhere else\n"
               "answer          192.0.2.80, not authenticated\n");
    check_test("{'links': <['ginnel0']>, 'domain': <'.'>, 'error': <'it timed out'>}",
               "test            www.example\n"
               "asked           inside, over ginnel0, as every name\n"
               "answer          none: it timed out\n");
    check_test("{'error': <'no servers'>}", "test            www.example\n"
                                            "asked           nowhere: no server is known for it\n"
                                            "answer          none: no servers\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/output-dns/nobody-tells", test_nobody_tells);
    g_test_add_func("/cli/output-dns/somebody-changed-it", test_somebody_changed_it);
    g_test_add_func("/cli/output-dns/stub", test_stub);
    g_test_add_func("/cli/output-dns/status-of-a-stub", test_status_of_a_stub);
    g_test_add_func("/cli/output-dns/outside", test_outside);
    return g_test_run();
}
