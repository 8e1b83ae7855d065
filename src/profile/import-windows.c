/*
 * Windows' ProfileXML (the VPNv2 configuration service provider): elements by their path, gathered
 * by GMarkup, which knows no entities but XML's own five.
 */
#include "profile/import-private.h"

#include <string.h>

#include "base/error.h"

#define FORMAT    "windows"
#define MAX_TEXTS 4000

/* One element that has text, and where it stands. */
typedef struct {
    char *path; /* "VPNProfile/NativeProfile/Servers", without namespaces */
    char *text;
} Element;

typedef struct {
    GPtrArray *elements; /* Element */
    GString *path, *text;
    unsigned anonymous; /* counts groups that repeat: Route#1 */
} Reading;

/* ---- elements ---- */

static void
element_free(gpointer data)
{
    Element *element = data;
    g_free(element->path);
    g_free(element->text);
    g_free(element);
}

static const char *
local_name(const char *element)
{
    const char *colon = strrchr(element, ':');
    return colon != NULL ? colon + 1 : element;
}

/* Groups that repeat are told apart by a number. */
static bool
repeats(const char *name)
{
    return strcmp(name, "Route") == 0 || strcmp(name, "DomainNameInformation") == 0;
}

static void
on_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
         gpointer data, GError **error)
{
    Reading *reading = data;
    const char *name = local_name(element);
    if (reading->path->len > 0)
        g_string_append_c(reading->path, '/');
    g_string_append(reading->path, name);
    if (repeats(name))
        g_string_append_printf(reading->path, "#%u", ++reading->anonymous);
    g_string_truncate(reading->text, 0);
}

static void
on_text(GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
    Reading *reading = data;
    if (reading->text->len + length <= IMPORT_MAX_STRING)
        g_string_append_len(reading->text, text, (gssize)length);
}

static void
on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reading *reading = data;
    g_autofree char *text = g_strstrip(g_strdup(reading->text->str));
    if (*text != '\0' && reading->elements->len < MAX_TEXTS) {
        Element *one = g_new0(Element, 1);
        one->path = g_strdup(reading->path->str);
        one->text = g_steal_pointer(&text);
        g_ptr_array_add(reading->elements, one);
    }
    g_string_truncate(reading->text, 0);
    const char *slash = strrchr(reading->path->str, '/');
    g_string_truncate(reading->path, slash != NULL ? (gsize)(slash - reading->path->str) : 0);
}

/* The text of the first element whose path ends so. */
static const char *
find(const Reading *reading, const char *ending)
{
    for (guint i = 0; i < reading->elements->len; i++) {
        const Element *element = reading->elements->pdata[i];
        if (g_str_has_suffix(element->path, ending))
            return element->text;
    }
    return NULL;
}

static bool
has_below(const Reading *reading, const char *name)
{
    g_autofree char *part = g_strconcat("/", name, NULL);
    for (guint i = 0; i < reading->elements->len; i++)
        if (strstr(((const Element *)reading->elements->pdata[i])->path, part) != NULL)
            return true;
    return false;
}

/* ---- what they say ---- */

static bool
take_servers(Import *import, const Reading *reading, GError **error)
{
    const char *protocol = find(reading, "NativeProfile/NativeProtocolType");
    const char *servers = find(reading, "NativeProfile/Servers");
    bool fits = protocol == NULL || strcmp(protocol, "IKEv2") == 0 ||
                strcmp(protocol, "Automatic") == 0 || strcmp(protocol, "ProtocolList") == 0;
    if (!fits) {
        g_autofree char *quoted = error_quote(protocol, strlen(protocol), 40);
        return import_refuse(error, FORMAT, 0, "NativeProtocolType: \"%s\" is not IKEv2", quoted);
    }
    if (servers == NULL)
        return import_refuse(error, FORMAT, 0, "NativeProfile/Servers is missing");
    if (protocol != NULL && strcmp(protocol, "IKEv2") != 0)
        import_note(import, IMPORT_CHANGED, "NativeProtocolType", "IKEv2 and no other");
    g_auto(GStrv) items = g_strsplit(servers, ",", PROFILE_MAX_GATEWAYS + 1);
    for (size_t i = 0; items[i] != NULL; i++) {
        /* "address;what people call it" */
        char *end = strchr(items[i], ';');
        if (end != NULL)
            *end = '\0';
        import_append(import, "gateway-address", g_strstrip(items[i]), "Servers");
    }
    return true;
}

