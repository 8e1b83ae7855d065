"""Certificates of the bed: two authorities, gateways and clients of several kinds."""

import datetime
import os
import subprocess


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
        self._write(name + ".key", _pki("--gen", "--type", kind, "--size", str(size),
                                        "--outform", "pem"))

    def authority(self, name, common_name):
        self._key(name, "ecdsa", 256)
        self._write(name + ".crt", _pki("--self", "--ca", "--in", self.path(name + ".key"),
                                        "--type", "ecdsa", "--dn", f"CN={common_name}",
                                        "--lifetime", "30", "--outform", "pem"))

    def issue(self, name, sans, flags, ca="ca", kind="ecdsa", size=256, expired=False):
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
        self._write(name + ".crt", _pki(*line))

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
        self.issue("tess", ["tess@example.com"], client)
        self.issue("tess-rsa", ["tess-rsa@example.com"], client, kind="rsa", size=2048)
        self.issue("tess-p384", ["tess-p384@example.com"], client, size=384)
