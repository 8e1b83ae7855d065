/*
 * Secrets of tunnels in the keyring of the person's session (the Secret Service, by libsecret), for
 * people without NetworkManager. One for each profile, kind of secret, and whom it is for.
 */
#pragma once
#include "base/secret.h"

/* Whether this build has one. */
bool keyring_is_built_in(void);
/* NULL where there is none, or no keyring; may wait for the person to unlock it. */
Secret *keyring_lookup(const char *profile, const char *kind, const char *who);
/* False with *error: there is no keyring, or it was not unlocked. */
bool keyring_store(const char *profile, const char *kind, const char *who, const Secret *secret,
                   GError **error);
void keyring_forget(const char *profile, const char *kind, const char *who);
