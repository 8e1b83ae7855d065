"""The lab's bed with more behind the gateway: resolvers that speak TLS, and gateways that offer them
in every way (RFC 9464). The test host may be another Debian."""

import hashlib
import os
import shutil
import subprocess

from lab import addresses as a
from lab.bed import Bed
from lab.dns import Names
from lab.encrypted import (DOT_NAME, ENCDNS_DIGEST_INFO, ENCDNS_IP4, alpn, digest, port,
                           resolver)
from lab.gateway import ANCHOR, DOMAIN, connection
from lab.unbound import Unbound
from lab.vici import Raw

OTHER_NAME = "other.example"


class ResolverBed(Bed):
    def __init__(self, directory):
        super().__init__(directory)
        self.unbound = Unbound(self.gateway, os.path.join(self.directory, "unbound"))
        self.recursive = Unbound(self.gateway, os.path.join(self.directory, "recursive"))

    def start(self, destdir=None, lower=None, **options):
        super().start(destdir, lower=lower, **options)
        self.pki.issue("dot", [DOT_NAME], ["serverAuth"])
        self._make_zones()
        self._load_gateways()
        self.host.trust(self.pki.read("ca.crt").decode())

    def _make_zones(self):
        """corp.example without its signatures, and signed with keys that nobody knows."""
        with open(os.path.join(self.names.directory, "corp.example.zone")) as file:
            plain = file.read()
        with open(self.names.file("stripped.zone"), "w") as file:
            file.write(plain)
        other = Names(os.path.join(self.directory, "other-keys"))
        os.makedirs(other.signed)
        other._sign("corp.example.", plain)
        shutil.copy(other.file("corp.example.zone"), self.names.file("resigned.zone"))

    VARIANTS = {"genuine": "corp.example.zone", "tampered": "tampered.zone",
                "stripped": "stripped.zone", "resigned": "resigned.zone"}

    def serve_inside(self, recursive=False, variant="genuine"):
        """The plain server inside: with authority for inside zones only (the parents it refuses), or
        a recursive one that also finds the world's."""
        zones = {"corp.example.": self.VARIANTS[variant], "two.example.": "two.example.zone"}
        self.recursive.stop()
        if not recursive:
            self.gateway.dns.serve([a.INSIDE4, a.INSIDE6], zones)
            return
        self.gateway.dns.serve(["127.0.0.2"], {**zones, ".": "root.zone", "example.": "example.zone"})
        self.recursive.serve(
            [f"interface: {a.INSIDE4}@53", f"interface: {a.INSIDE6}@53"],
            {zone: "127.0.0.2@53" for zone in (".", "example", "corp.example", "two.example")})

    # Names as they come from a gateway -> what is made of them. One of 253 octets is the longest.
    LONGEST = ".".join(["a" * 49] * 5)[:253 - len(".example")].rstrip(".") + ".example"
    ODD = [LONGEST.encode(), ("b" + LONGEST).encode() + b".", b"MiXeD.Corp.Example", b"mixed.corp.example",
           b"trailing.example.", b"xn--bcher-kva.example", b"b\xc3\xbccher.example", b"",
           b"nul\x00.corp.example", b"esc\\097pe.example", b"two..dots.example", b"*.example",
           b"a" * 64 + b".example", b"sp ace.example", b"_srv.corp.example", b"com", b"co.uk", b"."]
    ODD_TAKEN = [LONGEST, "mixed.corp.example", "trailing.example", "xn--bcher-kva.example",
                 "_srv.corp.example"]
    ODD_REFUSED = ["b\\xc3\\xbccher.example", "nul\\x00.corp.example", "esc\\x5c097pe.example",
                   "two..dots.example", "*.example", "sp ace.example", "com", "co.uk", "."]

    def pools(self):
        """name -> (attributes, user)."""
        plain = [("dns", [a.INSIDE4])]
        domain = [(DOMAIN, ["corp.example"])]
        dot = (ENCDNS_IP4, [resolver(DOT_NAME, alpn("dot"))])
        octets = self.names.anchor_octets("corp.example.")
        anchor, wrong = (ANCHOR, [octets]), octets[:4] + bytes(range(32))
        def domains(n, anchors):
            pairs = []
            for number in range(n):
                pairs.append((DOMAIN, [f"d{number}.inside.example"]))
                if number < anchors:
                    pairs.append((ANCHOR, [octets[:4] + bytes([number % 256]) * 32]))
            return pairs

        return {
            "few": [*plain, *domain, anchor, *domains(9, 2)],
            "many": [*plain, *domain, anchor, *domains(1000, 200)],
            "odd": [*plain, *((DOMAIN, [name]) for name in self.ODD)],
            "nokey": [*plain, *domain],
            "right": [*plain, *domain, anchor],
            "wrong": [*plain, *domain, (ANCHOR, [wrong])],
            "dot": [*plain, *domain, anchor, dot],
            "dot-alone": [*domain, anchor, dot],
            "dot-port": [*domain, anchor,
                         (ENCDNS_IP4, [resolver(DOT_NAME, alpn("h2", "dot") + port(8853))])],
            "dot-stranger": [*domain, (ENCDNS_IP4, [resolver(OTHER_NAME, alpn("dot"))])],
            "doh": [*plain, *domain, (ENCDNS_IP4, [resolver(DOT_NAME, alpn("h2", "doq"))])],
            "digest": [*plain, *domain, anchor, dot,
                       (ENCDNS_DIGEST_INFO, [digest(DOT_NAME, 3, self._key_digest("dot"))])],
            "digest-wrong": [*domain, dot,
                             (ENCDNS_DIGEST_INFO, [digest(DOT_NAME, 2, bytes(range(32)))])],
            "digest-sha1": [*plain, *domain, dot,
                            (ENCDNS_DIGEST_INFO, [digest(DOT_NAME, 1, bytes(range(20)))])],
        }

    def _key_digest(self, name):
        """SHA-384 of the certificate's SubjectPublicKeyInfo."""
        pem = subprocess.run(["openssl", "x509", "-in", self.pki.path(name + ".crt"), "-noout",
                              "-pubkey"], check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=pem, check=True,
                             capture_output=True).stdout
        return hashlib.sha384(der).digest()

    def _load_gateways(self):
        with self.gateway.vici() as vici:
            for number, (name, pairs) in enumerate(self.pools().items()):
                addresses = f"10.77.{20 + number}.10-10.77.{20 + number}.60"
                vici.call("load-pool", Raw(name, [("addrs", addresses), *pairs]))
                vici.call("load-conn", {f"psk-{name}": connection(
                    "gw.example", f"{name}@example.com", [name])})

    def serve_tls(self):
        self.unbound.serve_tls(self.pki, "dot", ["corp.example", "two.example"])

    def rest(self):
        self.unbound.stop()
        self.recursive.stop()
        super().rest()
