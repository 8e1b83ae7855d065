/*
 * A fuzz target is one C file with LLVMFuzzerTestOneInput: octets in, 0 out, an abort for a defect.
 * It keeps no state from one input to the next. The same file is linked with replay.c (always) and
 * with libFuzzer (where the compiler is clang).
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike g_assert, also in builds that switch assertions off. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            g_error("%s:%d: does not hold: %s", __FILE__, __LINE__, #condition);                   \
    } while (0)