/* Numbers of EAP types (RFC 3748, section 6.2). */
static const char *
eap_word(const char *number)
{
    static const char *const rows[][2] = {
        { "26", "mschapv2" }, { "13", "tls" }, { "25", "peap" }, { "21", "ttls" }, { "6", "gtc" }
    };
    for (size_t i = 0; number != NULL && i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i][0], number) == 0)
            return rows[i][1];
    return NULL;
}

static void
take_eap(Import *import, const Reading *reading)
{
    const char *type = find(reading, "EapMethod/Type");
    const char *word = eap_word(type);
    import_take(import, "user-auth", "eap", "UserMethod");
    if (word != NULL)
        import_take(import, "user-eap", word, "EapMethod/Type");
    else if (type != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "EapMethod/Type", "method %.20s is none that we do",
                    type);
    const char *names = find(reading, "ServerValidation/ServerNames");
    g_auto(GStrv) list = names != NULL ? g_strsplit(names, ";", -1) : NULL;
    if (list != NULL && list[0] != NULL)
        import_take(import, "user-eap-server-name", list[0], "ServerNames");
    if (list != NULL && list[0] != NULL && list[1] != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "ServerNames", "more names than one");
    if (find(reading, "ServerValidation/TrustedRootCA") != NULL)
        import_note(import, IMPORT_NOT_CARRIED, "TrustedRootCA",
                    "only its fingerprint: name the authority by user-eap-ca");
}

static void
take_authentication(Import *import, const Reading *reading)
{
    const char *machine = find(reading, "Authentication/MachineMethod");
    const char *user = find(reading, "Authentication/UserMethod");
    if (g_strcmp0(user, "Eap") == 0) {
        take_eap(import, reading);
    } else if (g_strcmp0(user, "MSChapv2") == 0) {
        import_take(import, "user-auth", "eap", "UserMethod");
        import_take(import, "user-eap", "mschapv2", "UserMethod");
    } else if (g_strcmp0(machine, "Certificate") == 0 || g_strcmp0(user, "Certificate") == 0) {
        import_take(import, "user-auth", "certificate", "MachineMethod");
        import_note(import, IMPORT_NOT_CARRIED, "MachineMethod",
                    "the certificate is not in the file: set user-certificate and user-key");
    } else {
        import_take(import, "user-auth", "eap", "Authentication");
    }
}

static void
take_algorithms(Import *import, const Reading *reading)
{
    static const char *const rows[][2] = {
        { "AES128", "aes128" },           { "AES192", "aes192" },
        { "AES256", "aes256" },           { "AES_GCM_128", "aes128gcm16" },
        { "AES_GCM_256", "aes256gcm16" }, { "GCMAES128", "aes128gcm16" },
        { "GCMAES256", "aes256gcm16" },   { "CBCAES128", "aes128" },
        { "CBCAES256", "aes256" },        { "SHA196", "sha1" },
        { "SHA256128", "sha256" },        { "SHA1", "sha1" },
        { "SHA256", "sha256" },           { "SHA384", "sha384" },
        { "Group2", "modp1024" },         { "Group14", "modp2048" },
        { "ECP256", "ecp256" },           { "ECP384", "ecp384" },
        { "Group19", "ecp256" },          { "Group20", "ecp384" },
        { "Group24", "modp2048s256" },    { "PFS2048", "modp2048" },
        { "PFS1", "modp1024" },           { "PFS2", "modp1024" },
    };
    static const struct {
        bool ike;
        const char *parts[3];
    } proposals[] = {
        { true, { "EncryptionMethod", "IntegrityCheckMethod", "DHGroup" } },
        { false, { "CipherTransformConstants", "AuthenticationTransformConstants", "PfsGroup" } },
    };
    for (size_t p = 0; p < G_N_ELEMENTS(proposals); p++) {
        g_autoptr(GString) words = g_string_new(NULL);
        for (size_t k = 0; k < 3; k++) {
            g_autofree char *path = g_strconcat("CryptographySuite/", proposals[p].parts[k], NULL);
            const char *theirs = find(reading, path), *ours = theirs;
            for (size_t i = 0; theirs != NULL && i < G_N_ELEMENTS(rows); i++)
                if (strcmp(rows[i][0], theirs) == 0)
                    ours = rows[i][1];
            bool integrity = k == 1, combined = strstr(words->str, "gcm") != NULL;
            if (ours == NULL || strcmp(ours, "None") == 0 ||
                (integrity && combined && !proposals[p].ike))
                continue;
            g_string_append_printf(words, "%s%s%s", words->len > 0 ? "-" : "",
                                   integrity && combined ? "prf" : "", ours);
        }
        if (words->len > 0)
            import_take_proposals(import, proposals[p].ike, words->str, ';', "CryptographySuite");
    }
}

