#include "plan/redirect.h"

#include <string.h>

bool
redirect_address_is_allowed(const InetAddress *address)
{
    return inet_address_is_unicast(address);
}

static bool
is_named(char **gateways, const char *name, const InetAddress *address)
{
    for (size_t i = 0; gateways[i] != NULL; i++) {
        InetAddress one;
        if (name != NULL && g_ascii_strcasecmp(gateways[i], name) == 0)
            return true;
        if (name == NULL && inet_address_parse(gateways[i], &one) &&
            inet_address_equal(&one, address))
            return true;
    }
    return false;
}

const char *
redirect_refuse(RedirectHistory *history, bool any, char **gateways, const char *name,
                const InetAddress *address, Instant now)
{
    if (!any && !is_named(gateways, name, address))
        return "the profile names no such gateway, and does not say redirect = yes";
    if (name == NULL && !redirect_address_is_allowed(address))
        return "that is no address of a gateway";
    Instant *oldest = &history->at[history->n % REDIRECT_MAX];
    if (history->n >= REDIRECT_MAX && now < instant_after(*oldest, REDIRECT_PERIOD))
        return "we were sent on five times within five minutes: the gateways send us in circles";
    *oldest = now;
    history->n++;
    return NULL;
}
