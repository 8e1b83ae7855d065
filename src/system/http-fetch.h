/*
 * Asks a web server for one thing, outside of every tunnel: sends a request of our making and hands
 * back what came, octet for octet. What a stranger answers is not looked at here: that is for a
 * process without privileges. No redirects, no second request, no TLS (a revocation list is signed
 * itself).
 */
#pragma once
#include "base/inet.h"

#include <gio/gio.h>

#define HTTP_FETCH_MAX_LENGTH (72 * 1024) /* octets of an answer, its head included */
#define HTTP_FETCH_MAX_BODY   1024        /* octets that are posted */
#define HTTP_FETCH_MAX_TARGET 512         /* octets of host and of path */
#define HTTP_FETCH_TIME_MS    5000        /* in all, finding its address included */

/* The octets of a request: GET, or POST with a body (an OCSP request). host: a name or an address;
 * target: path and query, from its "/" on. NULL where one of them is not fit to be sent. */
GBytes *http_fetch_request(const char *host, uint16_t port, const char *target, GBytes *body,
                           GError **error);
/* Whether a stranger may have us ask there: no loopback, link-local, multicast or unspecified
 * address, in whatever dress. */
bool http_fetch_may_reach(const InetAddress *address);

/* addresses: InetAddress, tried in turn; deadline: of the monotonic clock, microseconds. The answer
 * is what came until the server closed, time was up or it was enough; SYSTEM_ERROR_UNAVAILABLE
 * where nothing came. Nothing is sent to an address of this machine. */
void http_fetch_async(const GArray *addresses, uint16_t port, GBytes *request, uint32_t mark,
                      gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data);
GBytes *http_fetch_finish(GAsyncResult *result, GError **error);
