#include "nm/mapping.h"

#include "bus/names.h"

#include <string.h>

/* data and secrets: KEY, VALUE, ..., NULL. */
static NMConnection *
connection_new(const char *id, const char *const *data, const char *const *secrets)
{
    NMConnection *connection = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new(), *vpn = nm_setting_vpn_new();
    g_object_set(setting, NM_SETTING_CONNECTION_ID, id, NM_SETTING_CONNECTION_UUID,
                 "01234567-89ab-cdef-0123-456789abcdef", NULL);
    for (; data != NULL && *data != NULL; data += 2)
        nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), data[0], data[1]);
    for (; secrets != NULL && *secrets != NULL; secrets += 2)
        nm_setting_vpn_add_secret(NM_SETTING_VPN(vpn), secrets[0], secrets[1]);
    nm_connection_add_setting(connection, setting);
    nm_connection_add_setting(connection, vpn);
    return connection;
}

static const char *const psk[] = { "gateway-address",
                                   "vpn.example.com",
                                   "user-id",
                                   "tess@example.com",
                                   "user-auth",
                                   "psk",
                                   "psk-flags",
                                   "1",
                                   NULL };

static void
test_profile(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NMConnection) connection = connection_new("work", psk, NULL);
    g_autoptr(Profile) profile = mapping_profile(connection, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(profile->name, ==, "work");
    g_assert_cmpstr(profile->gateway_addresses[0], ==, "vpn.example.com");
    g_assert_cmpint(profile->user_auth, ==, PROFILE_USER_PSK);
}

static void
expect_refused(const char *key, const char *value, const char *words)
{
    g_autoptr(GError) error = NULL;
    const char *data[] = {
        "gateway-address", "192.0.2.1", "user-auth", "psk", "user-id", "tess", key, value, NULL
    };
    g_autoptr(NMConnection) connection = connection_new("work", data, NULL);
    g_assert_null(mapping_profile(connection, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, key));
    g_assert_nonnull(strstr(error->message, words));
}

static void
test_wrong_keys_are_named(void)
{
    expect_refused("gateway-adress", "192.0.2.2", "no such key");
    expect_refused("colour", "blue", "no such setting");
    expect_refused("network-mtu", "12", "1280");
    expect_refused("connection-autoconnect", "yes", "secondaries");
    /* Flags of what is no secret of ours are no key either. */
    expect_refused("colour-flags", "1", "no such setting");
}

/* NetworkManager puts a login name there unasked. */
static void
test_user_name(void)
{
    static const char *const eap[] = { "gateway-address", "vpn.example.com", "user-auth", "eap",
                                       NULL };
    static const char *const named[] = { "gateway-address", "vpn.example.com",  "user-auth", "eap",
                                         "user-id",         "tess@example.com", NULL };
    static const char *const certificate[] = {
        "gateway-address", "vpn.example.com", "user-certificate", "/c", "user-key", "/k", NULL
    };
    const struct {
        const char *const *data;
        const char *wanted;
    } rows[] = { { eap, "tess" }, { named, "tess@example.com" }, { certificate, NULL } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NMConnection) connection = connection_new("work", rows[i].data, NULL);
        g_object_set(nm_connection_get_setting_vpn(connection), NM_SETTING_VPN_USER_NAME, "tess",
                     NULL);
        g_autoptr(Profile) profile = mapping_profile(connection, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(profile->user_id, ==, rows[i].wanted);
        g_assert_null(profile->eap_id);
    }
}

static void
test_names(void)
{
    static const struct {
        const char *id, *name;
    } rows[] = { { "work", "work" },
                 { "My work (VPN)", "My_work__VPN_" },
                 { "-dash", "dash" },
                 { "...", "vpn" },
                 { "\xc3\x9c"
                   "bung",
                   "bung" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(NMConnection) connection = connection_new(rows[i].id, psk, NULL);
        g_autofree char *name = mapping_name(connection), *other = mapping_long_name(connection);
        g_assert_cmpstr(name, ==, rows[i].name);
        g_assert_true(profile_name_is_valid(name));
        g_assert_true(profile_name_is_valid(other));
        g_assert_cmpstr(name, !=, other);
    }
    g_autofree char *long_id = g_strnfill(400, 'x');
    g_autoptr(NMConnection) connection = connection_new(long_id, psk, NULL);
    g_autofree char *name = mapping_long_name(connection);
    g_assert_true(profile_name_is_valid(name));
}

static char *
missing(const char *const *data, const char *const *secrets, bool locked)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NMConnection) connection = connection_new("work", data, secrets);
    g_autoptr(Profile) profile = mapping_profile(connection, &error);
    g_assert_no_error(error);
    g_autofree const char **list =
        mapping_missing_secrets(profile, nm_connection_get_setting_vpn(connection), locked);
    return g_strjoinv(" ", (char **)list);
}

