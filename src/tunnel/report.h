/* What this process tells ginneld of itself. */
#pragma once
#include "channel/records.h"
#include "datapath/datapath.h"
#include "ike/engine.h"
#include "plan/fallback.h"

/* (yayq), as CONFIGURE_TRANSPORT. */
GVariant *report_transport(const FallbackTransport *transport, const InetAddress *gateway);
/* Body of CONFIGURE. request_split_dns: what was asked, IkeConfigAttribute; floating. */
GVariant *report_configuration(const IkeConfiguration *configuration,
                               const GPtrArray *request_split_dns,
                               const FallbackTransport *transport, const InetAddress *gateway);
/* configure with what a further Child SA reaches, NULL where that is nothing new; floating. */
GVariant *report_with_selectors(GVariant *configure, const GArray *remote_ts);
/* a{st} */
GVariant *report_statistics(const DatapathStatistics *statistics, uint32_t rekeys,
                            uint64_t keepalives);
/* The reason's name on the bus. */
const char *report_reason(IkeCloseReason reason);
const char *report_transport_word(FallbackKind kind);
guint8 report_record_transport(FallbackKind kind); /* RECORD_TRANSPORT_* */
