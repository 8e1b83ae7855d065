/*
 * One end of the private protocol (records.h) on a GMainContext: sends records in order, delivers
 * checked ones, reports the end once. Memory that held a record is wiped, because some carry keys.
 */
#pragma once
#include "base/secret.h"
#include "channel/records.h"

#include <stdbool.h>

#define CHANNEL_MAX_QUEUE                                                                          \
    256 /* records that the other end has not taken; more: it is stuck, we end */

#define CHANNEL_ERROR (channel_error_quark())
GQuark channel_error_quark(void);
typedef enum {
    CHANNEL_ERROR_CLOSED,    /* the other end is gone */
    CHANNEL_ERROR_MALFORMED, /* it sent something that is no record */
    CHANNEL_ERROR_STUCK,     /* it does not read */
} ChannelError;

typedef struct _Channel Channel;

typedef struct {
    /* fds: borrowed, closed afterwards; a handler that keeps one sets its place to -1. */
    void (*received)(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                     gpointer user_data);
    /* Once; nothing is received or sent afterwards. */
    void (*closed)(Channel *channel, const GError *error, gpointer user_data);
} ChannelHandler;

/* fd is taken and made non-blocking. Handlers run in the thread-default context of the caller. */
Channel *channel_new(int fd, const ChannelHandler *handler, gpointer user_data);
void channel_free(Channel *channel); /* no handler is called from or after it */
int channel_fd(const Channel *channel);

/* body floating or not, of record_body_type(type); fds are duplicated by the kernel and stay the
 * caller's. Never blocks; what goes wrong is reported by closed. */
void channel_send(Channel *channel, RecordType type, GVariant *body, const int *fds, size_t n_fds);

/* "ay" that borrows the octets and wipes them when the last copy goes. */
GVariant *channel_variant_from_secret(Secret *secret);
GVariant *channel_variant_from_bytes(GBytes *bytes);
GVariant *channel_variant_from_octets(const void *data, size_t length);
/* Copies of an "ay". */
Secret *channel_secret_from_variant(GVariant *variant);
GBytes *channel_bytes_from_variant(GVariant *variant);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Channel, channel_free)
