"""A tunnel that nobody uses."""

import time

from lab.box import connect, settled
from lab.product import DAEMON, Ginnel
from lab.story import expect, expect_equal, scene

MOST_WAKINGS = 4            # for keepalives, and for asking the gateway now and then
LINK, HERE4, NEXT_DOOR4 = "nextdoor", "203.0.113.2", "203.0.113.1"
FIRST_LOOK_S = 25           # by then ginneld has seen that what it set is still there


def wakings(bed, pid):
    """Thread -> how often it has fallen asleep by itself."""
    words = "for i in /proc/%d/task/*; do echo ${i##*/} $(grep ^vol $i/status); done" % pid
    return {thread: int(times) for thread, _, times in
            map(str.split, bed.host.read(["sh", "-c", words]).splitlines())}


@scene("A tunnel at rest", about="""A battery should not notice it.""")
def at_rest(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    pids = (bed.host.main_pid(ginnel.tunnel_units()[0]), bed.host.main_pid(DAEMON))
    before = wakings(bed, pids[0])
    time.sleep(FIRST_LOOK_S)    # what is looked at is that nothing happens
    looked = wakings(bed, pids[1])
    time.sleep(60 - FIRST_LOOK_S)
    tunnel, daemon = (sum(times - old.get(thread, 0) for thread, times in wakings(bed, pid).items())
                      for pid, old in zip(pids, (before, looked)))
    story.says(f"In a minute the tunnel process woke {tunnel} times; ginneld {daemon} times, once it "
               "had looked at the names.")
    with story.claim(f"The tunnel process wakes no more than {MOST_WAKINGS} times in a minute"):
        expect(tunnel <= MOST_WAKINGS, f"{tunnel} times")
    with story.claim("ginneld does not wake, once it has looked at the names again"):
        expect_equal(daemon, 0, "times")
    ginnel.down()


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
