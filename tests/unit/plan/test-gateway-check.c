/* The likely reason for what did not get through: rows in, words out. */
#include "plan/gateway-check.h"

#include <stdio.h>
#include <string.h>

#define MAX_ROWS 16

/* "udp/4500@192.0.2.1=silent ..." in, "WORD ..." of each row out, "-" for none. */
static void
expect(const char *found, const char *wanted)
{
    static const char *const kinds[] = { "udp", "tcp", "tls" };
    g_auto(GStrv) words = g_strsplit(found, " ", -1);
    CheckRow rows[MAX_ROWS] = { 0 };
    size_t n = g_strv_length(words);
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        char kind[4] = "", address[64] = "", outcome[32] = "";
        unsigned port;
        g_assert_cmpint(sscanf(words[i], "%3[^/]/%u@%63[^=]=%31s", kind, &port, address, outcome),
                        ==, 4);
        for (unsigned k = 0; k < 3; k++)
            if (strcmp(kinds[k], kind) == 0)
                rows[i].transport.kind = (FallbackKind)k;
        rows[i].transport.port = (uint16_t)port;
        g_assert_true(inet_address_parse(address, &rows[i].address));
        for (unsigned o = 0; o <= CHECK_FAILED; o++)
            if (strcmp(gateway_check_outcome_word((CheckOutcome)o), outcome) == 0)
                rows[i].outcome = (CheckOutcome)o;
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = gateway_check_likely_word(gateway_check_likely(rows, n, i));
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", *word != '\0' ? word : "-");
    }
    g_assert_cmpstr(out->str, ==, wanted);
}

static void
test_open(void)
{
    expect("udp/4500@192.0.2.1=answered udp/500@192.0.2.1=answered tcp/4500@192.0.2.1=answered "
           "tls/443@192.0.2.1=failed",
           "- - - -");
}

static void
test_hotel(void)
{
    expect("udp/4500@192.0.2.1=silent udp/500@192.0.2.1=silent tcp/4500@192.0.2.1=answered "
           "tls/443@192.0.2.1=silent",
           "udp-dropped udp-dropped - port-dropped");
}

static void
test_half_shut(void)
{
    expect("udp/4500@192.0.2.1=silent udp/500@192.0.2.1=answered tcp/4500@192.0.2.1=silent",
           "port-dropped - stream-dropped");
}

static void
test_plain_gateway(void)
{
    expect("udp/4500@192.0.2.1=answered udp/500@192.0.2.1=answered tcp/4500@192.0.2.1=refused "
           "tls/443@192.0.2.1=silent",
           "- - nothing-listens stream-dropped");
}

static void
test_families(void)
{
    expect("udp/4500@2001:db8::1=unreachable udp/4500@192.0.2.1=answered", "no-route -");
    expect("udp/4500@2001:db8::1=silent tcp/4500@2001:db8::1=silent udp/4500@192.0.2.1=answered",
           "address-dead address-dead -");
}

static void
test_dead(void)
{
    expect("udp/4500@192.0.2.1=silent tcp/4500@192.0.2.1=silent", "all-dead all-dead");
    expect("udp/4500@192.0.2.1=refused tcp/4500@192.0.2.1=silent", "nothing-listens all-dead");
}

static void
test_words(void)
{
    g_assert_cmpint(gateway_check_outcome("no answer"), ==, CHECK_SILENT);
    g_assert_cmpint(gateway_check_outcome("refused"), ==, CHECK_REFUSED);
    g_assert_cmpint(gateway_check_outcome("unreachable"), ==, CHECK_UNREACHABLE);
    g_assert_cmpint(gateway_check_outcome("the server's certificate is for x"), ==, CHECK_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/gateway-check/open", test_open);
    g_test_add_func("/plan/gateway-check/hotel", test_hotel);
    g_test_add_func("/plan/gateway-check/half-shut", test_half_shut);
    g_test_add_func("/plan/gateway-check/plain-gateway", test_plain_gateway);
    g_test_add_func("/plan/gateway-check/families", test_families);
    g_test_add_func("/plan/gateway-check/dead", test_dead);
    g_test_add_func("/plan/gateway-check/words", test_words);
    return g_test_run();
}
