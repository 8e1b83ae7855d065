/*
 * Time as a value: microseconds of a clock that goes on during sleep (CLOCK_BOOTTIME in the
 * programs, anything in tests). Nothing here reads a clock.
 */
#pragma once
#include <stdint.h>

typedef int64_t Instant;
typedef int64_t Duration; /* microseconds */

#define INSTANT_NEVER        INT64_MAX
#define DURATION_MILLISECOND ((Duration)1000)
#define DURATION_SECOND      ((Duration)1000000)
#define DURATION_MINUTE      (60 * DURATION_SECOND)

/* Saturates at INSTANT_NEVER. */
Instant instant_after(Instant instant, Duration duration);
Instant instant_earlier(Instant a, Instant b);
/* "1.2 s", "31 ms", "4 min", for people. Free with g_free. */
char *duration_to_string(Duration duration);
