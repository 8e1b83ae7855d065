"""What a middlebox does to a stream on its way (RFC 9329)."""

import os
import signal

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

from .lifetimes import Download
from .streams import initiator_spis
from .tunnel import check_inside

PORT = 4501


class Meddler:
    """Beside the gateway, in front of its relay."""

    def __init__(self, bed, *options):
        self.gateway = bed.gateway
        self.log = os.path.join(bed.gateway.log, "meddler")
        self.stop()
        self.gateway.spawn([bed.tool("stream-meddler"), *options, f"{a.GATEWAY4}:{PORT}",
                            f"{a.GATEWAY4}:4500"], log="meddler")
        until("the meddler", lambda: f":{PORT} " in self.gateway.read(["ss", "-Htln"]), timeout=3)

    def signal(self, number):
        self.gateway.run(["pkill", f"-{int(number)}", "-f", "stream-meddler"])

    def said(self):
        with open(self.log) as file:
            return file.read().split("\n")

    def stop(self):
        self.gateway.run(["pkill", "-9", "-f", "stream-meddler"], check=False)
        until("no meddler", lambda: f":{PORT} " not in self.gateway.read(["ss", "-Htln"]), timeout=3)


def connect(bed, ginnel):
    bed.profile(transport__order=f"tcp/{PORT}")
    ginnel.connect()


@scene("A stream of single octets", about="""A middlebox passes every octet with a write of its own.""")
def single_octets(bed, story):
    ginnel = Ginnel(bed.host)
    meddler = Meddler(bed, "--octets")
    with story.claim("The tunnel comes up all the same"):
        connect(bed, ginnel)
        expect_equal(ginnel.tunnel()["Transport"], f"tcp/{PORT}", "transport")
    check_inside(bed, story, "Octet by octet")
    ginnel.down()
    meddler.stop()


@scene("A stream that is altered on its way", about="""While a download runs, an octet is altered, so that nothing
       behind it can be told from anything else.""")
def altered(bed, story):
    ginnel = Ginnel(bed.host)
    meddler = Meddler(bed)
    connect(bed, ginnel)
    before = initiator_spis(bed)
    with Download(bed, 50_000_000) as download:
        meddler.signal(signal.SIGUSR1)
        until("an altered octet", lambda: "altered" in meddler.said(), timeout=10)
    with story.claim("The stream is closed and opened anew; the download goes on to its end, checksums equal"):
        expect_equal(download.result.returncode, 0,
                     download.result.stdout + download.result.stderr)
    with story.claim("It is the same IKE SA, and ginnel never counted it as lost"):
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
        expect_equal(ginnel.events("reconnecting"), [], "reconnects")
    with story.claim("A stream that is reset goes on in the same way"):
        with Download(bed, 50_000_000) as download:
            meddler.signal(signal.SIGUSR2)
            until("a reset", lambda: "reset" in meddler.said(), timeout=10)
        expect_equal(download.result.returncode, 0,
                     download.result.stdout + download.result.stderr)
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
    ginnel.down()
    meddler.stop()


@scene("A gateway that asks for a cookie and hangs up")
def cookie(bed, story):
    ginnel = Ginnel(bed.host)
    bed.gateway.stop_strongswan()
    bed.gateway.start_strongswan(cookies=1)
    meddler = Meddler(bed, "--hang-up", "1")
    half = None
    try:
        # One that is half open has the gateway ask the next one.
        half = ginnel.tool("check", "--order=tcp/4500", "gw4.example")
        with story.claim("The cookie goes back on another stream, from another port"):
            connect(bed, ginnel)
            expect("hung up" in meddler.said(), "nobody has hung up")
            expect("COOKIE" in bed.gateway.charon_log(), "nobody asked for a cookie")
        check_inside(bed, story, "After a cookie")
        ginnel.down()
    finally:
        meddler.stop()
        bed.gateway.stop_strongswan()
        bed.gateway.start_strongswan()
    expect(half is not None and half.returncode == 0, "the gateway did not answer at all")


@scene("What the outer packets say of the inner ones", about="""Packets of several classes go through one
       stream.""")
def markings(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order="tcp/4500")
    with bed.capture_uplink("markings", "tcp port 4500") as capture:
        ginnel.connect()
        # Best effort, expedited forwarding, and capable of ECN.
        for traffic_class in ("0", "0xb8", "0x02"):
            bed.host.run(["ping", "-c", "3", "-i", "0.1", "-W", "5", "-Q", traffic_class, a.INSIDE4])
        ginnel.down()
    sent = capture.fields(f"ip.src == {a.HOST4}", "ip.dsfield.dscp", "ip.dsfield.ecn", "tcp.flags.syn",
                          "tcp.flags.ece", "tcp.options.mss_val")
    with story.claim("One class for the whole stream, and no ECN outside (RFC 9329, sections 9.3, 9.5)"):
        expect(len(sent) > 12, f"{len(sent)} packets were seen")
        expect_equal({(dscp, ecn) for dscp, ecn, *_ in sent}, {("0", "0")}, "DSCP and ECN")
        expect(all(ece in ("0", "False") for *_, ece, _ in sent), "ECN was asked for")
    with story.claim("The stream says what segments it takes (section 9.4)"):
        expect(sent[0][4] != "", f"the first packet has no MSS: {sent[0]}")
