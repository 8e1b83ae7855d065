"""The product in the bed, and what has to hold before a cell says ok."""

import contextlib
import json

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal
from lab.wait import LabError, until

INSIDE_NAME = "host.two.example"

# The same in every cell: the quickest way there, and one inside domain without keys.
EVERY = {"transport__order": "udp/4500", "dns__domains": None, "dns__trust_anchor_domains": None,
         "dns__add_domains": "two.example"}


def whole(ike):
    """The words of an IKE proposal as the status prints them: with the function that derives keys."""
    words = ike.split("-")
    if not any(word.startswith("prf") for word in words):
        words.insert(2, "prf" + words[1])
    return "-".join(words)


class Client:
    def __init__(self, bed, peer):
        self.bed = bed
        self.peer = peer
        self.host = bed.host
        self.ginnel = Ginnel(bed.host)

    def profile(self, certificate=None, **changes):
        """certificate: the user's, by its name in the bed's authority; else with the key."""
        if certificate:
            changes = {"user__id": f"{certificate}@example.com",
                       "user__certificate": f"/etc/ginnel/{certificate}.crt",
                       "user__key": f"/etc/ginnel/{certificate}.key", **changes}
            return self.bed.certificate_profile(**{**EVERY, **changes})
        return self.bed.profile(**{**EVERY, **changes})

    def up(self):
        return self.ginnel.connect()

    @contextlib.contextmanager
    def connected(self, ike=None, esp=None):
        """Up with these algorithms, packets and names through; afterwards down."""
        self.up()
        try:
            self.algorithms(ike, esp)
            self.through()
            yield self
        finally:
            self.ginnel.down()

    def status(self):
        """What `ginnel status` says of the tunnel."""
        for tunnel in json.loads(self.ginnel.tool("status", "--json").stdout)["tunnels"]:
            if tunnel["Profile"] == "work":
                return tunnel
        return {}

    def algorithms(self, ike=None, esp=None):
        status = self.status()
        if ike:
            expect_equal(status["IkeAlgorithms"], whole(ike), "algorithms of IKE")
        if esp:
            # Which sequence numbers (ESN) is the gateway's choice.
            expect_equal(status["EspAlgorithms"].removesuffix("-esn"), esp, "algorithms of ESP")

    def through(self, address=a.INSIDE4):
        """A ping and a DNS query inside; the gateway's own counters say so, too."""
        if not self.peer.packets:
            expect(any(session.children for session in self.peer.sessions()),
                   "the gateway has no Child SA")
            return
        result = self.host.run(["sh", "-c",
                                f"ping -c 1 -W 3 {address} && "
                                f"resolvectl --no-pager query --cache=no {INSIDE_NAME}"],
                               check=False)
        expect(result.returncode == 0 and a.INSIDE4 in result.stdout,
               f"no packet or no name goes through:\n{result.stdout}{result.stderr}")
        children = [child for session in self.peer.sessions() for child in session.children]
        expect(any(child.packets_in and child.packets_out for child in children),
               f"the gateway counted no packets: {children}")

    def settled(self, what, condition, timeout=10):
        try:
            return until(what, condition, timeout)
        except LabError as error:
            expect(False, error)

    def rest(self):
        """Nothing up on either side, the path open."""
        self.ginnel.rest()
        self.peer.forget()
        self.bed.router.mood("open")
