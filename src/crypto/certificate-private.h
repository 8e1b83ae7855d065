/* What signature.c needs of a certificate. */
#pragma once
#include "crypto/certificate.h"

#include <gnutls/x509.h>

gnutls_x509_crt_t certificate_handle(const Certificate *certificate);
