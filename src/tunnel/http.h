/*
 * The little of HTTP that asking about certificates takes: a URL taken apart, an answer taken out
 * of its envelope (RFC 1945; RFC 9112, sections 2.2, 4 and 6). Pure: ginneld carries the octets.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HTTP_MAX_HEAD (8 * 1024) /* octets of an answer's status line and fields */

typedef struct {
    char *host; /* a name, or an address without brackets */
    uint16_t port;
    char *target; /* path and query */
} HttpUrl;

/* False where it is no http URL, has a user in it, or anything that need not be there. */
bool http_url_parse(const char *text, HttpUrl *out);
void http_url_clear(HttpUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpUrl, http_url_clear)

/* The content of an answer with status 200 that came whole and is of at most max_length octets;
 * else NULL, and *why for people. */
GBytes *http_reply_content(GBytes *reply, size_t max_length, char **why);
