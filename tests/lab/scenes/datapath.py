"""The way of packets: without what the kernel and the tunnel do for one another, and its memory."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, scene

from .tunnel import check_inside, check_transfer

GROWTH_MB = 3               # all that waits, and all that is read at a time, is bounded


@scene("Single packets only", about="""What makes the tunnel fast is switched off: its device hands over single
       packets, whole.""")
def without_offloads(bed, story):
    ginnel = Ginnel(bed.host)
    ginnel.restart_with(GINNEL_OFFLOADS="0")
    for way, words in (("udp/4500", "Over UDP"), ("tcp/4500", "Over TCP")):
        bed.profile(transport__order=way)
        ginnel.connect()
        with story.claim(f"{words}: the device passes no more than single packets"):
            device = bed.host.run(["ip", "-d", "link", "show", ginnel.tunnel()["Interface"]]).stdout
            expect("vnet_hdr on" not in device, device)
        check_inside(bed, story, words)
        for address, family in ((a.INSIDE4, "IPv4"), (a.INSIDE6, "IPv6")):
            check_transfer(bed, story, address, f"{words}, {family}", 10_000_000)
        ginnel.down()
    ginnel.rest()


def memory_mb(bed, pid):
    line = bed.host.run(["grep", "VmRSS", f"/proc/{pid}/status"]).stdout
    return int(line.split()[1]) / 1024


@scene("Much passes", about="""The tunnel process is as small after it as before.""")
def memory(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    pid = bed.host.main_pid(ginnel.tunnel_units()[0])
    before = memory_mb(bed, pid)
    check_transfer(bed, story, a.INSIDE4, "IPv4", 50_000_000)
    with story.claim(f"It has grown by less than {GROWTH_MB} MB"):
        after = memory_mb(bed, pid)
        story.says(f"{before:.1f} MB, then {after:.1f} MB")
        expect(after - before < GROWTH_MB, f"from {before:.1f} to {after:.1f} MB")
    ginnel.down()
