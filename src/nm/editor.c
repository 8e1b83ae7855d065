/*
 * The half of the editor plugin that has windows: one page for a connection, built with GTK 3 for
 * nm-connection-editor and with GTK 4 for GNOME's settings.
 */
#include "config.h"

#include "nm/editor-rows.h"
#include "nm/editor-transports.h"
#include "nm/gtk-compat.h"
#include "nm/mapping.h"
#include "nm/names.h"

#include <gmodule.h>
#include <glib/gi18n-lib.h>
#include <nma-cert-chooser.h>
#include <nma-ui-utils.h>
#include <string.h>

#define GINNEL_TYPE_EDITOR (ginnel_editor_get_type())
G_DECLARE_FINAL_TYPE(GinnelEditor, ginnel_editor, GINNEL, EDITOR, GObject)

#define MAX_ROWS 16 /* of one section */

/* How the user signs in, as one choice; each shows rows of its own. */
typedef enum { WAY_EAP, WAY_CERTIFICATE, WAY_EAP_TLS, WAY_PSK, N_WAYS } Way;

static const EditorRow gateway_rows[] = {
    { ROW_LIST, "gateway-address", N_("_Gateway:"), "vpn.example.com",
      N_("Host name or address; several, in order, separated by commas"), 28, NULL },
    { ROW_TEXT, "gateway-id", N_("Gateway i_dentity:"), NULL,
      N_("The name that the gateway has to prove; without one, its address"), 28, NULL },
};
static const EditorRow user_row = {
    ROW_TEXT, "user-id", N_("_Your identity:"), "tess@example.com", N_("Who you say you are"),
    28,       NULL
};
static const EditorRow eap_row = {
    ROW_TEXT, "user-eap-id", N_("User _name:"), NULL, N_("Where it is another than your identity"),
    28,       NULL
};

static const char *const eap_words[] = { "auto", N_("Automatic"), "mschapv2", "MSCHAPv2",
                                         "peap", "PEAP",          "ttls",     "TTLS",
                                         "gtc",  "GTC",           NULL };
static const char *const revocation_words[] = { "soft",   N_("Refuse what is revoked"),
                                                "strict", N_("Refuse what nobody can tell of, too"),
                                                "off",    N_("Do not ask"),
                                                NULL };
static const char *const server_words[] = { "inside", N_("Names below these alone"), "all",
                                            N_("All names"), NULL };

static const EditorRow names_rows[] = {
    { ROW_LIST, "dns-domains", N_("Acce_pted domains:"), "corp.example",
      N_("Of the domains that the gateway offers, only these and below; without any, what is safe"),
      28, NULL },
    { ROW_LIST, "dns-add-domains", N_("M_ore domains inside:"), "corp.example",
      N_("Asked inside even where the gateway does not say so"), 28, NULL },
    { ROW_LIST, "dns-search-domains", N_("Sear_ch domains:"), NULL,
      N_("Also tried for short names"), 28, NULL },
    { ROW_LIST, "dns-trust-anchor-domains", N_("Keys accepted _for:"), "corp.example",
      N_("Domains, and below, for which DNSSEC keys of the gateway are trusted"), 28, NULL },
    { ROW_CHOICE, "dns-use-servers", N_("Ask _inside for:"), NULL, NULL, 0, server_words },
};
static const EditorRow advanced_rows[] = {
    { ROW_CHOICE, "user-eap", N_("_EAP method:"), NULL, NULL, 0, eap_words },
    { ROW_TEXT, "user-eap-server-name", N_("Name of the EAP ser_ver:"), NULL,
      N_("What the certificate of the server that gets the password has to say"), 28, NULL },
    { ROW_CHOICE, "gateway-revocation", N_("_Revoked certificates:"), NULL, NULL, 0,
      revocation_words },
    { ROW_LIST, "network-include", N_("Ne_tworks:"), "10.0.0.0/8",
      N_("What to reach through the tunnel; without any, what the gateway gives"), 28, NULL },
    { ROW_TEXT, "network-mtu", N_("MT_U:"), N_("automatic"), NULL, 12, NULL },
    { ROW_LIST, "proposals-ike", N_("A_lgorithms for IKE:"), "aes256gcm16-prfsha384-x25519", NULL,
      28, NULL },
    { ROW_LIST, "proposals-esp", N_("Algorit_hms for ESP:"), "aes256gcm16", NULL, 28, NULL },
    { ROW_CHECK, "proposals-legacy", N_("Be compati_ble with old gateways"), NULL, NULL, 0, NULL },
    { ROW_CHECK, "gateway-redirect", N_("Ta_ke redirects to other gateways"), NULL,
      N_("Where the gateway sends us to another one"), 0, NULL },
};

