"""Libreswan of Debian 13, in its tree, with the kernel's part confirmed by no-esp-kernel.c."""

import os
import re

from lab import addresses as a
from lab.gateway import PSK
from lab.wait import until

from .peer import PKCS1, PSS, USER, CannotDo, Child, Peer, Session

SECRETS = f': PSK "{PSK}"\n'
BINARIES = "/usr/libexec/ipsec"
WORDS = {"aes128": "aes128", "aes192": "aes192", "aes256": "aes256", "x25519": "dh31",
         "ecp256": "dh19", "ecp384": "dh20", "ecp521": "dh21", "modp2048": "dh14",
         "modp3072": "dh15", "modp4096": "dh16", "chacha20poly1305": "chacha20_poly1305",
         "sha1": "sha1", "sha256": "sha2_256", "sha384": "sha2_384", "sha512": "sha2_512"}
GCM = {"8": "a", "12": "b", "16": "c"}


def translated(proposal):
    """Its word for each of ours; that of the integrity stands for the PRF, too."""
    if "-ke1_" in proposal:
        raise CannotDo("its manual has no word for additional key exchanges")
    words = []
    for word in proposal.split("-"):
        gcm = re.fullmatch(r"aes(\d+)gcm(\d+)", word)
        if gcm:
            words.append(f"aes_gcm_{GCM[gcm[2]]}{gcm[1]}")
        elif word.removeprefix("prf") in WORDS:
            words.append(WORDS[word.removeprefix("prf")])
        else:
            raise CannotDo(f"it lists no {word} among its algorithms")
    return "-".join(words)


