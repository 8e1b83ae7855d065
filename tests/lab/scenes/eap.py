"""Signing in by EAP: by every method that the product has, and what is said when it fails."""

from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene
from lab.wait import until

TLS = {"user__certificate": "/etc/ginnel/tess.crt", "user__key": "/etc/ginnel/tess.key",
       "user__secret_file": None, "user__eap": "tls"}

# What is claimed, TLS version of the server, changes of the profile, the method as it is told.
METHODS = [
    ("EAP-MSCHAPv2", "1.3", {"user__eap": "mschapv2"}, "EAP-MSCHAPv2"),
    ("EAP-TLS over TLS 1.2", "1.2", TLS, "EAP-TLS"),
    ("EAP-TLS over TLS 1.3", "1.3", TLS, "EAP-TLS"),
    ("EAP-TTLS with MSCHAPv2", "1.2", {"user__eap": "ttls"}, "EAP-TTLS"),
    ("EAP-TTLS with MSCHAPv2 as EAP", "1.2",
     {"user__eap": "ttls", "user__eap_inner": "eap-mschapv2"}, "EAP-TTLS with EAP-MSCHAPv2"),
    ("EAP-TTLS with GTC", "1.2", {"user__eap": "ttls", "user__eap_inner": "gtc"}, "EAP-TTLS"),
    ("EAP-TTLS with PAP", "1.3", {"user__eap": "ttls", "user__eap_inner": "pap"}, "EAP-TTLS"),
    ("EAP-TTLS under an anonymous name", "1.2",
     {"user__eap": "ttls", "user__eap_anonymous_id": "anonymous"}, "EAP-TTLS"),
    ("PEAP with MSCHAPv2", "1.2", {"user__eap": "peap"}, "EAP-PEAP|PEAP"),
    ("PEAP with GTC", "1.2", {"user__eap": "peap", "user__eap_inner": "gtc"}, "EAP-PEAP|PEAP"),
    ("Whatever the server wants (auto)", "1.2", {}, "EAP-"),
    ("EAP-MD5 where the profile insists", "1.2", {"user__eap": "md5"}, "EAP-MD5"),
    ("EAP-GTC where the profile insists", "1.2", {"user__eap": "gtc"}, "EAP-GTC"),
]


def serve(bed, **options):
    bed.gateway.radius.stop()
    bed.gateway.radius.start(**options)


@scene("EAP by every method")
def every_method(bed, story):
    ginnel = Ginnel(bed.host)
    served = None
    for what, tls, changes, method in METHODS:
        if tls != served:
            serve(bed, tls=tls)
            served = tls
        bed.eap_profile(**changes)
        with story.claim(f"{what} signs in"):
            result = ginnel.connect()
            expect_match(f"signed in as tess@example.com, with ({method})", result.stdout, "story")
            expect_equal(len(bed.gateway.established()), 1, "sessions at the gateway")
        ginnel.down()
        bed.gateway.forget_all()
    bed.gateway.radius.stop()


@scene("PEAP with crypto-binding")
def crypto_binding(bed, story):
    ginnel = Ginnel(bed.host)
    radius = bed.gateway.radius
    for inner, word in (("MSCHAPV2", "mschapv2"), ("GTC", "gtc")):
        radius.stop()
        radius.start_hostapd(inner)
        bed.eap_profile(user__eap="peap", user__eap_inner=word)
        with story.claim(f"Where the server binds {inner} to its TLS: signed in, and both ends "
                         "have the same keys"):
            ginnel.connect()
            log = radius.log()
            expect("Valid cryptobinding TLV received" in log, log[-3000:])
        ginnel.down()
        bed.gateway.forget_all()
    radius.stop()


@scene("EAP with the gateway's own server")
def own_server(bed, story):
    ginnel = Ginnel(bed.host)
    # It looks for the user's name in the user's certificate.
    tls = {**TLS, "user__eap_id": "tess@example.com"}
    cases = [("EAP-MSCHAPv2", {"gateway__id": "mschapv2.gw.example", "user__eap": "mschapv2"}),
             ("EAP-TLS", {**tls, "gateway__id": "tls.gw.example",
                          "user__eap_server_name": "tls.gw.example"}),
             ("EAP-TLS alone, the gateway proving itself in it (EAP-only)",
              {**tls, "gateway__id": "only.gw.example", "gateway__auth": "eap-only",
               "user__eap_server_name": "only.gw.example"})]
    for what, changes in cases:
        bed.eap_profile(**changes)
        with story.claim(f"{what} signs in"):
            ginnel.connect()
        ginnel.down()
    bed.certificate_profile(gateway__id="second.gw.example", user__second_auth="eap",
                            user__eap_id="tess", user__secret_file="/etc/ginnel/tess.secret")
    with story.claim("A certificate, and then a password (RFC 4739)"):
        result = ginnel.connect()
        expect_match("with certificate and EAP-MSCHAPv2", result.stdout, "story")
    ginnel.down()


