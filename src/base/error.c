#include "base/error.h"

#include <string.h>

#define DOTS "..."

G_DEFINE_QUARK(ginnel_parse_error_quark, parse_error)

char *
error_quote(const void *octets, gsize length, gsize max_chars)
{
    const guint8 *in = octets;
    GString *out = g_string_new(NULL);
    gsize cut = 0; /* the longest part that leaves room for the dots */
    for (gsize i = 0; i < length && out->len <= max_chars; i++) {
        if (out->len + strlen(DOTS) <= max_chars)
            cut = out->len;
        if (g_ascii_isprint((char)in[i]) && in[i] != '\\')
            g_string_append_c(out, (char)in[i]);
        else
            g_string_append_printf(out, "\\x%02x", in[i]);
    }
    if (out->len > max_chars) {
        g_string_truncate(out, cut);
        g_string_append_len(out, DOTS, (gssize)MIN(max_chars, strlen(DOTS)));
    }
    return g_string_free(out, FALSE);
}
