#include "config.h"

#include "nm/asking.h"

#include "base/secret.h"
#include "nm/mapping.h"
#include "nm/names.h"
#include "nm/user-files.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MESSAGE_HINT "x-vpn-message:"

static char *
label_for(const char *secret)
{
    if (strcmp(secret, NM_GINNEL_PASSWORD) == 0)
        return g_strdup(_("_Password:"));
    if (strcmp(secret, NM_GINNEL_PSK) == 0)
        return g_strdup(_("Pre-shared _key:"));
    if (strcmp(secret, NM_GINNEL_PASSPHRASE) == 0)
        return g_strdup(_("Pass_phrase of the key:"));
    if (strcmp(secret, NM_GINNEL_PIN) == 0)
        return g_strdup(_("_PIN of the token:"));
    return g_strdup(_("_Answer:"));
}

static gboolean
is_known(const char *secret)
{
    static const char *const all[] = { NM_GINNEL_PASSWORD, NM_GINNEL_PSK, NM_GINNEL_PASSPHRASE,
                                       NM_GINNEL_PIN, NM_GINNEL_ANSWER };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (strcmp(all[i], secret) == 0)
            return TRUE;
    return FALSE;
}

static void
secret_free(gpointer data)
{
    AskedSecret *secret = data;
    g_free(secret->label);
    if (secret->value != NULL)
        secret_wipe(secret->value, strlen(secret->value));
    g_free(secret->value);
    g_free(secret);
}

static void
add(Asking *asking, const char *name, GHashTable *secrets, gboolean ask)
{
    AskedSecret *secret = g_new0(AskedSecret, 1);
    secret->name = g_intern_string(name);
    secret->label = label_for(name);
    secret->value = g_strdup(g_hash_table_lookup(secrets, name));
    secret->ask = ask || secret->value == NULL || *secret->value == '\0';
    g_ptr_array_add(asking->secrets, secret);
}

static NMConnection *
connection_from(const char *name, GHashTable *data)
{
    NMConnection *connection = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new(), *vpn = nm_setting_vpn_new();
    GHashTableIter iterator;
    gpointer key, value;
    g_object_set(setting, NM_SETTING_CONNECTION_ID, name, NULL);
    g_hash_table_iter_init(&iterator, data);
    while (g_hash_table_iter_next(&iterator, &key, &value))
        nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), key, value);
    nm_connection_add_setting(connection, setting);
    nm_connection_add_setting(connection, vpn);
    return connection;
}

/* Secrets are left out of the connection: what is needed is wanted, known or not. */
static void
add_needed(Asking *asking, const char *name, GHashTable *data, GHashTable *secrets, gboolean again)
{
    g_autoptr(NMConnection) connection = connection_from(name, data);
    g_autoptr(Profile) profile = mapping_profile(connection, NULL);
    if (profile == NULL)
        return; /* the service says why when it is activated */
    g_autoptr(ProfileFiles) files = user_files_read(connection, profile, NULL);
    bool locked = profile_certificate_is_pkcs12(profile) ||
                  (files != NULL && user_files_key_is_locked(files));
    g_autofree const char **needed =
        mapping_missing_secrets(profile, nm_connection_get_setting_vpn(connection), locked);
    for (size_t i = 0; needed[i] != NULL; i++)
        add(asking, needed[i], secrets, again);
}

Asking *
asking_new(const char *name, GHashTable *data, GHashTable *secrets, const char *const *hints,
           gboolean again)
{
    Asking *asking = g_new0(Asking, 1);
    asking->secrets = g_ptr_array_new_with_free_func(secret_free);
    asking->title = g_strdup_printf(_("VPN %s"), name);
    for (; hints != NULL && *hints != NULL; hints++) {
        if (g_str_has_prefix(*hints, MESSAGE_HINT)) {
            g_free(asking->message);
            asking->message = g_strdup(*hints + strlen(MESSAGE_HINT));
        } else if (is_known(*hints)) {
            add(asking, *hints, secrets, TRUE);
        }
    }
    if (asking->secrets->len == 0)
        add_needed(asking, name, data, secrets, again);
    if (asking->message == NULL || *asking->message == '\0') {
        g_free(asking->message);
        asking->message = g_strdup_printf(_("You need to authenticate to reach \"%s\"."), name);
    }
    return asking;
}

void
asking_free(Asking *asking)
{
    if (asking == NULL)
        return;
    g_ptr_array_unref(asking->secrets);
    g_free(asking->title);
    g_free(asking->message);
    g_free(asking);
}

gboolean
asking_has_to_ask(const Asking *asking)
{
    for (guint i = 0; i < asking->secrets->len; i++)
        if (((const AskedSecret *)asking->secrets->pdata[i])->ask)
            return TRUE;
    return FALSE;
}

static char *
without_mnemonic(const char *label)
{
    g_auto(GStrv) parts = g_strsplit(label, "_", 2);
    char *text = g_strjoinv("", parts);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == ':')
        text[length - 1] = '\0';
    return text;
}

char *
asking_to_key_file(const Asking *asking)
{
    static const char ui[] = "VPN Plugin UI";
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_key_file_set_integer(file, ui, "Version", 2);
    g_key_file_set_string(file, ui, "Title", asking->title);
    g_key_file_set_string(file, ui, "Description", asking->message);
    for (guint i = 0; i < asking->secrets->len; i++) {
        const AskedSecret *secret = asking->secrets->pdata[i];
        g_autofree char *label = without_mnemonic(secret->label);
        g_key_file_set_string(file, secret->name, "Value",
                              secret->value != NULL ? secret->value : "");
        g_key_file_set_string(file, secret->name, "Label", label);
        g_key_file_set_boolean(file, secret->name, "IsSecret", TRUE);
        g_key_file_set_boolean(file, secret->name, "ShouldAsk", secret->ask);
    }
    return g_key_file_to_data(file, NULL, NULL);
}
