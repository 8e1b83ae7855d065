#include "config.h"

#include "plan/path-mtu.h"

#include <glib.h>

/* Where paths are narrower: PPPoE, mobile networks, tunnels on the way. */
static const size_t usual[] = { 1492, 1452, 1400, 1340 };

void
path_mtu_begin(PathMtuSearch *search, size_t full)
{
    *search = (PathMtuSearch){ .next = full };
}

void
path_mtu_probed(PathMtuSearch *search, size_t packet, bool whole)
{
    size_t tried = search->next;
    search->next = 0;
    if (whole) {
        search->good = packet;
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(usual) && search->next == 0; i++)
        if (usual[i] < tried && usual[i] > packet)
            search->next = usual[i];
    if (search->next == 0)
        search->good = packet;
}
