"""OpenIKED of Debian 13, in its tree, with the kernel's part confirmed by no-esp-kernel.c."""

import os
import re

from lab import addresses as a
from lab.gateway import PSK
from lab.wait import until

from .peer import EAP_PASSWORD, EAP_USER, PKCS1, CannotDo, Child, Peer, Session

GROUPS = {"x25519": "curve25519", "ecp256": "ecp256", "ecp384": "ecp384", "ecp521": "ecp521",
          "modp2048": "modp2048", "modp3072": "modp3072", "modp4096": "modp4096"}
CIPHERS = {"aes128": "aes-128", "aes192": "aes-192", "aes256": "aes-256",
           "aes128gcm16": "aes-128-gcm", "aes256gcm16": "aes-256-gcm"}
IKE = {**CIPHERS, "aes128gcm12": "aes-128-gcm-12", "aes256gcm12": "aes-256-gcm-12"}
ESP = {**CIPHERS, "chacha20poly1305": "chacha20-poly1305", "aes192gcm16": "aes-192-gcm"}
CONFIGURATION = "/tmp/iked.conf"


def translated(proposal, ciphers, ike):
    """Its words for ours: enc, auth, prf, group."""
    out = []
    for word in proposal.split("-"):
        if word in ciphers:
            out.append(f"enc {ciphers[word]}")
        elif word in GROUPS:
            out.append(f"group {GROUPS[word]}")
        elif word.startswith("prfsha"):
            out.append(f"prf hmac-sha2-{word[6:]}")
        elif word.startswith("sha"):
            out.append(f"auth hmac-sha2-{word[3:]}")
            out += [f"prf hmac-sha2-{word[3:]}"] if ike else []
        elif word.startswith("ke1_"):
            raise CannotDo("its manual has no word for additional key exchanges")
        else:
            raise CannotDo(f"its manual has no {word} for {'IKE' if ike else 'ESP'}")
    return " ".join(out)


class OpenIked(Peer):
    title = "OpenIKED of Debian 13"
    packets = False
    why_no_packets = "agreed by both, but no packets: it leaves ESP to the kernel, and this one has none"
    COOKIES, SMALL_PATH = {"cookies": "always"}, {}

    def __init__(self, bed, tree):
        super().__init__(bed)
        self.root = os.path.join(bed.directory, "openiked")
        self.tree = tree

    def inside(self, *args, check=True):
        return self.box.run(["chroot", self.root, *args], check=check)

    # -- the program ----------------------------------------------------------------------------

    def start(self, **changes):
        """It reads its configuration once: offer () begins it anew."""
        if changes:
            raise CannotDo("its manual has no word for cookies")
        if self.tree.enter(self.box, self.root):
            self.inside("cp", self.bed.pki.path("ca.crt"), "/etc/iked/ca/ca.crt")
        if self.inside("test", "-e", CONFIGURATION, check=False).returncode == 0:
            self._run()

    def _run(self):
        before = len(self.log())
        self.box.spawn(["chroot", self.root, "iked", "-d", "-v", "-f", CONFIGURATION], log="iked",
                       env={"LD_PRELOAD": self.bed.tool("no-esp-kernel.so")})
        until("OpenIKED: iked", lambda: ":4500" in self.box.read(["ss", "-Hlun"]) or
              "failed to serialize private key" in self.log()[before:])
        if "failed to serialize private key" in self.log()[before:]:
            self.inside("rm", "-f", CONFIGURATION, "/etc/iked/private/local.key")
            raise CannotDo("it cannot load such a key (\"failed to serialize private key\")")

    def stop(self, hard=False):
        self.box.run(["pkill", "-KILL" if hard else "-TERM", "-x", "iked"], check=False)
        # Nobody in the box waits for those whose parent is gone: they stay as zombies.
        until("iked: end", lambda: self.box.run(["pgrep", "-x", "-r", "D,R,S", "iked"],
                                                check=False).returncode != 0)

    def log(self):
        path = os.path.join(self.bed.host.log, "iked")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as file:
            return file.read()

    # -- one connection -----------------------------------------------------------------------

    def offer(self, offer):
        for key in offer.options:
            if key != "eap-id":
                raise CannotDo(f"its manual has no word for {key}")
        if "-sha256" in offer.esp:
            raise CannotDo("on Linux it says of ESP \"unsupported integrity algorithm "
                           "HMAC_SHA2_256_128\"")
        if offer.gateway_signs == PKCS1:
            raise CannotDo("its manual has no word for the scheme of a signature")
        words = ['ikev2 "cell" passive esp from 10.99.0.0/24 to dynamic', f"local {a.GATEWAY4}",
                 "peer any"]
        if offer.ike != "default":
            words.append("ikesa " + translated(offer.ike, IKE, True))
        if offer.esp != "default":
            words.append("childsa " + translated(offer.esp, ESP, False))
        words.append(f"srcid {offer.gateway_id}")
        words += self._authentication(offer)
        words += ["config address 10.77.0.0/24", f"config name-server {a.INSIDE4}"]
        self.stop(hard=True)
        self.box.run(["tee", self.root + CONFIGURATION],
                     stdin=f'set fragmentation\nuser "{EAP_USER}" "{EAP_PASSWORD}"\n{" ".join(words)}\n')
        self.inside("chmod", "600", CONFIGURATION)
        shown = self.inside("iked", "-n", "-v", "-f", CONFIGURATION, check=False)
        shown = shown.stdout + shown.stderr
        if offer.esp != "default":
            for pair in re.findall(r"\S+ \S+", translated(offer.esp, ESP, False)):
                if pair not in shown.partition(" childsa ")[2]:
                    raise CannotDo(f"on Linux it leaves {pair.split()[1]} out of its ESP proposals")
        self._run()

    def _authentication(self, offer):
        if offer.gateway == "psk":
            return [f'psk "{PSK}"']
        for kind, folder, name in (("crt", "certs", offer.gateway_id), ("key", "private", "local")):
            self.inside("cp", self.bed.pki.path(f"{offer.gateway}.{kind}"),
                        f"/etc/iked/{folder}/{name}.{kind}")
        if offer.rounds == ("pubkey",):
            return []
        if offer.rounds == ("eap-mschapv2",):
            return ['eap "mschap-v2"']
        raise CannotDo("of EAP it does MSCHAPv2, after its certificate, and nothing else")

    def sessions(self):
        found, session = [], None
        for line in self.inside("ikectl", "show", "sa", check=False).stdout.splitlines():
            spi = re.search(r"iked_sas:.* ispi (0x[0-9a-f]+)", line)
            if spi:
                session = Session(spi[1], "", [])
                if "ESTABLISHED" in line:
                    found.append(session)
            child = re.search(r"sa_childsas:.* (0x[0-9a-f]+) (in|out) .*\(([A-Z]*)\)", line)
            if child and session and child[2] == "in":
                session.children.append(Child(child[1], "", 0, 0))
        return found

    def forget(self):
        if self.sessions():
            self.stop(hard=True)
            self.start()

    def delete(self):
        self.inside("ikectl", "reset", "sa")