static void
test_missing_secrets(void)
{
    static const char *const eap[] = {
        "gateway-address", "vpn.example.com", "user-auth", "eap", "user-id", "tess", NULL
    };
    static const char *const tls[] = { "gateway-address",
                                       "vpn.example.com",
                                       "user-auth",
                                       "eap",
                                       "user-eap",
                                       "tls",
                                       "user-certificate",
                                       "/c",
                                       "user-key",
                                       "/k",
                                       NULL };
    static const char *const file[] = { "gateway-address",
                                        "vpn.example.com",
                                        "user-auth",
                                        "psk",
                                        "user-id",
                                        "tess",
                                        "user-secret-file",
                                        "/s",
                                        NULL };
    static const char *const not_required[] = { "gateway-address",
                                                "vpn.example.com",
                                                "user-auth",
                                                "psk",
                                                "user-id",
                                                "tess",
                                                "psk-flags",
                                                "4",
                                                NULL };
    static const char *const known[] = { "psk", "secret", NULL };
    static const char *const empty[] = { "psk", "", NULL };
    const struct {
        const char *const *data, *const *secrets;
        bool locked;
        const char *wanted;
    } rows[] = { { psk, NULL, false, "psk" },  { psk, known, false, "" },
                 { psk, empty, false, "psk" }, { eap, NULL, false, "password" },
                 { tls, NULL, false, "" },     { tls, NULL, true, "passphrase" },
                 { file, NULL, false, "" },    { not_required, NULL, false, "" } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = missing(rows[i].data, rows[i].secrets, rows[i].locked);
        g_assert_cmpstr(got, ==, rows[i].wanted);
    }
}

static void
test_pkcs12(void)
{
    static const char *const data[] = { "gateway-address", "vpn.example.com", "user-certificate",
                                        "/home/tess/tess.p12", NULL };
    static const char *const secrets[] = { "passphrase", "open sesame", NULL };
    g_autoptr(NMConnection) connection = connection_new("work", data, secrets);
    g_autoptr(Profile) profile = mapping_profile(connection, NULL);
    g_autoptr(ProfileFiles) files = profile_files_new();
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(connection);
    g_assert_true(profile_certificate_is_pkcs12(profile));
    g_autoptr(GVariant) settings = g_variant_ref_sink(mapping_settings(vpn));
    g_autoptr(GVariant) whole =
        g_variant_take_ref(mapping_with_passphrase(profile, vpn, settings, files));
    const char *path = NULL;
    g_assert_true(g_variant_lookup(whole, "user-secret-file", "&s", &path));
    g_assert_cmpint(profile_files_get(files, "user", "secret-file"), >=, 0);
    /* What comes out is still a profile. */
    g_assert_nonnull(strstr(path, "passphrase"));
}

static void
test_kinds(void)
{
    g_assert_cmpstr(mapping_secret_for(GINNEL_ASK_PIN), ==, "pin");
    g_assert_cmpstr(mapping_secret_for(GINNEL_ASK_CHALLENGE), ==, "answer");
    g_assert_null(mapping_secret_for("riddle"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nm/mapping/profile", test_profile);
    g_test_add_func("/nm/mapping/wrong-keys-are-named", test_wrong_keys_are_named);
    g_test_add_func("/nm/mapping/user-name", test_user_name);
    g_test_add_func("/nm/mapping/names", test_names);
    g_test_add_func("/nm/mapping/missing-secrets", test_missing_secrets);
    g_test_add_func("/nm/mapping/pkcs12", test_pkcs12);
    g_test_add_func("/nm/mapping/kinds", test_kinds);
    return g_test_run();
}
