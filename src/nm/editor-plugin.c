/*
 * libnm-vpn-plugin-ginnel.so: what nmcli and the editors of desktops load. No GTK here: the half
 * with windows is loaded when somebody opens one.
 */
#include "config.h"

#include "nm/names.h"
#include "nm/transfer.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <glib/gi18n-lib.h>

#define GINNEL_TYPE_EDITOR_PLUGIN (ginnel_editor_plugin_get_type())
G_DECLARE_FINAL_TYPE(GinnelEditorPlugin, ginnel_editor_plugin, GINNEL, EDITOR_PLUGIN, GObject)

struct _GinnelEditorPlugin {
    GObject parent;
};

enum { PROP_NAME = 1, PROP_DESCRIPTION, PROP_SERVICE };

static void interface_init(NMVpnEditorPluginInterface *interface);

G_DEFINE_TYPE_WITH_CODE(GinnelEditorPlugin, ginnel_editor_plugin, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(NM_TYPE_VPN_EDITOR_PLUGIN, interface_init))

typedef NMVpnEditor *(*EditorFactory)(NMConnection *connection, GError **error);

/* The module for the GTK that the program has. */
static NMVpnEditor *
get_editor(NMVpnEditorPlugin *plugin, NMConnection *connection, GError **error)
{
    gboolean gtk3 = dlsym(RTLD_DEFAULT, "gtk_container_add") != NULL;
    const char *path = gtk3 ? NM_PLUGIN_DIR "/libnm-vpn-plugin-ginnel-editor.so"
                            : NM_PLUGIN_DIR "/libnm-gtk4-vpn-plugin-ginnel-editor.so";
    gpointer factory = NULL;
    GModule *module = g_module_open(path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
    if (module == NULL || !g_module_symbol(module, "ginnel_editor_new", &factory)) {
        g_set_error(error, NM_CONNECTION_ERROR, NM_CONNECTION_ERROR_FAILED, "%s", g_module_error());
        if (module != NULL)
            g_module_close(module);
        return NULL;
    }
    g_module_make_resident(module); /* its types stay */
    return ((EditorFactory)factory)(connection, error);
}

static NMVpnEditorPluginCapability
get_capabilities(NMVpnEditorPlugin *plugin)
{
    return NM_VPN_EDITOR_PLUGIN_CAPABILITY_IMPORT | NM_VPN_EDITOR_PLUGIN_CAPABILITY_EXPORT |
           NM_VPN_EDITOR_PLUGIN_CAPABILITY_IPV6;
}

static NMConnection *
import_from_file(NMVpnEditorPlugin *plugin, const char *path, GError **error)
{
    g_autofree char *folder = transfer_folder(), *notes = NULL;
    NMConnection *connection = transfer_import(path, folder, &notes, error);
    if (connection != NULL && notes != NULL && *notes != '\0')
        g_printerr("%s", notes);
    return connection;
}

static gboolean
export_to_file(NMVpnEditorPlugin *plugin, const char *path, NMConnection *connection,
               GError **error)
{
    return transfer_export(connection, path, error);
}

static char *
get_suggested_filename(NMVpnEditorPlugin *plugin, NMConnection *connection)
{
    const char *id = nm_connection_get_id(connection);
    g_autofree char *name = g_strdelimit(g_strdup(id != NULL ? id : "vpn"), "/", '-');
    return g_strdup_printf("%s.mobileconfig", name);
}

static void
interface_init(NMVpnEditorPluginInterface *interface)
{
    interface->get_editor = get_editor;
    interface->get_capabilities = get_capabilities;
    interface->import_from_file = import_from_file;
    interface->export_to_file = export_to_file;
    interface->get_suggested_filename = get_suggested_filename;
}

static void
get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NAME)
        g_value_set_string(value, _("Ginnel (IKEv2)"));
    else if (id == PROP_DESCRIPTION)
        g_value_set_string(value, _("IKEv2, also where the network blocks UDP."));
    else if (id == PROP_SERVICE)
        g_value_set_string(value, NM_GINNEL_SERVICE);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
ginnel_editor_plugin_class_init(GinnelEditorPluginClass *class)
{
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->get_property = get_property;
    g_object_class_override_property(object, PROP_NAME, NM_VPN_EDITOR_PLUGIN_NAME);
    g_object_class_override_property(object, PROP_DESCRIPTION, NM_VPN_EDITOR_PLUGIN_DESCRIPTION);
    g_object_class_override_property(object, PROP_SERVICE, NM_VPN_EDITOR_PLUGIN_SERVICE);
}

static void
ginnel_editor_plugin_init(GinnelEditorPlugin *plugin)
{
}

G_MODULE_EXPORT NMVpnEditorPlugin *
nm_vpn_editor_plugin_factory(GError **error)
{
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    return g_object_new(GINNEL_TYPE_EDITOR_PLUGIN, NULL);
}
