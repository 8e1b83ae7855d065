"""Every way of signing in, what is asked for, and what is refused."""

import base64
import subprocess

from lab.gateway import PSK
from lab.product import Ginnel
from lab.radius import SERVER_NAME, USERS
from lab.story import expect, expect_equal, scene
from nm.nmcli import PSK_DATA, Nmcli

CERTIFICATE = {"gateway-address": "gw4.example", "gateway-id": "gw.example",
               "gateway-ca": "/etc/ginnel/ca.crt", "user-certificate": "/etc/ginnel/tess.crt",
               "user-key": "/etc/ginnel/tess.key", "user-id": "tess@example.com",
               "dns-domains": "corp.example;two.example"}
EAP = {"gateway-address": "gw4.example", "gateway-id": "mschapv2.gw.example",
       "gateway-ca": "/etc/ginnel/ca.crt", "user-auth": "eap", "user-eap": "mschapv2",
       "user-id": "tess@example.com", "user-eap-id": "tess"}
PASSPHRASE = "open sesame"


@scene("Every way of signing in")
def ways(bed, story):
    nmcli = Nmcli(bed.host)
    tls = {**CERTIFICATE, "user-auth": "eap", "user-eap": "tls", "gateway-id": "tls.gw.example",
           "user-eap-server-name": "tls.gw.example"}
    rows = [("certificate", CERTIFICATE, None), ("EAP-MSCHAPv2", EAP, {"password": USERS["tess"]}),
            ("EAP-TLS", tls, None)]
    for words, data, secrets in rows:
        with story.claim(f"Signed in by {words}"):
            result = nmcli.add("work", data, secrets)
            expect(result.returncode == 0, result.stderr)
            nmcli.connect()
        nmcli.forget_vpns()
    with story.claim("Signed in by certificate and key in one PKCS#12 file"):
        path = bed.pki.path("tess-nm.p12")
        subprocess.run(["openssl", "pkcs12", "-export", "-inkey", bed.pki.path("tess.key"), "-in",
                        bed.pki.path("tess.crt"), "-out", path, "-passout", "pass:" + PASSPHRASE],
                       check=True, capture_output=True)
        bed.host.write("/etc/ginnel/tess.p12", "", mode="0600", owner="root:root")
        bed.host.run(["sh", "-c", "base64 -d >/etc/ginnel/tess.p12"],
                     stdin=base64.b64encode(bed.pki.read("tess-nm.p12")).decode())
        data = {**CERTIFICATE, "user-certificate": "/etc/ginnel/tess.p12"}
        del data["user-key"]
        expect(nmcli.add("work", data, {"passphrase": PASSPHRASE}).returncode == 0, "add")
        nmcli.connect()
    nmcli.forget_vpns()
    with story.claim("... by EAP-TLS, its passphrase asked for"):
        locked = {**tls, "user-certificate": "/etc/ginnel/tess.p12", "passphrase-flags": "2"}
        del locked["user-key"]
        nmcli.add("work", locked)
        result = nmcli.up_typing(bed, PASSPHRASE)
        expect_equal(result.returncode, 0, result.stdout)


@scene("What is asked for")
def asked(bed, story):
    nmcli = Nmcli(bed.host)
    nmcli.add("work", {**PSK_DATA, "psk-flags": "2"})
    with story.claim("A missing pre-shared key is asked for, once"):
        result = nmcli.up_typing(bed, PSK)
        expect_equal(result.returncode, 0, result.stdout)
        expect_equal(result.stdout.count("Pre-shared key"), 1, result.stdout)
        nmcli.down()
    with story.claim("Without anybody to ask it fails, and says what is missing"):
        result = nmcli.up()
        expect(result.returncode != 0 and "secrets" in result.stderr, result.stderr)
    nmcli.forget_vpns()
    nmcli.add("work", {**EAP, "password-flags": "2"})
    with story.claim("A password that is not accepted is asked for again, in the same connect"):
        result = nmcli.up_typing(bed, "wrong", USERS["tess"])
        expect_equal(result.returncode, 0, result.stdout)
        expect("not accepted" in result.stdout, result.stdout)
    nmcli.forget_vpns()
    nmcli.add("work", EAP, {"password": "wrong"})
    with story.claim("A wrong password, and nobody to ask for another"):
        result = nmcli.up()
        expect(result.returncode != 0 and "secrets" in result.stderr.lower(), result.stderr)
    nmcli.forget_vpns()
    nmcli.add("work", {**CERTIFICATE, "gateway-id": "stranger.gw.example"})
    with story.claim("What failed is told in words: in the journal and in ginnel status"):
        result = nmcli.up()
        expect(result.returncode != 0, "it connected")
        said = Ginnel(bed.host).tool("status", "work").stdout
        expect("is not trusted" in said, said)
        nmcli.expect_words("is not trusted")


