"""What we prove ourselves by: keys of every kind, and files that are encrypted."""

import base64
import subprocess

from lab.product import Ginnel
from lab.story import expect, scene

PASSPHRASE = "open sesame"

# Name, pki's type and size, what the gateway says of the signature.
KINDS = [("tess-ed25519", "ed25519", None, "ED25519"), ("tess-ed448", "ed448", None, "ED448"),
         ("tess-p521", "ecdsa", 521, "ECDSA_WITH_SHA512_DER"),
         ("tess-rsa", "rsa", 2048, "RSA_EMSA_PSS")]


def hand_over(bed, name):
    bed.host.write(f"/etc/ginnel/{name}.crt", bed.pki.read(name + ".crt").decode(), mode="0644")
    bed.host.write(f"/etc/ginnel/{name}.key", bed.pki.read(name + ".key").decode())


@scene("Keys of every kind")
def keys_of_every_kind(bed, story):
    ginnel = Ginnel(bed.host)
    for name, kind, size, signature in KINDS:
        bed.pki.issue(name, [name + "@example.com"], ["clientAuth"], kind=kind, size=size)
        hand_over(bed, name)
        bed.certificate_profile(user__certificate=f"/etc/ginnel/{name}.crt",
                                user__key=f"/etc/ginnel/{name}.key",
                                user__id=f"{name}@example.com")
        with story.claim(f"Signed in with {kind}{' ' + str(size) if size else ''}"):
            ginnel.connect()
            log = bed.gateway.charon_log()
            expect(f"authentication of '{name}@example.com' with {signature}" in log,
                   f"the gateway did not see {signature}")
        ginnel.down()


@scene("A gateway that does not know RSA-PSS")
def without_pss(bed, story):
    ginnel = Ginnel(bed.host)
    hand_over(bed, "tess-rsa")
    bed.certificate_profile(user__certificate="/etc/ginnel/tess-rsa.crt",
                            user__key="/etc/ginnel/tess-rsa.key", user__id="tess-rsa@example.com",
                            gateway__id="pkcs1.gw.example")
    with story.claim("Refused once, then signed in by PKCS#1 v1.5, in the same command"):
        ginnel.connect()
        log = bed.gateway.charon_log()
        expect("authentication of 'tess-rsa@example.com' with RSA_EMSA_PKCS1_SHA2_256" in log,
               "the gateway did not see RSA_EMSA_PKCS1_SHA2_256")
    ginnel.down()
    bed.certificate_profile(user__certificate="/etc/ginnel/tess-rsa.crt",
                            user__key="/etc/ginnel/tess-rsa.key", user__id="tess@example.com",
                            gateway__id="gw.example")
    with story.claim("Who is refused for another reason is told so, after one try more"):
        result = ginnel.up()
        expect(result.returncode == 1, result.stdout)
        expect("does not accept" in result.stdout, result.stdout)
    ginnel.down()


@scene("Encrypted files")
def encrypted_files(bed, story):
    ginnel = Ginnel(bed.host)
    key, certificate = bed.pki.path("tess.key"), bed.pki.path("tess.crt")
    locked = subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-passout",
                             "pass:" + PASSPHRASE], check=True, capture_output=True, text=True)
    bed.host.write("/etc/ginnel/locked.key", locked.stdout)
    bed.host.write("/etc/ginnel/passphrase", PASSPHRASE + "\n")
    bed.host.write("/etc/ginnel/wrong", "open says me\n")
    with story.claim("An encrypted key is opened by what secret-file holds"):
        bed.certificate_profile(user__key="/etc/ginnel/locked.key",
                                user__secret_file="/etc/ginnel/passphrase")
        ginnel.connect()
        ginnel.down()
    with story.claim("A wrong passphrase is called that"):
        bed.certificate_profile(user__key="/etc/ginnel/locked.key",
                                user__secret_file="/etc/ginnel/wrong")
        result = ginnel.up()
        expect(result.returncode != 0, "it connected")
        expect("another passphrase than secret-file holds" in result.stdout + result.stderr,
               result.stdout + result.stderr)
    with story.claim("Without secret-file, and with nobody to ask, it says what to do"):
        bed.certificate_profile(user__key="/etc/ginnel/locked.key")
        result = ginnel.tool("up", "--no-ask", "work")
        expect(result.returncode != 0, "it connected")
        expect("ginnel agent" in result.stdout + result.stderr, result.stdout + result.stderr)
    with story.claim("A person is asked for the passphrase, for EAP-TLS too; again after a wrong one"):
        for make in (bed.certificate_profile, bed.eap_profile):
            more = {} if make == bed.certificate_profile else {
                "user__eap": "tls", "user__certificate": "/etc/ginnel/tess.crt",
                "user__eap_id": "tess@example.com", "gateway__id": "tls.gw.example",
                "user__eap_server_name": "tls.gw.example"}
            make(user__key="/etc/ginnel/locked.key", user__secret_file=None, **more)
            result = bed.host.run(["ginnel", "up", "--secrets-from-stdin", "work"],
                                  stdin=f"wrong\n{PASSPHRASE}\n", check=False, timeout=60)
            expect(result.returncode == 0, result.stdout + result.stderr)
            ginnel.down()
    with story.claim("Certificate and key in one PKCS#12 file"):
        path = bed.pki.path("tess.p12")
        subprocess.run(["openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate,
                        "-certfile", bed.pki.path("ca.crt"), "-out", path, "-passout",
                        "pass:" + PASSPHRASE], check=True, capture_output=True)
        bed.host.write("/etc/ginnel/tess.p12", "")
        bed.host.run(["sh", "-c", "base64 -d >/etc/ginnel/tess.p12"],
                     stdin=base64.b64encode(bed.pki.read("tess.p12")).decode())
        bed.certificate_profile(user__certificate="/etc/ginnel/tess.p12", user__key=None,
                                user__secret_file="/etc/ginnel/passphrase")
        ginnel.connect()
    ginnel.down()
