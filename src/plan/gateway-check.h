/*
 * What a check of a gateway has found out, row by row, and the likely reason for what did not get
 * through: judged by what else did. Pure.
 */
#pragma once
#include "plan/fallback.h"

#define GATEWAY_CHECK_MAX_ROWS FALLBACK_MAX_ATTEMPTS

typedef enum {
    CHECK_SILENT, /* nobody has answered in time */
    CHECK_ANSWERED,
    CHECK_REFUSED,     /* nothing listens there, or somebody says so */
    CHECK_UNREACHABLE, /* no way there from here */
    CHECK_FAILED, /* something answers that is no IKE, or that TLS or a proxy does not let through
                   */
} CheckOutcome;

typedef struct {
    FallbackTransport transport;
    InetAddress address;
    CheckOutcome outcome;
} CheckRow;

typedef enum {
    CHECK_LIKELY_NONE,            /* it answered */
    CHECK_LIKELY_NOTHING_LISTENS, /* the machine is there, and takes nothing on this port */
    CHECK_LIKELY_NO_ROUTE,        /* this machine has no way to addresses of this family */
    CHECK_LIKELY_UDP_DROPPED,    /* by the network, or by a firewall there: a stream gets through */
    CHECK_LIKELY_PORT_DROPPED,   /* another port of the same protocol gets through */
    CHECK_LIKELY_STREAM_DROPPED, /* by a firewall, or nobody takes streams: UDP gets through */
    CHECK_LIKELY_ADDRESS_DEAD,   /* nothing gets through to this address, but to another */
    CHECK_LIKELY_ALL_DEAD,       /* nothing gets through at all */
    CHECK_LIKELY_OTHER,          /* what was said is the reason */
} CheckLikely;

CheckLikely gateway_check_likely(const CheckRow *rows, size_t n, size_t index);
/* The words of the bus API; "" for NONE and OTHER. */
const char *gateway_check_likely_word(CheckLikely likely);
const char *gateway_check_outcome_word(CheckOutcome outcome);
/* Of what the tunnel process says about the end of an attempt. */
CheckOutcome gateway_check_outcome(const char *why);
