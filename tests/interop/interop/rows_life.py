"""What happens to a session while it lives, as both sides count it."""

import os
import struct

from lab import addresses as a
from lab.story import Failure, expect, expect_equal

from .peer import Offer
from .table import row


def begin(client, peer, offer=None, **changes):
    peer.offer(offer or Offer())
    client.profile(**changes)
    return client.connected()


def only_session(peer):
    sessions = peer.sessions()
    expect_equal(len(sessions), 1, "sessions at the gateway")
    return sessions[0]


@row("Life", "Child SA rekeyed by the gateway")
def gateway_rekeys_child(client, peer):
    with begin(client, peer):
        before = only_session(peer)
        peer.rekey_child()
        client.settled("another Child SA, and the old one gone", lambda: [
            child.spi_in for child in only_session(peer).children
            ] not in ([], [child.spi_in for child in before.children]) and
            len(only_session(peer).children) == 1)
        expect_equal(only_session(peer).spi, before.spi, "the IKE SA's SPI")
        client.settled("counted by the client", lambda: client.ginnel.statistics()["rekeys"] == 1)
        client.through()


@row("Life", "IKE SA rekeyed by the gateway")
def gateway_rekeys_ike(client, peer):
    with begin(client, peer):
        before = only_session(peer)
        peer.rekey_ike()
        client.settled("another IKE SA, and the old one gone", lambda:
                       [session.spi for session in peer.sessions()] not in ([], [before.spi]) and
                       len(peer.sessions()) == 1)
        expect_equal([child.spi_in for child in only_session(peer).children],
                     [child.spi_in for child in before.children], "the Child SA's SPI")
        expect_equal(client.ginnel.state(), "connected", "state")
        client.through()
        # The new IKE SA is one that works: it rekeys the Child SA.
        gone = only_session(peer).children[0].spi_in
        peer.rekey_child()
        client.settled("a Child SA of the new IKE SA", lambda: only_session(peer).children and
                       all(child.spi_in != gone for child in only_session(peer).children))
        client.through()


@row("Life", "reauthentication asked for by the gateway")
def reauthentication(client, peer):
    """RFC 4478: a new session before the old one is gone."""
    with begin(client, peer, Offer(options={"reauth": 10})):
        before = only_session(peer).spi
        client.settled("another session, and the old one gone", lambda: [
            session.spi != before for session in peer.sessions()] == [True], timeout=20)
        expect_equal(client.ginnel.events("reconnecting"), [], "reconnects")
        client.through()


@row("Life", "a path of 1200 octets")
def small_path(client, peer):
    """Both sides show certificates; a longer packet vanishes on the way, unannounced."""
    peer.stop()
    peer.start(**peer.SMALL_PATH)
    try:
        peer.offer(Offer(gateway="gw-rsa", gateway_id="rsa.gw.example", rounds=("pubkey",)))
        client.profile("tess-rsa", gateway__id="rsa.gw.example")
        client.bed.router.add_rule("meta l4proto udp meta length > 1200 drop")
        client.bed.router.add_rule("ip frag-off & 0x3fff != 0 drop")
        with client.bed.capture_uplink("small-path", "udp port 4500") as capture:
            try:
                with client.connected():
                    pass
            except Failure:
                peer.explain_small_path()
                raise
        # RFC 7383, section 2.5: Encrypted and Authenticated Fragment payloads, both ways.
        for end in (a.HOST4, a.GATEWAY4):
            expect(capture.packets(f"isakmp.typepayload == 53 and ip.src == {end}"),
                   f"{end} sent no fragments")
    finally:
        peer.stop()
        peer.start()


def half_open(client):
    """An IKE_SA_INIT request of somebody who never goes on, from elsewhere."""
    # RFC 7296, section 3.3: one proposal, AES-GCM-16 with 256 bits, PRF-HMAC-SHA2-384, Curve25519.
    proposal = bytes.fromhex("0000002801010003" "0300000c01000014800e0100" "0300000802000006"
                             "000000080400001f")
    proposal = struct.pack(">BBH", 0, 0, len(proposal)) + proposal[4:]
    payloads = b""
    for following, body in ((34, proposal), (40, struct.pack(">HH", 31, 0) + os.urandom(32)),
                            (0, os.urandom(32))):
        payloads += struct.pack(">BBH", following, 0, 4 + len(body)) + body
    message = os.urandom(8) + bytes(8) + struct.pack(
        ">BBBBII", 33, 0x20, 34, 0x08, 0, 28 + len(payloads)) + payloads
    client.bed.outside.run(["python3", "-c", f"""
import socket
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.settimeout(3)
end.sendto(bytes.fromhex("{message.hex()}"), ("{a.GATEWAY4}", 500))
end.recv(4096)
"""])


@row("Life", "cookie demanded")
def cookie(client, peer):
    peer.stop()
    peer.start(**peer.COOKIES)
    try:
        peer.offer(Offer())
        half_open(client)
        with client.bed.capture_uplink("cookie", "udp port 4500") as capture:
            client.profile()
            with client.connected():
                pass
        expect(capture.packets("isakmp.notify.msgtype == 16390"), "no cookie was on the wire")
    finally:
        peer.stop()
        peer.start()


@row("Life", "gateway restarted without a word")
def restart(client, peer):
    with begin(client, peer):
        peer.stop(hard=True)
        peer.start()
        peer.offer(Offer())
        # Packets go out and none comes back; what is lost right after others were answered is not
        # missed before the next.
        client.host.run(["ping", "-c", "3", "-W", "1", a.INSIDE4], check=False)
        client.settled("a new session", lambda: peer.sessions() and
                       client.ginnel.state() == "connected", timeout=30)
        client.through()


@row("Life", "session ended by the gateway")
def deleted(client, peer):
    with begin(client, peer):
        before = only_session(peer).spi
        peer.delete()
        client.settled("a new session", lambda: any(
            session.spi != before for session in peer.sessions()) and
            client.ginnel.state() == "connected", timeout=30)
        client.through()


@row("Life", "no Child SA in IKE_AUTH")
def childless(client, peer):
    with begin(client, peer, Offer(options={"childless": True}), gateway__childless="yes"):
        expect_equal(len(only_session(peer).children), 1, "Child SAs")


@row("Life", "redirected in IKE_AUTH")
def redirect_auth(client, peer):
    with begin(client, peer, Offer(options={"redirect": a.OLD_GATEWAY4}), gateway__redirect="yes"):
        expect_equal(client.ginnel.tunnel()["GatewayAddress"], a.OLD_GATEWAY4, "address")
        client.settled("one session", lambda: len(peer.sessions()) == 1)


@row("Life", "redirected in the middle")
def redirect(client, peer):
    """To another address of the same gateway, which is what redirects are for."""
    with begin(client, peer, gateway__redirect="yes"):
        before = only_session(peer).spi
        peer.redirect(a.OLD_GATEWAY4)
        client.settled("the other address", lambda: client.ginnel.state() == "connected" and
                       client.ginnel.tunnel()["GatewayAddress"] == a.OLD_GATEWAY4)
        client.settled("one session, another", lambda:
                       [session.spi != before for session in peer.sessions()] == [True])
        client.through()
