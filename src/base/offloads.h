/* What a TUN queue passes besides single packets; of ginneld, which makes it, for the data path. */
#pragma once

enum {
    TUN_OFFLOAD_HEADER = 1 << 0, /* a virtio_net_hdr of 10 octets before each packet; what follows
                                  * needs it */
    TUN_OFFLOAD_TCP = 1 << 1,    /* checksums left to us, and many segments of TCP as one packet */
    TUN_OFFLOAD_UDP = 1 << 2,    /* many datagrams of UDP as one packet */
};
