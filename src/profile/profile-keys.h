/*
 * Every key that a profile may have, in one table: its group, its words, how its text becomes the
 * field. Only profile-file.c and profile-rules.c use it.
 */
#pragma once
#include "profile/profile.h"

/* Messages of this and of profile_check begin with the place: "FILE, line 3: [gateway] id: ". */
G_GNUC_PRINTF(6, 7)
void profile_refuse(GError **error, const Profile *profile, const char *group, const char *key,
                    int code, const char *format, ...);

bool profile_group_is_known(const char *group);
/* Sets the field of a key that stands in profile->entries. */
bool profile_set(Profile *profile, const char *group, const char *key, const char *value,
                 GError **error);
/* "gateway, connection, user, ..."; the keys of a group. For messages. */
char *profile_groups_to_string(void);
char *profile_keys_to_string(const char *group);

/* Fills in what depends on other keys, then checks that they go together and that this version can
 * do them all: a word that we do not keep is refused rather than ignored. profile-rules.c. */
bool profile_check(Profile *profile, GError **error);
