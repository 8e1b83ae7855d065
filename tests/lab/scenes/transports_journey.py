"""One session through a day's networks: a transfer that goes on through all of them."""

import json
import threading
import time

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene
from lab.testhost import UPLINK
from lab.wait import until

from .lifetimes import Stream
from .streams import initiator_spis

OTHER_HOST4 = "198.51.100.77"


class Receiving:
    """A download beside whatever happens in the block; .log says where it stood still."""

    def __init__(self, bed, octets):
        self.bed, self.octets, self.events = bed, octets, []

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self):
        self.result = self.bed.host.run([self.bed.tool("receive"), a.INSIDE4, self.octets],
                                        check=False, timeout=300)

    def __exit__(self, *_):
        self.thread.join()
        self.log = json.loads(self.result.stdout or "{}")

    def event(self, name):
        expect(self.thread.is_alive(), f"the transfer ended before: {name}")
        self.events.append((time.monotonic(), name))

    def stalls(self):
        """(event, longest pause that ended between it and the next one), and its name"""
        ends = [at for at, _ in self.events[1:]] + [float("inf")]
        for (at, name), end in zip(self.events, ends):
            pauses = [length for ended, length in self.log["pauses"] if at <= ended < end]
            yield name, max(pauses, default=0.0)


def wait_for_transport(ginnel, transport, timeout=20):
    until(transport, lambda: ginnel.tunnel()["Transport"] == transport, timeout)


def change_address(bed, new, old):
    # At one go: in between there is no network, which is another story, and a busy machine tells it.
    bed.host.run(["ip", "-batch", "-"], stdin=f"""addr del {old}/24 dev {UPLINK}
addr add {new}/24 dev {UPLINK}
route replace default via {a.ROUTER_HOST4} dev {UPLINK}
""")


def pass_some(receiving, bed, octets=5_000_000):
    """Until the device has received so much more."""
    def received():
        return int(bed.host.read(["cat", "/sys/class/net/ginnel0/statistics/rx_bytes"]))
    began = received()
    until("more of the transfer", lambda: received() - began > octets or
          not receiving.thread.is_alive(), timeout=30)


@scene("A day's networks", demo=True, about="""While a file is fetched through the tunnel, the network drops UDP
       and lets it through again, the machine gets another address, the stream breaks, and the machine
       sleeps. It stays one session, and the transfer inside one TCP connection.""")
def a_day(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__udp_again="1")
    ginnel.connect()
    inside = ginnel.tunnel()["Addresses"]
    before = initiator_spis(bed)
    bed.router.limit("200mbit")
    with Receiving(bed, 500_000_000) as receiving:
        pass_some(receiving, bed)
        receiving.event("UDP is dropped")
        bed.router.mood("block-udp")
        wait_for_transport(ginnel, "tcp/4500")
        pass_some(receiving, bed)
        receiving.event("UDP is let through again")
        bed.router.mood("open")
        wait_for_transport(ginnel, "udp/4500")
        pass_some(receiving, bed)
        receiving.event("another address")
        change_address(bed, OTHER_HOST4, a.HOST4)
        until("the new address at the gateway", lambda: OTHER_HOST4 in
              {sa["remote-host"] for sa in bed.gateway.established()})
        pass_some(receiving, bed)
        receiving.event("UDP is dropped once more")
        bed.router.mood("block-udp")
        wait_for_transport(ginnel, "tcp/4500")
        pass_some(receiving, bed)
        receiving.event("the stream breaks")
        bed.gateway.restart_relay(bed.host.tree)
        pass_some(receiving, bed)
        receiving.event("sleep, and another address after it")
        sleep(bed, lambda: (bed.router.mood("open"), change_address(bed, a.HOST4, OTHER_HOST4)))
        wait_for_transport(ginnel, "udp/4500")
    with story.claim("500 MB have arrived, the checksum is right, over one TCP connection"):
        expect_equal(receiving.result.returncode, 0, receiving.result.stderr)
        expect_equal(receiving.log["received"], 500_000_000, "octets")
    with story.claim("The inside addresses are the same, and so is the IKE SA"):
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
        expect_equal(ginnel.events("reconnecting"), [], "reconnects")
    with story.claim("The timeline tells every move, and why"):
        moves = [(moved["to"], moved["why"]) for _, moved in ginnel.events("moved")]
        expect_equal([to for to, _ in moves][:2], ["tcp/4500", "udp/4500"], f"{moves}")
        expect({why for _, why in moves} >= {"udp-silent", "udp-found", "network-changed"}, f"{moves}")
    for name, stall in receiving.stalls():
        story.says(f"{name}: stood still for {stall:.2f} s at the most.")
    bed.router.unlimit()
    ginnel.down()


