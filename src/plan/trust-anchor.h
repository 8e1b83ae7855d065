/*
 * DNSSEC trust anchors that a gateway sends: from the attribute's octets to a DS record for
 * systemd-resolved. RFC 8598, sections 3.2 and 6; RFC 4034, section 5.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *owner; /* A-labels, normal form */
    uint16_t key_tag;
    uint8_t algorithm, digest_type;
    GBytes *digest; /* binary */
    GBytes *value;  /* as it came */
} TrustAnchor;

/* The value of an INTERNAL_DNSSEC_TA: key tag, algorithm, digest type, digest data as hexadecimal
 * text (RFC 8598, section 3.2) or in binary (what implementations send): the digest type's length
 * tells which. NULL with PARSE_ERROR, also for what systemd-resolved does not support, because
 * there the domain would fail instead of being insecure. */
TrustAnchor *trust_anchor_parse(const char *owner, const uint8_t *value, size_t length,
                                GError **error);
void trust_anchor_free(TrustAnchor *anchor);
/* The lines of a .positive file: "owner IN DS tag algorithm type HEX". anchors: TrustAnchor. */
char *trust_anchors_to_file(const GPtrArray *anchors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustAnchor, trust_anchor_free)
