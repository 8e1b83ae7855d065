/*
 * A long line between two network interfaces: each frame that one receives leaves the other so many
 * milliseconds later, in both directions, in order. The kernel's netem would do, where there is
 * one.
 *
 *   bench-delay MILLISECONDS INTERFACE INTERFACE
 *
 * Bounded: where FRAMES of one direction are under way, the next is lost. Frames keep what the
 * sender left to its card (checksums, segmentation): the header of packet(7) goes along. Says
 * "ready", and how many were lost when it is told to end.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define FRAMES      4096
#define MAX_FRAME   2048 /* of 1500 octets and what is before them; the line is for those */
#define SOCKET_ROOM (4 * 1024 * 1024)
#define NS_A_SECOND 1000000000ll

typedef struct {
    int64_t due_ns; /* CLOCK_MONOTONIC */
    size_t length;
    uint8_t octets[MAX_FRAME];
} Frame;

typedef struct {
    int from, to;
    Frame *ring;
    uint64_t first, end, lost;
} Direction;

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_A_SECOND + now.tv_nsec;
}

static int
open_interface(const char *name)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    int room = SOCKET_ROOM;
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = (int)if_nametoindex(name) };
    if (fd < 0 || address.sll_ifindex == 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail(name);
    return fd;
}

static void
take(Direction *direction, int64_t delay_ns)
{
    for (;;) {
        static uint8_t spill[MAX_FRAME];
        bool full = direction->end - direction->first == FRAMES;
        Frame *frame = &direction->ring[direction->end % FRAMES];
        ssize_t got = recv(direction->from, full ? spill : frame->octets, MAX_FRAME, MSG_TRUNC);
        if (got < 0)
            return;
        if (full || got > MAX_FRAME) {
            direction->lost++;
            continue;
        }
        frame->length = (size_t)got;
        frame->due_ns = now_ns() + delay_ns;
        direction->end++;
    }
}

/* When the next is due; 0: there is none. */
static int64_t
give(Direction *direction)
{
    while (direction->first < direction->end) {
        Frame *frame = &direction->ring[direction->first % FRAMES];
        if (frame->due_ns > now_ns())
            return frame->due_ns;
        if (send(direction->to, frame->octets, frame->length, 0) < 0)
            direction->lost++;
        direction->first++;
    }
    return 0;
}

static void
set_timer(int timer, int64_t one, int64_t other)
{
    int64_t due = one == 0 || (other != 0 && other < one) ? other : one;
    struct itimerspec when = { .it_value = { due / NS_A_SECOND, due % NS_A_SECOND } };
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int
told_to_end_fd(void)
{
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    return signalfd(-1, &end, SFD_CLOEXEC);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s MILLISECONDS INTERFACE INTERFACE\n", argv[0]);
        return 2;
    }
    int64_t delay_ns = (int64_t)(atof(argv[1]) * 1e6);
    int one = open_interface(argv[2]), other = open_interface(argv[3]);
    Direction there = { .from = one, .to = other, .ring = calloc(FRAMES, sizeof(Frame)) };
    Direction back = { .from = other, .to = one, .ring = calloc(FRAMES, sizeof(Frame)) };
    struct pollfd fds[4] = { { one, POLLIN, 0 },
                             { other, POLLIN, 0 },
                             { timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), POLLIN, 0 },
                             { told_to_end_fd(), POLLIN, 0 } };
    prctl(PR_SET_TIMERSLACK, 1);
    puts("ready");
    fflush(stdout);
    while (!fds[3].revents) {
        take(&there, delay_ns);
        take(&back, delay_ns);
        /* Setting the timer takes back what it has said. */
        set_timer(fds[2].fd, give(&there), give(&back));
        if (poll(fds, 4, -1) < 0 && errno != EINTR)
            fail("poll");
    }
    printf("lost %llu\n", (unsigned long long)(there.lost + back.lost));
    return 0;
}
