#include "profile/profile-proxy.h"

#include <string.h>

#include "base/inet.h"
#include "base/names.h"
#include "profile/profile.h"

/* As others have them. */
#define HTTP_PORT  8080
#define SOCKS_PORT 1080

static bool
read_scheme(const char *scheme, ProfileProxy *out)
{
    static const char *const socks[] = { "socks", "socks5", "socks5h" };
    out->kind = PROXY_HTTP;
    out->port = HTTP_PORT;
    if (g_ascii_strcasecmp(scheme, "http") == 0)
        return true;
    out->kind = PROXY_SOCKS5;
    out->port = SOCKS_PORT;
    for (size_t i = 0; i < G_N_ELEMENTS(socks); i++)
        if (g_ascii_strcasecmp(scheme, socks[i]) == 0)
            return true;
    return false;
}

static bool
read_host(const char *host, ProfileProxy *out)
{
    InetAddress address;
    if (host == NULL || *host == '\0')
        return false;
    if (inet_address_parse(host, &address))
        out->host = inet_address_to_string(&address);
    else
        out->host = dns_name_normalise(host, strlen(host), NULL);
    return out->host != NULL && *out->host != '\0';
}

bool
profile_proxy_parse(const char *url, ProfileProxy *out, GError **error)
{
    g_auto(ProfileProxy) proxy = { 0 };
    g_autofree char *scheme = NULL, *user = NULL, *password = NULL, *host = NULL, *path = NULL;
    gint port = -1;
    *out = (ProfileProxy){ 0 };
    bool split = g_uri_split_with_user(url, G_URI_FLAGS_HAS_PASSWORD, &scheme, &user, &password,
                                       NULL, &host, &port, &path, NULL, NULL, NULL);
    if (!split || scheme == NULL || !read_scheme(scheme, &proxy)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                    "is no proxy like http://proxy.example:8080 or socks5://proxy.example");
        return false;
    }
    if (password != NULL)
        proxy.password = secret_new(password, strlen(password));
    if (password != NULL)
        secret_wipe(password, strlen(password));
    proxy.user = g_steal_pointer(&user);
    if (!read_host(host, &proxy) || port == 0 || (*path != '\0' && strcmp(path, "/") != 0)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                    "is no proxy: behind the scheme stand its host and port, and nothing else");
        return false;
    }
    if (port > 0)
        proxy.port = (uint16_t)port;
    *out = proxy;
    proxy = (ProfileProxy){ 0 };
    return true;
}

void
profile_proxy_clear(ProfileProxy *proxy)
{
    g_clear_pointer(&proxy->host, g_free);
    g_clear_pointer(&proxy->user, g_free);
    g_clear_pointer(&proxy->password, secret_unref);
    *proxy = (ProfileProxy){ 0 };
}