struct _GinnelEditor {
    GObject parent;
    GtkWidget *page;
    GtkWidget *gateway[G_N_ELEMENTS(gateway_rows)];
    GtkWidget *ca, *way, *user, *eap_user, *certificate, *password, *psk;
    GtkWidget *password_label, *psk_label, *eap_label;
    GtkWidget *names[G_N_ELEMENTS(names_rows)], *advanced[G_N_ELEMENTS(advanced_rows)];
    GtkWidget *transports;
    GtkSizeGroup *labels; /* one column through all sections */
    gboolean loading;
};

static void interface_init(NMVpnEditorInterface *interface);

G_DEFINE_TYPE_WITH_CODE(GinnelEditor, ginnel_editor, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(NM_TYPE_VPN_EDITOR, interface_init))

static void
changed(gpointer data)
{
    GinnelEditor *editor = data;
    if (!editor->loading)
        g_signal_emit_by_name(editor, "changed");
}

static Way
way_of(const GinnelEditor *editor)
{
    int active = gtk_combo_box_get_active(GTK_COMBO_BOX(editor->way));
    return active < 0 ? WAY_EAP : (Way)active;
}

/* ---- building ---- */

static GtkWidget *
grid_new(void)
{
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    gtk_widget_set_margin_start(grid, 12);
    return grid;
}

/* A heading, and below it the grid with its rows. */
static GtkWidget *
section_new(GtkWidget *page, const char *title)
{
    GtkWidget *label = gtk_label_new(NULL), *grid = grid_new();
    g_autofree char *markup = g_markup_printf_escaped("<b>%s</b>", title);
    gtk_label_set_markup(GTK_LABEL(label), markup);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    compat_append(page, label);
    compat_append(page, grid);
    return grid;
}

static GtkWidget *
expander_new(GtkWidget *page, const char *title)
{
    GtkWidget *expander = gtk_expander_new_with_mnemonic(title), *grid = grid_new();
    gtk_widget_set_margin_top(grid, 6);
    compat_expander_set(expander, grid);
    compat_append(page, expander);
    return grid;
}

static void
align_labels(GinnelEditor *editor, GtkWidget *grid)
{
    for (int y = 0; y < MAX_ROWS; y++) {
        GtkWidget *label = gtk_grid_get_child_at(GTK_GRID(grid), 0, y);
        if (label != NULL && GTK_IS_LABEL(label))
            gtk_size_group_add_widget(editor->labels, label);
        else if (label != NULL && NMA_IS_CERT_CHOOSER(label))
            nma_cert_chooser_add_to_size_group(NMA_CERT_CHOOSER(label), editor->labels);
    }
}

static void
add_rows(GinnelEditor *editor, GtkWidget *grid, const EditorRow *rows, size_t n,
         GtkWidget **widgets)
{
    for (size_t i = 0; i < n; i++)
        widgets[i] = editor_row_add(GTK_GRID(grid), (int)i, &rows[i], G_CALLBACK(changed), editor);
    align_labels(editor, grid);
}

static GtkWidget *
secret_new_row(GinnelEditor *editor, GtkWidget *grid, int y, const char *label, GtkWidget **out)
{
    GtkWidget *entry = gtk_entry_new();
    gtk_entry_set_visibility(GTK_ENTRY(entry), FALSE);
    gtk_entry_set_input_purpose(GTK_ENTRY(entry), GTK_INPUT_PURPOSE_PASSWORD);
    gtk_widget_set_halign(entry, GTK_ALIGN_START);
#if GTK_CHECK_VERSION(4, 0, 0)
    gtk_editable_set_width_chars(GTK_EDITABLE(entry), 28);
#else
    gtk_entry_set_width_chars(GTK_ENTRY(entry), 28);
#endif
    gtk_widget_set_hexpand(entry, TRUE);
    *out = editor_label_add(GTK_GRID(grid), y, label, entry);
    gtk_grid_attach(GTK_GRID(grid), entry, 1, y, 1, 1);
    g_signal_connect_swapped(entry, "changed", G_CALLBACK(changed), editor);
    return entry;
}

