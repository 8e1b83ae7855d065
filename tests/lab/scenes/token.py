"""A key that never leaves its token: PKCS#11, in a process of its own."""

from lab.product import BUS, DAEMON, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

HOME = "/var/lib/ginnel-token"
USER = "ginnel-token:ginnel-token"
KEY = "pkcs11:token=lab;object=tess;type=private"
CERTIFICATE = "pkcs11:token=lab;object=tess;type=cert"
PIN = "246810"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def as_token_user(bed, *command):
    bed.host.run(["runuser", "-u", "ginnel-token", "--", "env",
                  f"SOFTHSM2_CONF={HOME}/softhsm2.conf", *command])


def make_token(bed, name):
    """A token in software with the key of that name, for the user that the units run as."""
    bed.host.run(["rm", "-rf", HOME])
    bed.host.run(["install", "-d", "-o", "ginnel-token", "-g", "ginnel-token", "-m", "0700", HOME,
                  f"{HOME}/tokens"])
    bed.host.write(f"{HOME}/softhsm2.conf", f"directories.tokendir = {HOME}/tokens\n", owner=USER)
    bed.host.write("/etc/systemd/system/ginnel-token@.service.d/lab.conf",
                   f"[Service]\nEnvironment=SOFTHSM2_CONF={HOME}/softhsm2.conf\n", mode="0644")
    bed.host.run(["systemctl", "daemon-reload"])
    as_token_user(bed, "softhsm2-util", "--init-token", "--free", "--label", "lab", "--so-pin",
                  "13579111", "--pin", PIN)
    bed.host.write(f"{HOME}/key", bed.pki.read(name + ".key").decode(), owner=USER)
    as_token_user(bed, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", f"{HOME}/key", "-out",
                  f"{HOME}/key8")
    as_token_user(bed, "softhsm2-util", "--import", f"{HOME}/key8", "--token", "lab", "--label",
                  "tess", "--id", "01", "--pin", PIN)
    bed.host.write(f"{HOME}/certificate", bed.pki.read(name + ".crt").decode(), owner=USER)
    as_token_user(bed, "p11tool", "--provider", MODULE, "--login", "--set-pin", PIN, "--batch",
                  "--write", "--no-mark-private", "--load-certificate",
                  f"{HOME}/certificate", "--label", "tess", "--id", "01", "pkcs11:token=lab")
    bed.host.run(["rm", f"{HOME}/key", f"{HOME}/key8"])


@scene("A key in a token", about="""The key stays in the token; what a token's maker wrote runs in a process
       of its own, and ginneld never loads it.""")
def token(bed, story):
    ginnel = Ginnel(bed.host)
    bed.host.write("/etc/ginnel/pin", PIN + "\n")
    for name, words in (("tess", "ECDSA"), ("tess-rsa", "RSA")):
        make_token(bed, name)
        bed.certificate_profile(user__certificate=f"/etc/ginnel/{name}.crt", user__key=KEY,
                                user__secret_file="/etc/ginnel/pin",
                                user__id=f"{name}@example.com")
        with story.claim(f"Signed in with an {words} key in a token"):
            ginnel.connect()
            pid = bed.host.main_pid(DAEMON)
            maps = bed.host.read(["cat", f"/proc/{pid}/maps"])
            expect("softhsm" not in maps, "ginneld has loaded the token's code")
        ginnel.down()
        bed.certificate_profile(user__certificate=CERTIFICATE, user__key=KEY, user__id=None,
                                user__secret_file="/etc/ginnel/pin",
                                gateway__id="gw.example")
        with story.claim(f"Signed in with the {words} key's certificate from the token as well"):
            result = ginnel.connect()
            expect(f"CN={name}@example.com" in result.stdout or name in result.stdout,
                   result.stdout)
        with story.claim("A restarted ginneld asks the token anew who we are, when it has to"):
            bed.host.run(["systemctl", "restart", DAEMON])
            before = {sa["uniqueid"] for sa in bed.gateway.established()}
            bed.host.run(["busctl", "call", BUS, ginnel.tunnel()["path"], f"{BUS}.Tunnel",
                          "Rekey"])
            until("another session at the gateway",
                  lambda: {sa["uniqueid"] for sa in bed.gateway.established()} - before,
                  timeout=30)
            ginnel.wait_for("connected")
        ginnel.down()
    with story.claim("Nothing of it runs any more"):
        units = bed.host.read(["systemctl", "list-units", "--plain", "--no-legend",
                               "ginnel-token@*"])
        expect_equal(units.strip(), "", "units")


