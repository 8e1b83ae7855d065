/*
 * Files that a connection names, read as the person whom the connection belongs to, so that a
 * private connection cannot show anybody what only root may read.
 */
#pragma once
#include "profile/profile.h"
#include "profile/profile-files.h"

#include <NetworkManager.h>

/* Copies of all files that the profile names, tokens excepted. The error names setting and file. */
ProfileFiles *user_files_read(NMConnection *connection, const Profile *profile, GError **error);
/* Whether the key file wants a passphrase, as far as its text tells. */
bool user_files_key_is_locked(const ProfileFiles *files);
