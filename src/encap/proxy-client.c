#include "encap/proxy-client-private.h"

#include <stdarg.h>

ProxyClient *
proxy_client_new(const ProxyConfig *config)
{
    g_autoptr(ProxyClient) client = g_new0(ProxyClient, 1);
    client->kind = config->kind;
    client->host = g_strdup(config->host);
    client->port = config->port;
    client->user = g_strdup(config->user);
    client->password = config->password != NULL ? secret_ref((Secret *)config->password) : NULL;
    client->challenge = g_strdup(config->challenge);
    client->cnonce = g_strdup(config->cnonce);
    client->input = g_byte_array_new();
    bool ok = config->kind == PROXY_HTTP ? proxy_http_begin(client) : proxy_socks_begin(client);
    return ok ? g_steal_pointer(&client) : NULL;
}

void
proxy_client_free(ProxyClient *client)
{
    if (client == NULL)
        return;
    g_free(client->host);
    g_free(client->user);
    g_free(client->why);
    g_free(client->challenge);
    g_free(client->cnonce);
    g_clear_pointer(&client->password, secret_unref);
    g_clear_pointer(&client->output, secret_unref);
    g_byte_array_unref(client->input);
    g_free(client);
}

void
proxy_client_say(ProxyClient *client, Secret *output)
{
    g_clear_pointer(&client->output, secret_unref);
    client->output = output;
}

Secret *
proxy_client_take_output(ProxyClient *client)
{
    return client->output != NULL ? g_steal_pointer(&client->output) : secret_new(NULL, 0);
}

ProxyState
proxy_client_end(ProxyClient *client, ProxyState state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(client->why);
    client->why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    client->state = state;
    return state;
}

ProxyState
proxy_client_feed(ProxyClient *client, const uint8_t *data, size_t length, size_t *used)
{
    *used = 0;
    if (client->state == PROXY_GOES_ON && length > 0)
        *used = client->kind == PROXY_HTTP ? proxy_http_feed(client, data, length)
                                           : proxy_socks_feed(client, data, length);
    return client->state;
}

ProxyState
proxy_client_state(const ProxyClient *client)
{
    return client->state;
}

const char *
proxy_client_why(const ProxyClient *client)
{
    return client->why;
}

const char *
proxy_client_challenge(const ProxyClient *client)
{
    return client->challenge;
}
