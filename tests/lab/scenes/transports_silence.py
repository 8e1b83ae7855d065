"""A stream on which everything gets lost without a word: a NAT or a firewall has forgotten it."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

from .lifetimes import Download, Stream
from .streams import initiator_spis

PORT = 4500


def stream_port(bed):
    """Our port of the stream to the gateway; one that was given up is listened to for a while."""
    def ports():
        lines = bed.host.read(["ss", "-Htn", "state", "established", "dst", a.GATEWAY4, "dport", "=",
                               f":{PORT}"]).splitlines()
        return [line.split()[2].rsplit(":", 1)[1] for line in lines]
    return until("one stream", lambda: len(found := ports()) == 1 and found)[0]


def verdict(bed, port, what):
    """On all packets of that stream, before everything that was said of it."""
    for side in ("sport", "dport"):
        bed.router.add_rule(f"tcp {side} {port} counter {what}")


def counted(bed, words):
    """Packets that the router's rule with these words has met."""
    for line in bed.router.read(["nft", "list", "chain", "inet", "mood", "forward"]).splitlines():
        if words in line and "counter packets" in line:
            return int(line.split("counter packets ")[1].split()[0])
    return 0


def wait_for_move(ginnel):
    return until("another stream", lambda: ginnel.events("moved"), timeout=20)


def check_same_session(bed, story, ginnel, before, inside):
    with story.claim("It is the same IKE SA, with the same inside addresses, and was never counted as lost"):
        expect_equal(initiator_spis(bed), before, "IKE SAs")
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
        expect_equal(ginnel.events("reconnecting"), [], "reconnects")
        expect_equal(ginnel.events("replacing"), [], "other IKE SAs")


def forgets(bed, story, **profile):
    """The router forgets the stream while inside a ping runs."""
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order=f"tcp/{PORT}", **profile)
    ginnel.connect()
    before, inside, port = initiator_spis(bed), ginnel.tunnel()["Addresses"], stream_port(bed)
    with Stream(bed.host, 8) as pings:
        until("pings", lambda: ginnel.statistics()["packets-in"] > 100)
        verdict(bed, port, "drop")
        wait_for_move(ginnel)
    with story.claim("It goes on by another stream before TCP gives up the old one"):
        (_, moved), *more = ginnel.events("moved")
        expect_equal(more, [], "further moves")
        expect_equal((moved["to"], moved["why"]), (f"tcp/{PORT}", "stream-silent"), "move")
        expect(stream_port(bed) != port, "it is the same stream")
        bed.host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4])
    story.says(f"Moved {moved['after'] / 1e6:.2f} s after the last packet that was acknowledged; "
               f"pings were lost for {pings.lost * 0.005:.2f} s.")
    check_same_session(bed, story, ginnel, before, inside)
    return ginnel, before, inside


@scene("A firewall forgets the stream", demo=True, about="""Packets of the one stream that the tunnel uses are
       dropped from now on, and nobody says so. New ones may be opened.""")
def forgotten(bed, story):
    ginnel, before, inside = forgets(bed, story)
    bed.router.limit("200mbit")
    with story.claim("An upload goes on to its end, checksums equal"):
        def sent():
            return int(bed.host.read(["cat", "/sys/class/net/ginnel0/statistics/tx_bytes"]))
        began = sent()
        with Download(bed, 60_000_000) as transfer:
            until("the upload", lambda: sent() - began > 20_000_000, timeout=60)
            verdict(bed, stream_port(bed), "drop")
            until("another stream", lambda: len(ginnel.events("moved")) == 2, timeout=20)
        expect_equal(transfer.result.returncode, 0, transfer.result.stdout + transfer.result.stderr)
        why = [moved["why"] for _, moved in ginnel.events("moved")]
        expect_equal(why, ["stream-silent"] * 2, "moves")
    check_same_session(bed, story, ginnel, before, inside)
    with story.claim("A download that stops goes on as well"):
        port = stream_port(bed)     # none but that: what was given up counted octets, too
        began = stream_octets(bed)
        with Download(bed, 60_000_000) as transfer:
            until("the download", lambda: stream_octets(bed) - began > 20_000_000, timeout=60)
            verdict(bed, port, "drop")
            until("another stream", lambda: len(ginnel.events("moved")) == 3, timeout=20)
        expect_equal(transfer.result.returncode, 0, transfer.result.stdout + transfer.result.stderr)
    check_same_session(bed, story, ginnel, before, inside)
    bed.router.unlimit()
    ginnel.down()


def stream_octets(bed):
    """That have come by the stream in use."""
    said = bed.host.read(["ss", "-Htni", "state", "established", "dport", "=", f":{PORT}"])
    return max((int(word.split(":")[1]) for word in said.split()
                if word.startswith("bytes_received:")), default=0)


@scene("A firewall forgets the stream, and the gateway has no MOBIKE")
def forgotten_without_mobike(bed, story):
    ginnel, _, _ = forgets(bed, story, user__id="still@example.com")
    ginnel.down()


@scene("A stream that is silent for a while", about="""Nothing gets through for seconds, then the old stream does
       before another is open.""")
def only_a_while(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order=f"tcp/{PORT}")
    ginnel.connect()
    before, inside, port = initiator_spis(bed), ginnel.tunnel()["Addresses"], stream_port(bed)
    with Stream(bed.host, 8):
        until("pings", lambda: ginnel.statistics()["packets-in"] > 100)
        bed.router.add_rule(f"tcp dport {PORT} tcp flags syn / syn,ack counter drop")
        verdict(bed, port, "drop")
        until("another stream is tried", lambda: counted(bed, "tcp flags syn"), timeout=20)
        verdict(bed, port, "accept")
    with story.claim("The old one is kept"):
        bed.host.run(["ping", "-c", "1", "-W", "10", a.INSIDE4])
        bed.router.mood("open")
        expect_equal(stream_port(bed), port, "our port")
        expect_equal(ginnel.events("moved"), [], "moves")
    with story.claim("It is the same IKE SA"):
        expect_equal(initiator_spis(bed), before, "IKE SAs")
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
    ginnel.down()


@scene("A stream that is only slow", about="""An upload fills a queue of two seconds on the way.""")
def only_slow(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order=f"tcp/{PORT}")
    ginnel.connect()
    port = stream_port(bed)
    bed.router.limit("2mbit", latency="2s")
    with Download(bed, 1_500_000) as transfer:
        pass
    bed.router.unlimit()
    with story.claim("It is used to the end, checksums equal"):
        expect_equal(transfer.result.returncode, 0, transfer.result.stdout + transfer.result.stderr)
        expect_equal(stream_port(bed), port, "our port")
        expect_equal(ginnel.events("moved"), [], "moves")
    ginnel.down()
