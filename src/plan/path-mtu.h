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
    size_t floor;
    bool narrow; /* nothing of floor or more did */
} PathMtuSearch;

/* full: what the link takes; floor: what less than that is of no use. */
void path_mtu_begin(PathMtuSearch *search, size_t full, size_t floor);
/* The probe of next octets did, or did not. */
void path_mtu_probed(PathMtuSearch *search, bool got_through);
