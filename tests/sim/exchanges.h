/*
 * Every exchange that the engine takes part in, each ready to be run once on a link that does
 * something to one of its messages, and the gateway's own patience: the test responder repeats
 * nothing of itself and never gives anybody up.
 */
#pragma once
#include "ike/header.h"
#include "sim.h"

typedef struct {
    const char *name;
    void (*prepare)(Sim *sim); /* before the start; NULL: nothing */
    void (*trigger)(Sim *sim); /* once it is up; NULL: connecting is the exchange */
    bool ends;                 /* undamaged, the IKE SA is gone at both ends afterwards */
} Exchange;

extern const Exchange exchanges[];
extern const size_t n_exchanges;

/* Up to where the exchange begins. */
void exchange_begin(Sim *sim, const Exchange *exchange);
/* Its first message goes out. */
void exchange_trigger(Sim *sim, const Exchange *exchange);
/* Two minutes in which the gateway repeats what is not answered, and gives up who does not answer;
 * in the middle it asks everybody whether they are alive. */
void exchange_settle(Sim *sim);
#define EXCHANGE_MAX_DATAGRAMS 32 /* each way */

/* The datagrams that it takes each way (LinkDirection), undamaged. */
typedef struct {
    unsigned n[2];
    IkeHeader headers[2][EXCHANGE_MAX_DATAGRAMS];
} ExchangeShape;

/* Runs it once undamaged. */
void exchange_look(const Exchange *exchange, ExchangeShape *shape);

/* Both ends are up with the same SPIs and keys, and nothing else; or both are gone. True: up. */
bool exchange_assert_agree(Sim *sim);
/* The same, and it is what comes of the exchange undamaged. */
void exchange_assert_done(Sim *sim, const Exchange *exchange);
