"""The way of packets: without what the kernel and the tunnel do for one another, and its memory."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene

from .tunnel import check_inside, check_transfer

GROWTH_MB = 3               # all that waits, and all that is read at a time, is bounded
MOST_MB = 10


def single_packets(bed, ginnel):
    """Whether the tunnel's device hands over and takes nothing larger; and how that was seen."""
    device = bed.host.run(["ip", "-d", "link", "show", ginnel.tunnel()["Interface"]]).stdout
    return "vnet_hdr on" not in device, device


@scene("The device")
def device(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("The device passes many packets as one" if bed.offloads else
                     "The device passes no more than single packets"):
        single, seen = single_packets(bed, ginnel)
        expect_equal(single, not bed.offloads, seen)
    ginnel.down()


@scene("Single packets only", about="""What makes the tunnel fast is switched off: its device hands over single
       packets, whole.""")
def without_offloads(bed, story):
    ginnel = Ginnel(bed.host)
    ginnel.restart_with(GINNEL_OFFLOADS="0")
    for way, words in (("udp/4500", "Over UDP"), ("tcp/4500", "Over TCP")):
        bed.profile(transport__order=way)
        ginnel.connect()
        with story.claim(f"{words}: the device passes no more than single packets"):
            expect(*single_packets(bed, ginnel))
        check_inside(bed, story, words)
        for address, family in ((a.INSIDE4, "IPv4"), (a.INSIDE6, "IPv6")):
            check_transfer(bed, story, address, f"{words}, {family}", 10_000_000)
        ginnel.down()
    ginnel.rest()


def memory_mb(bed, pid, *kinds):
    """Of these kinds, as /proc/PID/smaps_rollup names them."""
    lines = bed.host.read(["cat", f"/proc/{pid}/smaps_rollup"]).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.split(":")[0] in kinds) / 1024


@scene("Much passes", about="""The tunnel process is as small after it as before.""")
def memory(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    pid = bed.host.main_pid(ginnel.tunnel_units()[0])
    before = memory_mb(bed, pid, "Rss")
    check_transfer(bed, story, a.INSIDE4, "IPv4", 50_000_000)
    with story.claim(f"It has grown by less than {GROWTH_MB} MB, and has less than {MOST_MB} MB"):
        after = memory_mb(bed, pid, "Rss")
        own = memory_mb(bed, pid, "Private_Dirty"), memory_mb(bed, pid, "Private_Clean")
        story.says(f"{before:.1f} MB, then {after:.1f} MB: {own[0]:.1f} MB of its own, "
                   f"{own[1]:.1f} MB of files that nobody else reads, the rest shared.")
        expect(after - before < GROWTH_MB and after < MOST_MB, f"from {before:.1f} to {after:.1f} MB")
    ginnel.down()
