/*
 * How one signs in at an HTTP proxy: what it wants (RFC 9110, section 11), and the answer by Digest
 * (RFC 7616, MD5 and SHA-256, with and without "auth") or Basic (RFC 7617). Used by proxy-client
 * only.
 */
#pragma once
#include "base/secret.h"

typedef enum { PROXY_LOGIN_NONE, PROXY_LOGIN_BASIC, PROXY_LOGIN_DIGEST } ProxyLoginScheme;

typedef struct {
    ProxyLoginScheme scheme; /* the best one that we know; NONE: there is none */
    char *realm;             /* "" where it says none */
    char *nonce, *opaque;    /* of Digest; opaque: NULL where it says none */
    bool sha256, auth;       /* of Digest: else MD5; else without qop */
    bool stale;              /* only the nonce was too old */
} ProxyChallenge;

/* text: the values of all Proxy-Authenticate fields, with commas between. */
void proxy_challenge_parse(const char *text, ProxyChallenge *out);
void proxy_challenge_clear(ProxyChallenge *challenge);
typedef struct {
    const char *user;
    const Secret *password; /* NULL: empty */
    const char *method, *target;
    const char *cnonce; /* drawn for this one */
} ProxyLogin;

/* The value of Proxy-Authorization. NULL: a user name that Basic has no form for. */
Secret *proxy_challenge_answer(const ProxyChallenge *challenge, const ProxyLogin *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProxyChallenge, proxy_challenge_clear)
