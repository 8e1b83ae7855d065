"""Certificates of the bed: two authorities, gateways and clients of several kinds."""

import datetime
import os
import subprocess

from . import addresses as a


def _pki(*args):
    return subprocess.run(["pki", *args], check=True, capture_output=True).stdout


class Pki:
    """name.crt and name.key for each certificate, PEM; ca.crt and stranger-ca.crt."""

    def __init__(self, directory):
        self.directory = os.path.join(directory, "pki")

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def _write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def _key(self, name, kind, size):
        sized = ["--size", str(size)] if size else []
        self._write(name + ".key", _pki("--gen", "--type", kind, *sized, "--outform", "pem"))

    def authority(self, name, common_name):
        self._key(name, "ecdsa", 256)
        self._write(name + ".crt", _pki("--self", "--ca", "--in", self.path(name + ".key"),
                                        "--type", "ecdsa", "--dn", f"CN={common_name}",
                                        "--lifetime", "30", "--outform", "pem"))

    def issue(self, name, sans, flags, ca="ca", kind="ecdsa", size=256, expired=False, urls=()):
        self._key(name, kind, size)
        now = datetime.datetime.utcnow()
        first, last = (40, -10) if expired else (1, 20)
        dates = ["--not-before", (now - datetime.timedelta(days=first)).strftime("%d.%m.%y %T"),
                 "--not-after", (now + datetime.timedelta(days=last)).strftime("%d.%m.%y %T")]
        line = ["--issue", "--in", self.path(name + ".key"), "--type", "priv",
                "--cacert", self.path(ca + ".crt"), "--cakey", self.path(ca + ".key"),
                "--dn", f"CN={sans[0]}", *dates, "--outform", "pem"]
        for san in sans:
            line += ["--san", san]
        for flag in flags:
            line += ["--flag", flag]
        self._write(name + ".crt", _pki(*line, *urls))

    # Gateways whose certificate says where it is asked about, and what is said there.
    REVOCATION = {
        "crl-good": ["--crl", "http://crl.example/ca.crl"],
        "crl-revoked": ["--crl", "http://crl.example/ca.crl"],
        "ocsp-good": ["--ocsp", "http://ocsp.example/ocsp"],
        "ocsp-revoked": ["--ocsp", "http://ocsp.example/ocsp"],
        "full": ["--crl", "http://crl.example/ca.crl"],
        # By its address, for who has no name server.
        "stapled-good": ["--ocsp", f"http://{a.OUTSIDE4}/ocsp"],
        "stapled-revoked": ["--ocsp", f"http://{a.OUTSIDE4}/ocsp"],
        # Asked first, and refuses; then the list.
        "both-revoked": ["--ocsp", "http://nobody.example:8888/ocsp",
                         "--crl", "http://crl.example/ca.crl"],
        "silent": ["--ocsp", "http://silent.example/ocsp"],
        "big": ["--crl", "http://crl.example/big.crl"],
        "inward": ["--crl", "http://127.0.0.1:8080/ca.crl"],
    }

    def _serial(self, name):
        line = subprocess.run(["openssl", "x509", "-in", self.path(name + ".crt"), "-noout",
                               "-serial"], check=True, capture_output=True, text=True).stdout
        return line.strip().split("=")[1]

    def _create_revocation(self):
        index, revoked = "", []
        for name, urls in self.REVOCATION.items():
            self.issue("gw-" + name, [name + ".gw.example"], ["serverAuth"], urls=urls)
            bad = name.endswith("-revoked")
            index += (f"{'R' if bad else 'V'}\t491231235959Z\t"
                      f"{'240101000000Z,keyCompromise' if bad else ''}\t"
                      f"{self._serial('gw-' + name)}\tunknown\t/CN={name}.gw.example\n")
            if bad:
                revoked += ["--reason", "key-compromise", "--cert",
                            self.path(f"gw-{name}.crt")]
        for name in ("radius-good", "radius-revoked"):
            self.issue(name, ["radius.example"], ["serverAuth"],
                       urls=["--crl", "http://crl.example/ca.crl"])
        revoked += ["--reason", "key-compromise", "--cert", self.path("radius-revoked.crt")]
        self._write("ocsp.index", index.encode())
        self._write("ca.crl", _pki("--signcrl", "--cacert", self.path("ca.crt"), "--cakey",
                                   self.path("ca.key"), "--lifetime", "5", *revoked))
        self.issue("ocsp-signer", ["ocsp.example"], ["ocspSigning"])

    def create(self):
        os.makedirs(self.directory)
        self.authority("ca", "Lab Authority")
        self.authority("stranger-ca", "Somebody Else's Authority")
        server, client = ["serverAuth", "ikeIntermediate"], ["clientAuth"]
        self.issue("gw", ["gw.example", "vpn.corp.example", "192.0.2.1"], server)
        self.issue("gw-rsa", ["rsa.gw.example"], server, kind="rsa", size=2048)
        self.issue("gw-p384", ["p384.gw.example"], server, size=384)
        self.issue("gw-expired", ["expired.gw.example"], server, expired=True)
        self.issue("gw-stranger", ["stranger.gw.example"], server, ca="stranger-ca")
        self._create_revocation()
        self.issue("gw-eap", [name + ".gw.example" for name in
                              ("eap", "mschapv2", "tls", "only", "second", "pkcs1")], server)
        # What ginnel-relay shows: by name, for all below a name, for another name, of a stranger's.
        self.issue("relay", ["gw4.example", "gw6.example", "192.0.2.1"], ["serverAuth"])
        self.issue("relay-wild", ["*.example.com", "*.gw.example"], ["serverAuth"])
        self.issue("relay-stranger", ["gw4.example"], ["serverAuth"], ca="stranger-ca")
        self.issue("radius", ["radius.example"], ["serverAuth"], kind="rsa", size=2048)
        self.issue("radius-stranger", ["radius.example"], ["serverAuth"], ca="stranger-ca")
        self.issue("radius-other", ["other.example"], ["serverAuth"])
        self.issue("tess", ["tess@example.com"], client)
        self.issue("tess-rsa", ["tess-rsa@example.com"], client, kind="rsa", size=2048)
        self.issue("tess-p384", ["tess-p384@example.com"], client, size=384)
