#include "ike/auth.h"

#include <string.h>

#include "base/error.h"
#include "base/inet.h"
#include "crypto/distinguished-name.h"

#define ID_IPV4_ADDR   1
#define ID_FQDN        2
#define ID_RFC822_ADDR 3
#define ID_IPV6_ADDR   5
#define ID_DER_ASN1_DN 9
#define ID_DER_ASN1_GN 10
#define ID_KEY_ID      11

#define MAX_QUOTED 128

Secret *
auth_maced_id(uint16_t prf, const Secret *sk_p, GBytes *id_body)
{
    Chunk input = chunk_bytes(id_body);
    return prf_compute(prf, sk_p, &input, 1);
}

Secret *
auth_psk(uint16_t prf, const Secret *psk, GBytes *message, GBytes *nonce, const Secret *maced_id,
         GBytes *int_auth)
{
    /* 17 octets, without a terminating NUL (RFC 7296, section 2.15). */
    static const char pad[] = "Key Pad for IKEv2";
    Chunk pad_input = chunk(pad, sizeof pad - 1);
    g_autoptr(Secret) key = prf_compute(prf, psk, &pad_input, 1);
    Chunk octets[] = { chunk_bytes(message), chunk_bytes(nonce), chunk_secret(maced_id),
                       int_auth != NULL ? chunk_bytes(int_auth) : chunk(NULL, 0) };
    return prf_compute(prf, key, octets, G_N_ELEMENTS(octets));
}

char *
auth_identity_to_string(uint8_t type, GBytes *data)
{
    gsize length = 0;
    const uint8_t *octets = data != NULL ? g_bytes_get_data(data, &length) : NULL;
    if (octets == NULL || length == 0)
        return g_strdup("nobody");
    if ((type == ID_IPV4_ADDR && length == 4) || (type == ID_IPV6_ADDR && length == 16)) {
        InetAddress address = inet_address_new(type == ID_IPV4_ADDR ? INET_V4 : INET_V6, octets);
        return inet_address_to_string(&address);
    }
    g_autofree char *quoted = error_quote(octets, length, MAX_QUOTED);
    if (type == ID_FQDN || type == ID_RFC822_ADDR)
        return g_steal_pointer(&quoted);
    if (type == ID_DER_ASN1_DN) {
        g_autofree char *name = distinguished_name_to_string(octets, length);
        return name != NULL ? error_quote(name, strlen(name), MAX_QUOTED)
                            : g_strdup_printf("the distinguished name %s", quoted);
    }
    if (type == ID_DER_ASN1_GN || type == ID_KEY_ID)
        return g_strdup_printf("%s:%s", type == ID_KEY_ID ? "key-id" : "gn", quoted);
    return g_strdup_printf("%s (identity type %u)", quoted, type);
}

bool
auth_identity_equal(uint8_t type_a, GBytes *a, uint8_t type_b, GBytes *b)
{
    gsize length_a, length_b;
    const char *octets_a = g_bytes_get_data(a, &length_a);
    const char *octets_b = g_bytes_get_data(b, &length_b);
    if (type_a != type_b || length_a == 0)
        return false;
    if (type_a == ID_DER_ASN1_DN)
        return distinguished_name_equal(octets_a, length_a, octets_b, length_b);
    if (length_a != length_b)
        return false;
    bool is_name = type_a == ID_FQDN || type_a == ID_RFC822_ADDR;
    for (gsize i = 0; i < length_a; i++) {
        char x = is_name ? g_ascii_tolower(octets_a[i]) : octets_a[i];
        char y = is_name ? g_ascii_tolower(octets_b[i]) : octets_b[i];
        if (x != y)
            return false;
    }
    return true;
}