@scene("What is refused")
def refused(bed, story):
    nmcli = Nmcli(bed.host)
    rows = [("gateway-adress", "192.0.2.1", "no such key"), ("network-mtu", "12", "1280"),
            ("connection-autoconnect", "yes", "secondaries"),
            ("user-key", "/etc/ginnel/no-such.key", "No such file")]
    for key, value, words in rows:
        with story.claim(f"{key} = {value} is refused by its name"):
            nmcli.add("work", {**CERTIFICATE, key: value})
            result = nmcli.up()
            expect(result.returncode != 0, "it connected")
            nmcli.expect_words(key, words)
        nmcli.forget_vpns()


@scene("A private connection")
def private(bed, story):
    nmcli = Nmcli(bed.host)
    home = "/home/tess"
    for name in ("ca.crt", "tess.crt", "tess.key"):
        bed.host.write(f"{home}/{name}", bed.pki.read(name).decode(), mode="0600",
                       owner="tess:tess")
    data = {**CERTIFICATE, "user-certificate": f"{home}/tess.crt", "user-key": f"{home}/tess.key",
            "gateway-ca": f"{home}/ca.crt"}
    mine = ["connection.permissions", "user:tess"]
    with story.claim("It is signed in with its owner's files, which the service may not read"):
        nmcli.add("work", data)
        nmcli.must("connection", "modify", "work", *mine)
        nmcli.connect()
    nmcli.forget_vpns()
    with story.claim("It does not get at a file that its owner may not read"):
        bed.host.write("/etc/ginnel/root.key", bed.pki.read("tess.key").decode(), mode="0600",
                       owner="root:root")
        nmcli.add("work", {**data, "user-key": "/etc/ginnel/root.key"})
        nmcli.must("connection", "modify", "work", *mine)
        expect(nmcli.up().returncode != 0, "it connected")
        nmcli.expect_words("user-key", "Permission denied")


@scene("A question of the gateway's")
def questions(bed, story):
    nmcli, radius = Nmcli(bed.host), bed.gateway.radius
    radius.stop()
    radius.start(tls="1.2")
    # The method takes the password inside, so nothing is asked of NetworkManager beforehand but that.
    gtc = {**EAP, "gateway-id": "eap.gw.example", "user-eap": "gtc", "user-eap-server-name": SERVER_NAME}
    with story.claim("The server's own question is shown as the gateway's words, and answered"):
        nmcli.add("work", {**gtc, "password-flags": "4"})
        result = nmcli.up_typing(bed, USERS["tess"])
        expect_equal(result.returncode, 0, result.stdout)
        expect("Today's code" in result.stdout, result.stdout)
    nmcli.forget_vpns()
    for method in ("ttls", "peap"):
        with story.claim(f"Signed in by EAP-{method.upper()}"):
            nmcli.add("work", {**gtc, "user-eap": method}, {"password": USERS["tess"]})
            nmcli.connect()
        nmcli.forget_vpns()
    radius.stop()
    with story.claim("A certificate, and then a password"):
        nmcli.add("work", {**CERTIFICATE, "gateway-id": "second.gw.example",
                           "user-second-auth": "eap", "user-eap-id": "tess"},
                  {"password": USERS["tess"]})
        nmcli.connect()
    nmcli.forget_vpns()
