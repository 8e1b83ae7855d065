"""Encrypted resolvers (RFC 9464), with a real one behind the gateway."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene

SYSTEMS = ("debian12", "debian13")

PROFILE = {"dns__domains": "corp.example", "dns__trust_anchor_domains": "corp.example"}


def link(bed, verb, interface):
    return bed.host.read(["resolvectl", "--no-pager", verb, interface]).split(":", 1)[1].strip()


def plain_queries(capture):
    return capture.packets("dns && udp.port == 53 && ip.addr == " + a.INSIDE4)


@scene("A resolver inside that is asked by DNS over TLS")
def dot(bed, story):
    ginnel = Ginnel(bed.host)
    bed.serve_tls()
    for user in ("dot", "dot-alone", "dot-port", "digest"):
        bed.profile(user__id=f"{user}@example.com", **PROFILE)
        ginnel.connect()
        interface = ginnel.tunnel()["Interface"]
        with story.claim(f"{user}: what looks after its name is between: the stub, on this machine"):
            port = 8853 if user == "dot-port" else 853
            expect_equal(ginnel.tunnel()["DnsServers"], [f"{a.INSIDE4}:{port}#dns.corp.example"],
                         "servers")
            address = ginnel.tunnel()["Addresses"][0]
            expect(link(bed, "dns", interface).startswith(address + ":"), link(bed, "dns", interface))
        with bed.capture_inside(packet_filter="") as inside:
            with story.claim(f"{user}: host.corp.example resolves, authenticated"):
                answer = bed.host.query("host.corp.example").stdout
                expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
        with story.claim(f"{user}: it was asked by TLS, and never in the open"):
            asked = {name for name, _ in bed.unbound.queries()}
            expect("host.corp.example" in asked, f"unbound was asked: {asked}")
            uplink_addresses = ginnel.tunnel()["Addresses"]
            seen = [line for line in inside.packets("dns && !tls")
                    if any(address in line for address in uplink_addresses)]
            expect_equal(seen, [], "questions in the open")
        ginnel.down()
    with story.claim("The gateway was asked for encrypted resolvers"):
        expect("(27)" in bed.gateway.charon_log() or "INTERNAL_IP4_ENCDNS" in
               bed.gateway.charon_log() or "ENCDNS" in bed.gateway.charon_log(),
               "nothing of attribute 27 in the gateway's log")


@scene("A machine that demands DNS over TLS everywhere")
def dot_by_resolved(bed, story):
    ginnel = Ginnel(bed.host)
    bed.serve_tls()
    bed.host.resolved_conf(DNSOverTLS="yes")
    try:
        for user in ("dot", "dot-port"):
            bed.profile(user__id=f"{user}@example.com", gateway__address=a.GATEWAY4,
                        gateway__id="gw.example", **PROFILE)
            ginnel.connect()
            interface = ginnel.tunnel()["Interface"]
            with story.claim(f"{user}: the link has the server itself, with its name"):
                number = ":8853" if user == "dot-port" else ""
                expect_equal(link(bed, "dns", interface),
                             f"{a.INSIDE4}{number}#dns.corp.example", "servers")
                expect_equal(link(bed, "dnsovertls", interface), "yes", "DNSOverTLS")
            with story.claim(f"{user}: host.corp.example resolves, authenticated"):
                answer = bed.host.query("host.corp.example").stdout
                expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
            ginnel.down()
        bed.profile(user__id="dot-stranger@example.com", gateway__address=a.GATEWAY4,
                    gateway__id="gw.example", **PROFILE)
        ginnel.connect()
        with story.claim("A certificate with another name fails there, too"):
            answer = bed.host.query("host.corp.example")
            expect(answer.returncode != 0, answer.stdout)
        ginnel.down()
    finally:
        bed.host.resolved_conf()


@scene("A certificate with another name")
def wrong_name(bed, story):
    ginnel = Ginnel(bed.host)
    bed.serve_tls()
    bed.profile(user__id="dot-stranger@example.com", **PROFILE)
    ginnel.connect()
    with story.claim("Nothing resolves by a resolver whose certificate has another name"):
        answer = bed.host.query("host.corp.example")
        expect(answer.returncode != 0, answer.stdout)
    with story.claim("No question came to it"):
        expect_equal(bed.unbound.queries(), [], "questions")
    ginnel.down()


@scene("A key with another digest")
def wrong_digest(bed, story):
    ginnel = Ginnel(bed.host)
    bed.serve_tls()
    bed.profile(user__id="digest-wrong@example.com", **PROFILE)
    ginnel.connect()
    with story.claim("Nothing resolves by a resolver whose key is not the one of the digest"):
        answer = bed.host.query("host.corp.example")
        expect(answer.returncode != 0, answer.stdout)
        expect_equal(bed.unbound.queries(), [], "questions")
    with story.claim("The log says why"):
        log = bed.host.journal("-u", "ginnel-stub@*", "-n", "50")
        expect("its key is not the one" in log, log)
    ginnel.down()


@scene("Encrypted resolvers that cannot be used")
def unusable(bed, story):
    ginnel = Ginnel(bed.host)
    for user, code, word in (("doh", "not-usable", "h2"), ("digest-sha1", "digest", "hash")):
        bed.profile(user__id=f"{user}@example.com", **PROFILE)
        ginnel.connect()
        with story.claim(f"{user}: it is refused with a reason, and the plain server is asked"):
            refused = [item for item in ginnel.tunnel()["Refused"] if item["kind"] == "server"]
            expect_equal([(item["name"], item["code"]) for item in refused],
                         [("dns.corp.example", code)], "refused")
            expect(word in refused[0]["why"], refused[0]["why"])
            answer = bed.host.query("host.corp.example").stdout
            expect(a.INSIDE4 in answer, answer)
        ginnel.down()
    bed.profile(user__id="dot@example.com", dns__encrypted="off", **PROFILE)
    ginnel.connect()
    with story.claim("With encrypted = off the plain server is asked"):
        expect_equal(ginnel.tunnel()["DnsServers"], [a.INSIDE4], "servers")
        answer = bed.host.query("host.corp.example").stdout
        expect(a.INSIDE4 in answer, answer)
    ginnel.down()
