#include "config.h"

#include "plan/path-mtu.h"

#include <glib.h>

/* Where paths are narrower: PPPoE, mobile networks, tunnels on the way; and what may come of that.
 */
static const size_t usual[] = { 1492, 1452, 1400, 1364, 1280, 1200, 1000, 800, 576 };

void
path_mtu_begin(PathMtuSearch *search, size_t full, size_t floor)
{
    *search = (PathMtuSearch){ .next = full, .floor = floor };
}

void
path_mtu_probed(PathMtuSearch *search, bool got_through)
{
    size_t tried = search->next;
    search->next = 0;
    if (got_through) {
        search->good = tried;
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(usual) && search->next == 0; i++)
        if (usual[i] < tried && usual[i] >= search->floor)
            search->next = usual[i];
    search->narrow = search->next == 0;
}
