#include "cli/props.h"

#include <string.h>

const char *
props_string(GVariant *props, const char *name)
{
    const char *text = "";
    g_variant_lookup(props, name, "&s", &text);
    return text;
}

gint64
props_int64(GVariant *props, const char *name)
{
    gint64 value = 0;
    g_variant_lookup(props, name, "x", &value);
    return value;
}

guint
props_uint(GVariant *props, const char *name)
{
    guint32 value = 0;
    g_variant_lookup(props, name, "u", &value);
    return value;
}

gboolean
props_bool(GVariant *props, const char *name)
{
    gboolean value = FALSE;
    g_variant_lookup(props, name, "b", &value);
    return value;
}

char **
props_strings(GVariant *props, const char *name)
{
    char **list = NULL;
    if (!g_variant_lookup(props, name, "^as", &list))
        list = g_new0(char *, 1);
    return list;
}

GVariant *
props_array(GVariant *props, const char *name, const char *type)
{
    GVariant *value = g_variant_lookup_value(props, name, G_VARIANT_TYPE(type));
    if (value != NULL)
        return value;
    return g_variant_ref_sink(
        g_variant_new_array(g_variant_type_element(G_VARIANT_TYPE(type)), NULL, 0));
}

GVariant *
props_last_event(GVariant *props, const char *event)
{
    g_autoptr(GVariant) timeline = props_array(props, "Timeline", "a(xsa{sv})");
    for (gsize i = g_variant_n_children(timeline); i-- > 0;) {
        const char *name;
        g_autoptr(GVariant) details = NULL;
        g_variant_get_child(timeline, i, "(x&s@a{sv})", NULL, &name, &details);
        if (strcmp(name, event) == 0)
            return g_steal_pointer(&details);
    }
    return NULL;
}
