#include "profile/profile-keys.h"

#include <idn2.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/names.h"
#include "profile/profile-ppk.h"
#include "profile/profile-proposals.h"
#include "profile/profile-proxy.h"

typedef struct KeyRule KeyRule;
typedef bool (*KeyReader)(const KeyRule *rule, Profile *profile, const char *value, GError **error);

struct KeyRule {
    const char *group, *key;
    KeyReader read;
    size_t offset;     /* of the field in Profile */
    const char *words; /* for enumerations: the words in the order of the enum, separated by "|" */
};

void
profile_refuse(GError **error, const Profile *profile, const char *group, const char *key, int code,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (profile->file == NULL) {
        g_set_error(error, PROFILE_ERROR, code, "%s-%s: %s", group, key, why);
        return;
    }
    g_autofree char *place = profile_locate(profile, group, key);
    g_set_error(error, PROFILE_ERROR, code, "%s: [%s] %s: %s", place, group, key, why);
}

#define FIELD(type, profile, rule) ((type *)(void *)((char *)(profile) + (rule)->offset))

G_GNUC_PRINTF(5, 6)
static bool
refuse_value(const KeyRule *rule, const Profile *profile, const char *value, GError **error,
             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *quoted = error_quote(value, strlen(value), 80);
    profile_refuse(error, profile, rule->group, rule->key, PROFILE_ERROR_VALUE, "\"%s\" %s", quoted,
                   why);
    return false;
}

static bool
read_enum(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(rule->words, "|", -1);
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) != 0)
            continue;
        *FIELD(int, profile, rule) = i;
        return true;
    }
    g_autofree char *allowed = g_strjoinv(", ", words);
    return refuse_value(rule, profile, value, error, "is none of: %s", allowed);
}

static bool
read_bool(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    bool *field = FIELD(bool, profile, rule);
    if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
        *field = true;
    else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
        *field = false;
    else
        return refuse_value(rule, profile, value, error, "is neither yes nor no");
    return true;
}

static bool
read_string(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    char **field = FIELD(char *, profile, rule);
    g_free(*field);
    *field = g_strdup(value);
    return true;
}

static bool
read_path(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    if (!g_path_is_absolute(value) && !g_str_has_prefix(value, "pkcs11:"))
        return refuse_value(rule, profile, value, error,
                            "is no absolute path: it begins with \"/\"");
    return read_string(rule, profile, value, error);
}

static bool
read_ppk_id(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GBytes) id = NULL;
    g_autoptr(GError) why = NULL;
    if (!profile_ppk_id_parse(value, &id, &why))
        return refuse_value(rule, profile, value, error, "%s", why->message);
    return read_string(rule, profile, value, error);
}

/* Items of a list stand between semicolons or white space. */
static GPtrArray *
split(const KeyRule *rule, const Profile *profile, const char *value, guint limit, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit_set(value, "; \t", -1);
    for (int i = 0; parts[i] != NULL; i++)
        if (*parts[i] != '\0')
            g_ptr_array_add(items, g_strdup(parts[i]));
    if (items->len > limit) {
        refuse_value(rule, profile, value, error, "has more than %u items", limit);
        return NULL;
    }
    return g_steal_pointer(&items);
}

/* The A-label form of a name that a person wrote (RFC 5890, section 2.3.2.1). */
static char *
name_to_ascii(const char *name, GError **error)
{
    if (g_str_is_ascii(name))
        return dns_name_normalise(name, strlen(name), error);
    char *ascii = NULL;
    int status = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status != IDN2_OK) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "is no domain name: %s",
                    idn2_strerror(status));
        return NULL;
    }
    char *normal = dns_name_normalise(ascii, strlen(ascii), error);
    idn2_free(ascii);
    return normal;
}

static bool
read_host_name(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autofree char *normal = name_to_ascii(value, NULL);
    if (normal == NULL || *normal == '\0')
        return refuse_value(rule, profile, value, error, "is no host name");
    return read_string(rule, profile, normal, error);
}

static void
replace_list(char ***field, GPtrArray *items)
{
    g_strfreev(*field);
    g_ptr_array_add(items, NULL);
    g_ptr_array_set_free_func(items, NULL);
    *field = (char **)g_ptr_array_steal(items, NULL);
}

