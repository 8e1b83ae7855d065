/* A gateway's name, asked of a stand-in for systemd-resolved. */
#include "system/gateway-name.h"

#include "fake-resolved.h"
#include "system/error.h"

#include <string.h>

typedef struct {
    bool done;
    GArray *addresses;
    GError *error;
} Answer;

static void
resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    Answer *answer = data;
    answer->addresses = gateway_name_resolve_finish(result, &answer->error);
    answer->done = true;
}

/* Addresses separated by spaces, or the error. */
static char *
ask(FakeResolved *fake, const char *name, int ifindex, GCancellable *cancellable, Answer *answer)
{
    GString *text = g_string_new(NULL);
    gateway_name_resolve_async(fake->client, name, ifindex, cancellable, resolved, answer);
    if (cancellable != NULL)
        g_cancellable_cancel(cancellable);
    fake_resolved_run_until(&answer->done);
    for (guint i = 0; answer->addresses != NULL && i < answer->addresses->len; i++) {
        g_autofree char *one =
            inet_address_to_string(&g_array_index(answer->addresses, InetAddress, i));
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", one);
    }
    g_clear_pointer(&answer->addresses, g_array_unref);
    return g_string_free(text, FALSE);
}

static void
test_literal(void)
{
    FakeResolved fake = { 0 };
    fake_resolved_start(&fake);
    static const char *const literals[] = { "192.0.2.1", "2001:db8::1" };
    for (size_t i = 0; i < G_N_ELEMENTS(literals); i++) {
        Answer answer = { 0 };
        g_autofree char *text = ask(&fake, literals[i], 0, NULL, &answer);
        g_assert_cmpstr(text, ==, literals[i]);
        g_assert_null(fake.asked);
    }
    fake_resolved_stop(&fake);
}

static void
test_over_the_outer_link(void)
{
    FakeResolved fake = { 0 };
    Answer answer = { 0 };
    fake_resolved_start(&fake);
    fake.addresses = "[(3, 2, [byte 192, 0, 2, 1])]";
    g_autofree char *text = ask(&fake, "gw.example", 3, NULL, &answer);
    g_assert_cmpstr(text, ==, "192.0.2.1");
    g_autofree char *asked = g_variant_print(fake.asked, FALSE);
    g_assert_cmpstr(asked, ==, "(3, 'gw.example', 0, 0)");
    fake_resolved_stop(&fake);
}

static void
test_families_take_turns(void)
{
    FakeResolved fake = { 0 };
    Answer answer = { 0 };
    fake_resolved_start(&fake);
    fake.addresses = "[(3, 2, [byte 192, 0, 2, 1]), (3, 2, [byte 192, 0, 2, 2]),"
                     " (3, 2, [byte 192, 0, 2, 3]),"
                     " (3, 10, [byte 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]";
    g_autofree char *text = ask(&fake, "gw.example", 0, NULL, &answer);
    g_assert_cmpstr(text, ==, "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3");
    fake_resolved_stop(&fake);
}

static void
test_bounded_and_checked(void)
{
    FakeResolved fake = { 0 };
    Answer answer = { 0 };
    g_autoptr(GString) many = g_string_new("[(3, 2, [byte 1, 2, 3]), (3, 99, [byte 1, 2, 3, 4])");
    fake_resolved_start(&fake);
    for (int i = 1; i <= 100; i++)
        g_string_append_printf(many, ", (3, 2, [byte 192, 0, 2, %d])", i);
    g_string_append_c(many, ']');
    fake.addresses = many->str;
    g_autofree char *text = ask(&fake, "gw.example", 0, NULL, &answer);
    g_assert_true(g_str_has_prefix(text, "192.0.2.1 192.0.2.2 "));
    g_auto(GStrv) list = g_strsplit(text, " ", -1);
    g_assert_cmpuint(g_strv_length(list), ==, GATEWAY_NAME_MAX_ADDRESSES);
    fake_resolved_stop(&fake);
}

static void
test_errors(void)
{
    static const struct {
        const char *error;
        int code;
    } cases[] = {
        { "org.freedesktop.resolve1.DnsError.NXDOMAIN", SYSTEM_ERROR_NOT_FOUND },
        { "org.freedesktop.resolve1.NoSuchRR", SYSTEM_ERROR_NOT_FOUND },
        { "org.freedesktop.resolve1.NoNameServers", SYSTEM_ERROR_NOT_FOUND },
        { "org.freedesktop.resolve1.DnsError.SERVFAIL", SYSTEM_ERROR_UNAVAILABLE },
        { "org.freedesktop.DBus.Error.Timeout", SYSTEM_ERROR_UNAVAILABLE },
    };
    FakeResolved fake = { 0 };
    fake_resolved_start(&fake);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Answer answer = { 0 };
        fake.error = cases[i].error;
        g_autofree char *text = ask(&fake, "gw.example", 0, NULL, &answer);
        g_assert_error(answer.error, SYSTEM_ERROR, cases[i].code);
        g_assert_nonnull(strstr(answer.error->message, "gw.example"));
        g_clear_error(&answer.error);
    }
    fake_resolved_stop(&fake);
}

/* What a resolver that is restarted takes along is asked again, and not for ever. */
static void
test_restarted_resolver(void)
{
    FakeResolved fake = { 0 };
    Answer answer = { 0 };
    fake_resolved_start(&fake);
    fake.error = "org.freedesktop.DBus.Error.NoReply";
    fake.failures = 2;
    fake.addresses = "[(3, 2, [byte 192, 0, 2, 1])]";
    g_autofree char *text = ask(&fake, "gw.example", 0, NULL, &answer);
    g_assert_cmpstr(text, ==, "192.0.2.1");
    fake.failures = fake.questions = 0;
    answer.done = false;
    g_autofree char *nothing = ask(&fake, "gw.example", 0, NULL, &answer);
    g_assert_error(answer.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    g_assert_cmpuint(fake.questions, ==, 3);
    g_clear_error(&answer.error);
    fake_resolved_stop(&fake);
}

static void
test_cancelled(void)
{
    FakeResolved fake = { 0 };
    Answer answer = { 0 };
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    fake_resolved_start(&fake);
    g_autofree char *text = ask(&fake, "gw.example", 0, cancellable, &answer);
    g_assert_error(answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_error(&answer.error);
    fake_resolved_stop(&fake);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/gateway-name/literal", test_literal);
    g_test_add_func("/system/gateway-name/over-the-outer-link", test_over_the_outer_link);
    g_test_add_func("/system/gateway-name/families-take-turns", test_families_take_turns);
    g_test_add_func("/system/gateway-name/bounded-and-checked", test_bounded_and_checked);
    g_test_add_func("/system/gateway-name/errors", test_errors);
    g_test_add_func("/system/gateway-name/restarted-resolver", test_restarted_resolver);
    g_test_add_func("/system/gateway-name/cancelled", test_cancelled);
    return g_test_run();
}
