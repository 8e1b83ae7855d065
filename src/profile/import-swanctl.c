/*
 * swanctl.conf: sections in braces. Only what stands in the file itself: nothing that it includes
 * is opened, and what refers to another section is told.
 */
#include "profile/import-private.h"
#include "profile/import-strongswan.h"

#include <string.h>

#include "base/error.h"

#define FORMAT      "swanctl"
#define MAX_ENTRIES 4000

/* One key, with the sections it stands in: "connections.work.local-1.auth". */
typedef struct {
    char *path, *value;
} Entry;

typedef struct {
    const char *at, *end;
    unsigned line;
    GPtrArray *entries;     /* Entry */
    GPtrArray *names;       /* char *: of the sections that are open */
    GPtrArray *connections; /* char *: names, in order */
} Reading;

/* ---- text ---- */

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->path);
    g_free(entry->value);
    g_free(entry);
}

static void
skip_blank(Reading *reading)
{
    while (reading->at < reading->end) {
        char c = *reading->at;
        if (c == '#') {
            while (reading->at < reading->end && *reading->at != '\n')
                reading->at++;
            continue;
        }
        if (!g_ascii_isspace(c))
            return;
        reading->line += c == '\n';
        reading->at++;
    }
}

static char *
read_word(Reading *reading)
{
    const char *start = reading->at;
    while (reading->at < reading->end && strchr("{}=:#\"\r\n \t,", *reading->at) == NULL)
        reading->at++;
    return g_strndup(start, (gsize)(reading->at - start));
}

/* To the end of the line, or in quotation marks over several. */
static char *
read_value(Reading *reading)
{
    while (reading->at < reading->end && (*reading->at == ' ' || *reading->at == '\t'))
        reading->at++;
    bool quoted = reading->at < reading->end && *reading->at == '"';
    const char *start = quoted ? ++reading->at : reading->at;
    while (reading->at < reading->end &&
           (quoted ? *reading->at != '"' : strchr("\n#}", *reading->at) == NULL)) {
        reading->line += *reading->at == '\n';
        reading->at++;
    }
    char *value = g_strndup(start, (gsize)(reading->at - start));
    if (quoted && reading->at < reading->end)
        reading->at++;
    return quoted ? value : g_strstrip(value);
}

static bool
add_entry(Reading *reading, const char *key, char *value, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    for (guint i = 0; i < reading->names->len; i++)
        g_string_append_printf(path, "%s.", (char *)reading->names->pdata[i]);
    g_string_append(path, key);
    Entry *entry = g_new0(Entry, 1);
    entry->path = g_strdup(path->str);
    entry->value = value;
    g_ptr_array_add(reading->entries, entry);
    return reading->entries->len <= MAX_ENTRIES ||
           import_refuse(error, FORMAT, reading->line, "more than %d settings", MAX_ENTRIES);
}

static bool
open_section(Reading *reading, char *name, GError **error)
{
    g_ptr_array_add(reading->names, name);
    if (reading->names->len > IMPORT_MAX_DEPTH)
        return import_refuse(error, FORMAT, reading->line, "nested too deeply");
    if (reading->names->len == 2 && strcmp(reading->names->pdata[0], "connections") == 0 &&
        reading->connections->len <= IMPORT_MAX_FOUND)
        g_ptr_array_add(reading->connections, g_strdup(name));
    return true;
}

static bool
read_statement(Reading *reading, GError **error)
{
    g_autofree char *word = read_word(reading);
    /* Each key carries the names of the sections around it. */
    if (strlen(word) > IMPORT_MAX_NAME)
        return import_refuse(error, FORMAT, reading->line, "a name that is too long");
    if (strcmp(word, "include") == 0) {
        g_autofree char *path = read_value(reading);
        return add_entry(reading, "include", g_steal_pointer(&path), error);
    }
    skip_blank(reading);
    char next = reading->at < reading->end ? *reading->at : '\0';
    if (*word != '\0' && next == '{') {
        reading->at++;
        return open_section(reading, g_steal_pointer(&word), error);
    }
    if (*word != '\0' && next == '=') {
        reading->at++;
        return add_entry(reading, word, read_value(reading), error);
    }
    if (next == ':')
        return import_refuse(error, FORMAT, reading->line,
                             "a section that refers to others; write it out");
    return import_refuse(error, FORMAT, reading->line, "neither a section { } nor key = value");
}

static bool
read_all(Reading *reading, GError **error)
{
    for (skip_blank(reading); reading->at < reading->end; skip_blank(reading)) {
        if (*reading->at == '}') {
            if (reading->names->len == 0)
                return import_refuse(error, FORMAT, reading->line, "a } too many");
            g_ptr_array_set_size(reading->names, (int)reading->names->len - 1);
            reading->at++;
            continue;
        }
        if (!read_statement(reading, error))
            return false;
    }
    return reading->names->len == 0 ||
           import_refuse(error, FORMAT, reading->line, "a } is missing");
}

