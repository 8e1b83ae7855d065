/* SOCKS5 (RFC 1928), with user name and password (RFC 1929). */
#include "encap/proxy-client-private.h"

#include "base/bytes.h"
#include "base/inet.h"

#include <string.h>

#define VERSION       5
#define LOGIN_VERSION 1
#define METHOD_NONE   0
#define METHOD_LOGIN  2
#define METHOD_NO     0xff
#define CONNECT       1
#define ADDRESS_V4    1
#define ADDRESS_NAME  3
#define ADDRESS_V6    4
#define MAX_FIELD     255 /* octets of a name, user name or password */

static void
say(ProxyClient *client, ByteWriter *writer)
{
    g_autoptr(GBytes) bytes = byte_writer_end(writer);
    gsize length;
    const void *octets = g_bytes_get_data(bytes, &length);
    proxy_client_say(client, secret_new(octets, length));
}

static size_t
password_length(const ProxyClient *client)
{
    return client->password != NULL ? secret_length(client->password) : 0;
}

static bool
has_login(const ProxyClient *client)
{
    return client->user != NULL && *client->user != '\0';
}

bool
proxy_socks_begin(ProxyClient *client)
{
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 16);
    if (strlen(client->host) > MAX_FIELD || *client->host == '\0' ||
        (has_login(client) &&
         (strlen(client->user) > MAX_FIELD || password_length(client) > MAX_FIELD)))
        return false;
    byte_writer_u8(&writer, VERSION);
    byte_writer_u8(&writer, has_login(client) ? 2 : 1);
    byte_writer_u8(&writer, METHOD_NONE);
    if (has_login(client))
        byte_writer_u8(&writer, METHOD_LOGIN);
    say(client, &writer);
    client->step = SOCKS_METHOD;
    return true;
}

/* RFC 1928, section 4. */
static void
say_connect(ProxyClient *client)
{
    InetAddress address;
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 512);
    byte_writer_u8(&writer, VERSION);
    byte_writer_u8(&writer, CONNECT);
    byte_writer_u8(&writer, 0);
    if (inet_address_parse(client->host, &address)) {
        byte_writer_u8(&writer, address.family == INET_V4 ? ADDRESS_V4 : ADDRESS_V6);
        byte_writer_octets(&writer, address.octets, inet_family_length(address.family));
    } else {
        byte_writer_u8(&writer, ADDRESS_NAME);
        byte_writer_u8(&writer, (uint8_t)strlen(client->host));
        byte_writer_octets(&writer, client->host, strlen(client->host));
    }
    byte_writer_u16(&writer, client->port);
    say(client, &writer);
    client->step = SOCKS_CONNECT;
}

static void
say_password(ProxyClient *client)
{
    size_t user = strlen(client->user), password = password_length(client);
    uint8_t *out;
    Secret *secret = secret_new_blank(3 + user + password, &out);
    out[0] = LOGIN_VERSION;
    out[1] = (uint8_t)user;
    memcpy(out + 2, client->user, user);
    out[2 + user] = (uint8_t)password;
    if (password > 0)
        memcpy(out + 3 + user, secret_data(client->password), password);
    proxy_client_say(client, secret);
    client->step = SOCKS_PASSWORD;
}

static void
no_socks(ProxyClient *client)
{
    proxy_client_end(client, PROXY_FAILED, "what answers is no SOCKS5 proxy");
}

static void
take_method(ProxyClient *client, uint8_t version, uint8_t method)
{
    if (version != VERSION)
        no_socks(client);
    else if (method == METHOD_NONE)
        say_connect(client);
    else if (method == METHOD_LOGIN && has_login(client))
        say_password(client);
    else if (method == METHOD_NO && !has_login(client))
        proxy_client_end(client, PROXY_LOGIN, "the proxy wants a user name and password");
    else
        proxy_client_end(client, PROXY_FAILED,
                         "the proxy wants to know who we are in a way that is not known here");
}

static void
take_password_answer(ProxyClient *client, uint8_t version, uint8_t status)
{
    if (version != LOGIN_VERSION)
        no_socks(client);
    else if (status == 0)
        say_connect(client);
    else
        proxy_client_end(client, PROXY_LOGIN,
                         "the proxy does not accept the user name and password");
}

/* RFC 1928, section 6. */
static void
take_reply(ProxyClient *client, uint8_t version, uint8_t code)
{
    static const char *const words[] = {
        "",
        "general failure",
        "its rules do not allow that",
        "network unreachable",
        "host unreachable",
        "connection refused",
        "time to live expired",
        "it knows no CONNECT",
        "it knows no such address",
    };
    if (version != VERSION)
        no_socks(client);
    else if (code == 0)
        client->state = PROXY_OPEN;
    else
        proxy_client_end(client, PROXY_FAILED, "the proxy refuses: %s",
                         code < G_N_ELEMENTS(words) ? words[code] : "unknown reason");
}

/* Length of a reply whose first five octets are there; 0: it can be none. */
static size_t
reply_length(const uint8_t *reply)
{
    switch (reply[3]) {
    case ADDRESS_V4:
        return 4 + 4 + 2;
    case ADDRESS_V6:
        return 4 + 16 + 2;
    case ADDRESS_NAME:
        return 4 + 1 + (size_t)reply[4] + 2;
    default:
        return 0;
    }
}

static size_t
wanted(const ProxyClient *client)
{
    const GByteArray *input = client->input;
    if (client->step != SOCKS_CONNECT)
        return 2;
    /* A refusal may end behind its code; what follows is of no use then. */
    if (input->len >= 2 && (input->data[0] != VERSION || input->data[1] != 0))
        return 2;
    return input->len < 5 ? 5 : reply_length(input->data);
}

static void
take(ProxyClient *client)
{
    const uint8_t *data = client->input->data;
    switch (client->step) {
    case SOCKS_METHOD:
        take_method(client, data[0], data[1]);
        break;
    case SOCKS_PASSWORD:
        take_password_answer(client, data[0], data[1]);
        break;
    case SOCKS_CONNECT:
        take_reply(client, data[0], data[1]);
        break;
    }
    g_byte_array_set_size(client->input, 0);
}

size_t
proxy_socks_feed(ProxyClient *client, const uint8_t *data, size_t length)
{
    size_t used = 0;
    while (used < length && client->state == PROXY_GOES_ON) {
        g_byte_array_append(client->input, &data[used++], 1);
        size_t whole = wanted(client);
        if (whole == 0)
            no_socks(client);
        else if (client->input->len >= whole)
            take(client);
    }
    return used;
}
