/*
 * Profiles that programs add by the bus: files in the service's own state folder, with the files
 * that were handed over beside them. What administrators wrote elsewhere is not touched.
 */
#pragma once
#include "profile/profile-files.h"

/* Stores the settings (a{ss}) as a profile of that name; files may be NULL, the settings of what is
 * in it name the copies afterwards. replace: of one that is there. Errors are PROFILE_ERROR:
 * CONFLICT where the name is taken by a file elsewhere, or by one of ours without replace. */
bool state_profile_store(const char *name, GVariant *settings, const ProfileFiles *files,
                         bool replace, GError **error);
/* Removes it and its files. PROFILE_ERROR_CONFLICT: an administrator's, which the message names. */
bool state_profile_remove(const char *name, const char *file, GError **error);
