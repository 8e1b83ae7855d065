"""Key exchanges and ciphers, each alone on both sides."""

from lab import addresses as a
from lab.story import expect_equal

from .peer import Offer
from .table import row

KEY_EXCHANGES = ["x25519", "x448", "ecp256", "ecp384", "ecp521", "modp2048", "modp3072", "modp4096"]

IKE_CIPHERS = ["aes128gcm16-prfsha256", "aes256gcm16-prfsha384", "aes128gcm8-prfsha256",
               "aes256gcm12-prfsha256", "aes128-sha256", "aes256-sha384", "aes256-sha512",
               "chacha20poly1305-prfsha256"]
ESP_CIPHERS = ["aes128gcm16", "aes256gcm16", "aes128gcm8", "aes256gcm8", "aes128gcm12", "aes256gcm12",
               "aes128-sha256", "aes256-sha256", "aes256-sha384", "aes256-sha512",
               "chacha20poly1305"]


def agree(client, peer, ike=Offer.ike, esp=None):
    """Of ESP, without its own word, what both have built in."""
    peer.offer(Offer(ike=ike, esp=esp or "default"))
    client.profile(**{"proposals__ike": ike, **({"proposals__esp": esp} if esp else {})})
    with client.connected(ike, esp):
        pass


@row("Proposals", "what both have built in")
def defaults(client, peer):
    peer.offer(Offer(ike="default", esp="default"))
    client.profile()
    with client.connected():
        pass


# RFC 9370, on top of x25519; the same again when the Child SA is rekeyed (IKE_FOLLOWUP_KE).
ADDITIONAL = ["ecp384", "mlkem512", "mlkem768", "mlkem1024"]


def another_child(client, peer, before, timeout=10):
    client.settled("another Child SA", lambda: [child.spi_in != before for session in
                                                peer.sessions() for child in session.children
                                                ] == [True], timeout)


def passes(client, peer):
    client.host.run(["ping", "-c", "1", "-W", "1", a.INSIDE4], check=False)
    return all(child.packets_in and child.packets_out for session in peer.sessions()
               for child in session.children)


def agree_twice(client, peer, ike, esp):
    peer.offer(Offer(ike=ike, esp=esp))
    client.profile(proposals__ike=ike, proposals__esp=esp)
    with client.connected(ike, esp.split("-")[0]):
        before = peer.sessions()[0].children[0].spi_in
        peer.rekey_child()
        another_child(client, peer, before)
        client.through()


@row("Key exchange", "x25519, then ecp384, when we rekey")
def we_rekey(client, peer):
    """The Child SA once it has carried enough, the IKE SA after the shortest time of a profile; and
    the gateway's child of the new IKE SA, whose keys come from both."""
    ike, esp = "aes256gcm16-prfsha384-x25519-ke1_ecp384", "aes256gcm16-x25519-ke1_ecp384"
    peer.offer(Offer(ike=ike, esp=esp))
    client.profile(proposals__ike=ike, proposals__esp=esp, lifetime__ike="1m",
                   lifetime__tunnel_octets="1M")
    with client.connected(ike, esp.split("-")[0]):
        session = peer.sessions()[0]
        client.host.run(["ping", "-q", "-f", "-c", "850", "-s", "1200", a.INSIDE4])
        # What it has carried is looked at every 20 s.
        another_child(client, peer, session.children[0].spi_in, timeout=30)
        # The gateway sends by the old one until that is deleted.
        client.settled("packets by it, both ways", lambda: passes(client, peer))
        client.settled("another IKE SA", lambda: [other.spi != session.spi for other in
                                                  peer.sessions()] == [True], timeout=75)
        before = peer.sessions()[0].children[0].spi_in
        peer.rekey_child()
        another_child(client, peer, before)
        client.through()
        expect_equal(client.ginnel.events("reconnecting"), [], "reconnects")


def add_rows():
    for name in ADDITIONAL:
        def play(client, peer, name=name):
            agree_twice(client, peer, f"aes256gcm16-prfsha384-x25519-ke1_{name}",
                        f"aes256gcm16-x25519-ke1_{name}")
        row("Key exchange", f"x25519, then {name}")(play)
    for name in KEY_EXCHANGES:
        def play(client, peer, ike=f"aes256gcm16-prfsha384-{name}"):
            agree(client, peer, ike=ike)
        row("Key exchange", name)(play)
    for name in IKE_CIPHERS:
        def play(client, peer, ike=f"{name}-x25519"):
            agree(client, peer, ike=ike)
        row("Cipher of IKE", f"IKE {name}")(play)
    for name in ESP_CIPHERS:
        def play(client, peer, esp=name):
            agree(client, peer, esp=esp)
        row("Cipher of ESP", f"ESP {name}")(play)


add_rows()
