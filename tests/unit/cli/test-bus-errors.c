#include "bus/errors.h"

#include <gio/gio.h>

#include "bus/names.h"

typedef bool (*Predicate)(const GError *error);

static const struct {
    GinnelError code;
    const char *name;
    Predicate is;
} known[] = {
    { GINNEL_ERROR_INVALID_PROFILE, "InvalidProfile", ginnel_error_is_invalid_profile },
    { GINNEL_ERROR_NO_SUCH_PROFILE, "NoSuchProfile", ginnel_error_is_no_such_profile },
    { GINNEL_ERROR_NO_SUCH_TUNNEL, "NoSuchTunnel", ginnel_error_is_no_such_tunnel },
    { GINNEL_ERROR_ALREADY_ACTIVE, "AlreadyActive", ginnel_error_is_already_active },
    { GINNEL_ERROR_NOT_AUTHORIZED, "NotAuthorized", ginnel_error_is_not_authorized },
    { GINNEL_ERROR_UNAVAILABLE, "Unavailable", NULL },
    { GINNEL_ERROR_TOO_MANY, "TooMany", NULL },
    { GINNEL_ERROR_DECLINED, "Declined", ginnel_error_is_declined },
    { GINNEL_ERROR_FAILED, "Failed", NULL },
};

/* What one side sends, the other reads as the same code. */
static void
test_names_round_trip(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autoptr(GError) sent = g_error_new(GINNEL_ERROR, (int)known[i].code, "why");
        g_autofree char *name = g_dbus_error_encode_gerror(sent);
        g_autofree char *expected = g_strconcat(GINNEL_ERROR_PREFIX, known[i].name, NULL);
        g_assert_cmpstr(name, ==, expected);
        g_autoptr(GError) received = g_dbus_error_new_for_dbus_error(expected, "why");
        g_assert_error(received, GINNEL_ERROR, (int)known[i].code);
    }
}

static void
test_predicates_tell_them_apart(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autoptr(GError) error = g_error_new(GINNEL_ERROR, (int)known[i].code, "why");
        for (size_t j = 0; j < G_N_ELEMENTS(known); j++)
            g_assert_true(known[j].is == NULL || known[j].is(error) == (i == j));
        g_assert_false(ginnel_error_is_no_service(error));
    }
    for (size_t j = 0; j < G_N_ELEMENTS(known); j++)
        g_assert_true(known[j].is == NULL || !known[j].is(NULL));
    g_assert_false(ginnel_error_is_no_service(NULL));
}

static void
test_what_the_bus_says_counts(void)
{
    g_autoptr(GError) denied = g_error_new(G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "no");
    g_autoptr(GError) unknown = g_error_new(G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, "no");
    g_autoptr(GError) spawn = g_error_new(G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_EXITED, "no");
    g_autoptr(GError) other = g_error_new(G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "no");
    g_assert_true(ginnel_error_is_not_authorized(denied));
    g_assert_true(ginnel_error_is_no_service(unknown));
    g_assert_true(ginnel_error_is_no_service(spawn));
    g_assert_false(ginnel_error_is_no_service(other) || ginnel_error_is_not_authorized(other));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/errors/names-round-trip", test_names_round_trip);
    g_test_add_func("/bus/errors/predicates-tell-them-apart", test_predicates_tell_them_apart);
    g_test_add_func("/bus/errors/what-the-bus-says-counts", test_what_the_bus_says_counts);
    return g_test_run();
}
