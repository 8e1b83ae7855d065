/*
 * The calculation of MSCHAPv2 (RFC 2759, section 8) and its master key (RFC 3079, section 3.4),
 * from the password. Where the password is: so that whoever speaks with the server need not have
 * it. It rests on MD4 and DES and is worth what its tunnel is worth.
 */
#pragma once
#include "base/secret.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MSCHAPV2_CHALLENGE     16 /* octets, either side's */
#define MSCHAPV2_NT_RESPONSE   24
#define MSCHAPV2_AUTHENTICATOR 20
#define MSCHAPV2_MASTER_KEY    16
#define MSCHAPV2_MAX_PASSWORD  256 /* UTF-16 units (RFC 2759, section 8.1) */
#define MSCHAPV2_MAX_NAME      256 /* octets */

typedef struct {
    uint8_t nt_response[MSCHAPV2_NT_RESPONSE];
    /* What the server proves its knowledge by: the octets behind "S=", not their hexadecimal. */
    uint8_t authenticator_response[MSCHAPV2_AUTHENTICATOR];
    Secret *master_key;
} Mschapv2Answer;

/* user_name: as hashed, without a domain before it; password in UTF-8. CRYPTO_ERROR_INVALID for a
 * password that is no text, or either that is too long. */
bool mschapv2_answer(const uint8_t authenticator_challenge[MSCHAPV2_CHALLENGE],
                     const uint8_t peer_challenge[MSCHAPV2_CHALLENGE], const char *user_name,
                     const Secret *password, Mschapv2Answer *answer, GError **error);
void mschapv2_answer_clear(Mschapv2Answer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mschapv2Answer, mschapv2_answer_clear)
