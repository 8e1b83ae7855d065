/* A relay in a process of its own, and what tests do with it as client and as gateway. */
#pragma once
#include "relay/relay.h"

#include <netinet/in.h>
#include <sys/types.h>

#define SHORT (200 * DURATION_MILLISECOND) /* a time that is meant to run out */

typedef struct {
    pid_t pid;
    int statistics; /* pipe */
    int gateway;    /* UDP */
    InetEndpoint address;
} Bench;

extern const RelayOptions bench_usual;

/* On loopback, some port. type: SOCK_STREAM or SOCK_DGRAM. */
int bound(int type, InetEndpoint *where);
/* One gateway, where options name none. */
Bench bench_new(RelayOptions options);
Bench bench_new_for(RelayOptions options, RelayListen what);
/* Only when something was seen of the relay, which then runs its loop. */
RelayStatistics bench_end(Bench *bench);
int client_new(const Bench *bench);
/* Closes it too. */
void check_closed(int client);
/* An IKE message of 28 octets with its marker, all one octet; its length. */
size_t ike_frame(uint8_t *out, uint8_t octet);
void say_hello(int client, uint8_t octet);
/* What the gateway reads next, and from whom. */
size_t gateway_reads(const Bench *bench, uint8_t *out, size_t room, struct sockaddr_in *from);
void gateway_hears(const Bench *bench, uint8_t octet);