static bool
read_domains(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_ITEMS, error);
    if (items == NULL)
        return false;
    for (guint i = 0; i < items->len; i++) {
        const char *item = g_ptr_array_index(items, i);
        g_autofree char *normal = name_to_ascii(item, NULL);
        if (normal == NULL)
            return refuse_value(rule, profile, item, error, "is no domain name");
        if (*normal == '\0')
            return refuse_value(rule, profile, item, error,
                                "means every name; for that, set use-servers = all under [dns]");
        g_free(g_ptr_array_index(items, i));
        g_ptr_array_index(items, i) = g_steal_pointer(&normal);
    }
    replace_list(FIELD(char **, profile, rule), items);
    return true;
}

static bool
read_gateways(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_GATEWAYS, error);
    if (items == NULL)
        return false;
    for (guint i = 0; i < items->len; i++) {
        const char *item = g_ptr_array_index(items, i);
        InetAddress address;
        g_autofree char *normal = NULL;
        if (inet_address_parse(item, &address))
            normal = inet_address_to_string(&address);
        else
            normal = name_to_ascii(item, NULL);
        if (normal == NULL || *normal == '\0')
            return refuse_value(rule, profile, item, error,
                                "is neither a host name nor an address (ports are set by order "
                                "under [transport])");
        g_free(g_ptr_array_index(items, i));
        g_ptr_array_index(items, i) = g_steal_pointer(&normal);
    }
    replace_list(FIELD(char **, profile, rule), items);
    return true;
}

static bool
read_words(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_ITEMS, error);
    if (items == NULL)
        return false;
    replace_list(FIELD(char **, profile, rule), items);
    return true;
}

static bool
read_number(const char *text, guint64 least, guint64 most, guint64 *number)
{
    return g_ascii_string_to_unsigned(text, 10, least, most, number, NULL);
}

/* "auto" is 0. */
static bool
read_port(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    guint64 number = 0;
    if (strcmp(value, "auto") != 0 && !read_number(value, 1, G_MAXUINT16, &number))
        return refuse_value(rule, profile, value, error,
                            "is neither auto nor a port from 1 to 65535");
    *FIELD(uint16_t, profile, rule) = (uint16_t)number;
    return true;
}

static bool
read_mtu(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    guint64 number = 0;
    if (strcmp(value, "auto") != 0 && !read_number(value, PROFILE_MTU_MIN, G_MAXUINT16, &number))
        return refuse_value(rule, profile, value, error, "is neither auto nor from %d to %d",
                            PROFILE_MTU_MIN, G_MAXUINT16);
    *FIELD(uint16_t, profile, rule) = (uint16_t)number;
    return true;
}

/* "auto", or seconds with at most three decimals. */
static bool
read_seconds(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(value, ".", 2);
    guint64 whole = 0, thousandths = 0;
    bool ok = strcmp(value, "auto") == 0;
    if (!ok && parts[0] != NULL && read_number(parts[0], 0, 60, &whole)) {
        g_autofree char *decimals = g_strdup_printf("%s000", parts[1] != NULL ? parts[1] : "");
        ok = parts[1] == NULL || (*parts[1] != '\0' && strlen(parts[1]) <= 3);
        decimals[3] = '\0';
        ok = ok && read_number(decimals, 0, 999, &thousandths) && whole + thousandths > 0;
    }
    if (!ok)
        return refuse_value(rule, profile, value, error,
                            "is neither auto nor seconds (0.001 to 60.999)");
    *FIELD(Duration, profile, rule) =
        (Duration)whole * DURATION_SECOND + (Duration)thousandths * DURATION_MILLISECOND;
    return true;
}

/* A number with one of the units, as a multiple of what that stands for. */
typedef struct {
    char unit;
    guint64 worth;
} Unit;

static bool
read_with_unit(const char *value, const Unit *units, size_t n_units, guint64 limit, guint64 *out)
{
    size_t length = strlen(value);
    if (length < 2)
        return false;
    g_autofree char *digits = g_strndup(value, length - 1);
    for (size_t i = 0; i < n_units; i++) {
        if (units[i].unit != value[length - 1])
            continue;
        bool ok = read_number(digits, 1, limit / units[i].worth, out);
        *out *= units[i].worth;
        return ok;
    }
    return false;
}

static bool
read_lifetime(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    static const Unit units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    guint64 seconds;
    if (!read_with_unit(value, units, G_N_ELEMENTS(units), 366 * 86400, &seconds))
        return refuse_value(rule, profile, value, error,
                            "is no time like 90m, 4h or 2d (a minute to a year)");
    *FIELD(Duration, profile, rule) = (Duration)seconds * DURATION_SECOND;
    return true;
}

static bool
read_octets(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    static const Unit units[] = { { 'M', 1000000 },
                                  { 'G', UINT64_C(1000000000) },
                                  { 'T', UINT64_C(1000000000000) } };
    if (!read_with_unit(value, units, G_N_ELEMENTS(units), UINT64_C(1000000000000000),
                        FIELD(guint64, profile, rule)))
        return refuse_value(rule, profile, value, error,
                            "is no amount like 500M, 10G or 1T (1M to 1000T octets)");
    return true;
}