@scene("What is wrong with a token is said")
def token_errors(bed, story):
    ginnel = Ginnel(bed.host)
    make_token(bed, "tess")
    bed.host.write("/etc/ginnel/pin", "111111\n")

    def fails_with(words, **changes):
        bed.certificate_profile(user__key=changes.pop("key", KEY),
                                user__secret_file="/etc/ginnel/pin", **changes)
        result = ginnel.up()
        text = result.stdout + result.stderr
        expect(result.returncode != 0, "it connected")
        expect(words in text, text)

    with story.claim("A wrong PIN is called that, and is not tried again"):
        fails_with("PIN in secret-file is wrong")
    with story.claim("No such token"):
        fails_with("token", key="pkcs11:token=nobody;object=tess;type=private")
    with story.claim("Without secret-file, and with nobody to ask, it says what to do"):
        bed.certificate_profile(user__key=KEY)
        result = ginnel.tool("up", "--no-ask", "work")
        expect(result.returncode != 0, "it connected")
        expect("ginnel agent" in result.stdout + result.stderr, result.stdout + result.stderr)
    with story.claim("A person is asked again after a wrong PIN, and not a third time: it may lock"):
        ask = ["ginnel", "up", "--secrets-from-stdin", "work"]
        result = bed.host.run(ask, stdin=f"111111\n{PIN}\n", check=False, timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        ginnel.down()
        result = bed.host.run(ask, stdin=f"111111\n222222\n{PIN}\n", check=False, timeout=60)
        expect(result.returncode != 0, "a third PIN was tried")
        expect("the PIN is wrong" in result.stdout + result.stderr, result.stdout + result.stderr)
    with story.claim("A person is asked for the PIN"):
        result = bed.host.run(["ginnel", "up", "--secrets-from-stdin", "work"], stdin=PIN + "\n",
                              check=False)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    ginnel.down()


@scene("EAP-TLS with a token")
def token_eap(bed, story):
    ginnel = Ginnel(bed.host)
    bed.host.write("/etc/ginnel/pin", PIN + "\n")
    for tls in ("1.2", "1.3"):
        bed.gateway.radius.stop()
        bed.gateway.radius.start(tls=tls)
        for name, words in (("tess", "ECDSA"), ("tess-rsa", "RSA")):
            make_token(bed, name)
            bed.eap_profile(user__eap="tls", user__certificate=CERTIFICATE, user__key=KEY,
                            user__secret_file="/etc/ginnel/pin", user__eap_id=f"{name}@example.com")
            with story.claim(f"EAP-TLS over TLS {tls} with an {words} key and certificate in a token"):
                result = ginnel.connect()
                expect("EAP-TLS" in result.stdout, result.stdout)
            ginnel.down()
            bed.gateway.forget_all()
    bed.gateway.radius.stop()


# What pcscd's package brings: who sits at the machine may, others are asked.
PCSC_ACTIONS = """<?xml version="1.0" encoding="UTF-8"?>
<policyconfig>
""" + "".join(f"""  <action id="org.debian.pcsc-lite.access_{what}">
    <defaults><allow_any>no</allow_any><allow_inactive>no</allow_inactive>
    <allow_active>yes</allow_active></defaults>
  </action>
""" for what in ("pcsc", "card")) + "</policyconfig>\n"


@scene("A card in a reader")
def reader(bed, story):
    bed.host.write("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", PCSC_ACTIONS,
                   mode="0644")
    bed.host.run(["systemctl", "restart", "polkit"])

    def may(user, action):
        return bed.host.run(["runuser", "-u", user, "--", "sh", "-c",
                             f"pkcheck --action-id {action} --process $$"],
                            check=False).returncode == 0

    with story.claim("The process that talks to tokens may use pcscd's readers"):
        for what in ("pcsc", "card"):
            expect(may("ginnel-token", f"org.debian.pcsc-lite.access_{what}"), what)
    with story.claim("Nobody else of ours may, and it may nothing else"):
        expect(not may("ginnel", "org.debian.pcsc-lite.access_card"), "ginneld may")
        expect(not may("ginnel-token", "org.freedesktop.resolve1.revert"), "the resolver")