/* ---- what it says ---- */

static const char *
find(const Reading *reading, const char *connection, const char *key)
{
    g_autofree char *path = g_strconcat("connections.", connection, ".", key, NULL);
    for (guint i = 0; i < reading->entries->len; i++) {
        const Entry *entry = reading->entries->pdata[i];
        if (strcmp(entry->path, path) == 0)
            return entry->value;
    }
    return NULL;
}

/* Of the first section whose name begins so: "local", "local-1". number counts from 0. */
static const char *
find_in(const Reading *reading, const char *connection, const char *section, unsigned number,
        const char *key)
{
    g_autofree char *start = g_strconcat("connections.", connection, ".", section, NULL);
    g_autofree char *end = g_strconcat(".", key, NULL);
    g_autofree char *before = NULL;
    unsigned seen = 0;
    for (guint i = 0; i < reading->entries->len; i++) {
        const Entry *entry = reading->entries->pdata[i];
        /* "remote_addrs" begins as "remote" does, and is no section. */
        if (!g_str_has_prefix(entry->path, start) ||
            strchr(entry->path + strlen(start), '.') == NULL)
            continue;
        g_autofree char *name =
            g_strndup(entry->path + strlen(start), strcspn(entry->path + strlen(start), "."));
        if (before == NULL || strcmp(before, name) != 0)
            seen += before != NULL;
        g_free(before);
        before = g_steal_pointer(&name);
        if (seen == number && g_str_has_suffix(entry->path, end))
            return entry->value;
    }
    return NULL;
}

static void
take_local(Import *import, const Reading *reading, const char *name)
{
    const char *auth = find_in(reading, name, "local", 0, "auth");
    const char *second = find_in(reading, name, "local", 1, "auth");
    const char *id = find_in(reading, name, "local", 0, "id");
    const char *eap_id = find_in(reading, name, "local", second != NULL, "eap_id");
    if (!strongswan_take_user_auth(import, auth != NULL ? auth : "pubkey", "local.auth"))
        import_note(import, IMPORT_NOT_CARRIED, "local.auth", "a way to sign in that we do not do");
    if (second != NULL && g_str_has_prefix(second, "eap"))
        import_take(import, "user-second-auth", "eap", "local.auth");
    import_take(import, "user-id", id, "local.id");
    if (eap_id != NULL && *eap_id != '%')
        import_take(import, "user-eap-id", eap_id, "local.eap_id");
    if (find_in(reading, name, "local", 0, "aaa_id") != NULL)
        import_take(import, "user-eap-server-name", find_in(reading, name, "local", 0, "aaa_id"),
                    "local.aaa_id");
    if (find_in(reading, name, "local", 0, "certs") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "local.certs",
                    "files of strongSwan's: set user-certificate and user-key");
}

static void
take_remote(Import *import, const Reading *reading, const char *name)
{
    const char *auth = find_in(reading, name, "remote", 0, "auth");
    const char *id = find_in(reading, name, "remote", 0, "id");
    const char *revocation = find_in(reading, name, "remote", 0, "revocation");
    if (!strongswan_take_gateway_auth(import, auth != NULL ? auth : "pubkey", "remote.auth"))
        import_note(import, IMPORT_NOT_CARRIED, "remote.auth",
                    "a way to prove the gateway that we do not do");
    if (id != NULL && *id != '%')
        import_take(import, "gateway-id", id, "remote.id");
    if (g_strcmp0(revocation, "strict") == 0)
        import_take(import, "gateway-revocation", "strict", "remote.revocation");
    if (find_in(reading, name, "remote", 0, "cacerts") != NULL ||
        find_in(reading, name, "remote", 0, "certs") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "remote.cacerts",
                    "files of strongSwan's: set gateway-ca");
}

static void
take_child(Import *import, const Reading *reading, const char *name)
{
    const char *networks = find_in(reading, name, "children.", 0, "remote_ts");
    const char *esp = find_in(reading, name, "children.", 0, "esp_proposals");
    const char *time = find_in(reading, name, "children.", 0, "rekey_time");
    if (networks != NULL)
        strongswan_take_networks(import, networks, "children.remote_ts");
    if (esp != NULL)
        import_take_proposals(import, false, esp, ',', "children.esp_proposals");
    if (time != NULL)
        import_take_lifetime(import, "lifetime-tunnel", strongswan_seconds(time),
                             "children.rekey_time");
    if (find_in(reading, name, "children.", 1, "remote_ts") != NULL)
        import_note(import, IMPORT_CHANGED, "children", "the first alone");
}