def sleep(bed, meanwhile):
    """The machine sleeps, as far as processes can see: logind says so, and they stand still."""
    bed.host.run([bed.tool("sleep-stand-in"), "true"])
    frozen = [unit for unit in bed.host.read(
        ["systemctl", "list-units", "--plain", "--no-legend", "--state=running", "ginnel*"]).split()
        if unit.endswith(".service")]
    for unit in frozen:
        bed.host.run(["systemctl", "kill", "-s", "STOP", unit])
    meanwhile()
    for unit in frozen:
        bed.host.run(["systemctl", "kill", "-s", "CONT", unit])
    bed.host.run([bed.tool("sleep-stand-in"), "false"])


@scene("A gateway without MOBIKE", about="""Such a gateway wants a new session from a new address. It is made
       first, and the old one ends after it; the inside addresses of before are asked for.""")
def without_mobike(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="still@example.com", user__auth="psk")
    ginnel.connect()
    inside = ginnel.tunnel()["Addresses"]
    before = initiator_spis(bed)
    try:
        with story.claim("Another address: another session takes over, and the old one is gone"):
            change_address(bed, OTHER_HOST4, a.HOST4)
            until("another session", lambda: initiator_spis(bed) and not initiator_spis(bed) & before)
            until("the new address at the gateway", lambda: OTHER_HOST4 in
                  {sa["remote-host"] for sa in bed.gateway.established()})
            expect_equal(ginnel.events("reconnecting"), [], "reconnects")
        with story.claim("It asked for the inside addresses of the one before"):
            for address in inside:
                expect_equal(bed.gateway.charon_log().count(f"peer requested virtual IP {address}"), 1,
                             f"requests for {address}")
        with story.claim("The gateway gives others, for the old session still has those: it is said"):
            (_, changed), = ginnel.events("addresses-changed")
            expect_equal((changed["before"], changed["now"]), (inside, ginnel.tunnel()["Addresses"]), "change")
            expect(not set(inside) & set(changed["now"]), f"some are the same: {changed}")
            expect_match(f"gives other addresses, {changed['now'][0]}.* in place of {inside[0]}",
                         bed.host.journal("-u", "ginneld"), "journal")
        with story.claim("What is inside is reached"):
            bed.host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4])
        with story.claim("UDP goes silent: a session over TCP takes over"):
            bed.router.mood("block-udp")
            bed.host.run(["ping", "-c", "3", "-W", "1", a.INSIDE4], check=False)
            wait_for_transport(ginnel, "tcp/4500")
            bed.host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4])
            expect_equal(ginnel.events("reconnecting"), [], "reconnects")
    finally:
        change_address(bed, a.HOST4, OTHER_HOST4)
    ginnel.down()


@scene("UDP again, and a gateway without MOBIKE", about="""Back on UDP such a gateway would take the machine
       for another, and give it other addresses inside. The stream works as well: it is kept.""")
def udp_again_without_mobike(bed, story):
    ginnel = Ginnel(bed.host)
    bed.router.mood("block-udp")
    bed.profile(user__id="still@example.com", transport__udp_again="1")
    ginnel.connect()
    inside = ginnel.tunnel()["Addresses"]
    before = initiator_spis(bed)

    def declined():
        return len(ginnel.events("replace-failed"))
    with Stream(bed.host, 6) as pings:
        bed.router.mood("open")
        until("UDP, and no use for it", declined, timeout=10)
    with story.claim("Another session was signed in to over UDP, and given up: no packet inside was lost"):
        (_, failed), = ginnel.events("replace-failed")
        expect_match("other addresses", failed["why"], "why")
        expect_equal(pings.lost, 0, "packets lost")
        until("one session at the gateway", lambda: initiator_spis(bed) == before)
    with story.claim("Way and addresses inside are the same"):
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
        expect_equal(ginnel.events("addresses-changed"), [], "changes")
    with story.claim("Nobody looks again until the stream breaks"):
        expect_equal(ginnel.tunnel()["UdpLookAt"], 0, "the next look")
        bed.gateway.restart_relay(bed.host.tree)
        # What is on its way by a stream that breaks is lost with it.
        until("an answer inside", lambda: bed.host.run(
            ["ping", "-c", "1", "-W", "1", a.INSIDE4], check=False).returncode == 0, timeout=15)
        until("another look", lambda: declined() == 2, timeout=10)
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
    ginnel.down()


@scene("No network at all", about="""The cable is pulled, and put in again: what is inside fails at once
       meanwhile, and the session is the same afterwards.""")
def no_network(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    before = initiator_spis(bed)
    bed.host.ip("link", "set", UPLINK, "down")
    try:
        with story.claim("Without a network it says so, and what is inside is refused at once"):
            ginnel.wait_for("reconnecting", timeout=10)
            expect_match("this machine has no network", ginnel.tool("status", "work").stdout, "status")
            result = bed.host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4], check=False)
            expect_match("Unreachable|unreachable|prohibited", result.stdout + result.stderr, "ping")
    finally:
        bed.host.plug_in_again()
    with story.claim("With one again it is connected by the same session"):
        ginnel.wait_for("connected", timeout=20)
        expect_equal(initiator_spis(bed), before, "IKE SAs")
        bed.host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4])
    ginnel.down()