class Libreswan(Peer):
    title = "Libreswan of Debian 13"
    packets = False
    why_no_packets = "agreed by both, but no packets: it leaves ESP to the kernel, and this one has none"

    def __init__(self, bed, tree):
        super().__init__(bed)
        self.root = os.path.join(bed.directory, "libreswan")
        self.tree = tree

    # -- the program ----------------------------------------------------------------------------

    def inside(self, *args, check=True):
        return self.box.run(["chroot", self.root, *args], check=check)

    COOKIES = {"ddos-mode": "busy"}
    SMALL_PATH = {}

    def start(self, **setup):
        if self.tree.enter(self.box, self.root, "libreswan"):
            # For so long the kernel keeps an SPI that it was asked for, without an SA.
            self.box.sysctl(net__core__xfrm_acq_expires=3600)
            self.inside("sh", "-c", "ipsec checknss && mkdir -p /run/pluto")
            self._import_keys()
        self._write("/etc/ipsec.conf",
                    "config setup\n    logfile=/tmp/pluto.log\n    dnssec-enable=no\n" +
                    "".join(f"    {key}={value}\n" for key, value in setup.items()))
        self._secrets = SECRETS
        self._write("/etc/ipsec.secrets", SECRETS)
        self.box.spawn(["chroot", self.root, f"{BINARIES}/pluto", "--config", "/etc/ipsec.conf",
                        "--nofork"], log="pluto",
                       env={"LD_PRELOAD": self.bed.tool("no-esp-kernel.so")})
        until("Libreswan: pluto", lambda: self._whack("--status", check=False).returncode == 0)

    def stop(self, hard=False):
        pid = self.inside("cat", "/run/pluto/pluto.pid", check=False).stdout.strip()
        if not pid:
            return
        self.box.run(["kill", "-9" if hard else "-15", pid], check=False)
        until("pluto: end", lambda: self.box.run(["kill", "-0", pid], check=False).returncode != 0)
        self.inside("rm", "-f", "/run/pluto/pluto.pid", "/run/pluto/pluto.ctl")

    def _write(self, path, text):
        self.box.run(["tee", self.root + path], stdin=text)

    def _whack(self, *args, check=True):
        return self.inside(f"{BINARIES}/whack", *args, check=check)

    def _import_keys(self):
        """Into NSS: the authority, and each of the gateway's certificates under its file's name."""
        self.inside("sh", "-ec", """
            cd "$1"; db=sql:/var/lib/ipsec/nss
            certutil -A -d $db -n ca -t CT,C,C -i ca.crt
            for key in gw*.key; do
                name=${key%.key}
                openssl pkcs12 -export -passout pass:x -name "$name" -inkey "$key" \
                    -in "$name.crt" -out /tmp/one.p12
                ! pk12util -i /tmp/one.p12 -d $db -W x -K "" 2>"/tmp/said-$name" ||
                    rm "/tmp/said-$name"
            done
        """, "sh", self.bed.pki.directory)

    def log(self):
        return self.inside("cat", "/tmp/pluto.log").stdout

    def explain_small_path(self):
        if re.search("dropping fragment .* as fragment total changed", self.log()):
            raise CannotDo("it drops what is cut again into smaller fragments (\"fragment total "
                           "changed\"), against RFC 7383, section 2.6")

    # -- one connection -----------------------------------------------------------------------

    def offer(self, offer):
        for name in ("cell", "other"):
            self._whack("--delete", "--name", name, check=False)
        secrets = SECRETS
        lines = ["conn cell", f"left={a.GATEWAY4}", f"leftid=@{offer.gateway_id}",
                 "leftsubnet=10.99.0.0/24", "right=%any", f"rightaddresspool={a.POOL4}",
                 f"modecfgdns={a.INSIDE4}", "modecfgdomains=two.example", "narrowing=yes",
                 "keyexchange=ikev2", "auto=add", "rekey=no", "encapsulation=yes",
                 *self._authentication(offer)]
        for key in offer.options:
            if key not in ("ppk", "eap-id", "redirect"):
                raise CannotDo(f"its manual has no word for {key}")
        if "ppk" in offer.options:
            identity, octets = offer.options["ppk"]
            lines.append("ppk=insist")
            secrets += f'@{offer.gateway_id} {USER} : PPKS "{identity}" 0x{octets.hex()}\n'
        if self._secrets != secrets:
            self._secrets = secrets
            self._write("/etc/ipsec.secrets", secrets)
            self._whack("--rereadsecrets")
        if offer.ike != "default":
            lines.append(f"ike={translated(offer.ike)}")
        if offer.esp != "default":
            lines.append(f"esp={translated(offer.esp)}")
        # The same at another address, for those who are redirected there.
        other = ["conn other", f"left={a.OLD_GATEWAY4}", *lines[2:]]
        if "redirect" in offer.options:
            lines += ["send-redirect=yes", f"redirect-to={offer.options['redirect']}"]
        self._write("/tmp/cell.conf", "\n    ".join(lines) + "\n" + "\n    ".join(other) + "\n")
        self.inside("ipsec", "add", "--config", "/tmp/cell.conf", "other", check=False)
        said = self.inside("ipsec", "add", "--config", "/tmp/cell.conf", "cell", check=False)
        if "added IKEv2 connection" not in said.stdout + said.stderr:
            raise CannotDo("it refuses its own configuration: " +
                           " ".join((said.stdout + said.stderr).split())[:200])

    def _authentication(self, offer):
        if offer.gateway == "psk":
            return ["authby=secret", f"rightid={USER}"]
        if offer.rounds != ("pubkey",):
            raise CannotDo("it does no EAP but EAP-TLS alone" if len(offer.rounds) == 1 else
                           "it does one round of authentication")
        said = self.inside("cat", f"/tmp/said-{offer.gateway}", check=False)
        if said.returncode == 0:
            why = re.search(r"\w+_ERROR_\w+", said.stdout)
            raise CannotDo(f"NSS's pk12util does not take such a key ({why[0] if why else 'no reason'})")
        if offer.gateway_signs == PKCS1:
            raise CannotDo("it signs by PKCS no. 1 with SHA-1 only")
        method = "ecdsa"
        if offer.gateway_signs == PSS:
            method = "rsa-sha2_256"
        return [f"leftcert={offer.gateway}", "leftsendcert=always", "rightid=%fromcert",
                "rightca=%same", f"authby={method}"]

    def sessions(self):
        text = self._whack("--status").stdout
        found = {}
        for number, rest in re.findall(r"^#(\d+): (.*ESTABLISHED_IKE_SA.*)$", text, re.M):
            found[number] = Session(number, "", [])
        for line in re.findall(r"^#\d+: .*ESTABLISHED_CHILD_SA.*$", text, re.M):
            parent = re.search(r"IKE SA #(\d+)", line)
            spis = re.search(rf"^{line.split(':')[0]}: .*?(esp\.[0-9a-f]+)@\S+ (esp\.[0-9a-f]+)@", text,
                             re.M)
            child = Child(spis[2] if spis else "", spis[1] if spis else "", 0, 0)
            found.setdefault(parent[1], Session(parent[1], "", [])).children.append(child)
        return list(found.values())

    def forget(self):
        """By a new beginning: it would wait for the client's answer for a minute."""
        if self.sessions():
            self.stop(hard=True)
            self.start()

    # -- events ---------------------------------------------------------------------------------

    def rekey_child(self):
        self._whack("--rekey-child", "--name", "cell", "--asynchronous")

    def rekey_ike(self):
        self._whack("--rekey-ike", "--name", "cell", "--asynchronous")

    def delete(self):
        self._whack("--delete-ike", "--name", "cell", "--asynchronous", check=False)

    def redirect(self, address):
        self._whack("--name", "cell", "--redirect-to", address)
