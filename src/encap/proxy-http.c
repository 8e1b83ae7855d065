/* CONNECT (RFC 9110, section 9.3.6; RFC 9112). */
#include "encap/proxy-client-private.h"

#include "base/error.h"
#include "base/inet.h"
#include "encap/proxy-login.h"

#include <string.h>

#define MAX_SHOWN 80

/* ---- what we say ---- */

static bool
is_host(const char *host)
{
    for (const char *c = host; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr(".-_:", *c) == NULL)
            return false;
    return *host != '\0';
}

static char *
target_of(const ProxyClient *client)
{
    bool v6 = strchr(client->host, ':') != NULL;
    return g_strdup_printf("%s%s%s:%u", v6 ? "[" : "", client->host, v6 ? "]" : "", client->port);
}

/* login: value of Proxy-Authorization, or NULL. */
static Secret *
request(const char *target, const Secret *login)
{
    static const char name[] = "Proxy-Authorization: ";
    g_autofree char *head = g_strdup_printf("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s", target, target,
                                            login != NULL ? name : "");
    size_t length = strlen(head), more = login != NULL ? secret_length(login) : 0;
    const char *end = login != NULL ? "\r\n\r\n" : "\r\n";
    uint8_t *out;
    Secret *whole = secret_new_blank(length + more + strlen(end), &out);
    memcpy(out, head, length);
    if (more > 0)
        memcpy(out + length, secret_data(login), more);
    memcpy(out + length + more, end, strlen(end));
    return whole;
}

/* Who we are is said only to a proxy that wants to know, and in no weaker form than it has. */
static bool
say_connect(ProxyClient *client)
{
    g_autofree char *target = target_of(client);
    g_autoptr(Secret) login = NULL;
    if (client->challenge != NULL && client->user != NULL) {
        g_auto(ProxyChallenge) challenge = { 0 };
        ProxyLogin who = { client->user, client->password, "CONNECT", target, client->cnonce };
        proxy_challenge_parse(client->challenge, &challenge);
        login = proxy_challenge_answer(&challenge, &who);
        if (login == NULL)
            return false;
    }
    client->signed_in = login != NULL;
    proxy_client_say(client, request(target, login));
    return true;
}

bool
proxy_http_begin(ProxyClient *client)
{
    return is_host(client->host) && say_connect(client);
}

/* ---- what it answers ---- */

typedef struct {
    unsigned status;
    char *reason; /* quoted */
    GString *challenges;
    guint64 length;
    bool has_length, chunked, closes;
} Answer;

static void
answer_clear(Answer *answer)
{
    g_free(answer->reason);
    if (answer->challenges != NULL)
        g_string_free(answer->challenges, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* "HTTP/1.1 200 Connection established" */
static bool
read_status(const char *line, Answer *answer)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || !g_ascii_isdigit(line[7]) || line[8] != ' ')
        return false;
    answer->closes = line[7] == '0';
    const char *code = line + 9;
    for (size_t i = 0; i < 3; i++) {
        if (!g_ascii_isdigit(code[i]))
            return false;
        answer->status = answer->status * 10 + (unsigned)(code[i] - '0');
    }
    if (code[3] != ' ' && code[3] != '\0')
        return false;
    const char *reason = code[3] == ' ' ? code + 4 : "";
    answer->reason = error_quote(reason, strlen(reason), MAX_SHOWN);
    return true;
}

static void
read_field(const char *name, const char *value, Answer *answer)
{
    if (g_ascii_strcasecmp(name, "Content-Length") == 0) {
        answer->has_length =
            g_ascii_string_to_unsigned(value, 10, 0, PROXY_CLIENT_MAX_BODY, &answer->length, NULL);
    } else if (g_ascii_strcasecmp(name, "Transfer-Encoding") == 0) {
        answer->chunked = true;
    } else if (g_ascii_strcasecmp(name, "Connection") == 0 ||
               g_ascii_strcasecmp(name, "Proxy-Connection") == 0) {
        g_autofree char *word = g_ascii_strdown(value, -1);
        if (strstr(word, "close") != NULL)
            answer->closes = true;
        else if (strstr(word, "keep-alive") != NULL)
            answer->closes = false;
    } else if (g_ascii_strcasecmp(name, "Proxy-Authenticate") == 0) {
        if (answer->challenges == NULL)
            answer->challenges = g_string_new(value);
        else
            g_string_append_printf(answer->challenges, ", %s", value);
    }
}

