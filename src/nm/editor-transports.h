/* The ways to the gateway as a list that a person puts in order. */
#pragma once
#include <gtk/gtk.h>

typedef void (*TransportsChanged)(gpointer user_data);

/* changed is called after every change by hand. */
GtkWidget *editor_transports_new(TransportsChanged changed, gpointer user_data);
/* "udp/4500;tcp/4500"; NULL or "": the default. */
void editor_transports_set(GtkWidget *list, const char *order);
/* NULL where it is the default; free with g_free. */
char *editor_transports_get(GtkWidget *list);
