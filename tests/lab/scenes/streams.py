"""What happens to a session on its way: its stream breaks, its keys change."""

from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

from .lifetimes import Download, Stream
from .tunnel import check_inside


def initiator_spis(bed):
    return {sa["initiator-spi"] for sa in bed.gateway.established()}


@scene("The stream breaks", demo=True, about="""While a transfer runs over TCP, the relay beside the gateway
       is killed and started again. The session is the same before and after.""")
def stream_breaks(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order="tcp/4500")
    ginnel.connect()
    before = initiator_spis(bed)
    with Download(bed, 200_000_000) as download:
        bed.gateway.restart_relay(bed.host.tree)
    with story.claim("The transfer inside goes on to its end, checksums equal"):
        expect_equal(download.result.returncode, 0,
                     download.result.stdout + download.result.stderr)
    with story.claim("It is the same IKE SA, and ginnel never counted it as lost"):
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
        expect_equal(ginnel.state(), "connected", "state")
        expect_equal(ginnel.events("reconnecting"), [], "reconnects")
    check_inside(bed, story, "On the new stream")
    ginnel.down()


@scene("Only port 500 is tried")
def port_500(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(transport__order="udp/500")
    with story.claim("What began on port 500 goes on on port 4500"):
        ginnel.connect()
        expect_equal(ginnel.tunnel()["Transport"], "udp/4500", "transport")
    check_inside(bed, story, "From port 500")
    ginnel.down()


def spis(bed):
    """Of the IKE SAs that are up, each with the Child SA in use."""
    return {(sa["initiator-spi"], child["spi-in"]) for sa in bed.gateway.established()
            for child in sa["child-sas"].values() if child["state"] == "INSTALLED"}


@scene("The gateway changes the keys", about="""New keys for the packets and for the session itself, while packets
       pass.""")
def gateway_rekeys(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with Stream(bed.host, 4) as pings:
        for what in ({"child": "net"}, {"ike": "psk"}, {"child": "net"}):
            before = spis(bed)
            with bed.gateway.vici() as vici:
                vici.call("rekey", what)
            # A rekeying of what is being rekeyed would be none.
            until("other keys at the gateway", lambda old=before: len(spis(bed)) == 1 and
                  not old & spis(bed), timeout=10)
    with story.claim("Two rekeyings of the packets' keys and one of the session's lose no packet"):
        expect_equal(pings.lost, 0, "packets lost")
    with story.claim("ginnel counts the rekeyings, and still is connected"):
        rekeys = ginnel.statistics()["rekeys"]
        expect(rekeys >= 2, f"{rekeys} rekeyings")
        expect_equal(ginnel.state(), "connected", "state")
    ginnel.down()
