"""Everything that goes wrong has its own error, within seconds, in words that say what to do."""

from lab.product import Ginnel
from lab.story import expect, expect_equal, scene

SECONDS = 12


def certificates(**changes):
    return lambda bed: bed.certificate_profile(**changes)


def psk(**changes):
    return lambda bed: bed.profile(**changes)


# what is wrong, the profile, the reason on the bus, words of which one must stand in what is printed
CASES = [
    ("Wrong pre-shared key", psk(user__secret_file="/etc/ginnel/wrong.secret"),
     ("AuthenticationFailed.User", "AuthenticationFailed.Gateway"), ("secret", "key", "PSK")),
    ("Expired certificate", certificates(gateway__id="expired.gw.example"),
     ("CertificateExpired",), ("expired",)),
    ("Wrong gateway identity", certificates(gateway__id="vpn.wild.example"),
     ("IdentityMismatch",), ("gw.example",)),
    ("Untrusted chain", certificates(gateway__id="stranger.gw.example"),
     ("CertificateUntrusted",), ("ca", "authority", "trust")),
    ("No common proposal", psk(proposals__ike="aes256-sha512-modp3072"),
     ("NoCommonProposal",), ("proposal", "[proposals]", "algorithm")),
    ("No DNS for the gateway's name", psk(gateway__address="missing.example"),
     ("NameNotResolved",), ("missing.example",)),
    ("Nobody listening", psk(gateway__address="nobody.example"),
     ("GatewayUnreachable",), ("nobody.example", "192.0.2.53")),
    ("Address pool exhausted", psk(user__id="late@example.com"),
     ("AddressRefused",), ("address",)),
]


def check_case(bed, story, what, write, reasons, words):
    ginnel = Ginnel(bed.host)
    write(bed)
    with story.claim(f"{what}: its own error, within {SECONDS} s, in words that say what to do"):
        result = ginnel.up(timeout=60)
        said = result.stdout + result.stderr
        expect(result.returncode == 1, f"exit status {result.returncode}, not 1\n{said}")
        tunnel = ginnel.tunnel()
        expect_equal(tunnel["State"], "failed", "state")
        expect(tunnel["Reason"] in reasons, f"reason {tunnel['Reason']}, not {reasons}\n{said}")
        expect(any(word.lower() in said.lower() for word in words), f"none of {words} in:\n{said}")
        expect("Not connected" in said, said)
        expect(result.seconds < SECONDS, f"it took {result.seconds:.1f} s")
        story.says(f"{what}: {tunnel['ReasonText']}")
    ginnel.down()


@scene("Errors", demo=True, about="""Each of these goes wrong in its own way.""")
def every_error(bed, story):
    for case in CASES:
        check_case(bed, story, *case)


@scene("A gateway that is silent")
def silent_gateway(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="silent.example")
    with story.claim("GatewayUnreachable within 90 s, and ginnel up can be interrupted before"):
        result = ginnel.up(timeout=90)
        expect_equal(ginnel.tunnel()["Reason"], "GatewayUnreachable",
                     result.stdout + result.stderr)
    ginnel.down()


@scene("Profiles with mistakes")
def bad_profiles(bed, story):
    ginnel = Ginnel(bed.host)
    cases = (("a key that does not exist", {"gateway__adress": "gw.example"}, ("gateway", "adress")),
             ("a value that is none", {"transport__order": "udp/99999"}, ("transport", "order")),
             ("a file that is not there", {"user__secret_file": "/etc/ginnel/none"},
              ("user", "secret-file")))
    for words, changes, named in cases:
        bed.profile(**changes)
        with story.claim(f"{words}: file, line, group and key are named"):
            result = ginnel.up()
            said = result.stdout + result.stderr
            expect(result.returncode != 0, said)
            for word in ("/etc/ginnel/profiles/work.ginnel", *named):
                expect(word in said, f"no '{word}' in:\n{said}")
        ginnel.down()
    bed.profile()
    with story.claim("An unreadable secret: the error prints the chgrp that mends it"):
        bed.host.run(["chown", "root:root", "/etc/ginnel/psk.secret"])
        result = ginnel.up()
        bed.host.run(["chown", "root:ginnel", "/etc/ginnel/psk.secret"])
        said = result.stdout + result.stderr
        expect(result.returncode != 0 and "chgrp" in said, said)
    ginnel.down()
    with story.claim("A profile that does not exist: status 5"):
        expect_equal(ginnel.up("nowhere").returncode, 5, "exit status")