static void
set_shown(GtkWidget *widget, GtkWidget *label, gboolean shown)
{
    gtk_widget_set_visible(widget, shown);
    if (label != NULL)
        gtk_widget_set_visible(label, shown);
}

static void
show_way(GinnelEditor *editor)
{
    Way way = way_of(editor);
    set_shown(editor->certificate, NULL, way == WAY_CERTIFICATE || way == WAY_EAP_TLS);
    set_shown(editor->eap_user, editor->eap_label, way == WAY_EAP);
    set_shown(editor->password, editor->password_label, way == WAY_EAP);
    set_shown(editor->psk, editor->psk_label, way == WAY_PSK);
    set_shown(editor->ca, NULL, way != WAY_PSK);
}

static void
on_way(GtkWidget *combo, gpointer data)
{
    show_way(data);
    changed(data);
}

static GtkWidget *
way_new(GinnelEditor *editor)
{
    static const char *const titles[N_WAYS] = {
        [WAY_EAP] = N_("User name and password"),
        [WAY_CERTIFICATE] = N_("Certificate, or smart card"),
        [WAY_EAP_TLS] = N_("Certificate, by EAP-TLS"),
        [WAY_PSK] = N_("Pre-shared key"),
    };
    GtkWidget *combo = gtk_combo_box_text_new();
    for (size_t i = 0; i < N_WAYS; i++)
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(combo), NULL, _(titles[i]));
    gtk_widget_set_halign(combo, GTK_ALIGN_START);
    g_signal_connect(combo, "changed", G_CALLBACK(on_way), editor);
    return combo;
}

static void
build_user(GinnelEditor *editor, GtkWidget *grid)
{
    editor->way = way_new(editor);
    editor_label_add(GTK_GRID(grid), 0, _("_Sign in by:"), editor->way);
    gtk_grid_attach(GTK_GRID(grid), editor->way, 1, 0, 1, 1);
    editor->user = editor_row_add(GTK_GRID(grid), 1, &user_row, G_CALLBACK(changed), editor);
    editor->eap_user = editor_row_add(GTK_GRID(grid), 2, &eap_row, G_CALLBACK(changed), editor);
    editor->eap_label = gtk_grid_get_child_at(GTK_GRID(grid), 0, 2);
    editor->password = secret_new_row(editor, grid, 3, _("Pass_word:"), &editor->password_label);
    editor->psk = secret_new_row(editor, grid, 4, _("Pre-shared _key:"), &editor->psk_label);
    editor->certificate = nma_cert_chooser_new(_("User"), NMA_CERT_CHOOSER_FLAG_NONE);
    gtk_grid_attach(GTK_GRID(grid), editor->certificate, 0, 5, 2, 1);
    align_labels(editor, grid);
    g_signal_connect_swapped(editor->certificate, "changed", G_CALLBACK(changed), editor);
}

static void
build_gateway(GinnelEditor *editor, GtkWidget *grid)
{
    add_rows(editor, grid, gateway_rows, G_N_ELEMENTS(gateway_rows), editor->gateway);
    editor->ca =
        nma_cert_chooser_new(_("CA"), NMA_CERT_CHOOSER_FLAG_CERT | NMA_CERT_CHOOSER_FLAG_PEM);
    gtk_grid_attach(GTK_GRID(grid), editor->ca, 0, (int)G_N_ELEMENTS(gateway_rows), 2, 1);
    align_labels(editor, grid);
    g_signal_connect_swapped(editor->ca, "changed", G_CALLBACK(changed), editor);
}

