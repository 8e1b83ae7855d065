"""A small world of names: a signed root and a signed `example` outside, `corp.example` inside.

Zones are signed once, by kzonesign, and served as they are by knotd: a tampered zone is then a
zone file in which one record was altered after signing.
"""

import os
import re
import subprocess

from . import addresses as a
from .wait import until

SOA = "{apex} 300 SOA ns.{tail} hostmaster.{tail} 1 3600 900 86400 60\n"

OUTSIDE_EXAMPLE = f"""
ns.example. 300 A {a.OUTSIDE4}
ns.example. 300 AAAA {a.OUTSIDE6}
gw.example. 300 A {a.GATEWAY4}
gw.example. 300 AAAA {a.GATEWAY6}
gw4.example. 300 A {a.GATEWAY4}
gw6.example. 300 AAAA {a.GATEWAY6}
old.example. 300 A {a.OLD_GATEWAY4}
vpn.example. 300 A {a.GATEWAY4}
vpn.corp.example. 300 A {a.GATEWAY4}
nobody.example. 300 A {a.OUTSIDE4}
proxy.example. 300 A {a.OUTSIDE4}
silent.example. 300 A {a.SILENT4}
crl.example. 300 A {a.OUTSIDE4}
ocsp.example. 300 A {a.OUTSIDE4}
www.example. 300 A 192.0.2.80
"""

# What the world outside would say about an inside name, if somebody asked it: not the inside
# address, so that a test can tell a leak that was answered from an answer from inside.
OUTSIDE_DECOY = "decoy.corp.example. 300 A 192.0.2.81\n"

INSIDE_CORP = f"""
ns.corp.example. 300 A {a.INSIDE4}
ns.corp.example. 300 AAAA {a.INSIDE6}
host.corp.example. 300 A {a.INSIDE4}
host.corp.example. 300 AAAA {a.INSIDE6}
vpn.corp.example. 300 A 10.99.0.250
alias.corp.example. 300 CNAME host.corp.example.
decoy.corp.example. 300 A 10.99.0.81
"""

INSIDE_TWO = f"""
ns.two.example. 300 A {a.INSIDE4}
host.two.example. 300 A {a.INSIDE4}
"""


def zone_text(apex, server_name, records):
    tail = "" if apex == "." else apex
    return (SOA.format(apex=apex, tail=tail or "root.") +
            f"{apex} 300 NS {server_name}\n" + records)


class Names:
    """Makes the zones and knows the DS record of each."""

    ZONES = (".", "example.", "corp.example.")

    def __init__(self, directory):
        self.directory = os.path.join(directory, "names")
        self.signed = os.path.join(self.directory, "signed")

    def file(self, name):
        return os.path.join(self.signed, name)

    def _sign(self, apex, text):
        plain = os.path.join(self.directory, self._zone_file(apex))
        with open(plain, "w") as file:
            file.write(text)
        configuration = os.path.join(self.directory, "sign.conf")
        with open(configuration, "w") as file:
            file.write(f"""
database:
    storage: "{self.directory}"
    kasp-db: "keys"
policy:
  - id: lab
    algorithm: ecdsap256sha256
    cds-cdnskey-publish: none
    ksk-lifetime: 0
    zsk-lifetime: 0
    rrsig-lifetime: 14d
    rrsig-refresh: 7d
zone:
  - domain: {apex}
    storage: "{self.directory}"
    file: "{self._zone_file(apex)}"
    journal-content: none
    dnssec-signing: on
    dnssec-policy: lab
""")
        subprocess.run(["kzonesign", "-c", configuration, "-o", self.signed, apex], check=True,
                       capture_output=True)

    @staticmethod
    def _zone_file(apex):
        return ("root" if apex == "." else apex.rstrip(".")) + ".zone"

    def ds(self, apex):
        """'TAG ALGORITHM DIGEST-TYPE HEX', SHA-256."""
        lines = subprocess.run(["keymgr", "-D", os.path.join(self.directory, "keys"), apex, "ds"],
                               check=True, capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            fields = line.split()[2:]
            if fields[2] == "2":
                return " ".join(fields[:3]) + " " + "".join(fields[3:])
        raise ValueError(f"no SHA-256 DS of {apex}: {lines}")

    def create(self):
        os.makedirs(self.signed)
        self._sign("corp.example.", zone_text("corp.example.", "ns.corp.example.", INSIDE_CORP))
        self._sign("example.", zone_text("example.", "ns.example.",
                                         OUTSIDE_EXAMPLE + OUTSIDE_DECOY))
        self._sign(".", zone_text(".", "a.root.",
                                  f"a.root. 300 A {a.OUTSIDE4}\n"
                                  f"a.root. 300 AAAA {a.OUTSIDE6}\n"
                                  "example. 300 NS ns.example.\n"
                                  f"example. 300 DS {self.ds('example.')}\n"
                                  f"ns.example. 300 A {a.OUTSIDE4}\n"))
        with open(self.file("two.example.zone"), "w") as file:
            file.write(zone_text("two.example.", "ns.two.example.", INSIDE_TWO))
        with open(self.file("corp.example.zone")) as file:
            genuine = file.read()
        tampered, count = re.subn(rf"(?m)^(host\.corp\.example\.\s+300\s+A\s+){a.INSIDE4}$",
                                  r"\g<1>10.99.0.66", genuine)
        assert count == 1, "the record to alter is not in the zone"
        with open(self.file("tampered.zone"), "w") as file:
            file.write(tampered)

    def root_anchor(self):
        return f". IN DS {self.ds('.')}\n"

    def anchor_octets(self, apex):
        """The value of INTERNAL_DNSSEC_TA (RFC 8598, section 4.2)."""
        tag, algorithm, kind, digest = self.ds(apex).split()
        return (int(tag).to_bytes(2, "big") + bytes([int(algorithm), int(kind)]) +
                bytes.fromhex(digest))


class DnsServer:
    """knotd in a box."""

    def __init__(self, box, directory, names):
        self.box = box
        self.directory = directory
        self.names = names
        self.process = None
        self.pid_file = os.path.join(directory, "knot.pid")

    def serve(self, addresses, zones):
        """zones: apex -> file among the signed ones. Replaces what was served before."""
        os.makedirs(self.directory, exist_ok=True)
        self.stop()
        listen = ", ".join(f"{address}@53" for address in addresses)
        configuration = os.path.join(self.directory, "knot.conf")
        with open(configuration, "w") as file:
            file.write(f"""
server:
    rundir: "{self.directory}"
    pidfile: "{self.pid_file}"
    user: root
    listen: [ {listen} ]
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{self.directory}"
template:
  - id: default
    storage: "{self.names.signed}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
""" + "".join(f'  - domain: {apex}\n    file: "{zone_file}"\n'
              for apex, zone_file in zones.items()))
        log = os.path.join(self.directory, "knot.log")
        open(log, "w").close()
        self.process = self.box.spawn(["knotd", "-c", configuration], log=log)
        until(f"{self.box.name}: knotd", lambda: "server started" in open(log).read())

    def stop(self):
        """Whoever started it: the PID in the file is the one inside the box."""
        if not os.path.exists(self.pid_file):
            return
        with open(self.pid_file) as file:
            pid = file.read().strip()
        self.box.run(["kill", pid], check=False)
        until("knotd: end", lambda: not os.path.exists(self.pid_file) or
              self.box.run(["kill", "-0", pid], check=False).returncode != 0)
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)
