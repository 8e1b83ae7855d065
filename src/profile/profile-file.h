/*
 * Profiles from key files, from settings on the bus, and from the profile folders. Strict: what is
 * not understood is refused, naming file, line, group and key.
 */
#pragma once
#include "profile/profile.h"

#define PROFILE_FILE_MAX_LENGTH (256 * 1024)
#define PROFILE_FILE_SUFFIX     ".ginnel"
#define PROFILE_MAX_PROFILES    1024 /* read from the folders; more are ignored */

/* file: for messages and Profile.file, may be NULL. */
Profile *profile_parse(const char *name, const char *file, const char *text, gsize length,
                       GError **error);
/* settings: a{ss} or a{sv} with strings, keys as GROUP-KEY ("gateway-address"). */
Profile *profile_from_settings(const char *name, GVariant *settings, GError **error);
Profile *profile_load(const char *path, GError **error);
/* The text of a file that is understood as the same profile. PROFILE_ERROR_VALUE names what a file
 * cannot say, though settings can. */
char *profile_to_text(const Profile *profile, GError **error);

/* Where the service keeps what it is given: systemd's STATE_DIRECTORY, else /var/lib/ginnel. */
const char *profile_state_folder(void);
/* The profile folders in order of precedence, NULL-terminated. */
const char *const *profile_folders(void);
/* The file that counts for a name: the first in the order of folders. PROFILE_ERROR_NOT_FOUND. */
char *profile_find(const char *const *folders, const char *name, GError **error);
Profile *profile_load_by_name(const char *const *folders, const char *name, GError **error);

/* One file in the folders that counts: its profile, or why it cannot be used. */
typedef struct {
    char *name, *file;
    Profile *profile; /* or NULL and */
    GError *error;
} ProfileListing;

void profile_listing_free(ProfileListing *listing);
/* ProfileListing for every name, sorted by name. Folders that do not exist are empty. */
GPtrArray *profile_list(const char *const *folders);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProfileListing, profile_listing_free)
