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

/* Proposals of an unknown protocol are left out, so that the list may be empty; transforms with
 * unknown attributes are marked unusable (RFC 7296, section 3.3.6). */
bool payload_sa_parse(ByteReader *body, PayloadSa *out, GError **error);
void payload_sa_write(const PayloadSa *sa, ByteWriter *writer);
void payload_sa_clear(PayloadSa *sa);
