/*
 * A link between two ends over a virtual clock: delay, loss, duplication, reordering, corruption
 * and blocking, all repeatable from a seed or scripted packet by packet. Knows nothing of what it
 * carries.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#include "base/instant.h"

typedef enum { LINK_UP, LINK_DOWN } LinkDirection; /* up: to the gateway */

/* What happens to one datagram. */
typedef struct {
    bool lost;
    bool doubled;
    Duration again_after; /* with doubled: when the second one follows; 0: at once */
    Duration extra_delay;
    bool truncate;
    size_t length; /* with truncate */
    bool flip;
    size_t octet; /* with flip: whose lowest bits are inverted by mask */
    uint8_t mask;
    GBytes *instead; /* borrowed: this arrives in its place; NULL: the datagram itself */
} LinkFate;

/* number counts the datagrams of a direction from 0 in the order in which they were sent. */
typedef LinkFate (*LinkScript)(gpointer data, LinkDirection direction, unsigned number,
                               GBytes *datagram);

typedef struct {
    Instant now;
    Duration delay;
    bool blocked[2]; /* by LinkDirection: everything is lost */
    LinkScript script;
    gpointer script_data;
    unsigned sent[2];
    bool lane;      /* by which the next one is sent; by which the last one came */
    GQueue packets; /* private, by time of arrival */
} VirtualLink;

void virtual_link_init(VirtualLink *link, Duration delay);
void virtual_link_clear(VirtualLink *link);
void virtual_link_send(VirtualLink *link, LinkDirection direction, GBytes *datagram);
/* When the next datagram arrives, INSTANT_NEVER if none is under way. */
Instant virtual_link_next(const VirtualLink *link);
/* Takes the datagram that arrives by now, NULL if there is none. */
GBytes *virtual_link_receive(VirtualLink *link, LinkDirection *direction);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VirtualLink, virtual_link_clear)

/* Script for chance: percentages of loss, doubling, and reordering, from a seed. */
typedef struct {
    GRand *rand;
    unsigned lost_percent, doubled_percent, late_percent, corrupt_percent;
} LinkChance;
LinkFate link_chance_script(gpointer data, LinkDirection direction, unsigned number,
                            GBytes *datagram);