static void
build_advanced(GinnelEditor *editor, GtkWidget *grid)
{
    int y = (int)G_N_ELEMENTS(advanced_rows);
    add_rows(editor, grid, advanced_rows, G_N_ELEMENTS(advanced_rows), editor->advanced);
    GtkWidget *frame = gtk_frame_new(NULL);
    editor->transports = editor_transports_new(changed, editor);
    compat_frame_set(frame, editor->transports);
    gtk_widget_set_halign(frame, GTK_ALIGN_START);
    GtkWidget *label =
        editor_label_add(GTK_GRID(grid), y, _("Ways to the gateway:"), editor->transports);
    gtk_widget_set_valign(label, GTK_ALIGN_START);
    gtk_grid_attach(GTK_GRID(grid), frame, 1, y, 1, 1);
    align_labels(editor, grid);
}

static void
build(GinnelEditor *editor)
{
    editor->labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
    editor->page = g_object_ref_sink(gtk_box_new(GTK_ORIENTATION_VERTICAL, 12));
    gtk_widget_set_margin_top(editor->page, 12);
    gtk_widget_set_margin_bottom(editor->page, 12);
    gtk_widget_set_margin_start(editor->page, 12);
    gtk_widget_set_margin_end(editor->page, 12);
    build_gateway(editor, section_new(editor->page, _("Gateway")));
    build_user(editor, section_new(editor->page, _("You")));
    add_rows(editor, expander_new(editor->page, _("Na_mes inside")), names_rows,
             G_N_ELEMENTS(names_rows), editor->names);
    build_advanced(editor, expander_new(editor->page, _("_Advanced")));
    compat_show_all(editor->page);
}

/* ---- from the connection ---- */

static Way
way_from(NMSettingVpn *vpn)
{
    const char *auth = nm_setting_vpn_get_data_item(vpn, "user-auth");
    const char *eap = nm_setting_vpn_get_data_item(vpn, "user-eap");
    if (g_strcmp0(auth, "psk") == 0)
        return WAY_PSK;
    if (g_strcmp0(auth, "eap") == 0)
        return g_strcmp0(eap, "tls") == 0 ? WAY_EAP_TLS : WAY_EAP;
    /* A new one begins with what most people have. */
    return auth == NULL && nm_setting_vpn_get_data_item(vpn, "user-certificate") == NULL
               ? WAY_EAP
               : WAY_CERTIFICATE;
}

static void
load_secret(GtkWidget *entry, NMSettingVpn *vpn, const char *secret)
{
    g_autofree char *flags_name = g_strconcat(secret, "-flags", NULL);
    NMSettingSecretFlags flags = NM_SETTING_SECRET_FLAG_AGENT_OWNED;
    const char *value = nm_setting_vpn_get_secret(vpn, secret);
    if (nm_setting_vpn_get_data_item(vpn, flags_name) != NULL)
        nm_setting_get_secret_flags(NM_SETTING(vpn), secret, &flags, NULL);
    else if (value != NULL)
        flags = NM_SETTING_SECRET_FLAG_NONE;
    nma_utils_setup_password_storage(entry, flags, NM_SETTING(vpn), secret, TRUE, FALSE);
#if GTK_CHECK_VERSION(4, 0, 0)
    gtk_editable_set_text(GTK_EDITABLE(entry), value != NULL ? value : "");
#else
    gtk_entry_set_text(GTK_ENTRY(entry), value != NULL ? value : "");
#endif
}

static NMSetting8021xCKScheme
scheme_of(const char *value)
{
    return value != NULL && g_str_has_prefix(value, "pkcs11:") ? NM_SETTING_802_1X_CK_SCHEME_PKCS11
                                                               : NM_SETTING_802_1X_CK_SCHEME_PATH;
}

static void
load_certificates(GinnelEditor *editor, NMSettingVpn *vpn)
{
    const char *ca = nm_setting_vpn_get_data_item(vpn, "gateway-ca");
    const char *certificate = nm_setting_vpn_get_data_item(vpn, "user-certificate");
    const char *key = nm_setting_vpn_get_data_item(vpn, "user-key");
    const char *passphrase = nm_setting_vpn_get_secret(vpn, NM_GINNEL_PASSPHRASE);
    NMACertChooser *chooser = NMA_CERT_CHOOSER(editor->certificate);
    NMSettingSecretFlags flags = NM_SETTING_SECRET_FLAG_NONE;
    nm_setting_get_secret_flags(NM_SETTING(vpn), NM_GINNEL_PASSPHRASE, &flags, NULL);
    if (ca != NULL)
        nma_cert_chooser_set_cert(NMA_CERT_CHOOSER(editor->ca), ca, scheme_of(ca));
    if (certificate != NULL)
        nma_cert_chooser_set_cert(chooser, certificate, scheme_of(certificate));
    if (key != NULL)
        nma_cert_chooser_set_key(chooser, key, scheme_of(key));
    if (passphrase != NULL)
        nma_cert_chooser_set_key_password(chooser, passphrase);
    nma_cert_chooser_setup_key_password_storage(chooser, flags, NM_SETTING(vpn),
                                                NM_GINNEL_PASSPHRASE, TRUE, FALSE);
}

