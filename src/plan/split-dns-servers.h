/*
 * Which of the servers that a gateway offers are asked: encrypted ones where one can be used, else
 * the plain ones; never both, because a link either demands encryption or does not. RFC 8598,
 * section 3.2; RFC 9464, sections 3 and 4.
 */
#pragma once
#include "plan/split-dns.h"

/* Makes the plan's servers and encrypted; what is not used is added to its refusals. */
void split_dns_choose_servers(const SplitDnsOffer *offer, SplitDnsPlan *plan);
bool split_dns_digest_is_of(const SplitDnsDigest *digest, const SplitDnsServer *server);
