"""A tunnel that nobody uses."""

import time

from lab import addresses as a
from lab.box import connect, settled
from lab.product import DAEMON, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

MOST_WAKINGS = 4            # a minute: for keepalives, and for asking the gateway now and then
MINUTES = 3                 # after which it is asked
LINK, HERE4, NEXT_DOOR4 = "nextdoor", "203.0.113.2", "203.0.113.1"
FIRST_LOOK_S = 25           # by then ginneld has seen that what it set is still there


def wakings(bed, pid):
    """Thread, by name and number -> how often it has fallen asleep by itself. Where a page of the program has
    to be read from the disk first (majflt) it sleeps as well, which nobody woke it for."""
    words = ("for i in /proc/%d/task/*; do echo $(cat $i/comm).${i##*/} $(grep ^vol $i/status) "
             "$(cut -d' ' -f12 $i/stat); done" % pid)
    return {thread: int(times) - int(read) for thread, _, times, read in
            map(str.split, bed.host.read(["sh", "-c", words]).splitlines())}


def since(bed, pid, before):
    return {thread: times - before.get(thread, 0) for thread, times in wakings(bed, pid).items()}


def at_rest_now(bed, pid):
    """What it said when it had nothing more to do: how large a packet may be is found out first."""
    seen = []

    def same():
        seen.append(wakings(bed, pid))
        return len(seen) > 1 and seen[-1] == seen[-2]

    until("the tunnel process: rest", same, timeout=15, pause=1)
    return seen[-1]


@scene("A tunnel at rest", about="""A battery should not notice it; not behind an address translation
       either, which has to be kept from forgetting.""", long=True)
def at_rest(bed, story):
    ginnel = Ginnel(bed.host)
    bed.router.translate()
    bed.profile(gateway__address=a.GATEWAY4)
    ginnel.connect()
    expect(ginnel.tunnel()["BehindNat"], "not behind a translation")
    pids = (bed.host.main_pid(ginnel.tunnel_units()[0]), bed.host.main_pid(DAEMON))
    before = at_rest_now(bed, pids[0])
    time.sleep(FIRST_LOOK_S)    # what is looked at is that nothing happens
    looked = wakings(bed, pids[1])
    time.sleep(MINUTES * 60 - FIRST_LOOK_S)
    tunnel, daemon = since(bed, pids[0], before), since(bed, pids[1], looked)
    story.says(f"In {MINUTES} minutes the tunnel process woke {sum(tunnel.values())} times; ginneld "
               f"{sum(daemon.values())} times, once it had looked at the names.")
    with story.claim(f"The tunnel process wakes no more than {MOST_WAKINGS} times a minute"):
        expect(sum(tunnel.values()) <= MOST_WAKINGS * MINUTES, tunnel)
    with story.claim("ginneld does not wake, once it has looked at the names again"):
        expect(not any(daemon.values()), daemon)
    ginnel.down()
    bed.router.translate_no_more()


@scene("A gateway next door", about="""On the same link no router stands between, which could forget who
       talks to whom: there is nothing to be kept alive.""")
def next_door(bed, story):
    ginnel = Ginnel(bed.host)
    connect(bed.host, LINK, bed.gateway, LINK)
    for box, address in ((bed.host, HERE4), (bed.gateway, NEXT_DOOR4)):
        box.ip("addr", "add", f"{address}/30", "dev", LINK)
    settled(bed.host, LINK)

    def keepalives(**changes):
        bed.profile(**changes)
        ginnel.connect()
        sent = ginnel.statistics()["keepalives"]
        ginnel.down()
        return sent

    with story.claim("Behind a router, a keepalive leaves as soon as the tunnel is up"):
        expect_equal(keepalives(), 1, "keepalives")
    with story.claim("To a gateway on the same link, none"):
        expect_equal(keepalives(gateway__address=NEXT_DOOR4), 0, "keepalives")
    bed.host.ip("link", "del", LINK)
