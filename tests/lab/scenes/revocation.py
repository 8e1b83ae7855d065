"""Whether the gateway's certificate has been revoked: lists, OpenSSL's OCSP responder, and nobody."""

import contextlib

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

ANSWERS_WITHIN = 12     # seconds, also where nobody answers


@contextlib.contextmanager
def web_server(bed):
    """The authority's web server, and what it was asked so far."""
    server = bed.outside.spawn([bed.tool("revocation-server"), a.OUTSIDE4, bed.pki.directory],
                               log="revocation-server")
    try:
        until("the authority's web server", lambda: bed.outside.run(
            ["python3", "-c", f"import socket; socket.create_connection(('{a.OUTSIDE4}', 80), 1)"],
            check=False).returncode == 0)
        before = len(_log(bed))
        yield lambda: _log(bed)[before:]
    finally:
        server.kill()
        bed.outside.run(["pkill", "-f", "revocation-server " + a.OUTSIDE4], check=False)
        server.wait()


def _log(bed):
    with open(f"{bed.outside.log}/revocation-server") as file:
        return file.read()


def up(bed, gateway, revocation=None):
    bed.certificate_profile(gateway__id=f"{gateway}.gw.example", gateway__revocation=revocation)
    ginnel = Ginnel(bed.host)
    result = ginnel.up(timeout=60)
    said = result.stdout + result.stderr
    expect(result.seconds < ANSWERS_WITHIN, f"it took {result.seconds:.1f} s\n{said}")
    return ginnel, result.returncode, said


def connects(bed, gateway, revocation=None):
    ginnel, status, said = up(bed, gateway, revocation)
    expect(status == 0, said)
    bed.host.run(["ping", "-c1", "-W3", a.INSIDE4])
    ginnel.down()
    return said


def refused(bed, gateway, reason, words, revocation=None):
    ginnel, status, said = up(bed, gateway, revocation)
    expect(status == 1, f"exit status {status}\n{said}")
    tunnel = ginnel.tunnel()
    expect_equal(tunnel["Reason"], reason, "reason")
    for word in words:
        expect(word in said, f"no '{word}' in:\n{said}")
    expect(not bed.gateway.established(), "the gateway still has a session")
    ginnel.down()
    return tunnel["ReasonText"]


@scene("A revoked certificate")
def revoked(bed, story):
    with web_server(bed) as asked:
        with story.claim("A list that does not name it: connected, strict too"):
            connects(bed, "crl-good", "strict")
            expect("GET /ca.crl" in asked(), asked())
        with story.claim("A responder that says good: connected, strict too"):
            connects(bed, "ocsp-good", "strict")
            expect("POST /ocsp" in asked(), asked())
        for name, how in (("crl-revoked", "by a list"), ("ocsp-revoked", "by OCSP"),
                          ("both-revoked", "by a list, where the responder is gone")):
            with story.claim(f"Revoked {how}: refused, in words that say since when and by whom"):
                story.says(refused(bed, name, "CertificateRevoked",
                                   ["revoked", name + ".gw.example", "Lab Authority"]))
        with story.claim("revocation = off: nobody is asked"):
            before = len(asked())
            connects(bed, "crl-revoked", "off")
            expect_equal(asked()[before:], "", "asked")


@scene("Nobody says whether it is revoked")
def nobody_says(bed, story):
    for name, what in (("crl-good", "The server is down"), ("silent", "It is silent")):
        with story.claim(f"{what}: soft connects, and says that it is not known"):
            said = connects(bed, name)
            expect("not known whether the gateway's certificate has been revoked" in said, said)
        with story.claim(f"{what}: strict refuses, and says what to do"):
            story.says(refused(bed, name, "RevocationUnknown",
                               [name + ".gw.example", "revocation = soft"], "strict"))
    with story.claim("Somebody who does not wait for it leaves no session at the gateway"):
        bed.certificate_profile(gateway__id="silent.gw.example")
        ginnel = Ginnel(bed.host)
        waiting = bed.host.spawn(["ginnel", "up", "work"], log="not-waited-for")
        until("a session at the gateway", bed.gateway.established)
        expect_equal(ginnel.state(), "connecting", "state")
        ginnel.down()
        waiting.wait(timeout=10)
        until("no session at the gateway", lambda: not bed.gateway.sas(), timeout=3)
    with web_server(bed) as asked:
        with story.claim("More than 64 KiB: as good as nothing"):
            refused(bed, "big", "RevocationUnknown", ["too large"], "strict")
            expect("GET /big.crl" in asked(), asked())


@scene("A revocation list from within a full tunnel")
def full_tunnel(bed, story):
    ginnel = Ginnel(bed.host)
    bed.certificate_profile(gateway__id="full.gw.example", gateway__revocation="strict",
                            network__include="0.0.0.0/0;::/0")
    with web_server(bed) as asked:
        ginnel.connect()
        before = len(asked())
        with bed.capture_inside(packet_filter="tcp port 80") as inside:
            with story.claim("The process dies: the list is asked for outside, and it comes back"):
                ginnel.kill_tunnel_process()
                until("asked again", lambda: "GET /ca.crl" in asked()[before:], timeout=20)
                ginnel.wait_for("connected")
        with story.claim("Nothing of that went through the tunnel"):
            expect_equal(inside.packets(), [], "in the tunnel")
    ginnel.down()


@scene("A certificate that points inward")
def inward(bed, story):
    listener = bed.host.spawn(["python3", "-m", "http.server", "--bind", "127.0.0.1", "8080"],
                              log="inward")
    try:
        until("a service on loopback", lambda: bed.host.run(
            ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 8080), 1)"],
            check=False).returncode == 0)
        with story.claim("A service on the user's own machine is not asked"):
            refused(bed, "inward", "RevocationUnknown", ["address of this machine"], "strict")
            with open(f"{bed.host.log}/inward") as file:
                said = file.read()
            expect("GET" not in said, said)
    finally:
        bed.host.run(["pkill", "-f", "http.server --bind 127.0.0.1"], check=False)
        listener.kill()
        listener.wait()


@scene("A revoked EAP server")
def revoked_eap_server(bed, story):
    ginnel = Ginnel(bed.host)
    radius = bed.gateway.radius
    with web_server(bed) as asked:
        radius.stop()
        radius.start(certificate="radius-good", tls="1.2")
        bed.eap_profile(user__eap="ttls")
        with story.claim("The EAP server's certificate is asked about as the gateway's is"):
            ginnel.connect()
            expect("GET /ca.crl" in asked(), asked())
        ginnel.down()
        radius.stop()
        radius.start(certificate="radius-revoked", tls="1.3")
        for eap in ("ttls", "peap"):
            bed.eap_profile(user__eap=eap)
            with story.claim(f"Revoked: it gets no password, with {eap}"):
                result = ginnel.up()
                said = result.stdout + result.stderr
                expect_equal(result.returncode, 1, said)
                expect_equal(ginnel.tunnel()["Reason"], "CertificateRevoked", "reason")
                expect("EAP server" in said, said)
                story.says(ginnel.tunnel()["ReasonText"])
            ginnel.down()
        bed.eap_profile(user__eap="ttls", gateway__revocation="off")
        with story.claim("revocation = off: nobody is asked about it"):
            ginnel.connect()
        ginnel.down()
    radius.stop()
