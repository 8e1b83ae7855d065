#include "crypto/error.h"

G_DEFINE_QUARK(ginnel_crypto_error_quark, crypto_error)
