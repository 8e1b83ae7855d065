/* A check's timeline as rows: a tunnel process's word, whatever it says. */
#include "daemon/checking.h"

#include "bus/names.h"

#include <string.h>

static void
add(GPtrArray *events, const char *event, const char *details)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("(@x 0, '%s', @a{sv} %s)", event, details);
    GVariant *variant = g_variant_parse(G_VARIANT_TYPE("(xsa{sv})"), text, NULL, NULL, &error);
    g_assert_no_error(error);
    g_ptr_array_add(events, variant);
}

static GPtrArray *
events_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
}

static void
expect(const GPtrArray *events, const char *wanted)
{
    g_autoptr(GVariant) rows = g_variant_ref_sink(checking_rows(events));
    g_autofree char *text = g_variant_print(rows, FALSE);
    g_assert_cmpstr(text, ==, wanted);
}

static void
test_rows(void)
{
    g_autoptr(GPtrArray) events = events_new();
    add(events, GINNEL_EVENT_RESOLVED, "{'name': <'gw.example'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED,
        "{'attempt': <@u 1>, 'transport': <'udp'>, 'port': <@u 4500>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED,
        "{'attempt': <@u 2>, 'transport': <'tcp'>, 'port': <@u 4500>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED,
        "{'attempt': <@u 3>, 'transport': <'tls'>, 'port': <@u 443>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_ANSWERED, "{'attempt': <@u 2>, 'after': <@x 31000>}");
    add(events, GINNEL_EVENT_ATTEMPT_FAILED, "{'attempt': <@u 3>, 'why': <'no trust'>}");
    add(events, GINNEL_EVENT_ATTEMPT_FAILED, "{'attempt': <@u 3>, 'why': <'refused'>}");
    expect(events, "[{'transport': <'udp'>, 'port': <uint32 4500>, 'address': <'192.0.2.1'>, "
                   "'outcome': <'silent'>, 'likely': <'udp-dropped'>}, "
                   "{'transport': <'tcp'>, 'port': <uint32 4500>, 'address': <'192.0.2.1'>, "
                   "'outcome': <'answered'>, 'after': <int64 31000>}, "
                   "{'transport': <'tls'>, 'port': <uint32 443>, 'address': <'192.0.2.1'>, "
                   "'outcome': <'failed'>, 'detail': <'no trust'>, 'likely': <''>}]");
}

/* It answered, and refused what we offer: it got through. */
static void
test_refusal_is_an_answer(void)
{
    g_autoptr(GPtrArray) events = events_new();
    add(events, GINNEL_EVENT_ATTEMPT_STARTED,
        "{'attempt': <@u 1>, 'transport': <'udp'>, 'port': <@u 500>, 'address': <'2001:db8::1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_ANSWERED, "{'attempt': <@u 1>, 'after': <@x 5>}");
    add(events, GINNEL_EVENT_ATTEMPT_FAILED, "{'attempt': <@u 1>, 'why': <'no proposal'>}");
    expect(events, "[{'transport': <'udp'>, 'port': <uint32 500>, 'address': <'2001:db8::1'>, "
                   "'outcome': <'answered'>, 'after': <int64 5>, 'detail': <'no proposal'>}]");
}

/* Numbers beyond the bound, types that are none, attempts that never began. */
static void
test_nonsense(void)
{
    g_autoptr(GPtrArray) events = events_new();
    add(events, GINNEL_EVENT_ATTEMPT_STARTED, "{'attempt': <@u 0>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED, "{'attempt': <@u 65>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED, "{'attempt': <'1'>, 'address': <'192.0.2.1'>}");
    add(events, GINNEL_EVENT_ATTEMPT_STARTED,
        "{'attempt': <@u 1>, 'address': <'nowhere'>, 'port': <'many'>, 'transport': <@u 4>}");
    add(events, GINNEL_EVENT_ATTEMPT_FAILED, "{'attempt': <@u 4>, 'why': <@u 7>}");
    add(events, GINNEL_EVENT_ATTEMPT_ANSWERED, "{'attempt': <@u 5>}");
    expect(events, "[]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/checking/rows", test_rows);
    g_test_add_func("/daemon/checking/refusal-is-an-answer", test_refusal_is_an_answer);
    g_test_add_func("/daemon/checking/nonsense", test_nonsense);
    return g_test_run();
}
