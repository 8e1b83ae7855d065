#include "profile/profile-file.h"

#include <string.h>

#define GATEWAY     "[gateway]\naddress = gw.example;192.0.2.1\n"
#define CERTIFICATE "[user]\ncertificate = /c\nkey = /k\n"
#define PSK         "[user]\nid = t\nauth = psk\nsecret-file = /s\n"

static Profile *
good(const char *text)
{
    g_autoptr(GError) error = NULL;
    Profile *profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_no_error(error);
    return profile;
}

static void
bad(const char *text, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, code);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_defaults(void)
{
    g_autoptr(Profile) profile = good(GATEWAY CERTIFICATE);
    g_assert_cmpstr(profile->gateway_id, ==, "gw.example");
    g_assert_cmpint(profile->gateway_auth, ==, PROFILE_GATEWAY_CERTIFICATE);
    g_assert_cmpint(profile->user_auth, ==, PROFILE_USER_CERTIFICATE);
    g_assert_null(profile->user_id);
    g_assert_cmpuint(profile->transports->len, ==, 3);
    g_assert_cmpint(g_array_index(profile->transports, ProfileTransport, 2).kind, ==, PROFILE_TCP);
    g_assert_cmpint(profile->use_servers, ==, PROFILE_SERVERS_INSIDE);
    g_assert_false(profile->redirect || profile->exclusive || profile->autoconnect);
}

static void
test_gateway_follows_the_users_psk(void)
{
    g_autoptr(Profile) profile = good(GATEWAY PSK);
    g_assert_cmpint(profile->gateway_auth, ==, PROFILE_GATEWAY_PSK);
    g_autoptr(Profile) said = good(GATEWAY "auth = certificate\n" PSK);
    g_assert_cmpint(said->gateway_auth, ==, PROFILE_GATEWAY_CERTIFICATE);
}

static void
test_what_is_needed(void)
{
    bad("", PROFILE_ERROR_MISSING,
        "F: [gateway] address: it is missing; it is the gateway's host name or address");
    bad(GATEWAY "[user]\nauth = psk\nsecret-file = /s\n", PROFILE_ERROR_MISSING,
        "F, line 3: [user] id: it is missing; with auth = psk the gateway knows the user by it");
    g_autoptr(Profile) asked = good(GATEWAY "[user]\nid = t\nauth = psk\n");
    g_assert_null(asked->secret_file);
    bad(GATEWAY "[user]\ncertificate = /c\n", PROFILE_ERROR_MISSING,
        "F, line 3: [user] key: it is missing; auth = certificate needs certificate and key, "
        "or one PKCS#12 file (.p12) for both");
    g_autoptr(Profile) one = good(GATEWAY "[user]\ncertificate = /etc/ginnel/tess.p12\n");
    g_assert_null(one->key_file);
    bad(GATEWAY, PROFILE_ERROR_MISSING,
        "F: [user] certificate: it is missing; auth = certificate, which is the default, needs "
        "certificate and key (or set auth = psk)");
}

static void
test_what_this_version_cannot_do_is_refused(void)
{
    bad(GATEWAY "[user]\ncertificate = /a\nkey = pkcs11:object=b?pin-value=1\n",
        PROFILE_ERROR_VALUE,
        "F, line 5: [user] key: a pkcs11: URI here holds no PIN and no module: everybody may read "
        "a profile. The PIN is asked for, or in secret-file");
    bad(GATEWAY "[user]\ncertificate = pkcs11:object=a?module-name=x\nkey = pkcs11:object=b\n",
        PROFILE_ERROR_VALUE,
        "F, line 4: [user] certificate: a pkcs11: URI here holds no PIN and no module: everybody "
        "may read a profile. The PIN is asked for, or in secret-file");
    bad(GATEWAY "[user]\ncertificate = pkcs11:object=a\nkey = /b\n", PROFILE_ERROR_CONFLICT,
        "F, line 5: [user] key: the certificate is in a token, so its key is too: a pkcs11: URI is "
        "wanted");
    g_autoptr(Profile) both = good(GATEWAY "[user]\ncertificate = pkcs11:a\nkey = pkcs11:b\n");
    g_assert_true(profile_certificate_is_in_token(both));
    g_autoptr(Profile) token = good(GATEWAY "[user]\ncertificate = /a\nkey = pkcs11:object=b\n");
    g_assert_false(profile_certificate_is_in_token(token));
    g_assert_cmpstr(token->key_file, ==, "pkcs11:object=b");
    g_autoptr(Profile) no = good(GATEWAY "redirect = no\n" PSK "[connection]\nlockdown = no\n"
                                         "[transport]\nproxy = none\n");
    g_assert_false(no->lockdown);
}

static void
test_proxies(void)
{
    g_autoptr(Profile) one = good(GATEWAY PSK "[transport]\nproxy = http://proxy.example:3128\n"
                                              "proxy-user = tess\nproxy-secret-file = /p\n");
    g_assert_cmpstr(one->proxy, ==, "http://proxy.example:3128");
    g_assert_cmpstr(one->proxy_user, ==, "tess");
    g_autoptr(Profile) automatic = good(GATEWAY PSK "[transport]\nproxy = auto\n");
    g_assert_null(automatic->proxy);
    bad(GATEWAY PSK "[transport]\nproxy = http://tess:secret@proxy.example\n", PROFILE_ERROR_VALUE,
        "F, line 8: [transport] proxy: \"...\" names a user, and everybody may read a profile: "
        "that "
        "is for proxy-user and proxy-secret-file");
    bad(GATEWAY PSK "[transport]\nproxy = https://proxy.example\n", PROFILE_ERROR_VALUE,
        "F, line 8: [transport] proxy: \"https://proxy.example\" is no proxy like "
        "http://proxy.example:8080 or socks5://proxy.example");
    bad(GATEWAY PSK "[transport]\nproxy-secret-file = /p\n", PROFILE_ERROR_MISSING,
        "F, line 7: [transport] proxy-user: it is missing; proxy-secret-file is the password of "
        "that "
        "user");
}

static void
test_identities_are_checked(void)
{
    bad(GATEWAY "id = two words\n" PSK, PROFILE_ERROR_VALUE,
        "F, line 3: [gateway] id: \"two words\" is no identity: a host name, an address, "
        "name@domain, a distinguished name (C=DE, O=Example, CN=gw), or key-id: and text");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-rules/defaults", test_defaults);
    g_test_add_func("/profile/profile-rules/gateway-follows-the-users-psk",
                    test_gateway_follows_the_users_psk);
    g_test_add_func("/profile/profile-rules/what-is-needed", test_what_is_needed);
    g_test_add_func("/profile/profile-rules/what-this-version-cannot-do-is-refused",
                    test_what_this_version_cannot_do_is_refused);
    g_test_add_func("/profile/profile-rules/proxies", test_proxies);
    g_test_add_func("/profile/profile-rules/identities-are-checked", test_identities_are_checked);
    return g_test_run();
}
