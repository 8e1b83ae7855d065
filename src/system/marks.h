/*
 * The numbers by which we know our own things in the kernel: packet marks, routing table, rule
 * priorities. A mark tells our outer packets from all others and which connection they belong to.
 */
#pragma once
#include <stdint.h>

#define MARK_MASK       0xff000000u
#define MARK_VALUE      0x47000000u /* 'G' */
#define MARK_CONNECTION 0x00ffffffu
/* No connection's: questions for gateways' names while the machine is locked. */
#define MARK_NAMES (MARK_VALUE | 0x00fffffeu)

#define ROUTE_TABLE    26478 /* 0x676e */
#define ROUTE_PROTOCOL 71    /* 'G', in /etc/iproute2/rt_protos' free range */
/* Before main (32766): outer packets by main or not at all, everything else by our table first. */
#define RULE_OUTER       26478
#define RULE_OUTER_NEVER 26479
#define RULE_INNER       26480

static inline uint32_t
mark_for(uint32_t connection)
{
    return MARK_VALUE | (connection & MARK_CONNECTION);
}
