/*
 * Reassembly of one fragmented message (RFC 7383, section 2.6): bounded, and fed with authentic
 * fragments only. Which message IDs are expected and how long to wait is for the caller to know.
 */
#pragma once
#include "base/bytes.h"

#define IKE_FRAGMENT_MAX_TOTAL  256   /* fragments of one message */
#define IKE_FRAGMENT_MAX_LENGTH 65535 /* octets of all of them */

/* One for requests of the peer and one for its responses: each holds the fragments of one message.
 */
typedef struct _IkeFragmentBuffer IkeFragmentBuffer;

IkeFragmentBuffer *ike_fragment_buffer_new(void);
void ike_fragment_buffer_free(IkeFragmentBuffer *buffer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeFragmentBuffer, ike_fragment_buffer_free)
/* Forgets what is there: at the timeout, or when the message is done with. */
void ike_fragment_buffer_reset(IkeFragmentBuffer *buffer);
bool ike_fragment_buffer_is_empty(const IkeFragmentBuffer *buffer);

typedef struct {
    uint8_t exchange;
    uint32_t message_id;
    uint16_t number; /* from 1 to total */
    uint16_t total;
    uint8_t first_inner; /* of fragment 1: type of the first payload inside */
    uint8_t flags;       /* of fragment 1: critical bit and RESERVED of its SKF payload */
} IkeFragment;

typedef enum {
    IKE_FRAGMENT_STORED,   /* others are missing */
    IKE_FRAGMENT_COMPLETE, /* ike_fragment_buffer_take gives the whole */
    IKE_FRAGMENT_REFUSED,  /* out of range, a repetition, of a smaller total, beyond the limits */
} IkeFragmentResult;

/* Before the ICV is looked at: may this fragment be new? */
bool ike_fragment_buffer_wants(const IkeFragmentBuffer *buffer, const IkeFragment *fragment);
/* An authentic fragment. A greater total, or another message ID, starts over with it. */
IkeFragmentResult ike_fragment_buffer_add(IkeFragmentBuffer *buffer, const IkeFragment *fragment,
                                          GBytes *plain);
/* flags of fragment 1. */
uint8_t ike_fragment_buffer_flags(const IkeFragmentBuffer *buffer);
/* The merged content, after COMPLETE; the buffer is empty afterwards. */
GBytes *ike_fragment_buffer_take(IkeFragmentBuffer *buffer, uint8_t *first_inner);
