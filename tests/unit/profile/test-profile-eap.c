#include "profile/profile-eap.h"

#include "profile/profile-file.h"

#include <string.h>

#define GATEWAY  "[gateway]\naddress = gw.example\n"
#define NAMELESS "[gateway]\naddress = 192.0.2.1\n"
#define EAP_ONLY GATEWAY "auth = eap-only\n"
#define EAP      "[user]\nid = tess@example.com\nauth = eap\n"
#define FILES    "certificate = /c\nkey = /k\n"

static Profile *
good(const char *text)
{
    g_autoptr(GError) error = NULL;
    Profile *profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_no_error(error);
    return profile;
}

static void
bad(const char *text, int code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, code);
    if (strstr(error->message, words) == NULL)
        g_error("no \"%s\" in \"%s\"", words, error->message);
}

static void
check_methods(const char *text, const char *expected)
{
    g_autoptr(Profile) profile = good(text);
    const char *words[PROFILE_EAP_MAX_METHODS];
    profile_eap_methods(profile, words);
    g_autofree char *joined = g_strjoinv(" ", (char **)words);
    g_assert_cmpstr(joined, ==, expected);
}

static void
test_methods(void)
{
    check_methods(GATEWAY EAP, "peap ttls mschapv2");
    check_methods(GATEWAY EAP FILES, "tls peap ttls mschapv2");
    check_methods(NAMELESS EAP, "mschapv2");
    check_methods(NAMELESS EAP "eap-server-name = radius.example\n", "peap ttls mschapv2");
    check_methods(EAP_ONLY EAP, "peap ttls");
    check_methods(EAP_ONLY EAP FILES, "tls peap ttls");
    check_methods(GATEWAY EAP "eap = md5\n", "md5");
    check_methods(GATEWAY EAP "eap = gtc\n", "gtc");
    check_methods(GATEWAY EAP FILES "eap = mschapv2\n", "mschapv2");
    check_methods(GATEWAY EAP FILES "eap = tls\n", "tls");
}

static void
test_names(void)
{
    g_autoptr(Profile) plain = good(GATEWAY EAP);
    g_assert_cmpstr(profile_eap_identity(plain), ==, "tess@example.com");
    g_assert_cmpstr(profile_eap_server_name(plain), ==, "gw.example");
    g_assert_cmpstr(profile_eap_inner(plain), ==, "mschapv2");
    g_autoptr(Profile) other = good(GATEWAY EAP "eap-id = CORP\\tess\neap-server-name = B\xc3\xbc"
                                                "cher.example\n"
                                                "eap-inner = pap\n");
    g_assert_cmpstr(profile_eap_identity(other), ==, "CORP\\tess");
    g_assert_cmpstr(profile_eap_server_name(other), ==, "xn--bcher-kva.example");
    g_assert_cmpstr(profile_eap_inner(other), ==, "pap");
    g_autoptr(Profile) id = good(NAMELESS "id = vpn.example\n" EAP);
    g_assert_cmpstr(profile_eap_server_name(id), ==, "vpn.example");
}

static void
test_gateway_with_a_shared_key(void)
{
    bad(GATEWAY "auth = psk\n" EAP, PROFILE_ERROR_CONFLICT,
        "[gateway] auth: psk does not go with auth = eap under [user]: everybody who knows the key "
        "could pose as the gateway and take the password");
    bad(GATEWAY "auth = psk\n[user]\nid = t\nsecond-auth = eap\nsecret-file = /s\n" FILES,
        PROFILE_ERROR_CONFLICT, "[gateway] auth: psk does not go with second-auth = eap");
}

