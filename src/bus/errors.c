#include "bus/errors.h"

#include <gio/gio.h>

#include "bus/names.h"

static const GDBusErrorEntry entries[] = {
    { GINNEL_ERROR_FAILED, GINNEL_ERROR_PREFIX "Failed" },
    { GINNEL_ERROR_INVALID_PROFILE, GINNEL_ERROR_PREFIX "InvalidProfile" },
    { GINNEL_ERROR_NO_SUCH_PROFILE, GINNEL_ERROR_PREFIX "NoSuchProfile" },
    { GINNEL_ERROR_NO_SUCH_TUNNEL, GINNEL_ERROR_PREFIX "NoSuchTunnel" },
    { GINNEL_ERROR_ALREADY_ACTIVE, GINNEL_ERROR_PREFIX "AlreadyActive" },
    { GINNEL_ERROR_NOT_AUTHORIZED, GINNEL_ERROR_PREFIX "NotAuthorized" },
    { GINNEL_ERROR_UNAVAILABLE, GINNEL_ERROR_PREFIX "Unavailable" },
    { GINNEL_ERROR_TOO_MANY, GINNEL_ERROR_PREFIX "TooMany" },
    { GINNEL_ERROR_DECLINED, GINNEL_ERROR_PREFIX "Declined" },
};

GQuark
ginnel_error_quark(void)
{
    static gsize quark;
    g_dbus_error_register_error_domain("ginnel-error-quark", &quark, entries,
                                       G_N_ELEMENTS(entries));
    return (GQuark)quark;
}

bool
ginnel_error_is_invalid_profile(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_INVALID_PROFILE);
}

bool
ginnel_error_is_no_such_profile(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_NO_SUCH_PROFILE);
}

bool
ginnel_error_is_no_such_tunnel(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_NO_SUCH_TUNNEL);
}

bool
ginnel_error_is_already_active(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_ALREADY_ACTIVE);
}

bool
ginnel_error_is_declined(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_DECLINED);
}

bool
ginnel_error_is_not_authorized(const GError *error)
{
    return g_error_matches(error, GINNEL_ERROR, GINNEL_ERROR_NOT_AUTHORIZED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_AUTH_FAILED);
}

bool
ginnel_error_is_no_service(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND) ||
           (error != NULL && error->domain == G_DBUS_ERROR &&
            error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED &&
            error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY);
}
