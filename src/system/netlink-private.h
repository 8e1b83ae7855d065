/* What netlink.c and netlink-look.c share. */
#pragma once
#include "system/netlink.h"

#include <netlink/netlink.h>

struct _Netlink {
    struct nl_sock *socket;
};
