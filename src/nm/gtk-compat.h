/* The few calls in which GTK 3 and GTK 4 differ, for sources that are built with either. */
#pragma once
#include <gtk/gtk.h>

#if GTK_CHECK_VERSION(4, 0, 0)

static inline gboolean
compat_init(void)
{
    return gtk_init_check();
}

static inline void
compat_append(GtkWidget *box, GtkWidget *child)
{
    gtk_box_append(GTK_BOX(box), child);
}

static inline void
compat_expander_set(GtkWidget *expander, GtkWidget *child)
{
    gtk_expander_set_child(GTK_EXPANDER(expander), child);
}

static inline void
compat_frame_set(GtkWidget *frame, GtkWidget *child)
{
    gtk_frame_set_child(GTK_FRAME(frame), child);
}

static inline void
compat_row_set(GtkWidget *row, GtkWidget *child)
{
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), child);
}

static inline gboolean
compat_is_checked(GtkWidget *check)
{
    return gtk_check_button_get_active(GTK_CHECK_BUTTON(check));
}

static inline void
compat_set_checked(GtkWidget *check, gboolean active)
{
    gtk_check_button_set_active(GTK_CHECK_BUTTON(check), active);
}

static inline GtkWidget *
compat_icon_button(const char *icon)
{
    return gtk_button_new_from_icon_name(icon);
}

static inline void
compat_show_all(GtkWidget *widget)
{
    gtk_widget_set_visible(widget, TRUE);
}

/* What a screen reader says of it. */
static inline void
compat_set_name(GtkWidget *widget, const char *name)
{
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static inline void
compat_set_icon(GtkWindow *window, const char *icon)
{
    gtk_window_set_icon_name(window, icon);
}

static inline void
compat_destroy_window(GtkWindow *window)
{
    gtk_window_destroy(window);
}

#else

static inline gboolean
compat_init(void)
{
    return gtk_init_check(NULL, NULL);
}

static inline void
compat_append(GtkWidget *box, GtkWidget *child)
{
    gtk_box_pack_start(GTK_BOX(box), child, FALSE, TRUE, 0);
}

static inline void
compat_expander_set(GtkWidget *expander, GtkWidget *child)
{
    gtk_container_add(GTK_CONTAINER(expander), child);
}

static inline void
compat_frame_set(GtkWidget *frame, GtkWidget *child)
{
    gtk_container_add(GTK_CONTAINER(frame), child);
}

static inline void
compat_row_set(GtkWidget *row, GtkWidget *child)
{
    gtk_container_add(GTK_CONTAINER(row), child);
}

static inline gboolean
compat_is_checked(GtkWidget *check)
{
    return gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(check));
}

static inline void
compat_set_checked(GtkWidget *check, gboolean active)
{
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(check), active);
}

static inline GtkWidget *
compat_icon_button(const char *icon)
{
    return gtk_button_new_from_icon_name(icon, GTK_ICON_SIZE_BUTTON);
}

static inline void
compat_show_all(GtkWidget *widget)
{
    gtk_widget_show_all(widget);
}

/* What a screen reader says of it. */
static inline void
compat_set_name(GtkWidget *widget, const char *name)
{
    atk_object_set_name(gtk_widget_get_accessible(widget), name);
}

static inline void
compat_set_icon(GtkWindow *window, const char *icon)
{
    gtk_window_set_icon_name(window, icon);
}

static inline void
compat_destroy_window(GtkWindow *window)
{
    gtk_widget_destroy(GTK_WIDGET(window));
}

#endif
