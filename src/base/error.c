#include "base/error.h"

G_DEFINE_QUARK(ginnel - parse - error - quark, parse_error)

char *
error_quote(const void *octets, gsize length, gsize max_chars)
{
    const guint8 *in = octets;
    GString *out = g_string_new(NULL);
    for (gsize i = 0; i < length; i++) {
        if (out->len + 4 > max_chars) {
            g_string_append(out, "...");
            break;
        }
        if (g_ascii_isprint((char)in[i]) && in[i] != '\\')
            g_string_append_c(out, (char)in[i]);
        else
            g_string_append_printf(out, "\\x%02x", in[i]);
    }
    return g_string_free(out, FALSE);
}
