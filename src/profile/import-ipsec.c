/*
 * ipsec.conf: sections "conn NAME" with indented key=value. left is this side, right the gateway.
 * Its secrets are in another file, which is not opened.
 */
#include "profile/import-private.h"
#include "profile/import-strongswan.h"

#include <string.h>

#include "base/error.h"

#define FORMAT       "ipsec"
#define MAX_ALSO     16
#define MAX_VALUES   4000
#define MAX_SECTIONS 400 /* each is looked for among all */

typedef struct {
    char *name;
    GPtrArray *values; /* char *: key, value, key, value, ... */
} Section;

typedef struct {
    GPtrArray *sections; /* Section */
    guint values;
} Reading;

/* ---- text ---- */

static void
section_free(gpointer data)
{
    Section *section = data;
    g_ptr_array_unref(section->values);
    g_free(section->name);
    g_free(section);
}

/* A "#" after a blank ends the value; quotation marks go. */
static char *
clean(const char *text)
{
    g_autofree char *value = g_strdup(text);
    for (char *c = value; *c != '\0'; c++)
        if (*c == '#' && (c == value || g_ascii_isspace(c[-1])))
            *c = '\0';
    g_strstrip(value);
    size_t n = strlen(value);
    return n >= 2 && value[0] == '"' && value[n - 1] == '"' ? g_strndup(value + 1, n - 2)
                                                            : g_steal_pointer(&value);
}

/* "conn NAME" opens a section that is kept, "config" and "ca" ones that are not. */
static bool
open_section(Reading *reading, const char *text, unsigned line, Section **out, GError **error)
{
    *out = NULL;
    if (!g_str_has_prefix(text, "conn"))
        return true;
    if (reading->sections->len == MAX_SECTIONS)
        return import_refuse(error, FORMAT, line, "more than %d sections", MAX_SECTIONS);
    Section *section = *out = g_new0(Section, 1);
    section->name = clean(text + 4);
    section->values = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(reading->sections, section);
    return true;
}

static bool
read_pair(Reading *reading, Section *section, const char *text, unsigned line, GError **error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return import_refuse(error, FORMAT, line, "no key=value");
    if (++reading->values > MAX_VALUES)
        return import_refuse(error, FORMAT, line, "more than %d settings", MAX_VALUES);
    if (section == NULL)
        return true;
    g_autofree char *key = g_strstrip(g_strndup(text, (gsize)(equals - text)));
    g_ptr_array_add(section->values, g_steal_pointer(&key));
    g_ptr_array_add(section->values, clean(equals + 1));
    return true;
}

static bool
read_lines(Reading *reading, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Section *section = NULL;
    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_autofree char *plain = clean(lines[i]);
        bool indented = g_ascii_isspace(lines[i][0]);
        if (*plain == '\0')
            continue;
        if (indented && !read_pair(reading, section, plain, i + 1, error))
            return false;
        if (!indented && !g_str_has_prefix(plain, "include") &&
            !open_section(reading, plain, i + 1, &section, error))
            return false;
    }
    return true;
}

/* ---- what it says ---- */

static Section *
find_section(const Reading *reading, const char *name)
{
    for (guint i = 0; i < reading->sections->len; i++) {
        Section *section = reading->sections->pdata[i];
        if (strcmp(section->name, name) == 0)
            return section;
    }
    return NULL;
}

static const char *
own_value(const Section *section, const char *key)
{
    for (guint i = 0; section != NULL && i + 1 < section->values->len; i += 2)
        if (strcmp(section->values->pdata[i], key) == 0)
            return section->values->pdata[i + 1];
    return NULL;
}

/* Its own, then what it names by also=, then %default. */
static const char *
find(const Reading *reading, const Section *section, const char *key)
{
    const Section *next = section;
    for (unsigned i = 0; next != NULL && i < MAX_ALSO; i++) {
        const char *value = own_value(next, key), *also = own_value(next, "also");
        if (value != NULL)
            return value;
        next = also != NULL ? find_section(reading, also) : NULL;
    }
    return own_value(find_section(reading, "%default"), key);
}

static const char *
either(const Reading *reading, const Section *section, const char *key, const char *other)
{
    const char *value = find(reading, section, key);
    return value != NULL ? value : find(reading, section, other);
}

static void
take_user(Import *import, const Reading *reading, const Section *section)
{
    const char *auth = either(reading, section, "leftauth", "authby");
    const char *second = find(reading, section, "leftauth2");
    const char *eap_id = find(reading, section, "eap_identity");
    if (!strongswan_take_user_auth(import, auth != NULL ? auth : "pubkey", "leftauth"))
        import_note(import, IMPORT_NOT_CARRIED, "leftauth", "a way to sign in that we do not do");
    if (second != NULL && g_str_has_prefix(second, "eap"))
        import_take(import, "user-second-auth", "eap", "leftauth2");
    import_take(import, "user-id", find(reading, section, "leftid"), "leftid");
    if (eap_id != NULL && *eap_id != '%')
        import_take(import, "user-eap-id", eap_id, "eap_identity");
    import_take(import, "user-eap-server-name", find(reading, section, "aaa_identity"),
                "aaa_identity");
    if (find(reading, section, "leftcert") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "leftcert",
                    "a file of strongSwan's: set user-certificate and user-key");
}