/* ".corp.example" stands for all below it, a name without the dot for itself. */
static void
take_domain(Import *import, const char *name)
{
    if (strcmp(name, ".") == 0)
        import_take(import, "dns-use-servers", "all", "DomainName");
    else if (*name == '.')
        import_append(import, "dns-add-domains", name + 1, "DomainName");
    else
        import_append(import, "dns-add-domains", name, "DomainName");
}

static void
take_lists(Import *import, const Reading *reading)
{
    g_autofree char *group = NULL, *address = NULL;
    for (guint i = 0; i < reading->elements->len; i++) {
        const Element *element = reading->elements->pdata[i];
        const char *slash = strrchr(element->path, '/');
        const char *name = slash != NULL ? slash + 1 : element->path;
        const char *mark = strstr(element->path, "/Route#");
        if (strcmp(name, "DomainName") == 0)
            take_domain(import, element->text);
        if (mark != NULL && strcmp(name, "Address") == 0) {
            g_free(address);
            address = g_strdup(element->text);
        }
        if (mark != NULL && strcmp(name, "PrefixSize") == 0 && address != NULL) {
            g_autofree char *network = g_strdup_printf("%s/%s", address, element->text);
            import_append(import, "network-include", network, "Route");
            g_clear_pointer(&address, g_free);
        }
        if (mark != NULL && strcmp(name, "ExclusionRoute") == 0 &&
            strcmp(element->text, "true") == 0)
            import_note(import, IMPORT_NOT_CARRIED, "ExclusionRoute",
                        "a network that does not go inside; look at network-include");
    }
}

static void
note_what_is_left(Import *import, const Reading *reading)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        { "AlwaysOn", "when to connect: that is for NetworkManager, or autoconnect" },
        { "TrustedNetworkDetection", "where not to connect" },
        { "AppTrigger", "which programs begin it" },
        { "TrafficFilter", "which programs use it: the whole machine does" },
        { "DnsServers", "DNS servers come from the gateway" },
        { "WebProxyServers", "programs have their own settings for proxies" },
        { "Proxy", "programs have their own settings for proxies" },
        { "DeviceTunnel", "every tunnel is the machine's" },
        { "RegisterDNS", "names are not registered inside" },
        { "RememberCredentials", "NetworkManager, or secret-file, keeps secrets" },
        { "PluginProfile", "a client of somebody else's" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (has_below(reading, rows[i].name))
            import_note(import, IMPORT_NOT_CARRIED, rows[i].name, "%s", rows[i].why);
}

static bool
take_profile(const Reading *reading, const char *fallback, GPtrArray *list, GError **error)
{
    const char *title = find(reading, "/ProfileName");
    g_autoptr(Import) import = import_new(title, fallback);
    if (!take_servers(import, reading, error))
        return false;
    take_authentication(import, reading);
    take_algorithms(import, reading);
    take_lists(import, reading);
    if (g_strcmp0(find(reading, "NativeProfile/RoutingPolicyType"), "ForceTunnel") == 0)
        import_take(import, "network-include", "0.0.0.0/0;::/0", "RoutingPolicyType");
    const char *suffix = find(reading, "/DnsSuffix");
    g_auto(GStrv) suffixes = suffix != NULL ? g_strsplit(suffix, ",", PROFILE_MAX_ITEMS) : NULL;
    for (size_t i = 0; suffixes != NULL && suffixes[i] != NULL; i++)
        import_append(import, "dns-search-domains", g_strstrip(suffixes[i]), "DnsSuffix");
    note_what_is_left(import, reading);
    import_add(list, g_steal_pointer(&import));
    return true;
}

bool
import_read_windows(const char *text, gsize length, const Secret *passphrase, const char *fallback,
                    GPtrArray *list, GError **error)
{
    static const GMarkupParser parser = { .start_element = on_start,
                                          .end_element = on_end,
                                          .text = on_text };
    if (!import_xml_check(text, length, FORMAT, error))
        return false;
    Reading reading = { .elements = g_ptr_array_new_with_free_func(element_free),
                        .path = g_string_new(NULL),
                        .text = g_string_new(NULL) };
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reading, NULL);
    bool ok = g_markup_parse_context_parse(context, text, (gssize)length, NULL) &&
              g_markup_parse_context_end_parse(context, NULL);
    ok = ok ? take_profile(&reading, fallback, list, error)
            : import_refuse(error, FORMAT, 0, "it is no XML");
    g_ptr_array_unref(reading.elements);
    g_string_free(reading.path, TRUE);
    g_string_free(reading.text, TRUE);
    return ok;
}
