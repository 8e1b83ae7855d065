"""Whether the gateway's certificate has been revoked, as lists, responders and the gateway say."""

from lab import addresses as a
from lab.story import expect, expect_equal
from scenes.revocation import web_server

from .peer import Offer
from .table import row


def offer(peer, name, **options):
    peer.offer(Offer(gateway=f"gw-{name}", gateway_id=f"{name}.gw.example", rounds=("pubkey",),
                     options=options))


def connects(client, peer, name, **options):
    offer(peer, name, **options)
    client.profile("tess", gateway__id=f"{name}.gw.example", gateway__revocation="strict")
    with client.connected():
        pass


def refuses(client, peer, name, **options):
    offer(peer, name, **options)
    client.profile("tess", gateway__id=f"{name}.gw.example")
    result = client.ginnel.up()
    said = result.stdout + result.stderr
    expect(result.returncode == 1, f"status {result.returncode}\n{said}")
    expect_equal(client.ginnel.tunnel()["Reason"], "CertificateRevoked", said)
    client.ginnel.down()
    client.settled("no session at the gateway", lambda: not peer.sessions())


@row("Revocation", "by a list (CRL)")
def by_list(client, peer):
    with web_server(client.bed) as asked:
        connects(client, peer, "crl-good")
        refuses(client, peer, "crl-revoked")
        expect(f'{a.HOST4} - - ' in asked() and "GET /ca.crl" in asked(), asked())


@row("Revocation", "by a responder (OCSP)")
def by_responder(client, peer):
    with web_server(client.bed) as asked:
        connects(client, peer, "ocsp-good")
        refuses(client, peer, "ocsp-revoked")
        expect(f'{a.HOST4} - - ' in asked() and "POST /ocsp" in asked(), asked())


@row("Revocation", "OCSP answer from the gateway (RFC 4806)")
def in_the_exchange(client, peer):
    """The client itself asks nobody: the certificate names whom it cannot reach."""
    with web_server(client.bed) as asked:
        client.bed.router.add_rule(f"ip saddr {a.HOST4} tcp dport 80 drop")
        connects(client, peer, "stapled-good", ocsp="reply")
        refuses(client, peer, "stapled-revoked", ocsp="reply")
        expect(f'{a.GATEWAY4} - - ' in asked() and a.HOST4 not in asked(), asked())
