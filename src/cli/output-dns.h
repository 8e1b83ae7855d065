/*
 * What `ginnel dns` says to people, from what the service tells. Pure, as output.h.
 */
#pragma once
#include <glib.h>

/* props: the tunnel's; dns: of GetDns. */
void output_dns(GString *out, GVariant *props, GVariant *dns);
/* test: of TestName; interface: the tunnel's. */
void output_dns_test(GString *out, const char *name, GVariant *test, const char *interface);
