/*
 * A profile as a checked, immutable, counted value: everything that a user says about one
 * connection, defaults filled in. No secrets: only the paths of files that hold them
 * (profile-credentials.h reads those). Text becomes a Profile in profile-file.h.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PROFILE_MAX_GATEWAYS   8
#define PROFILE_MAX_TRANSPORTS 8
#define PROFILE_MAX_PROPOSALS  8
#define PROFILE_MAX_ITEMS      64 /* of every other list */
#define PROFILE_MAX_VALUE      4096
#define PROFILE_MTU_MIN        1280 /* IPv6 inside (RFC 8200, section 5) */

#define PROFILE_ERROR (profile_error_quark())
GQuark profile_error_quark(void);

/* Messages name file, line, group and key, and say what is allowed. */
typedef enum {
    PROFILE_ERROR_SYNTAX,      /* no key file at all, or too large */
    PROFILE_ERROR_UNKNOWN,     /* a group or key that does not exist */
    PROFILE_ERROR_VALUE,       /* a value that the key does not allow */
    PROFILE_ERROR_MISSING,     /* a key that is needed */
    PROFILE_ERROR_CONFLICT,    /* keys that do not go together */
    PROFILE_ERROR_UNSUPPORTED, /* right, but not in this version */
    PROFILE_ERROR_NOT_FOUND,   /* no file of that name in any folder */
    PROFILE_ERROR_UNREADABLE,  /* the profile, or a file that it names, cannot be read */
    PROFILE_ERROR_CREDENTIAL,  /* a file that it names has not what it should have */
    PROFILE_ERROR_EXPIRED,     /* the user's certificate is not valid now */
} ProfileError;

typedef enum {
    PROFILE_GATEWAY_CERTIFICATE,
    PROFILE_GATEWAY_PSK,
    PROFILE_GATEWAY_EAP_ONLY,
} ProfileGatewayAuth;

typedef enum {
    PROFILE_USER_CERTIFICATE,
    PROFILE_USER_PSK,
    PROFILE_USER_EAP,
    PROFILE_USER_NONE,
} ProfileUserAuth;

typedef enum {
    PROFILE_EAP_AUTO,
    PROFILE_EAP_MSCHAPV2,
    PROFILE_EAP_TLS,
    PROFILE_EAP_TTLS,
    PROFILE_EAP_PEAP,
    PROFILE_EAP_GTC,
    PROFILE_EAP_MD5,
} ProfileEap;

/* What runs inside ttls and peap. */
typedef enum {
    PROFILE_INNER_MSCHAPV2, /* in ttls as attributes, in peap as EAP */
    PROFILE_INNER_EAP_MSCHAPV2,
    PROFILE_INNER_GTC,
    PROFILE_INNER_PAP,
} ProfileEapInner;
/* A second authentication after user_auth (RFC 4739). */
typedef enum { PROFILE_SECOND_NONE, PROFILE_SECOND_EAP } ProfileSecondAuth;

typedef enum { PROFILE_PPK_REQUIRED, PROFILE_PPK_OPTIONAL } ProfilePpk;
/* Of the gateway's certificate: soft is refused only what is known to be revoked, strict also what
 * nobody can tell of. */
typedef enum {
    PROFILE_REVOCATION_SOFT,
    PROFILE_REVOCATION_STRICT,
    PROFILE_REVOCATION_OFF,
} ProfileRevocation;

typedef enum { PROFILE_UDP, PROFILE_TCP, PROFILE_TLS } ProfileTransportKind;

typedef struct {
    ProfileTransportKind kind;
    uint16_t port;
} ProfileTransport;

typedef enum { PROFILE_SERVERS_INSIDE, PROFILE_SERVERS_ALL } ProfileUseServers;
/* Resolvers that are asked by DNS over TLS, where the gateway has some (RFC 9464). */
typedef enum { PROFILE_ENCRYPTED_AUTO, PROFILE_ENCRYPTED_OFF } ProfileEncryptedDns;
typedef enum { PROFILE_DNSSEC_RESOLVED, PROFILE_DNSSEC_STUB, PROFILE_DNSSEC_OFF } ProfileDnssec;