/* head: with the empty line at its end. */
static bool
read_head(const char *head, Answer *answer)
{
    g_auto(GStrv) lines = g_strsplit(head, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        char *line = g_strchomp(lines[i]);
        char *colon = strchr(line, ':');
        if (i == 0 && !read_status(line, answer))
            return false;
        if (i == 0 || colon == NULL)
            continue;
        *colon = '\0';
        read_field(line, g_strchug(colon + 1), answer);
    }
    return true;
}

static void
wants_login(ProxyClient *client, const Answer *answer)
{
    g_auto(ProxyChallenge) challenge = { 0 };
    proxy_challenge_parse(answer->challenges != NULL ? answer->challenges->str : "", &challenge);
    g_autofree char *realm = error_quote(challenge.realm, strlen(challenge.realm), MAX_SHOWN);
    if (challenge.scheme == PROXY_LOGIN_NONE) {
        proxy_client_end(client, PROXY_FAILED,
                         "the proxy wants to know who we are in a way that is not known here");
        return;
    }
    bool refused = client->signed_in && !challenge.stale;
    g_free(client->challenge);
    client->challenge = g_strdup(answer->challenges->str);
    if (client->user == NULL)
        proxy_client_end(client, PROXY_LOGIN, "the proxy wants a user name and password (\"%s\")",
                         realm);
    else if (refused)
        proxy_client_end(client, PROXY_LOGIN,
                         "the proxy does not accept the user name and password (\"%s\")", realm);
    else if (answer->closes || answer->chunked || !answer->has_length)
        proxy_client_end(client, PROXY_AGAIN, "the proxy wants a user name and password");
    else if (!say_connect(client))
        proxy_client_end(client, PROXY_FAILED, "the proxy takes no user name with a colon");
    else
        client->skip = answer->length;
}

static void
take_head(ProxyClient *client)
{
    g_auto(Answer) answer = { 0 };
    g_byte_array_append(client->input, (const uint8_t *)"", 1);
    bool understood = read_head((const char *)client->input->data, &answer);
    g_byte_array_set_size(client->input, 0);
    if (!understood)
        proxy_client_end(client, PROXY_FAILED, "what answers is no HTTP proxy");
    else if (answer.status >= 100 && answer.status < 200)
        return; /* the answer comes behind it */
    else if (answer.status >= 200 && answer.status < 300)
        client->state = PROXY_OPEN;
    else if (answer.status == 407)
        wants_login(client, &answer);
    else if (answer.status == 401 && client->signed_in) /* as some say to a wrong password */
        proxy_client_end(client, PROXY_LOGIN,
                         "the proxy does not accept the user name and password");
    else
        proxy_client_end(client, PROXY_FAILED, "the proxy refuses: %u %s", answer.status,
                         answer.reason);
}

/* Octets up to the end of the head, which is at their end then. */
static bool
add_to_head(ProxyClient *client, uint8_t octet)
{
    GByteArray *head = client->input;
    g_byte_array_append(head, &octet, 1);
    const uint8_t *end = head->data + head->len;
    return (head->len >= 2 && memcmp(end - 2, "\n\n", 2) == 0) ||
           (head->len >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0);
}

size_t
proxy_http_feed(ProxyClient *client, const uint8_t *data, size_t length)
{
    size_t used = MIN(client->skip, length);
    client->skip -= used;
    while (used < length && client->state == PROXY_GOES_ON) {
        if (client->skip > 0) { /* of a refusal that came in the same read */
            size_t n = MIN(client->skip, length - used);
            client->skip -= n;
            used += n;
            continue;
        }
        if (data[used] == '\0' || client->input->len >= PROXY_CLIENT_MAX_HEAD) {
            proxy_client_end(client, PROXY_FAILED, "what answers is no HTTP proxy");
            break;
        }
        if (add_to_head(client, data[used++]))
            take_head(client);
    }
    return used;
}
