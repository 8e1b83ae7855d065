"""Networks that let only TLS through: the stream goes inside it."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene

from .lifetimes import Download
from .streams import initiator_spis
from .tunnel import check_inside

ORDER = "udp/4500 udp/500 tcp/4500 tls/443"


@scene("Only the web gets through", demo=True, about="""The router drops everything but port 443. Beside the
       gateway ginnel-relay takes streams inside TLS there, and the profile names that way last.""")
def only_443(bed, story):
    ginnel = Ginnel(bed.host)
    bed.gateway.start_tls_relay(bed.host.tree)
    bed.certificate_profile(transport__order=ORDER)
    bed.router.mood("only-443")
    with story.claim("Connected over TLS by itself"):
        result = story.types("ginnel up work")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_equal(ginnel.tunnel()["Transport"], "tls/443", "transport")
        expect_match("^Connected over TLS after [0-9.]+ m?s", result.stdout, "the closing line")
        expect_match("tls 443 +" + a.GATEWAY4 + " +answered", result.stdout, "the way that did")
    check_inside(bed, story, "Over TLS")
    with story.claim("10 MB in both directions over TLS, checksums equal"):
        result = bed.host.run([bed.tool("transfer"), a.INSIDE4, 10_000_000], check=False, timeout=120)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    with story.claim("ginnel status says that it runs over TLS"):
        expect_match("connected over TLS", story.types("ginnel status work").stdout, "status")
    story.types("ginnel down work")


@scene("A stream inside TLS breaks", about="""The relay is killed and started again while a transfer runs over
       TLS: the session goes on.""")
def tls_breaks(bed, story):
    ginnel = Ginnel(bed.host)
    bed.gateway.start_tls_relay(bed.host.tree)
    bed.profile(gateway__ca="/etc/ginnel/ca.crt", transport__order="tls/443")
    ginnel.connect()
    before = initiator_spis(bed)
    with Download(bed, 100_000_000) as download:
        bed.gateway.start_tls_relay(bed.host.tree)
    with story.claim("The transfer inside TLS goes on to its end, checksums equal"):
        expect_equal(download.result.returncode, 0,
                     download.result.stdout + download.result.stderr)
    with story.claim("It is the same IKE SA on another TLS session"):
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
        expect_equal(ginnel.events("reconnecting"), [], "reconnects")
    with story.claim("A stream that the network resets goes on from its TLS session, without another "
                     "certificate"):
        resumed = bed.gateway.tls_relay_figure("tls_resumed_total")
        with Download(bed, 50_000_000) as download:
            bed.router.reset(443)
            bed.router.mood("open")
        expect_equal(download.result.returncode, 0,
                     download.result.stdout + download.result.stderr)
        expect_equal(bed.gateway.tls_relay_figure("tls_resumed_total"), resumed + 1, "resumptions")
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
    ginnel.down()


@scene("Whose certificate TLS shows", about="""A server that TLS does not vouch for is no way to the gateway.""")
def tls_certificates(bed, story):
    ginnel = Ginnel(bed.host)

    def up(certificate, **changes):
        bed.gateway.start_tls_relay(bed.host.tree, certificate)
        bed.profile(**{"gateway__ca": "/etc/ginnel/ca.crt", "transport__order": "tls/443", **changes})
        result = ginnel.up()
        ginnel.down()
        return result

    with story.claim("A certificate of another authority: refused, in words that say so"):
        result = up("relay-stranger")
        expect(result.returncode != 0, result.stdout)
        expect_match("Somebody Else", result.stdout + result.stderr, "the error")
    with story.claim("A certificate for another name: refused, and both names are said"):
        result = up("relay-wild")
        expect(result.returncode != 0, result.stdout)
        expect_match(r"for \*\.example\.com, \*\.gw\.example, not for gw4\.example",
                     result.stdout + result.stderr, "the error")
    with story.claim("A gateway that is given by its address: the certificate is for the profile's id"):
        expect(up("relay", gateway__address=a.GATEWAY4).returncode != 0, "gw.example is not in it")
        expect_equal(up("gw", gateway__address=a.GATEWAY4).returncode, 0, "status")
    with story.claim("Over IPv6, too"):
        expect_equal(up("relay", gateway__address="gw6.example").returncode, 0, "status")
