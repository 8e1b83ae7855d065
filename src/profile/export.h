/*
 * A profile as other clients read it: .mobileconfig, .sswan, or a profile file of our own. What the
 * format cannot say is told. No secret and no private key is written.
 */
#pragma once
#include "profile/import.h"

typedef struct {
    char *text;
    GPtrArray *left; /* char *: GROUP-KEY that the format cannot say */
} Export;

/* The authorities that the profile names: no secret, but they may lie where we cannot look (NULL).
 */
GBytes *export_authorities(const Profile *profile);
/* title: for people. ca_pem: the authorities of gateway-ca, or NULL. PROFILE_ERROR_UNSUPPORTED:
 * the format is only read, or has no word for how the profile signs in. */
Export *export_write(ImportFormat format, const Profile *profile, const char *title, GBytes *ca_pem,
                     GError **error);
void export_free(Export *export);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Export, export_free)
