#include "system/error.h"

G_DEFINE_QUARK(ginnel - system - error - quark, system_error)
