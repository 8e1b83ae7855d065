/*
 * The content of files that a profile names, handed over as descriptors by whoever may read them,
 * where the service may not: a private key in somebody's home. memfds only: whatever else may
 * block, or be somebody else's file.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct _ProfileFiles ProfileFiles;

ProfileFiles *profile_files_new(void);
void profile_files_free(ProfileFiles *files);
/* setting: the key that names the file, as GROUP-KEY ("user-certificate"). fd is copied.
 * PROFILE_ERROR_UNKNOWN: no key that names a file; PROFILE_ERROR_CREDENTIAL: no memfd. */
bool profile_files_add(ProfileFiles *files, const char *setting, int fd, GError **error);
/* Borrowed; -1 where none was handed over, and for files NULL. */
int profile_files_get(const ProfileFiles *files, const char *group, const char *key);
/* Which of the settings (GROUP-KEY) name a file, NULL-terminated. */
const char *const *profile_files_all_settings(void);

/* A memfd with these octets; -1 with errno. For those who hand over. sealed: nobody can change them
 * any more, or wipe them. */
int profile_files_make(const void *octets, gsize length, bool sealed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProfileFiles, profile_files_free)
