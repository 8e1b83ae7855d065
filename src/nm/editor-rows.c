#include "config.h"

#include "nm/editor-rows.h"

#include "nm/gtk-compat.h"

#include <glib/gi18n-lib.h>
#include <string.h>

const char *
editor_text(GtkWidget *entry)
{
#if GTK_CHECK_VERSION(4, 0, 0)
    return gtk_editable_get_text(GTK_EDITABLE(entry));
#else
    return gtk_entry_get_text(GTK_ENTRY(entry));
#endif
}

static void
set_text(GtkWidget *entry, const char *text)
{
#if GTK_CHECK_VERSION(4, 0, 0)
    gtk_editable_set_text(GTK_EDITABLE(entry), text != NULL ? text : "");
#else
    gtk_entry_set_text(GTK_ENTRY(entry), text != NULL ? text : "");
#endif
}

GtkWidget *
editor_label_add(GtkGrid *grid, int y, const char *text, GtkWidget *widget)
{
    GtkWidget *label = gtk_label_new_with_mnemonic(text);
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), widget);
    gtk_label_set_xalign(GTK_LABEL(label), 1.0);
    gtk_grid_attach(grid, label, 0, y, 1, 1);
    return label;
}

static void
set_width(GtkWidget *entry, int width)
{
#if GTK_CHECK_VERSION(4, 0, 0)
    gtk_editable_set_width_chars(GTK_EDITABLE(entry), width);
    gtk_editable_set_max_width_chars(GTK_EDITABLE(entry), width);
#else
    gtk_entry_set_width_chars(GTK_ENTRY(entry), width);
    gtk_entry_set_max_width_chars(GTK_ENTRY(entry), width);
#endif
}

static GtkWidget *
text_new(const EditorRow *row)
{
    GtkWidget *entry = gtk_entry_new();
    set_width(entry, row->width);
    gtk_widget_set_halign(entry, GTK_ALIGN_START);
    if (row->hint != NULL)
        gtk_entry_set_placeholder_text(GTK_ENTRY(entry), _(row->hint));
    return entry;
}

static GtkWidget *
choice_new(const EditorRow *row)
{
    GtkWidget *combo = gtk_combo_box_text_new();
    for (size_t i = 0; row->words[i] != NULL; i += 2)
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(combo), row->words[i], _(row->words[i + 1]));
    gtk_widget_set_halign(combo, GTK_ALIGN_START);
    return combo;
}

static GtkWidget *
widget_new(const EditorRow *row)
{
    switch (row->kind) {
    case ROW_TEXT:
    case ROW_LIST:
        return text_new(row);
    case ROW_CHOICE:
        return choice_new(row);
    case ROW_CHECK:
        return gtk_check_button_new_with_mnemonic(_(row->label));
    }
    g_assert_not_reached();
}

GtkWidget *
editor_row_add(GtkGrid *grid, int y, const EditorRow *row, GCallback on_change, gpointer user_data)
{
    GtkWidget *widget = widget_new(row);
    if (row->tip != NULL)
        gtk_widget_set_tooltip_text(widget, _(row->tip));
    if (row->kind != ROW_CHECK)
        editor_label_add(grid, y, _(row->label), widget);
    gtk_widget_set_hexpand(widget, TRUE); /* what is too much is at the end of the row */
    gtk_grid_attach(grid, widget, 1, y, 1, 1);
    g_signal_connect_swapped(widget, row->kind == ROW_CHECK ? "toggled" : "changed", on_change,
                             user_data);
    return widget;
}

/* "a;b" as people write it: "a, b". */
static char *
list_to_text(const char *value)
{
    g_auto(GStrv) items = g_strsplit_set(value != NULL ? value : "", "; \t", -1);
    GString *text = g_string_new(NULL);
    for (size_t i = 0; items[i] != NULL; i++)
        if (*items[i] != '\0')
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", items[i]);
    return g_string_free(text, FALSE);
}

static char *
list_from_text(const char *text)
{
    g_auto(GStrv) items = g_strsplit_set(text, ",; \t", -1);
    GString *value = g_string_new(NULL);
    for (size_t i = 0; items[i] != NULL; i++)
        if (*items[i] != '\0')
            g_string_append_printf(value, "%s%s", value->len > 0 ? ";" : "", items[i]);
    return g_string_free(value, FALSE);
}

void
editor_row_load(GtkWidget *widget, const EditorRow *row, NMSettingVpn *vpn)
{
    const char *value = nm_setting_vpn_get_data_item(vpn, row->key);
    g_autofree char *list = row->kind == ROW_LIST ? list_to_text(value) : NULL;
    switch (row->kind) {
    case ROW_TEXT:
        set_text(widget, value);
        break;
    case ROW_LIST:
        set_text(widget, list);
        break;
    case ROW_CHOICE:
        if (value == NULL || !gtk_combo_box_set_active_id(GTK_COMBO_BOX(widget), value))
            gtk_combo_box_set_active(GTK_COMBO_BOX(widget), 0);
        break;
    case ROW_CHECK:
        compat_set_checked(widget, g_strcmp0(value, "yes") == 0);
        break;
    }
}

static char *
value_of(GtkWidget *widget, const EditorRow *row)
{
    switch (row->kind) {
    case ROW_TEXT:
        return g_strstrip(g_strdup(editor_text(widget)));
    case ROW_LIST:
        return list_from_text(editor_text(widget));
    case ROW_CHOICE:
        return gtk_combo_box_get_active(GTK_COMBO_BOX(widget)) > 0
                   ? g_strdup(gtk_combo_box_get_active_id(GTK_COMBO_BOX(widget)))
                   : g_strdup("");
    case ROW_CHECK:
        return g_strdup(compat_is_checked(widget) ? "yes" : "");
    }
    g_assert_not_reached();
}

void
editor_row_store(GtkWidget *widget, const EditorRow *row, NMSettingVpn *vpn)
{
    g_autofree char *value = value_of(widget, row);
    if (value != NULL && *value != '\0')
        nm_setting_vpn_add_data_item(vpn, row->key, value);
    else
        nm_setting_vpn_remove_data_item(vpn, row->key);
}