static void
load(GinnelEditor *editor, NMConnection *connection)
{
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(connection);
    editor->loading = TRUE;
    for (size_t i = 0; i < G_N_ELEMENTS(gateway_rows); i++)
        editor_row_load(editor->gateway[i], &gateway_rows[i], vpn);
    for (size_t i = 0; i < G_N_ELEMENTS(names_rows); i++)
        editor_row_load(editor->names[i], &names_rows[i], vpn);
    for (size_t i = 0; i < G_N_ELEMENTS(advanced_rows); i++)
        editor_row_load(editor->advanced[i], &advanced_rows[i], vpn);
    editor_row_load(editor->user, &user_row, vpn);
    editor_row_load(editor->eap_user, &eap_row, vpn);
    load_secret(editor->password, vpn, NM_GINNEL_PASSWORD);
    load_secret(editor->psk, vpn, NM_GINNEL_PSK);
    load_certificates(editor, vpn);
    editor_transports_set(editor->transports, nm_setting_vpn_get_data_item(vpn, "transport-order"));
    gtk_combo_box_set_active(GTK_COMBO_BOX(editor->way), (int)way_from(vpn));
    show_way(editor);
    editor->loading = FALSE;
}

/* ---- to the connection ---- */

static void
store(NMSettingVpn *vpn, const char *key, const char *value)
{
    if (value != NULL && *value != '\0')
        nm_setting_vpn_add_data_item(vpn, key, value);
    else
        nm_setting_vpn_remove_data_item(vpn, key);
}

static void
store_way(NMSettingVpn *vpn, Way way)
{
    static const char *const auth[N_WAYS] = { "eap", "certificate", "eap", "psk" };
    const char *eap = nm_setting_vpn_get_data_item(vpn, "user-eap");
    store(vpn, "user-auth", auth[way]);
    if (way == WAY_EAP_TLS)
        store(vpn, "user-eap", "tls");
    else if (way != WAY_EAP || g_strcmp0(eap, "tls") == 0)
        store(vpn, "user-eap", NULL);
}

static void
store_certificates(const GinnelEditor *editor, NMSettingVpn *vpn, Way way)
{
    NMACertChooser *chooser = NMA_CERT_CHOOSER(editor->certificate);
    NMSetting8021xCKScheme scheme;
    gboolean used = way == WAY_CERTIFICATE || way == WAY_EAP_TLS;
    g_autofree char *ca =
        way != WAY_PSK ? nma_cert_chooser_get_cert(NMA_CERT_CHOOSER(editor->ca), &scheme) : NULL;
    g_autofree char *certificate = used ? nma_cert_chooser_get_cert(chooser, &scheme) : NULL;
    g_autofree char *key = used ? nma_cert_chooser_get_key(chooser, &scheme) : NULL;
    const char *passphrase = used ? nma_cert_chooser_get_key_password(chooser) : NULL;
    /* One PKCS#12 file for both is said once. */
    gboolean both = g_strcmp0(certificate, key) == 0;
    store(vpn, "gateway-ca", ca);
    store(vpn, "user-certificate", certificate);
    store(vpn, "user-key", both ? NULL : key);
    if (!used)
        return;
    nm_setting_set_secret_flags(NM_SETTING(vpn), NM_GINNEL_PASSPHRASE,
                                nma_cert_chooser_get_key_password_flags(chooser), NULL);
    if (passphrase != NULL && *passphrase != '\0')
        nm_setting_vpn_add_secret(vpn, NM_GINNEL_PASSPHRASE, passphrase);
}

