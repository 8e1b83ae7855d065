/*
 * Which probes find out how large a packet a path takes, without trusting ICMP (RFC 8899 in spirit;
 * the probes are IKE's). Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t next; /* octets of the IP packet to be probed; 0: nothing more */
    size_t good; /* what got through; 0: not known yet */
} PathMtuSearch;

/* full: what the link takes. */
void path_mtu_begin(PathMtuSearch *search, size_t full);
/* packet: the largest that got through; whole: that was the probe, uncut. */
void path_mtu_probed(PathMtuSearch *search, size_t packet, bool whole);