static bool
parse_transport(const char *item, ProfileTransport *transport)
{
    static const char *const kinds[] = { "udp/", "tcp/", "tls/" };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        guint64 port;
        if (!g_str_has_prefix(item, kinds[i]) || !read_number(item + 4, 1, G_MAXUINT16, &port))
            continue;
        *transport = (ProfileTransport){ (ProfileTransportKind)i, (uint16_t)port };
        return true;
    }
    return false;
}

static bool
read_transports(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_TRANSPORTS, error);
    if (items == NULL)
        return false;
    g_array_set_size(profile->transports, 0);
    for (guint i = 0; i < items->len; i++) {
        const char *item = g_ptr_array_index(items, i);
        ProfileTransport transport;
        if (!parse_transport(item, &transport))
            return refuse_value(rule, profile, item, error,
                                "is no transport: they look like udp/4500, tcp/4500, tls/443");
        for (guint j = 0; j < profile->transports->len; j++) {
            const ProfileTransport *other =
                &g_array_index(profile->transports, ProfileTransport, j);
            if (other->kind == transport.kind && other->port == transport.port)
                return refuse_value(rule, profile, item, error, "stands twice");
        }
        g_array_append_val(profile->transports, transport);
    }
    return true;
}

static bool
read_prefixes(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_ITEMS, error);
    if (items == NULL)
        return false;
    g_array_set_size(profile->include, 0);
    for (guint i = 0; i < items->len; i++) {
        const char *item = g_ptr_array_index(items, i);
        InetPrefix prefix;
        g_autoptr(GError) why = NULL;
        if (!inet_prefix_parse(item, &prefix, &why))
            return refuse_value(rule, profile, item, error, "is no network like 10.99.0.0/24: %s",
                                why->message);
        g_array_append_val(profile->include, prefix);
    }
    return true;
}

static bool
read_proxy(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    if (strcmp(value, "auto") == 0)
        return true;
    g_auto(ProfileProxy) proxy = { 0 };
    g_autoptr(GError) why = NULL;
    if (strcmp(value, "none") != 0 && strchr(value, '@') != NULL)
        return refuse_value(
            rule, profile, "...", error,
            "names a user, and everybody may read a profile: that is for proxy-user "
            "and proxy-secret-file");
    if (strcmp(value, "none") != 0 && !profile_proxy_parse(value, &proxy, &why))
        return refuse_value(rule, profile, value, error, "%s", why->message);
    return read_string(rule, profile, value, error);
}

static bool
read_proposals(const KeyRule *rule, Profile *profile, const char *value, GError **error)
{
    g_autoptr(GPtrArray) items = split(rule, profile, value, PROFILE_MAX_PROPOSALS, error);
    bool ike = strcmp(rule->key, "ike") == 0;
    if (items == NULL)
        return false;
    for (guint i = 0; i < items->len; i++) {
        const char *item = g_ptr_array_index(items, i);
        g_autofree char *why = NULL;
        if (!profile_proposal_check(item, ike, &why))
            return refuse_value(rule, profile, item, error, "%s; one looks like %s", why,
                                ike ? "aes256gcm16-prfsha384-x25519" : "aes256gcm16");
    }
    g_ptr_array_add(items, NULL);
    g_autofree char *joined = g_strjoinv(";", (char **)items->pdata);
    return read_string(rule, profile, joined, error);
}

#define RULE(group, key, read, field, words)                                                       \
    {                                                                                              \
        group, key, read, G_STRUCT_OFFSET(Profile, field), words                                   \
    }

