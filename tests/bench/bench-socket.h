/* The two ends' socket, and the words on the command line that say which. */
#pragma once
#include "base/inet.h"
#include "transport/transport.h"

typedef struct {
    bool client, stream;
    InetEndpoint local, remote;
} BenchSocket;

#define BENCH_SOCKET_WORDS 5 /* client|gateway udp|tcp PORT LOCAL REMOTE */

/* Ends the program, with words, where they are wrong. */
void bench_socket_read(BenchSocket *options, int argc, char **argv);
/* Open, its prefix gone and the other's taken. Ends the program where it cannot. */
Transport *bench_socket_open(const BenchSocket *options);
