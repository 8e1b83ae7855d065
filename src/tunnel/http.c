#include "config.h"

#include "tunnel/http.h"

#include <string.h>

#define SCHEME   "http://"
#define MAX_HOST 253

void
http_url_clear(HttpUrl *url)
{
    g_clear_pointer(&url->host, g_free);
    g_clear_pointer(&url->target, g_free);
}

static bool
only(const char *text, const char *beyond)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr(beyond, *c) == NULL)
            return false;
    return *text != '\0' && strlen(text) <= MAX_HOST;
}

static bool
read_port(const char *text, uint16_t *port)
{
    guint64 number;
    if (*text == '\0') { /* "", and "host:" (RFC 3986, section 3.2.3) */
        *port = 80;
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, UINT16_MAX, &number, NULL))
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool
read_authority(const char *text, HttpUrl *out)
{
    const char *end = strchr(text, ']');
    const char *colon = strrchr(text, ':');
    if (*text == '[') {
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        out->host = g_strndup(text + 1, (gsize)(end - text - 1));
        return only(out->host, ":.") && read_port(end[1] == ':' ? end + 2 : "", &out->port);
    }
    out->host = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    return only(out->host, ".-_") && read_port(colon != NULL ? colon + 1 : "", &out->port);
}

bool
http_url_parse(const char *text, HttpUrl *out)
{
    g_auto(HttpUrl) url = { 0 };
    *out = (HttpUrl){ 0 };
    if (g_ascii_strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
        return false;
    text += strlen(SCHEME);
    size_t authority_length = strcspn(text, "/?#");
    g_autofree char *authority = g_strndup(text, authority_length);
    if (!read_authority(authority, &url))
        return false;
    const char *rest = text + authority_length;
    g_autofree char *target = g_strndup(rest, strcspn(rest, "#"));
    url.target = g_strconcat(*target == '/' ? "" : "/", target, NULL);
    *out = url;
    url = (HttpUrl){ 0 };
    return true;
}

/* --- Answers --- */

typedef struct {
    const char *data;
    size_t length;
} Line;

/* The next line without its end; false where there is none within the head's limit. */
static bool
next_line(const char *data, size_t length, size_t *at, Line *line)
{
    size_t limit = MIN(length, HTTP_MAX_HEAD);
    const char *end = *at < limit ? memchr(data + *at, '\n', limit - *at) : NULL;
    if (end == NULL)
        return false;
    *line = (Line){ data + *at, (size_t)(end - data) - *at };
    *at += line->length + 1;
    if (line->length > 0 && line->data[line->length - 1] == '\r')
        line->length--;
    return true;
}

/* "HTTP/1.x 200 ...": the number, 0 where it is no status line. */
static unsigned
read_status(const Line *line)
{
    const char *text = line->data;
    if (line->length < 12 || memcmp(text, "HTTP/1.", 7) != 0 || !g_ascii_isdigit(text[7]) ||
        text[8] != ' ')
        return 0;
    for (int i = 9; i < 12; i++)
        if (!g_ascii_isdigit(text[i]))
            return 0;
    return (unsigned)((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
}

/* The value of the field, where the line is of that name; NULL else. */
static char *
field_value(const Line *line, const char *name)
{
    size_t length = strlen(name);
    if (line->length <= length || line->data[length] != ':' ||
        g_ascii_strncasecmp(line->data, name, length) != 0)
        return NULL;
    return g_strstrip(g_strndup(line->data + length + 1, line->length - length - 1));
}

static GBytes *
refuse(char **why, const char *words)
{
    *why = g_strdup(words);
    return NULL;
}

GBytes *
http_reply_content(GBytes *reply, size_t max_length, char **why)
{
    gsize length;
    const char *data = g_bytes_get_data(reply, &length);
    size_t at = 0;
    guint64 expected = G_MAXUINT64;
    Line line;
    unsigned status = next_line(data, length, &at, &line) ? read_status(&line) : 0;
    if (status == 0)
        return refuse(why, "what answers is no web server");
    if (status != 200) {
        *why = g_strdup_printf("the server answers with status %u", status);
        return NULL;
    }
    for (;;) {
        if (!next_line(data, length, &at, &line))
            return refuse(why, "the answer has no end of its head");
        if (line.length == 0)
            break;
        g_autofree char *size = field_value(&line, "Content-Length");
        g_autofree char *coding = field_value(&line, "Transfer-Encoding");
        g_autofree char *encoding = field_value(&line, "Content-Encoding");
        /* What HTTP/1.0 does not know, and nobody asked for. */
        if (coding != NULL || (encoding != NULL && g_ascii_strcasecmp(encoding, "identity") != 0))
            return refuse(why, "the answer is encoded");
        if (size != NULL && (expected != G_MAXUINT64 ||
                             !g_ascii_string_to_unsigned(size, 10, 0, G_MAXINT64, &expected, NULL)))
            return refuse(why, "the answer does not say how long it is");
    }
    size_t rest = length - at;
    if (expected == G_MAXUINT64)
        expected = rest;
    if (expected > max_length)
        return refuse(why, "the answer is too large");
    if (rest < expected)
        return refuse(why, "the answer broke off");
    return g_bytes_new_from_bytes(reply, at, (gsize)expected);
}
