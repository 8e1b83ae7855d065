/*
 * The files in which systemd-resolved finds trust anchors: one for each interface of ours, beside
 * those of administrators, which are never touched.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define ANCHOR_FILES_FOLDER "/run/dnssec-trust-anchors.d"
#define ANCHOR_FILES_PREFIX "ginnel-"

/* Makes the interface's file hold text ("": there is none); *changed tells whether it did not. */
bool anchor_files_set(const char *folder, const char *interface, const char *text, bool *changed,
                      GError **error);
/* Removes our files for interfaces that are not in keep (ended by NULL, may be NULL); true where
 * there was one. */
bool anchor_files_clean(const char *folder, const char *const *keep);
