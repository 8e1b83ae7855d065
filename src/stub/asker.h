/*
 * Who finds answers for a listener: libunbound (forwarder.h) or one server by TLS (tls-upstream.h).
 */
#pragma once
#include "stub/dns-message.h"

typedef struct {
    const uint8_t *packet; /* a whole DNS message; NULL: there is no answer */
    size_t length;
    bool secure, bogus;
    const char *why; /* where it is bogus */
} Answer;

typedef void (*AskerAnswered)(const Answer *answer, gpointer user_data);

typedef struct {
    /* data: the whole query. answered is called once, later; false: no question can be asked now,
     * and it is not called. */
    bool (*ask)(gpointer asker, const DnsQuery *query, const uint8_t *data, size_t length,
                AskerAnswered answered, gpointer user_data);
    gpointer asker;
} Asker;
