#include "base/instant.h"

#include <glib.h>

Instant
instant_after(Instant instant, Duration duration)
{
    Instant sum;
    if (instant == INSTANT_NEVER || __builtin_add_overflow(instant, duration, &sum))
        return INSTANT_NEVER;
    return sum;
}

Instant
instant_earlier(Instant a, Instant b)
{
    return a < b ? a : b;
}

char *
duration_to_string(Duration duration)
{
    if (duration < DURATION_SECOND)
        return g_strdup_printf("%d ms", (int)(duration / DURATION_MILLISECOND));
    if (duration < 100 * DURATION_SECOND)
        return g_strdup_printf("%.1f s", (double)duration / (double)DURATION_SECOND);
    if (duration < 120 * DURATION_MINUTE)
        return g_strdup_printf("%d min", (int)(duration / DURATION_MINUTE));
    return g_strdup_printf("%" G_GINT64_FORMAT " h", duration / (60 * DURATION_MINUTE));
}