/* Where a value was said. */
typedef struct {
    char *group, *key, *value; /* key NULL: the line of the group's head */
    unsigned line;             /* 0: not from a file */
} ProfileEntry;

/* Read only after it was made. Lists of strings end with NULL and are never NULL themselves; other
 * strings are NULL where neither the profile nor a default says anything. */
typedef struct {
    gatomicrefcount references;
    char *name;         /* of the file, without ".ginnel" */
    char *file;         /* path, or NULL for settings that are not stored */
    GPtrArray *entries; /* ProfileEntry, in order */

    char **gateway_addresses;        /* A-labels or addresses; at least one */
    char *gateway_id;                /* default: the first address */
    ProfileGatewayAuth gateway_auth; /* default: psk where user_auth is, else certificate */
    char *ca_file;                   /* NULL: the system's store */
    bool redirect, childless;
    ProfileRevocation revocation;

    bool autoconnect;
    bool lockdown;
    char **trusted_networks;

    char *user_id; /* NULL: the subject of the certificate */
    ProfileUserAuth user_auth;
    char *certificate_file, *key_file;
    ProfileEap eap;
    char *eap_id;
    char *eap_anonymous_id; /* outer identity; NULL: the user's */
    char *eap_ca_file;      /* NULL: ca_file's serve */
    char *eap_server_name;  /* A-labels; NULL: see profile_eap_server_name */
    ProfileEapInner eap_inner;
    ProfileSecondAuth second_auth;
    bool exclusive;
    char *secret_file;
    char *ppk_id, *ppk_file; /* both or none (RFC 8784) */
    ProfilePpk ppk;

    /* 0: as built in; of sign_in: never. */
    Duration ike_lifetime, tunnel_lifetime, sign_in_lifetime;
    uint64_t tunnel_octets;

    GArray *transports;      /* ProfileTransport, at least one */
    Duration fallback_after; /* 0: auto; so are those below */
    Duration retransmit_after, address_delay, prefer_udp_for, udp_again;
    char *proxy;                          /* NULL: auto; "none"; else a URL (profile-proxy.h) */
    char *proxy_user, *proxy_secret_file; /* NULL: none */
    uint16_t source_port;                 /* 0: auto */

    GArray *include; /* InetPrefix; empty: whatever the gateway gives */
    uint16_t mtu;    /* 0: auto */

    /* Normalised A-labels; never "". */
    char **domains; /* empty: all that the rules allow */
    char **add_domains;
    char **search_domains;
    char **trust_anchor_domains;
    char **public_anchor_domains; /* public suffixes that those may be */
    bool tell_anchors;            /* at a reconnect, what is held of them */
    ProfileUseServers use_servers;
    ProfileDnssec dnssec;
    ProfileEncryptedDns encrypted_dns;

    bool legacy; /* also what old gateways need */
    char *ike_proposals,
        *esp_proposals; /* words, several separated by ";"; NULL: the built-in list */
} Profile;

Profile *profile_ref(Profile *profile);
void profile_unref(Profile *profile);

/* "FILE, line 3" of a key, of its group's head where the key is not set, or the file alone; "the
 * settings of NAME" where there is no file. Free with g_free. */
char *profile_locate(const Profile *profile, const char *group, const char *key);
/* The same inside a sentence: "under [gateway] in FILE (line 3)"; "as gateway-id in the settings".
 */
char *profile_describe_key(const Profile *profile, const char *group, const char *key);

/* The keys that were set as "GROUP-KEY" and text: a{ss}, floating. */
GVariant *profile_to_settings(const Profile *profile);

/* Whether one of the transports is TLS. */
bool profile_has_tls(const Profile *profile);
/* TCP, or TLS. */
bool profile_has_stream(const Profile *profile);

/* Whether certificate and key are in one file: .p12 or .pfx, and no key beside it. */
bool profile_certificate_is_pkcs12(const Profile *profile);
/* Whether the user's certificate is read by ginnel-token, rather than from a file. */
bool profile_certificate_is_in_token(const Profile *profile);

/* 1 to 64 characters, letters, digits, "-", "_" and ".", the first one no "." or "-". */
bool profile_name_is_valid(const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profile, profile_unref)
