/*
 * The Security Association payload (RFC 7296, section 3.3): proposals and their transforms on the
 * wire. What is chosen among them is in proposal.
 */
#pragma once
#include "base/bytes.h"
#include "ike/proposal.h"

typedef struct {
    IkeProposalList *proposals;
} PayloadSa;

/* Proposals of an unknown protocol and transforms with unknown attributes are left out (RFC 7296,
 * section 3.3.6), so that what remains may be an empty list. */
bool payload_sa_parse(ByteReader *body, PayloadSa *out, GError **error);
void payload_sa_write(const PayloadSa *sa, ByteWriter *writer);
void payload_sa_clear(PayloadSa *sa);
