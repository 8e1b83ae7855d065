/* What a gateway offered and did not get, and why: shown to the user. */
#pragma once
#include <glib.h>

typedef struct {
    const char *kind; /* "domain", "anchor", "server", "address", "network" */
    char *name;       /* foreign text escaped */
    const char *code; /* stable word */
    char *why;        /* sentence */
} Refusal;

#define REFUSALS_MAX 256 /* remembered; more are only counted */

GPtrArray *refusals_new(void);
/* name is taken. */
void refusals_add(GPtrArray *refusals, const char *kind, char *name, const char *code,
                  const char *format, ...) G_GNUC_PRINTF(5, 6);
