/*
 * What the caller of ActivateSettings adds to the settings: who configures the link, and the
 * content of files that only the caller may read. The XML documents the words.
 */
#pragma once
#include "profile/profile-files.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

typedef struct {
    bool caller_configures; /* addresses, routes, DNS servers, domains: not ours to set */
    ProfileFiles *files;    /* NULL: none */
} ActivationOptions;

/* options: a{sv}; descriptors: what came with the message, or NULL. Refuses what it does not know
 * (GINNEL_ERROR_FAILED), since an option that is not kept may be one that somebody relies on. */
bool activation_options_parse(GVariant *options, GUnixFDList *descriptors, ActivationOptions *out,
                              GError **error);
void activation_options_clear(ActivationOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ActivationOptions, activation_options_clear)
