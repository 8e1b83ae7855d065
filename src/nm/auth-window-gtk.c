/* The window that asks for secrets: libnma's, with up to three fields. */
#include "config.h"

#include "nm/asking.h"
#include "nm/gtk-compat.h"

#include <gmodule.h>
#include <nma-vpn-password-dialog.h>

#define MAX_FIELDS 3

static void
show_field(NMAVpnPasswordDialog *dialog, guint field, const AskedSecret *secret)
{
    const char *label = secret != NULL ? secret->label : "";
    gboolean show = secret != NULL;
    if (field == 0) {
        nma_vpn_password_dialog_set_show_password(dialog, show);
        nma_vpn_password_dialog_set_password_label(dialog, label);
    } else if (field == 1) {
        nma_vpn_password_dialog_set_show_password_secondary(dialog, show);
        nma_vpn_password_dialog_set_password_secondary_label(dialog, label);
    } else {
        nma_vpn_password_dialog_set_show_password_ternary(dialog, show);
        nma_vpn_password_dialog_set_password_ternary_label(dialog, label);
    }
}

static const char *
read_field(NMAVpnPasswordDialog *dialog, guint field)
{
    return field == 0   ? nma_vpn_password_dialog_get_password(dialog)
           : field == 1 ? nma_vpn_password_dialog_get_password_secondary(dialog)
                        : nma_vpn_password_dialog_get_password_ternary(dialog);
}

/* Those that have to be asked for, in their order. */
static guint
fields_of(const Asking *asking, AskedSecret *fields[MAX_FIELDS])
{
    guint n = 0;
    for (guint i = 0; i < asking->secrets->len && n < MAX_FIELDS; i++) {
        AskedSecret *secret = asking->secrets->pdata[i];
        if (secret->ask)
            fields[n++] = secret;
    }
    return n;
}

G_MODULE_EXPORT gboolean ginnel_auth_window_ask(Asking *asking, GError **error);

G_MODULE_EXPORT gboolean
ginnel_auth_window_ask(Asking *asking, GError **error)
{
    AskedSecret *fields[MAX_FIELDS] = { NULL };
    guint n = fields_of(asking, fields);
    if (!compat_init()) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NODEV, "there is no display");
        return FALSE;
    }
    NMAVpnPasswordDialog *dialog =
        NMA_VPN_PASSWORD_DIALOG(nma_vpn_password_dialog_new(asking->title, asking->message, NULL));
    for (guint i = 0; i < MAX_FIELDS; i++)
        show_field(dialog, i, fields[i]);
    compat_set_icon(GTK_WINDOW(dialog), "network-vpn");
    nma_vpn_password_dialog_focus_password(dialog);
    gboolean answered = nma_vpn_password_dialog_run_and_block(dialog);
    for (guint i = 0; answered && i < n; i++) {
        g_free(fields[i]->value);
        fields[i]->value = g_strdup(read_field(dialog, i));
    }
    compat_destroy_window(GTK_WINDOW(dialog));
    return answered;
}