static void
take_gateway(Import *import, const Reading *reading, const Section *section)
{
    const char *auth = either(reading, section, "rightauth", "authby");
    const char *id = find(reading, section, "rightid");
    if (!strongswan_take_gateway_auth(import, auth != NULL ? auth : "pubkey", "rightauth"))
        import_note(import, IMPORT_NOT_CARRIED, "rightauth",
                    "a way to prove the gateway that we do not do");
    /* "%" before it: also without the identity in the request. */
    if (id != NULL && *id == '%' && strcmp(id, "%any") != 0)
        import_change(import, "gateway-id", id + 1, "rightid");
    else if (id != NULL && *id != '%')
        import_take(import, "gateway-id", id, "rightid");
    if (either(reading, section, "rightca", "rightcert") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "rightca",
                    "a file of strongSwan's: set gateway-ca");
}

static void
note_what_is_left(Import *import, const Reading *reading, const Section *section)
{
    static const struct {
        const char *key, *why;
    } rows[] = { { "left", "the address of this machine is the kernel's to choose" },
                 { "leftsourceip", "an address inside is always asked for" },
                 { "leftfirewall", "the tunnel guards itself" },
                 { "mobike", "MOBIKE is used where the gateway has it" },
                 { "forceencaps", "ESP always travels inside UDP, or a stream" },
                 { "dpdaction", "tried again for as long as it is wanted" },
                 { "dpddelay", "how soon a gateway that is gone is noticed is measured" },
                 { "fragmentation", "used where the gateway has it" },
                 { "auto", "when to connect: that is for NetworkManager, or autoconnect" },
                 { "compress", "packets are not compressed" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (find(reading, section, rows[i].key) != NULL)
            import_note(import, IMPORT_NOT_CARRIED, rows[i].key, "%s", rows[i].why);
    import_note(import, IMPORT_NOT_CARRIED, "ipsec.secrets", "secrets are in another file");
}

/* A part that others name by also= is no connection of its own. */
static bool
is_part(const Reading *reading, const Section *section)
{
    for (guint i = 0; i < reading->sections->len; i++) {
        const char *also = own_value(reading->sections->pdata[i], "also");
        if (g_strcmp0(also, section->name) == 0)
            return true;
    }
    return *section->name == '%';
}

static void
take_connection(const Reading *reading, const Section *section, GPtrArray *list)
{
    const char *exchange = find(reading, section, "keyexchange");
    g_autofree char *gateway = strongswan_gateway(find(reading, section, "right"));
    if (gateway == NULL || is_part(reading, section) || g_strcmp0(exchange, "ikev1") == 0)
        return; /* the other side begins, or it is IKEv1 */
    g_autoptr(Import) import = import_new(section->name, section->name);
    const char *networks = find(reading, section, "rightsubnet");
    const char *ike = find(reading, section, "ike"), *esp = find(reading, section, "esp");
    const char *ike_time = find(reading, section, "ikelifetime");
    const char *esp_time = either(reading, section, "lifetime", "keylife");
    import_take(import, "gateway-address", gateway, "right");
    take_user(import, reading, section);
    take_gateway(import, reading, section);
    if (networks != NULL)
        strongswan_take_networks(import, networks, "rightsubnet");
    if (ike != NULL)
        import_take_proposals(import, true, g_strdelimit((char *)ike, "!", ' '), ',', "ike");
    if (esp != NULL)
        import_take_proposals(import, false, g_strdelimit((char *)esp, "!", ' '), ',', "esp");
    if (ike_time != NULL)
        import_take_lifetime(import, "lifetime-ike", strongswan_seconds(ike_time), "ikelifetime");
    if (esp_time != NULL)
        import_take_lifetime(import, "lifetime-tunnel", strongswan_seconds(esp_time), "lifetime");
    note_what_is_left(import, reading, section);
    import_add(list, g_steal_pointer(&import));
}

bool
import_read_ipsec(const char *text, gsize length, const Secret *passphrase, const char *fallback,
                  GPtrArray *list, GError **error)
{
    Reading reading = { .sections = g_ptr_array_new_with_free_func(section_free) };
    g_autofree char *whole = g_strndup(text, length);
    bool ok = g_utf8_validate_len(text, length, NULL)
                  ? read_lines(&reading, whole, error)
                  : import_refuse(error, FORMAT, 0, "it is no UTF-8");
    for (guint i = 0; ok && i < reading.sections->len; i++)
        take_connection(&reading, reading.sections->pdata[i], list);
    g_ptr_array_unref(reading.sections);
    return ok;
}
