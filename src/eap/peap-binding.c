#include "config.h"

#include "eap/peap-binding.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/prf.h"
#include "eap/eap-method.h"
#include "eap/peap-packet.h"

#define TEMP_KEY_LENGTH 40
#define IPMK_LENGTH     40
#define ISK_LENGTH      32
#define NONCE_LENGTH    32
#define MAC_LENGTH      20 /* HMAC-SHA1-160 */

/* Places in the TLV: type, length, reserved, version, received version, subtype, nonce, MAC. */
enum { AT_VERSION = 5, AT_RECEIVED_VERSION = 6, AT_SUBTYPE = 7, AT_NONCE = 8, AT_MAC = 40 };

/* PRF+ of version 0: T1 = HMAC-SHA1 (K, S | 1 | 0 | 0), Tn = HMAC-SHA1 (K, Tn-1 | S | n | 0 | 0).
 */
static Secret *
expand(const Secret *key, const char *label, size_t label_length, const void *seed,
       size_t seed_length, size_t length)
{
    uint8_t *octets;
    g_autoptr(Secret) all =
        secret_new_blank((length + MAC_LENGTH - 1) / MAC_LENGTH * MAC_LENGTH, &octets);
    g_autoptr(Secret) last = NULL;
    for (size_t at = 0; at < length; at += MAC_LENGTH) {
        const uint8_t tail[3] = { (uint8_t)(at / MAC_LENGTH + 1), 0, 0 };
        Chunk input[] = { last != NULL ? chunk_secret(last) : chunk(NULL, 0),
                          chunk(label, label_length), chunk(seed, seed_length),
                          chunk(tail, sizeof tail) };
        Secret *next = prf_compute(PRF_HMAC_SHA1, key, input, G_N_ELEMENTS(input));
        memcpy(octets + at, secret_data(next), MAC_LENGTH);
        g_clear_pointer(&last, secret_unref);
        last = next;
    }
    return secret_new_part(all, 0, length);
}

void
peap_binding_keys_init(PeapBindingKeys *keys, const Secret *tls, const Secret *inner)
{
    static const char label[] = "Inner Methods Compound Keys";
    uint8_t isk[ISK_LENGTH] = { 0 };
    if (inner != NULL)
        memcpy(isk, secret_data(inner), MIN(secret_length(inner), sizeof isk));
    g_autoptr(Secret) temp = secret_new_part(tls, 0, TEMP_KEY_LENGTH);
    g_autoptr(Secret) both =
        expand(temp, label, sizeof label - 1, isk, sizeof isk, IPMK_LENGTH + MAC_LENGTH);
    secret_wipe(isk, sizeof isk);
    keys->ipmk = secret_new_part(both, 0, IPMK_LENGTH);
    keys->cmk = secret_new_part(both, IPMK_LENGTH, MAC_LENGTH);
}

void
peap_binding_keys_clear(PeapBindingKeys *keys)
{
    g_clear_pointer(&keys->ipmk, secret_unref);
    g_clear_pointer(&keys->cmk, secret_unref);
}

/* Over the TLV without its MAC, and the method's number. */
static Secret *
compound_mac(const PeapBindingKeys *keys, const uint8_t tlv[PEAP_BINDING_LENGTH])
{
    static const uint8_t zero[MAC_LENGTH];
    const uint8_t type = EAP_TYPE_PEAP;
    Chunk input[] = { chunk(tlv, AT_MAC), chunk(zero, sizeof zero), chunk(&type, 1) };
    return prf_compute(PRF_HMAC_SHA1, keys->cmk, input, G_N_ELEMENTS(input));
}

bool
peap_binding_verify(const PeapBindingKeys *keys, const uint8_t tlv[PEAP_BINDING_LENGTH],
                    uint8_t subtype)
{
    g_autoptr(Secret) mac = compound_mac(keys, tlv);
    return tlv[AT_VERSION] == 0 && tlv[AT_SUBTYPE] == subtype &&
           secret_octets_equal(secret_data(mac), tlv + AT_MAC, MAC_LENGTH);
}

void
peap_binding_make(const PeapBindingKeys *keys, uint8_t subtype, Rng *rng,
                  uint8_t tlv[PEAP_BINDING_LENGTH])
{
    memset(tlv, 0, PEAP_BINDING_LENGTH);
    tlv[1] = PEAP_TLV_BINDING;
    tlv[3] = PEAP_BINDING_LENGTH - PEAP_TLV_HEADER;
    tlv[AT_SUBTYPE] = subtype;
    rng_fill(rng, tlv + AT_NONCE, NONCE_LENGTH);
    g_autoptr(Secret) mac = compound_mac(keys, tlv);
    memcpy(tlv + AT_MAC, secret_data(mac), MAC_LENGTH);
}

Secret *
peap_binding_msk(const PeapBindingKeys *keys)
{
    static const char label[] = "Session Key Generating Function"; /* with its zero, here */
    return expand(keys->ipmk, label, sizeof label, NULL, 0, EAP_MSK_LENGTH);
}
