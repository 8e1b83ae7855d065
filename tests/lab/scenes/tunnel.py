"""Up over UDP, and what a tunnel is for: packets, both families, both directions."""

import json

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene

TRANSFER = 100_000_000


def check_inside(bed, story, how):
    with story.claim(f"{how}: ping goes through, IPv4 and IPv6 inside"):
        for address in (a.INSIDE4, a.INSIDE6):
            bed.host.run(["ping", "-c", "3", "-i", "0.1", "-W", "2", address])


def check_transfer(bed, story, address, family, octets=TRANSFER):
    """The seconds of both directions go into the claim, so that a slow one is noticed."""
    with story.claim(f"{octets // 1_000_000} MB in both directions, checksums equal, {family} inside"):
        result = bed.host.run([bed.tool("transfer"), address, octets], check=False, timeout=180)
        story.says(result.stdout.replace("\n", "; "))
        expect_equal(result.returncode, 0, result.stdout + result.stderr)


@scene("UDP is open", demo=True, about="""A gateway of another make (strongSwan) guards a network with
       a web server and a name server. The profile names the gateway and the user, no more.""")
def udp_with_psk(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    with story.claim("Connected over UDP with a pre-shared key"):
        result = story.types("ginnel up work")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_equal(ginnel.tunnel()["Transport"], "udp/4500", "transport")
        expect_match("^Connected over UDP after [0-9.]+ m?s", result.stdout, "the closing line")
        expect_match("signed in as tess@example.com", result.stdout, "who signed in")
    check_inside(bed, story, "Pre-shared key")
    for address, family in ((a.INSIDE4, "IPv4"), (a.INSIDE6, "IPv6")):
        check_transfer(bed, story, address, family)
    with story.claim("ginnel status says what is there, for people and as JSON"):
        result = story.types("ginnel status work")
        for word in ("connected over UDP", "10.77.0.", "2001:db8:77::", "corp.example"):
            expect(word in result.stdout, f"no '{word}' in:\n{result.stdout}")
        json.loads(ginnel.tool("status", "--json").stdout)
    story.types("ginnel down work")


@scene("Certificates", demo=True, about="""The same with certificates on both sides instead of the key.""")
def udp_with_certificates(bed, story):
    ginnel = Ginnel(bed.host)
    cases = (("ECDSA P-256", "tess", "gw.example"), ("RSA", "tess-rsa", "rsa.gw.example"),
             ("ECDSA P-384", "tess-p384", "p384.gw.example"))
    for words, user, gateway in cases:
        bed.certificate_profile(gateway__id=gateway, user__id=f"{user}@example.com",
                                user__certificate=f"/etc/ginnel/{user}.crt",
                                user__key=f"/etc/ginnel/{user}.key")
        with story.claim(f"Connected with certificates on both sides, {words}"):
            result = story.types("ginnel up work")
            expect_equal(result.returncode, 0, result.stdout + result.stderr)
            tunnel = ginnel.tunnel()
            expect_equal(tunnel["UserAuth"], "certificate", "how the user signed in")
            expect(tunnel["GatewayNotAfter"] > 0, "it is not said how long its certificate is good")
        check_inside(bed, story, words)
        if user == "tess":
            check_transfer(bed, story, a.INSIDE6, "IPv6", 10_000_000)
        ginnel.down()


@scene("IPv6 outside")
def outer_ipv6(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="gw6.example")
    with story.claim("Connected over UDP to a gateway that has only an IPv6 address"):
        ginnel.connect()
        expect_equal(ginnel.tunnel()["GatewayAddress"], a.GATEWAY6, "gateway's address")
    check_inside(bed, story, "IPv6 outside")
    ginnel.down()
    bed.profile(gateway__address="gw.example")
    with story.claim("Connected to a gateway with both addresses, IPv6 preferred"):
        ginnel.connect()
        expect_equal(ginnel.tunnel()["GatewayAddress"], a.GATEWAY6, "gateway's address")
    ginnel.down()


@scene("Older gateways")
def older_algorithms(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="old@example.com", gateway__address="old.example")
    with story.claim("A gateway that knows AES-CBC, HMAC-SHA2 and MODP-2048 only, and no hint of that "
                     "in the profile"):
        ginnel.connect()
        tunnel = ginnel.tunnel()
        expect("modp2048" in tunnel["IkeAlgorithms"], tunnel["IkeAlgorithms"])
        expect("sha256" in tunnel["EspAlgorithms"], tunnel["EspAlgorithms"])
    check_inside(bed, story, "AES-CBC")
    ginnel.down()
    for ike, esp in (("chacha20poly1305-prfsha256-x25519", "chacha20poly1305"),
                     ("aes256gcm16-prfsha384-ecp384", "aes128gcm16"),
                     ("aes256-sha256-ecp256", "aes256gcm16")):
        bed.profile(proposals__ike=ike, proposals__esp=esp)
        with story.claim(f"{ike} with {esp}"):
            ginnel.connect()
            bed.host.run(["ping", "-c", "1", "-W", "2", a.INSIDE4])
        ginnel.down()


@scene("Everything through the tunnel")
def full_tunnel(bed, story):
    """0.0.0.0/0 inside, with strict reverse path filtering, which the bed always has."""
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="full@example.com", network__include="0.0.0.0/0;::/0")
    bed.gateway.ip("addr", "add", "203.0.113.7/32", "dev", "lo")
    with story.claim("Connected with 0.0.0.0/0 and ::/0"):
        ginnel.connect()
        expect(ginnel.tunnel()["FullTunnel"], "the tunnel does not say that it takes everything")
    with story.claim("An address of the outside is reached through the tunnel"):
        with bed.capture_uplink("full", "icmp") as capture:
            bed.host.run(["ping", "-c", "2", "-i", "0.2", "-W", "2", "203.0.113.7"])
        expect_equal(capture.packets(), [], "pings beside the tunnel")
    check_inside(bed, story, "Full tunnel")
    with story.claim("All names are asked inside"):
        with bed.capture_outside("full-dns") as capture:
            bed.host.query("host.corp.example")
            bed.host.query("somewhere.example")
        expect_equal(capture.asked_names(), set(), "names asked outside")
    ginnel.down()
    bed.gateway.ip("addr", "del", "203.0.113.7/32", "dev", "lo")


@scene("A busy network", about="""A router marks packets instead of dropping them, where their ends say
       that they know what that means.""")
def congestion(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()

    def ping(ecn):
        bed.host.run(["ping", "-c", "3", "-i", "0.1", "-W", "5", "-Q", str(ecn), a.INSIDE4])

    device = ginnel.tunnel()["Interface"]
    with bed.capture_uplink("marks", f"src {a.HOST4} and udp port 4500") as outside:
        ping(0)
        ping(2)
    with story.claim("What is capable of ECN inside is so outside, and nothing else"):
        seen = [ecn for ecn, in outside.fields("esp", "ip.dsfield.ecn")]
        expect_equal((seen.count("0"), seen.count("2"), len(seen)), (3, 3, 6), str(seen))
    # Whatever it says outside: where the kernel has no ESP, strongSwan's own copies nothing there.
    bed.router.add_rule(f"ip saddr {a.GATEWAY4} udp sport 4500 ip ecn set ce")
    with bed.capture_tunnel(device, packet_filter="icmp") as inside:
        ping(0)
        ping(2)
    with story.claim("What the router marks outside is marked inside"):
        answers = inside.fields("icmp.type == 0", "ip.dsfield.ecn")
        expect_equal([ecn for ecn, in answers], ["0"] * 3 + ["3"] * 3, "ECN of the answers")
    bed.router.mood("open")
    ginnel.down()