@scene("EAP that fails, in words")
def failures(bed, story):
    ginnel = Ginnel(bed.host)
    serve(bed, tls="1.2")
    wrong = {"user__secret_file": "/etc/ginnel/wrong.secret"}
    for eap in ("mschapv2", "ttls", "peap"):
        bed.eap_profile(user__eap=eap, **wrong)
        with story.claim(f"A wrong password with {eap} is called that, with the method"):
            result = ginnel.up()
            expect_equal(result.returncode, 1, result.stdout)
            expect_equal(ginnel.tunnel()["Reason"], "AuthenticationFailed.User", "reason")
            expect_match(f"(?i){eap}", result.stdout, "the method")
        ginnel.down()
    bed.eap_profile(user__eap="ttls", user__eap_server_name="elsewhere.example")
    with story.claim("A server whose certificate has another name gets no password"):
        result = ginnel.up()
        expect_equal(result.returncode, 1, result.stdout)
        expect_match("elsewhere.example", result.stdout, "the name")
    ginnel.down()
    bed.eap_profile(**TLS)
    serve(bed, only="peap")
    with story.claim("A server that knows no method of the profile's: both lists are named"):
        result = ginnel.up()
        expect_equal(result.returncode, 1, result.stdout)
        expect_match("(?s)PEAP.*the profile allows EAP-TLS", result.stdout, "methods")
    ginnel.down()
    serve(bed, certificate="radius-stranger", tls="1.2")
    bed.eap_profile(user__eap="ttls")
    with story.claim("A server that another authority vouches for gets no password"):
        result = ginnel.up()
        expect_equal(result.returncode, 1, result.stdout)
        expect_match("EAP-TTLS", result.stdout, "the method")
    ginnel.down()
    bed.host.write("/etc/ginnel/stranger-ca.crt", bed.pki.read("stranger-ca.crt").decode())
    bed.eap_profile(user__eap="ttls", user__eap_ca="/etc/ginnel/stranger-ca.crt")
    with story.claim("... unless the profile names that one for it: eap-ca"):
        ginnel.connect()
    ginnel.down()
    serve(bed, tls="1.2")
    bed.eap_profile(user__eap="mschapv2", user__secret_file=None)
    with story.claim("With nobody to ask, it says what was needed and what to do"):
        result = ginnel.up()
        expect_equal(ginnel.tunnel()["Reason"], "SecretUnavailable", "reason")
        expect_match("nobody to ask", result.stdout, "words")
        expect_match("ginnel up work", result.stdout, "what to do")
    ginnel.down()
    bed.gateway.radius.stop()


@scene("A password that is asked for")
def asked(bed, story):
    ginnel = Ginnel(bed.host)
    serve(bed, tls="1.2")
    ask = ["ginnel", "up", "--secrets-from-stdin", "work"]
    bed.eap_profile(user__eap="mschapv2", user__secret_file=None)
    with story.claim("A password from no file is asked for"):
        result = bed.host.run(ask, check=False, stdin="Ar3etTnp\n", timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    with story.claim("It is kept while the tunnel is wanted: a lost session comes back by itself"):
        before = {sa["uniqueid"] for sa in bed.gateway.established()}
        bed.gateway.terminate_all()
        until("another session at the gateway",
              lambda: {sa["uniqueid"] for sa in bed.gateway.established()} - before, timeout=30)
        ginnel.wait_for("connected")
    ginnel.down()
    with story.claim("A wrong one is asked for again, in the same command"):
        result = bed.host.run(ask, check=False, stdin="wrong\nAr3etTnp\n", timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    ginnel.down()
    with story.claim("After three wrong ones it is enough"):
        result = bed.host.run(ask, check=False, stdin="a\nb\nc\nAr3etTnp\n", timeout=60)
        expect_equal(result.returncode, 1, result.stdout + result.stderr)
        expect_equal(ginnel.tunnel()["Reason"], "AuthenticationFailed.User", "reason")
    ginnel.down()
    bed.eap_profile(user__eap="gtc", user__secret_file=None)
    with story.claim("Somebody at a terminal sees the server's question as the gateway's words"):
        result = bed.host.run([bed.tool("as-person"), "Ar3etTnp", "ginnel", "up", "work"],
                              check=False, timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_match("The gateway says: \"Today's code: *\"", result.stdout, "question")
        expect("Ar3etTnp" not in result.stdout, "the answer was shown")
    ginnel.down()
    with story.claim("No password is in a log or on the bus"):
        said = bed.host.read(["journalctl", "--no-pager", "-o", "cat"])
        expect("Ar3etTnp" not in said, "the journal has it")
    bed.gateway.radius.stop()


@scene("A pre-shared key that is asked for")
def asked_psk(bed, story):
    ginnel = Ginnel(bed.host)
    ask = ["ginnel", "up", "--secrets-from-stdin", "work"]
    bed.profile(user__secret_file=None)
    with story.claim("A key that is in no file is asked for, and again after a wrong one"):
        result = bed.host.run(ask, check=False, stdin=f"wrong\n{PSK}\n", timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    with story.claim("It is kept while the tunnel is wanted: a lost session comes back by itself"):
        before = {sa["uniqueid"] for sa in bed.gateway.established()}
        bed.gateway.terminate_all()
        until("another session at the gateway",
              lambda: {sa["uniqueid"] for sa in bed.gateway.established()} - before, timeout=30)
        ginnel.wait_for("connected")
    ginnel.down()
    with story.claim("With nobody to ask it says what was needed"):
        result = ginnel.tool("up", "--no-ask", "work")
        expect(result.returncode != 0, "it connected")
        expect_equal(ginnel.tunnel()["Reason"], "SecretUnavailable", "reason")
    ginnel.down()
