/*
 * The traffic selectors of a Child SA, checked on every packet in both directions (RFC 4301,
 * section 5; RFC 7296, section 2.9).
 */
#pragma once
#include "esp/inner-packet.h"

typedef struct {
    uint8_t protocol;              /* 0: any */
    uint16_t start_port, end_port; /* 0 and 65535: any; start > end (65535, 0) is OPAQUE */
    InetRange range;
} EspSelector;

typedef struct _EspSelectors EspSelectors;

/* Arrays of EspSelector, copied. */
EspSelectors *esp_selectors_new(const GArray *local, const GArray *remote);
EspSelectors *esp_selectors_ref(EspSelectors *selectors);
void esp_selectors_unref(EspSelectors *selectors);
/* outbound: source is local, destination remote; inbound the other way round. */
bool esp_selectors_allow(const EspSelectors *selectors, const InnerPacket *packet, bool outbound);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EspSelectors, esp_selectors_unref)
