"""What must never happen twice: a number under one key."""

from collections import Counter

from lab import addresses as a
from lab.product import DAEMON, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

from .lifetimes import Stream
from .streams import spis
from .transports_journey import wait_for_transport

ESP_HEADER, IV = 8, 8               # octets (RFC 4303, section 2; RFC 4106, section 3.1)
NO_ESP = bytes(4)                   # before an IKE message (RFC 3948, section 2.2)
PREFIX = b"IKETCP"


def rekey(bed, what):
    before = spis(bed)
    with bed.gateway.vici() as vici:
        vici.call("rekey", what)
    until("other keys at the gateway",
          lambda: len(spis(bed)) == 1 and not before & spis(bed), timeout=10)


def streams(capture, source):
    """What that address said in each TCP stream, once. tshark counts from the first octet, which is 1."""
    said = {}
    for stream, at, payload in capture.fields(f"ip.src == {source} && tcp.len > 0", "tcp.stream",
                                              "tcp.seq", "tcp.payload"):
        octets, begin = bytes.fromhex(payload), int(at) - 1
        whole = said.setdefault(stream, bytearray())
        expect(begin <= len(whole), f"the capture has a gap: {len(whole)} to {begin}")
        whole[begin:begin + len(octets)] = octets       # what TCP sent once more is the same
    return said.values()


def frames(stream):
    """Each with its length before it, behind the prefix that the client begins with (RFC 9329,
    sections 3 and 4)."""
    at = len(PREFIX) if stream.startswith(PREFIX) else 0
    while at + 2 < len(stream):
        length = int.from_bytes(stream[at:at + 2], "big")
        expect(length > 2, f"a frame of {length} octets at {at}")
        yield bytes(stream[at + 2:at + length])
        at += length


def esp_packets(capture, source):
    """(SPI, sequence number, IV, way) of each ESP packet from there."""
    said = [(bytes.fromhex(payload), "UDP") for payload, in
            capture.fields(f"ip.src == {source} && udp.length > 9", "udp.payload")]
    said += [(frame, "TCP") for stream in streams(capture, source) for frame in frames(stream)]
    for octets, way in said:
        if octets[:4] != NO_ESP:
            yield octets[:4], octets[4:ESP_HEADER], octets[ESP_HEADER:ESP_HEADER + IV], way


@scene("No number twice", about="""With AES-GCM one number used twice under one key gives both packets away,
       and the key that guards them. All that can happen to a session happens, and what leaves is
       looked at on the wire.""")
def no_number_twice(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__udp_again="1")
    with bed.capture_uplink("numbers", "port 4500") as capture:
        ginnel.connect()
        with Stream(bed.host, 14) as stream:
            rekey(bed, {"child": "net"})
            bed.host.run(["kill", "-9", str(bed.host.main_pid(DAEMON))])
            ginnel.wait_for("connected", timeout=10)
            rekey(bed, {"ike": "psk"})
            bed.router.mood("block-udp")
            wait_for_transport(ginnel, "tcp/4500")
            rekey(bed, {"child": "net"})
            bed.host.run(["systemctl", "restart", DAEMON])
            ginnel.wait_for("connected", timeout=10)
            bed.router.mood("open")
            wait_for_transport(ginnel, "udp/4500")
            expect(stream.thread.is_alive(), "the packets ended before all had happened")
        ginnel.down()
    packets = list(esp_packets(capture, a.HOST4))
    ways = Counter(way for *_, way in packets)
    keys = len({spi for spi, *_ in packets})
    story.says(f"{ways['UDP']} packets left over UDP and {ways['TCP']} over TCP, under {keys} keys.")
    with story.claim("Packets were seen on both ways, under one key and all that followed it"):
        expect(min(ways["UDP"], ways["TCP"]) > 100, ways)
        # strongSwan's ESP in user space also changes them at each move.
        expect(keys >= 3, f"{keys} keys")
    for what, place in (("sequence number", 1), ("IV", 2)):
        with story.claim(f"No {what} was used twice under one key"):
            used = Counter((packet[0], packet[place]) for packet in packets)
            expect_equal([one for one, times in used.items() if times > 1], [], "used twice")
