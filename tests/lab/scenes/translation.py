"""Behind a router that translates addresses, and forgets to whom it gave which port."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

from .tunnel import check_inside


def seen(bed):
    """Where the gateway sees the one client that it has."""
    sa, = bed.gateway.established()
    return sa["remote-host"], sa["remote-port"], sa["initiator-spi"]


def ping(bed, box, address):
    return box.run(["ping", "-c", "1", "-W", "1", address], check=False).returncode == 0


@scene("Behind a translation that forgets", about="""Most people are behind one. A router that was switched
       off and on gives another port: what is inside goes on, and nobody has to do anything.""")
def forgets(bed, story):
    ginnel = Ginnel(bed.host)
    bed.router.translate()
    bed.profile(gateway__address=a.GATEWAY4)
    ginnel.connect()
    inside = ginnel.tunnel()["Addresses"]
    before = seen(bed)
    with story.claim("It is found out, and said"):
        expect(ginnel.tunnel()["BehindNat"], "BehindNat")
        expect_equal(before[0], a.ROUTER4, "the client's address, as the gateway sees it")
    check_inside(bed, story, "behind it")
    with story.claim("It forgets: what is asked inside is answered all the same"):
        bed.router.forget_translations()
        until("an answer inside", lambda: ping(bed, bed.host, a.INSIDE4), timeout=10)
    after = seen(bed)
    with story.claim("The session is the same, by another port; nothing moved, nothing connected anew"):
        expect(after[1] != before[1], f"port {after[1]}, as before")
        expect_equal((after[0], after[2]), (before[0], before[2]), "address and SPI")
        expect_equal(ginnel.tunnel()["Addresses"], inside, "addresses")
        expect_equal(ginnel.events("moved") + ginnel.events("reconnecting"), [], "moves")
    with story.claim("And whoever is inside reaches the client by it"):
        expect(ping(bed, bed.gateway, inside[0]), "no answer")
    ginnel.down()
    bed.router.translate_no_more()
