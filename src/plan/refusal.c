#include "plan/refusal.h"

static void
refusal_free(gpointer data)
{
    Refusal *refusal = data;
    g_free(refusal->name);
    g_free(refusal->why);
    g_free(refusal);
}

GPtrArray *
refusals_new(void)
{
    return g_ptr_array_new_with_free_func(refusal_free);
}

void
refusals_add(GPtrArray *refusals, const char *kind, char *name, const char *code,
             const char *format, ...)
{
    va_list arguments;
    if (refusals->len >= REFUSALS_MAX) {
        g_free(name);
        return;
    }
    Refusal *refusal = g_new0(Refusal, 1);
    va_start(arguments, format);
    *refusal = (Refusal){ kind, name, code, g_strdup_vprintf(format, arguments) };
    va_end(arguments);
    g_ptr_array_add(refusals, refusal);
}
