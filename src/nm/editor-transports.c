#include "config.h"

#include "nm/editor-transports.h"

#include "nm/gtk-compat.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define DEFAULT_ORDER "udp/4500;udp/500;tcp/4500"
#define WORD          "ginnel-transport"
#define CHECK         "ginnel-check"

/* What can be in the list; others of a connection join them as they are. */
static const char *const known[] = { "udp/4500", "udp/500", "tcp/4500", "tls/443", NULL };

typedef struct {
    TransportsChanged changed;
    gpointer user_data;
} Hook;

static GtkListBoxRow *
row_at(GtkWidget *list, int index)
{
    return gtk_list_box_get_row_at_index(GTK_LIST_BOX(list), index);
}

static const char *
word_of(GtkListBoxRow *row)
{
    return g_object_get_data(G_OBJECT(row), WORD);
}

static void
tell(GtkWidget *list)
{
    Hook *hook = g_object_get_data(G_OBJECT(list), "ginnel-hook");
    hook->changed(hook->user_data);
}

static void
on_check(GtkWidget *check, gpointer list)
{
    tell(list);
}

/* The row that holds the button, one place on; the button keeps the keyboard. */
static void
move(GtkWidget *button, int by)
{
    GtkWidget *row = gtk_widget_get_ancestor(button, GTK_TYPE_LIST_BOX_ROW);
    GtkWidget *list = gtk_widget_get_ancestor(button, GTK_TYPE_LIST_BOX);
    int index = gtk_list_box_row_get_index(GTK_LIST_BOX_ROW(row));
    if (index + by < 0 || row_at(list, index + by) == NULL)
        return;
    g_object_ref(row);
#if GTK_CHECK_VERSION(4, 0, 0)
    gtk_list_box_remove(GTK_LIST_BOX(list), row);
#else
    gtk_container_remove(GTK_CONTAINER(list), row);
#endif
    gtk_list_box_insert(GTK_LIST_BOX(list), row, index + by);
    g_object_unref(row);
    gtk_widget_grab_focus(button);
    tell(list);
}

static void
on_up(GtkWidget *button, gpointer data)
{
    move(button, -1);
}

static void
on_down(GtkWidget *button, gpointer data)
{
    move(button, 1);
}

static GtkWidget *
mover(const char *icon, const char *format, const char *title, GCallback clicked)
{
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
    g_autofree char *name = g_strjoinv(title, parts);
    GtkWidget *button = compat_icon_button(icon);
    compat_set_name(button, name);
    gtk_widget_set_tooltip_text(button, name);
    g_signal_connect(button, "clicked", clicked, NULL);
    return button;
}

/* "UDP, port 4500" */
static char *
title_of(const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "/", 2);
    g_autofree char *kind = g_ascii_strup(parts[0] != NULL ? parts[0] : "", -1);
    return g_strdup_printf(_("%s, port %s"), kind,
                           parts[0] != NULL && parts[1] != NULL ? parts[1] : "?");
}

static void
add_row(GtkWidget *list, const char *word, gboolean used)
{
    g_autofree char *title = title_of(word);
    GtkWidget *row = gtk_list_box_row_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *check = gtk_check_button_new_with_label(title);
    gtk_widget_set_hexpand(check, TRUE);
    gtk_widget_set_halign(check, GTK_ALIGN_START);
    compat_set_checked(check, used);
    g_signal_connect(check, "toggled", G_CALLBACK(on_check), list);
    compat_append(box, check);
    compat_append(box, mover("go-up-symbolic", _("Try %s earlier"), title, G_CALLBACK(on_up)));
    compat_append(box, mover("go-down-symbolic", _("Try %s later"), title, G_CALLBACK(on_down)));
    compat_row_set(row, box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_widget_set_can_focus(row, FALSE);
    g_object_set_data_full(G_OBJECT(row), WORD, g_strdup(word), g_free);
    g_object_set_data(G_OBJECT(row), CHECK, check);
    gtk_list_box_insert(GTK_LIST_BOX(list), row, -1);
    compat_show_all(row);
}

void
editor_transports_set(GtkWidget *list, const char *order)
{
    const char *text = order != NULL && *order != '\0' ? order : DEFAULT_ORDER;
    g_auto(GStrv) words = g_strsplit_set(text, "; \t", -1);
    for (size_t i = 0; words[i] != NULL; i++)
        if (*words[i] != '\0')
            add_row(list, words[i], TRUE);
    for (size_t i = 0; known[i] != NULL; i++)
        if (!g_strv_contains((const char *const *)words, known[i]))
            add_row(list, known[i], FALSE);
}

char *
editor_transports_get(GtkWidget *list)
{
    GString *order = g_string_new(NULL);
    GtkListBoxRow *row;
    for (int i = 0; (row = row_at(list, i)) != NULL; i++)
        if (compat_is_checked(g_object_get_data(G_OBJECT(row), CHECK)))
            g_string_append_printf(order, "%s%s", order->len > 0 ? ";" : "", word_of(row));
    char *text = g_string_free(order, FALSE);
    if (strcmp(text, DEFAULT_ORDER) != 0 && *text != '\0')
        return text;
    g_free(text);
    return NULL;
}

GtkWidget *
editor_transports_new(TransportsChanged changed, gpointer user_data)
{
    GtkWidget *list = gtk_list_box_new();
    Hook *hook = g_new0(Hook, 1);
    *hook = (Hook){ changed, user_data };
    g_object_set_data_full(G_OBJECT(list), "ginnel-hook", hook, g_free);
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
    compat_set_name(list, _("Ways to the gateway, in the order in which they are tried"));
    return list;
}
