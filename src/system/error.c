#include "system/error.h"

G_DEFINE_QUARK(ginnel_system_error, system_error)
