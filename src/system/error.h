/* Errors of the system layer: what this machine refused. Messages name the object. */
#pragma once
#include <glib.h>

#define SYSTEM_ERROR (system_error_quark())
GQuark system_error_quark(void);

typedef enum {
    SYSTEM_ERROR_FAILED,
    SYSTEM_ERROR_NOT_FOUND,   /* a name has no address */
    SYSTEM_ERROR_UNAVAILABLE, /* a service that is needed does not answer */
    SYSTEM_ERROR_ABSENT,      /* there is no such service on this machine */
    SYSTEM_ERROR_TOO_MANY,    /* more domains than the resolver takes for one link */
} SystemError;
