/*
 * The files that a profile names: certificates, keys, secrets. Reads them in ginneld, bounded, and
 * checks that they fit together; the errors say how an unreadable file is mended.
 */
#pragma once
#include "base/secret.h"
#include "crypto/certificate.h"
#include "crypto/signature.h"
#include "profile/profile-files.h"
#include "profile/profile.h"

#define PROFILE_CA_MAX_LENGTH     (1024 * 1024)
#define PROFILE_PEM_MAX_LENGTH    (256 * 1024)
#define PROFILE_SECRET_MAX_LENGTH 4096

typedef struct {
    GBytes *ca;        /* PEM; NULL: the system's store */
    GBytes *eap_ca;    /* PEM; NULL: ca's serve */
    GBytes *chain_pem; /* the user's certificate and what follows it in its file; NULL: none */
    GPtrArray *chain;  /* the same as Certificate; of a token not before it was read */
    PrivateKey *key;   /* NULL: none; taken with g_steal_pointer */
    Secret *locked;    /* PEM of a key that waits for its passphrase; NULL: none */
    Secret *secret;    /* NULL: none */
    Secret *ppk;       /* NULL: none */
    Secret *proxy;     /* password there; NULL: none */
} ProfileCredentials;

/* files: come before the paths of the same keys; NULL for none. now: Unix seconds, for the user's
 * certificate. PROFILE_ERROR_UNREADABLE, _CREDENTIAL, _EXPIRED. */
ProfileCredentials *profile_credentials_load(const Profile *profile, const ProfileFiles *files,
                                             int64_t now, GError **error);
void profile_credentials_free(ProfileCredentials *credentials);

/* Whether the user's certificate is one that a token has and that is not known yet. */
bool profile_credentials_lack_certificate(const Profile *profile,
                                          const ProfileCredentials *credentials);
/* pem: what the token has. Checks it as profile_credentials_load checks a file. */
bool profile_credentials_take_certificate(const Profile *profile, ProfileCredentials *credentials,
                                          GBytes *pem, int64_t now, GError **error);

/* The key of locked. Null with PROFILE_ERROR_CREDENTIAL: the passphrase is wrong, or what it opens
 * is not the key of the certificate. */
PrivateKey *profile_credentials_unlock(const Profile *profile,
                                       const ProfileCredentials *credentials,
                                       const Secret *passphrase, GError **error);

/* Who we say we are: user_id, else the subject of the certificate (ID_DER_ASN1_DN). */
bool profile_user_identity(const Profile *profile, const ProfileCredentials *credentials,
                           uint8_t *type, GBytes **octets, GError **error);

/* A secret as its file has it: one trailing newline does not count, 0x... is hexadecimal. */
Secret *profile_secret_parse(const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProfileCredentials, profile_credentials_free)
