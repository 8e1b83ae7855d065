/*
 * The file in which systemd-resolved finds our trust anchors, beside those of administrators, which
 * are never touched. For each interface of ours there is a file with its anchors that
 * systemd-resolved does not look at; the one that it reads is gathered from them, each anchor once
 * and none that an administrator has too: version 252 crashes at a record that stands twice, over
 * and over until systemd gives it up.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define ANCHOR_FILES_FOLDER "/run/dnssec-trust-anchors.d"
#define ANCHOR_FILES_PREFIX "ginnel-"
#define ANCHOR_FILES_NAME   "ginnel-all.positive" /* what is read */

/* Makes the interface's anchors those of text ("": none); *changed tells whether systemd-resolved
 * has to read anew. */
bool anchor_files_set(const char *folder, const char *interface, const char *text, bool *changed,
                      GError **error);
/* Removes our files for interfaces that are not in keep (ended by NULL, may be NULL); true where
 * systemd-resolved has to read anew. */
bool anchor_files_clean(const char *folder, const char *const *keep);
