#include "crypto/error.h"

G_DEFINE_QUARK(ginnel - crypto - error - quark, crypto_error)