static const KeyRule rules[] = {
    RULE("gateway", "address", read_gateways, gateway_addresses, NULL),
    RULE("gateway", "id", read_string, gateway_id, NULL),
    RULE("gateway", "auth", read_enum, gateway_auth, "certificate|psk|eap-only"),
    RULE("gateway", "ca", read_path, ca_file, NULL),
    RULE("gateway", "redirect", read_bool, redirect, NULL),
    RULE("gateway", "childless", read_bool, childless, NULL),
    RULE("gateway", "revocation", read_enum, revocation, "soft|strict|off"),
    RULE("connection", "autoconnect", read_bool, autoconnect, NULL),
    RULE("connection", "trusted-networks", read_words, trusted_networks, NULL),
    RULE("connection", "lockdown", read_bool, lockdown, NULL),
    RULE("user", "id", read_string, user_id, NULL),
    RULE("user", "auth", read_enum, user_auth, "certificate|psk|eap|none"),
    RULE("user", "certificate", read_path, certificate_file, NULL),
    RULE("user", "key", read_path, key_file, NULL),
    RULE("user", "eap", read_enum, eap, "auto|mschapv2|tls|ttls|peap|gtc|md5"),
    RULE("user", "eap-id", read_string, eap_id, NULL),
    RULE("user", "eap-anonymous-id", read_string, eap_anonymous_id, NULL),
    RULE("user", "eap-ca", read_path, eap_ca_file, NULL),
    RULE("user", "eap-server-name", read_host_name, eap_server_name, NULL),
    RULE("user", "eap-inner", read_enum, eap_inner, "mschapv2|eap-mschapv2|gtc|pap"),
    RULE("user", "second-auth", read_enum, second_auth, "none|eap"),
    RULE("user", "exclusive", read_bool, exclusive, NULL),
    RULE("user", "secret-file", read_path, secret_file, NULL),
    RULE("user", "ppk-id", read_ppk_id, ppk_id, NULL),
    RULE("user", "ppk-file", read_path, ppk_file, NULL),
    RULE("user", "ppk", read_enum, ppk, "required|optional"),
    RULE("transport", "order", read_transports, transports, NULL),
    RULE("transport", "fallback-after", read_seconds, fallback_after, NULL),
    RULE("transport", "retransmit-after", read_seconds, retransmit_after, NULL),
    RULE("transport", "address-delay", read_seconds, address_delay, NULL),
    RULE("transport", "prefer-udp-for", read_seconds, prefer_udp_for, NULL),
    RULE("transport", "udp-again", read_seconds, udp_again, NULL),
    RULE("transport", "proxy", read_proxy, proxy, NULL),
    RULE("transport", "proxy-user", read_string, proxy_user, NULL),
    RULE("transport", "proxy-secret-file", read_path, proxy_secret_file, NULL),
    RULE("transport", "source-port", read_port, source_port, NULL),
    RULE("lifetime", "ike", read_lifetime, ike_lifetime, NULL),
    RULE("lifetime", "tunnel", read_lifetime, tunnel_lifetime, NULL),
    RULE("lifetime", "tunnel-octets", read_octets, tunnel_octets, NULL),
    RULE("lifetime", "sign-in", read_lifetime, sign_in_lifetime, NULL),
    RULE("network", "include", read_prefixes, include, NULL),
    RULE("network", "mtu", read_mtu, mtu, NULL),
    RULE("dns", "domains", read_domains, domains, NULL),
    RULE("dns", "add-domains", read_domains, add_domains, NULL),
    RULE("dns", "search-domains", read_domains, search_domains, NULL),
    RULE("dns", "use-servers", read_enum, use_servers, "inside|all"),
    RULE("dns", "trust-anchor-domains", read_domains, trust_anchor_domains, NULL),
    RULE("dns", "public-anchor-domains", read_domains, public_anchor_domains, NULL),
    RULE("dns", "tell-anchors", read_bool, tell_anchors, NULL),
    RULE("dns", "dnssec", read_enum, dnssec, "resolved|stub|off"),
    RULE("dns", "encrypted", read_enum, encrypted_dns, "auto|off"),
    RULE("proposals", "ike", read_proposals, ike_proposals, NULL),
    RULE("proposals", "esp", read_proposals, esp_proposals, NULL),
    RULE("proposals", "legacy", read_bool, legacy, NULL),
};

bool
profile_group_is_known(const char *group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i].group, group) == 0)
            return true;
    return false;
}

char *
profile_groups_to_string(void)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (i == 0 || strcmp(rules[i].group, rules[i - 1].group) != 0)
            g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", rules[i].group);
    return g_string_free(out, FALSE);
}

char *
profile_keys_to_string(const char *group)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i].group, group) == 0)
            g_string_append_printf(out, "%s%s", out->len == 0 ? "" : ", ", rules[i].key);
    return g_string_free(out, FALSE);
}

bool
profile_set(Profile *profile, const char *group, const char *key, const char *value, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (strcmp(rules[i].group, group) != 0 || strcmp(rules[i].key, key) != 0)
            continue;
        if (*value == '\0') /* as if it were not there */
            return true;
        return rules[i].read(&rules[i], profile, value, error);
    }
    g_autofree char *allowed = profile_keys_to_string(group);
    profile_refuse(error, profile, group, key, PROFILE_ERROR_UNKNOWN,
                   "there is no such key; the keys of [%s] are %s", group, allowed);
    return false;
}
