/*
 * Reading a tunnel's properties, an a{sv} from the service, without trust: what is missing or of
 * another type counts as empty.
 */
#pragma once
#include <glib.h>

const char *props_string(GVariant *props, const char *name); /* borrowed, "" */
gint64 props_int64(GVariant *props, const char *name);
guint props_uint(GVariant *props, const char *name);
gboolean props_bool(GVariant *props, const char *name);
char **props_strings(GVariant *props, const char *name); /* free with g_strfreev */
/* a value of the type, or an empty array of it; full reference */
GVariant *props_array(GVariant *props, const char *name, const char *type);

/* The last event of that name in the timeline: its details; NULL where there is none. */
GVariant *props_last_event(GVariant *props, const char *event);