static void
test_eap_only(void)
{
    static const char *const weak[] = { "mschapv2", "gtc", "md5" };
    for (size_t i = 0; i < G_N_ELEMENTS(weak); i++) {
        g_autofree char *text = g_strdup_printf(EAP_ONLY EAP "eap = %s\n", weak[i]);
        bad(text, PROFILE_ERROR_CONFLICT, "guessing the password is no use");
    }
    bad(EAP_ONLY "[user]\nid = t\n" FILES, PROFILE_ERROR_CONFLICT, "eap-only is for auth = eap");
    bad(NAMELESS "auth = eap-only\n" EAP, PROFILE_ERROR_MISSING, "[user] eap-server-name");
    bad(NAMELESS "auth = eap-only\n" EAP "eap = ttls\n", PROFILE_ERROR_MISSING,
        "[user] eap-server-name");
    g_autoptr(Profile) tls = good(NAMELESS "auth = eap-only\n" EAP FILES "eap = tls\n");
    g_assert_cmpint(tls->gateway_auth, ==, PROFILE_GATEWAY_EAP_ONLY);
}

static void
test_what_is_needed(void)
{
    bad(GATEWAY "[user]\nauth = eap\n", PROFILE_ERROR_MISSING,
        "[user] id: it is missing; with EAP");
    bad(GATEWAY EAP "eap = tls\n", PROFILE_ERROR_MISSING, "eap = tls needs certificate and key");
    bad(GATEWAY EAP "eap = tls\ncertificate = /c\n", PROFILE_ERROR_MISSING, "[user] key");
    bad(GATEWAY EAP "certificate = /c\n", PROFILE_ERROR_MISSING, "[user] key");
    bad(NAMELESS EAP "eap = peap\n", PROFILE_ERROR_MISSING, "[user] eap-server-name");
    bad(GATEWAY EAP "eap = peap\neap-inner = pap\n", PROFILE_ERROR_CONFLICT, "eap = ttls only");
    bad(GATEWAY EAP "eap-server-name = two words\n", PROFILE_ERROR_VALUE, "is no host name");
    /* A certificate says who it is for. */
    g_autoptr(Profile) tls = good(GATEWAY "[user]\nauth = eap\n" FILES);
    g_assert_true(profile_eap_has_certificate(tls));
    g_assert_null(profile_eap_identity(tls));
    /* Certificate and key in one file. */
    g_autoptr(Profile) one = good(GATEWAY EAP "eap = tls\ncertificate = /c.p12\n");
    g_assert_true(profile_certificate_is_pkcs12(one));
    g_assert_true(profile_eap_has_certificate(one));
    g_assert_false(profile_certificate_is_pkcs12(tls));
}

static void
test_second_round(void)
{
    g_autoptr(Profile) second = good(GATEWAY "[user]\nid = t\nsecond-auth = eap\n" FILES);
    g_assert_true(profile_has_eap(second));
    g_assert_false(profile_eap_has_certificate(second));
    check_methods(GATEWAY "[user]\nid = t\nsecond-auth = eap\n" FILES, "peap ttls mschapv2");
    g_autoptr(Profile) none = good(GATEWAY "[user]\nsecond-auth = none\n" FILES);
    g_assert_false(profile_has_eap(none));
    bad(GATEWAY EAP "second-auth = eap\n", PROFILE_ERROR_CONFLICT, "goes with auth = certificate");
    bad(GATEWAY "[user]\nsecond-auth = eap\n" FILES, PROFILE_ERROR_MISSING, "[user] id");
    bad(GATEWAY "[user]\nid = t\nsecond-auth = eap\neap = tls\n" FILES, PROFILE_ERROR_CONFLICT,
        "used already");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-eap/methods", test_methods);
    g_test_add_func("/profile/profile-eap/names", test_names);
    g_test_add_func("/profile/profile-eap/gateway-with-a-shared-key",
                    test_gateway_with_a_shared_key);
    g_test_add_func("/profile/profile-eap/eap-only-wants-safe-methods", test_eap_only);
    g_test_add_func("/profile/profile-eap/what-is-needed", test_what_is_needed);
    g_test_add_func("/profile/profile-eap/second-round", test_second_round);
    return g_test_run();
}
