/*
 * From a connection of NetworkManager's to a profile, and which of its secrets are missing. No bus,
 * no file: what a key file needs is told by the caller.
 */
#pragma once
#include "nm/names.h"
#include "profile/profile-files.h"
#include "profile/profile.h"

#include <NetworkManager.h>

/* Also in a sentence: the value of secret-file where the passphrase of a PKCS#12 file comes from
 * vpn.secrets. Nothing is read there. */
#define MAPPING_SECRET_PATH "/vpn.secrets/" NM_GINNEL_PASSPHRASE

/* The settings of vpn.data (a{ss}, floating), with what vpn.user-name adds. */
GVariant *mapping_settings(NMSettingVpn *vpn);
/* The same, checked. Names each wrong key. PROFILE_ERROR; UNSUPPORTED for what is NetworkManager's
 * own to decide. */
Profile *mapping_profile(NMConnection *connection, GError **error);
/* A profile's name made from the connection's. */
char *mapping_name(NMConnection *connection);
/* The same with a part of the connection's UUID, for where the first is taken. */
char *mapping_long_name(NMConnection *connection);

/* settings, and for a PKCS#12 file the passphrase of vpn.secrets beside them in files.
 * Floating, or a new reference. */
GVariant *mapping_with_passphrase(const Profile *profile, NMSettingVpn *vpn, GVariant *settings,
                                  ProfileFiles *files);
/* Which secrets the profile cannot do without: those with neither a value in vpn.secrets nor
 * NOT_REQUIRED among their flags. key_locked: the key file wants a passphrase. NULL-terminated;
 * free with g_free. */
const char **mapping_missing_secrets(const Profile *profile, NMSettingVpn *vpn, bool key_locked);
/* The word in vpn.secrets for a kind of question (bus/names.h), or NULL. */
const char *mapping_secret_for(const char *kind);
