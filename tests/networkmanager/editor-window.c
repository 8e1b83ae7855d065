/*
 * Opens the editor as a desktop does: loads the plugin, shows a connection's page.
 *
 *   editor-window PLUGIN [--picture FILE] [--open] [--rtl] [KEY=VALUE...]
 *
 * PLUGIN is libnm-vpn-plugin-ginnel.so. --open opens what can be opened; --picture writes a PNG and
 * ends. Else it stays, and prints vpn.data after each change: "KEY=VALUE;..." or "wrong: ...".
 * Built with GTK 3 and with GTK 4.
 */
#include "nm/gtk-compat.h"

#include <NetworkManager.h>
#include <locale.h>
#include <string.h>

typedef struct {
    char *picture;
    gboolean open, rtl;
    GMainLoop *loop;
    GtkWidget *window, *page;
    NMVpnEditor *editor;
    NMConnection *connection;
} Tool;

static NMConnection *
connection_from(char **pairs)
{
    NMConnection *connection = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new(), *vpn = nm_setting_vpn_new();
    g_object_set(setting, NM_SETTING_CONNECTION_ID, "work", NULL);
    for (; *pairs != NULL; pairs++) {
        char *equals = strchr(*pairs, '=');
        g_autofree char *key = g_strndup(*pairs, (gsize)(equals - *pairs));
        nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), key, equals + 1);
    }
    nm_connection_add_setting(connection, setting);
    nm_connection_add_setting(connection, vpn);
    return connection;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
print_data(Tool *tool)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NMConnection) copy = nm_simple_connection_new_clone(tool->connection);
    if (!nm_vpn_editor_update_connection(tool->editor, copy, &error)) {
        g_print("wrong: %s\n", error->message);
        return;
    }
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(copy);
    guint n = 0;
    g_autofree const char **keys = nm_setting_vpn_get_data_keys(vpn, &n);
    g_autoptr(GString) out = g_string_new(NULL);
    qsort(keys, n, sizeof *keys, by_text);
    for (guint i = 0; i < n; i++)
        g_string_append_printf(out, "%s%s=%s", i > 0 ? "|" : "", keys[i],
                               nm_setting_vpn_get_data_item(vpn, keys[i]));
    g_print("%s\n", out->str);
}

static void
open_all(GtkWidget *widget, gpointer data)
{
    if (GTK_IS_EXPANDER(widget))
        gtk_expander_set_expanded(GTK_EXPANDER(widget), TRUE);
#if GTK_CHECK_VERSION(4, 0, 0)
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL;
         child = gtk_widget_get_next_sibling(child))
        open_all(child, data);
#else
    if (GTK_IS_CONTAINER(widget))
        gtk_container_foreach(GTK_CONTAINER(widget), open_all, data);
#endif
}

/* ---- pictures ---- */

#if GTK_CHECK_VERSION(4, 0, 0)

static gboolean
draw(gpointer data)
{
    Tool *tool = data;
    g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(tool->window);
    int width = gdk_paintable_get_intrinsic_width(paintable);
    int height = gdk_paintable_get_intrinsic_height(paintable);
    GtkSnapshot *snapshot = gtk_snapshot_new();
    gdk_paintable_snapshot(paintable, snapshot, width, height);
    GskRenderNode *node = gtk_snapshot_free_to_node(snapshot);
    if (node == NULL)
        return G_SOURCE_CONTINUE; /* nothing has been drawn yet */
    GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(tool->window));
    g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(renderer, node, NULL);
    gdk_texture_save_to_png(texture, tool->picture);
    gsk_render_node_unref(node);
    g_main_loop_quit(tool->loop);
    return G_SOURCE_REMOVE;
}

#else

static gboolean
draw(gpointer data)
{
    Tool *tool = data;
    int width = gtk_widget_get_allocated_width(tool->window);
    int height = gtk_widget_get_allocated_height(tool->window);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cairo = cairo_create(surface);
    gtk_widget_draw(tool->window, cairo);
    cairo_surface_write_to_png(surface, tool->picture);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    g_main_loop_quit(tool->loop);
    return G_SOURCE_REMOVE;
}

#endif

/* ---- the window ---- */

static void
show(Tool *tool)
{
#if GTK_CHECK_VERSION(4, 0, 0)
    tool->window = gtk_window_new();
    gtk_window_set_child(GTK_WINDOW(tool->window), tool->page);
#else
    tool->window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_container_add(GTK_CONTAINER(tool->window), tool->page);
#endif
    gtk_window_set_title(GTK_WINDOW(tool->window), "work");
    if (tool->open)
        open_all(tool->page, NULL);
    gtk_window_present(GTK_WINDOW(tool->window));
    if (tool->picture != NULL)
        g_timeout_add(400, draw, tool); /* the expander's own movement */
    else
        g_signal_connect_swapped(tool->editor, "changed", G_CALLBACK(print_data), tool);
}

int
main(int argc, char **argv)
{
    Tool tool = { 0 };
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        { "picture", 0, 0, G_OPTION_ARG_FILENAME, &tool.picture, NULL, NULL },
        { "open", 0, 0, G_OPTION_ARG_NONE, &tool.open, NULL, NULL },
        { "rtl", 0, 0, G_OPTION_ARG_NONE, &tool.rtl, NULL, NULL },
        { NULL },
    };
    setlocale(LC_ALL, "");
    g_autoptr(GOptionContext) context = g_option_context_new("PLUGIN [KEY=VALUE...]");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 2 || !compat_init()) {
        g_printerr("%s\n", error != NULL ? error->message : "no plugin, or no display");
        return 2;
    }
    if (tool.rtl)
        gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
    g_autoptr(NMVpnEditorPlugin) plugin = nm_vpn_editor_plugin_load(argv[1], NULL, &error);
    tool.connection = connection_from(argv + 2);
    tool.editor =
        plugin != NULL ? nm_vpn_editor_plugin_get_editor(plugin, tool.connection, &error) : NULL;
    if (tool.editor == NULL) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    tool.loop = g_main_loop_new(NULL, FALSE);
    tool.page = GTK_WIDGET(nm_vpn_editor_get_widget(tool.editor));
    print_data(&tool);
    show(&tool);
    g_main_loop_run(tool.loop);
    return 0;
}
