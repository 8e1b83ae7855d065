"""Gateways that want it otherwise: they send us to another one, or sign us in without a tunnel."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until


def at_address(bed):
    return {sa["local-host"] for sa in bed.gateway.established()}


def redirect(bed, address):
    for sa in bed.gateway.established():
        with bed.gateway.vici() as vici:
            vici.call("redirect", {"ike-id": sa["uniqueid"], "gateway": address})


@scene("The gateway sends us to another", about="""A gateway that is about to be stopped, or has too much
       to do, names another one (RFC 5685). The profile says whether we go.""")
def redirected(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="gw4.example", gateway__redirect="yes")
    ginnel.connect()
    expect_equal(at_address(bed), {a.GATEWAY4}, "the gateway's address")
    redirect(bed, a.GATEWAY6)
    with story.claim("The session goes on at the other one, and the old one is gone"):
        until("a session at the other gateway", lambda: ginnel.state() == "connected" and
              at_address(bed) == {a.GATEWAY6}, timeout=15)
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    with story.claim("The timeline tells where we were sent"):
        text = ginnel.tool("status", "--verbose", "work").stdout
        expect(f"{a.GATEWAY4} sends us on to {a.GATEWAY6}" in text, text)
    with story.claim("An address that is no gateway's is not gone to, and the reason is said"):
        redirect(bed, "127.0.0.1")
        # The status says so, too, but only until it is connected again.
        until("the refusal", lambda: "no address of a gateway" in
              bed.host.journal("-u", "ginneld"), timeout=15)
        ginnel.wait_for("connected", timeout=15)
        expect_equal(at_address(bed), {a.GATEWAY4}, "the gateway's address")
    ginnel.down()


@scene("The first tunnel has an exchange of its own", about="""Childless IKE_AUTH (RFC 6023), for gateways
       that insist on it.""")
def childless(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__childless="yes")
    with story.claim("Connected, with the Child SA after IKE_AUTH"):
        ginnel.connect()
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
        log = bed.gateway.charon_log()
        expect("parsed CREATE_CHILD_SA request 2" in log, "no CREATE_CHILD_SA at the gateway")
    ginnel.down()
