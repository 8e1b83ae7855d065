/*
 * The errors of the bus API's methods as a GError domain, so that both sides of the bus use the
 * same codes. Why a tunnel failed is not an error of a method: it is Tunnel.Reason (names.h).
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Registers the names with GDBus; call it before the first method call of a program. */
#define GINNEL_ERROR (ginnel_error_quark())
GQuark ginnel_error_quark(void);

typedef enum {
    GINNEL_ERROR_FAILED,
    GINNEL_ERROR_INVALID_PROFILE,
    GINNEL_ERROR_NO_SUCH_PROFILE,
    GINNEL_ERROR_NO_SUCH_TUNNEL,
    GINNEL_ERROR_ALREADY_ACTIVE,
    GINNEL_ERROR_NOT_AUTHORIZED,
    GINNEL_ERROR_UNAVAILABLE, /* something that the service needs is not there now */
    GINNEL_ERROR_TOO_MANY,
    GINNEL_ERROR_DECLINED, /* by the person whom an agent asked */
} GinnelError;

bool ginnel_error_is_invalid_profile(const GError *error);
bool ginnel_error_is_no_such_profile(const GError *error);
bool ginnel_error_is_no_such_tunnel(const GError *error);
bool ginnel_error_is_already_active(const GError *error);
bool ginnel_error_is_declined(const GError *error);
/* Also what the bus itself or polkit says when the caller may not. */
bool ginnel_error_is_not_authorized(const GError *error);
/* Nobody owns the service's name, and it could not be started. */
bool ginnel_error_is_no_service(const GError *error);
