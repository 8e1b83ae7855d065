/*
 * What two data paths would do with the Child SAs of a simulation: which SA a packet goes by, and
 * whether the other end still takes it when it arrives. No cryptography; the rules are those of
 * src/datapath, and for the gateway those of a careful one: it sends by what it began at once, by
 * what we began once something came by it, and takes packets two seconds longer than it must.
 */
#pragma once
#include "ike/engine.h"
#include "virtual-link.h"

typedef struct {
    GArray *ends[2];     /* by the direction that the end sends in: LINK_UP is the client */
    unsigned sent[2];    /* by LinkDirection */
    unsigned unsent[2];  /* there was no SA to send by */
    unsigned arrived[2]; /* each copy counts */
    unsigned missed[2];  /* arrived, but the SA was gone */
    unsigned most;       /* SAs at one end at a time */
} EspModel;

EspModel *esp_model_new(void);
void esp_model_free(EspModel *model);
/* end: LINK_UP for the client. */
void esp_model_install(EspModel *model, LinkDirection end, const IkeChild *child);
void esp_model_retire(EspModel *model, LinkDirection end, uint32_t spi_in);
void esp_model_remove(EspModel *model, LinkDirection end, uint32_t spi_in, Instant at);
/* A packet that goes in direction, NULL where none can. */
GBytes *esp_model_packet(EspModel *model, LinkDirection direction, Instant now);
/* False: it is none of ours. */
bool esp_model_arrived(EspModel *model, LinkDirection direction, GBytes *datagram, Instant now);
