/*
 * Asks the servers inside, by libunbound, and validates by the anchors of one connection. Works in
 * threads of libunbound's; results come in the caller's main loop.
 */
#pragma once
#include "stub/asker.h"

typedef struct {
    char **servers;  /* "10.99.0.1@53" */
    char **anchors;  /* "corp.example. IN DS ..." */
    char **insecure; /* names that are not validated, nor what is below */
    char **sources;  /* addresses that questions are sent from */
    bool validate;
} ForwarderConfig;

typedef struct _Forwarder Forwarder;

/* NULL with G_IO_ERROR where libunbound does not take it. */
Forwarder *forwarder_new(const ForwarderConfig *config, GError **error);
/* Nobody is answered any more; what was asked for is not freed: the process ends. */
void forwarder_free(Forwarder *forwarder);
Asker forwarder_asker(Forwarder *forwarder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forwarder, forwarder_free)