static void
store_secret(NMSettingVpn *vpn, const char *secret, GtkWidget *entry, gboolean used)
{
    if (!used)
        return;
    NMSettingSecretFlags flags = nma_utils_menu_to_secret_flags(entry);
    const char *value = editor_text(entry);
    nm_setting_set_secret_flags(NM_SETTING(vpn), secret, flags, NULL);
    if (*value != '\0' && (flags & NM_SETTING_SECRET_FLAG_NOT_SAVED) == 0)
        nm_setting_vpn_add_secret(vpn, secret, value);
}

static NMSettingVpn *
to_vpn(const GinnelEditor *editor, NMConnection *connection)
{
    NMSettingVpn *before = nm_connection_get_setting_vpn(connection);
    NMSettingVpn *vpn = NM_SETTING_VPN(before != NULL ? nm_setting_duplicate(NM_SETTING(before))
                                                      : nm_setting_vpn_new());
    Way way = way_of(editor);
    g_autofree char *order = editor_transports_get(editor->transports);
    g_object_set(vpn, NM_SETTING_VPN_SERVICE_TYPE, NM_GINNEL_SERVICE, NM_SETTING_VPN_PERSISTENT,
                 TRUE, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(gateway_rows); i++)
        editor_row_store(editor->gateway[i], &gateway_rows[i], vpn);
    for (size_t i = 0; i < G_N_ELEMENTS(names_rows); i++)
        editor_row_store(editor->names[i], &names_rows[i], vpn);
    for (size_t i = 0; i < G_N_ELEMENTS(advanced_rows); i++)
        editor_row_store(editor->advanced[i], &advanced_rows[i], vpn);
    editor_row_store(editor->user, &user_row, vpn);
    editor_row_store(editor->eap_user, &eap_row, vpn);
    if (way != WAY_EAP)
        store(vpn, "user-eap-id", NULL);
    store_way(vpn, way);
    store_certificates(editor, vpn, way);
    store_secret(vpn, NM_GINNEL_PASSWORD, editor->password, way == WAY_EAP);
    store_secret(vpn, NM_GINNEL_PSK, editor->psk, way == WAY_PSK);
    store(vpn, "transport-order", order);
    return vpn;
}

static gboolean
update_connection(NMVpnEditor *interface, NMConnection *connection, GError **error)
{
    GinnelEditor *editor = GINNEL_EDITOR(interface);
    NMSettingVpn *vpn = to_vpn(editor, connection);
    nm_connection_add_setting(connection, NM_SETTING(vpn));
    g_autoptr(GError) why = NULL;
    g_autoptr(Profile) profile = mapping_profile(connection, &why);
    if (profile == NULL)
        g_set_error(error, NM_CONNECTION_ERROR, NM_CONNECTION_ERROR_INVALID_PROPERTY, "%s",
                    why->message);
    return profile != NULL;
}

static GObject *
get_widget(NMVpnEditor *interface)
{
    return G_OBJECT(GINNEL_EDITOR(interface)->page);
}

/* ---- object ---- */

static void
interface_init(NMVpnEditorInterface *interface)
{
    interface->get_widget = get_widget;
    interface->update_connection = update_connection;
}

static void
dispose(GObject *object)
{
    g_clear_object(&GINNEL_EDITOR(object)->page);
    g_clear_object(&GINNEL_EDITOR(object)->labels);
    G_OBJECT_CLASS(ginnel_editor_parent_class)->dispose(object);
}

static void
ginnel_editor_class_init(GinnelEditorClass *class)
{
    G_OBJECT_CLASS(class)->dispose = dispose;
}

static void
ginnel_editor_init(GinnelEditor *editor)
{
    build(editor);
}

G_MODULE_EXPORT NMVpnEditor *ginnel_editor_new(NMConnection *connection, GError **error);

G_MODULE_EXPORT NMVpnEditor *
ginnel_editor_new(NMConnection *connection, GError **error)
{
    if (nm_connection_get_setting_vpn(connection) == NULL) {
        g_set_error(error, NM_CONNECTION_ERROR, NM_CONNECTION_ERROR_MISSING_SETTING,
                    "there is no VPN setting");
        return NULL;
    }
    GinnelEditor *editor = g_object_new(GINNEL_TYPE_EDITOR, NULL);
    load(editor, connection);
    return NM_VPN_EDITOR(editor);
}