/* Secrets name whom they are for; with one of a kind it is this. */
static void
take_secrets(Import *import, const Reading *reading)
{
    for (guint i = 0; i < reading->entries->len; i++) {
        const Entry *entry = reading->entries->pdata[i];
        bool secret = g_str_has_suffix(entry->path, ".secret") && *entry->value != '\0';
        Secret **place = g_str_has_prefix(entry->path, "secrets.ike") ? &import->psk
                         : g_str_has_prefix(entry->path, "secrets.eap") ||
                                 g_str_has_prefix(entry->path, "secrets.ntlm")
                             ? &import->password
                             : NULL;
        if (!secret || place == NULL)
            continue;
        bool base64 = g_str_has_prefix(entry->value, "0s");
        if (*place != NULL || base64) {
            import_note(import, IMPORT_NOT_CARRIED, entry->path,
                        base64 ? "in Base64" : "more than one of its kind");
            continue;
        }
        *place = secret_new(entry->value, strlen(entry->value));
        import_note(import, IMPORT_TAKEN, entry->path, "kept as a secret");
    }
}

/* The key itself stands among the secrets; without it no profile can use its name. */
static void
take_ppk(Import *import, const Reading *reading, const char *name)
{
    const char *id = find(reading, name, "ppk_id"), *required = find(reading, name, "ppk_required");
    const Entry *key = NULL;
    for (guint i = 0; i < reading->entries->len && key == NULL; i++) {
        const Entry *entry = reading->entries->pdata[i];
        if (g_str_has_prefix(entry->path, "secrets.ppk") &&
            g_str_has_suffix(entry->path, ".secret") && *entry->value != '\0')
            key = entry;
    }
    if (id == NULL)
        return;
    if (key == NULL) {
        import_note(import, IMPORT_NOT_CARRIED, "ppk_id",
                    "its key is not in the file: set user-ppk-id and user-ppk-file");
        return;
    }
    import_take(import, "user-ppk-id", id, "ppk_id");
    import_add_file(import, "user-ppk-file", "ppk", secret_new(key->value, strlen(key->value)),
                    key->path);
    import_take(import, "user-ppk", strongswan_is_yes(required) ? "required" : "optional",
                "ppk_required");
}

static void
note_what_is_left(Import *import, const Reading *reading, const char *name)
{
    static const struct {
        const char *key, *why;
    } rows[] = { { "local_addrs", "the address of this machine is the kernel's to choose" },
                 { "mobike", "MOBIKE is used where the gateway has it" },
                 { "encap", "ESP always travels inside UDP, or a stream" },
                 { "dpd_delay", "how soon a gateway that is gone is noticed is measured" },
                 { "fragmentation", "used where the gateway has it" },
                 { "vips", "an address inside is always asked for" },
                 { "keyingtries", "tried again for as long as it is wanted" },
                 { "remote_port", "set transport-order" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (find(reading, name, rows[i].key) != NULL)
            import_note(import, IMPORT_NOT_CARRIED, rows[i].key, "%s", rows[i].why);
    for (guint i = 0; i < reading->entries->len; i++)
        if (strcmp(((Entry *)reading->entries->pdata[i])->path, "include") == 0)
            import_note(import, IMPORT_NOT_CARRIED, "include", "what it includes is not opened");
}

static void
take_connection(const Reading *reading, const char *name, GPtrArray *list)
{
    const char *version = find(reading, name, "version");
    g_autofree char *gateway = strongswan_gateway(find(reading, name, "remote_addrs"));
    if (gateway == NULL || g_strcmp0(version, "1") == 0)
        return; /* the other side begins, or it is IKEv1 */
    g_autoptr(Import) import = import_new(name, name);
    import_take(import, "gateway-address", gateway, "remote_addrs");
    take_local(import, reading, name);
    take_remote(import, reading, name);
    const char *ike = find(reading, name, "proposals"), *time = find(reading, name, "rekey_time");
    if (ike != NULL)
        import_take_proposals(import, true, ike, ',', "proposals");
    if (time != NULL)
        import_take_lifetime(import, "lifetime-ike", strongswan_seconds(time), "rekey_time");
    take_ppk(import, reading, name);
    take_child(import, reading, name);
    take_secrets(import, reading);
    note_what_is_left(import, reading, name);
    import_add(list, g_steal_pointer(&import));
}

bool
import_read_swanctl(const char *text, gsize length, const Secret *passphrase, const char *fallback,
                    GPtrArray *list, GError **error)
{
    Reading reading = { .at = text,
                        .end = text + length,
                        .line = 1,
                        .entries = g_ptr_array_new_with_free_func(entry_free),
                        .names = g_ptr_array_new_with_free_func(g_free),
                        .connections = g_ptr_array_new_with_free_func(g_free) };
    bool ok = g_utf8_validate_len(text, length, NULL)
                  ? read_all(&reading, error)
                  : import_refuse(error, FORMAT, 0, "it is no UTF-8");
    for (guint i = 0; ok && i < reading.connections->len; i++)
        take_connection(&reading, reading.connections->pdata[i], list);
    g_ptr_array_unref(reading.entries);
    g_ptr_array_unref(reading.names);
    g_ptr_array_unref(reading.connections);
    return ok;
}
