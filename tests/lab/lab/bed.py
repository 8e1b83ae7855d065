"""The whole bed, put together. Every method works from another process, too, given the directory."""

import os
import shutil

from . import addresses as a
from .box import connect
from .capture import Capture
from .dns import DnsServer, Names
from .gateway import PSK, Gateway
from .pki import Pki
from .radius import SERVER_NAME, USERS
from .router import GATEWAY_LINK, HOST_LINK, OUTSIDE_LINK, Router, neighbour
from .box import Box
from .testhost import UNITS, UPLINK, TestHost


class Bed:
    def __init__(self, directory):
        self.directory = os.path.abspath(directory)
        self.offloads = True
        self.names = Names(self.directory)
        self.pki = Pki(self.directory)
        self.host = TestHost(self.directory)
        self.router = Router(self.directory)
        self.outside = Box(self.directory, "outside")
        self.gateway = Gateway(self.directory, self.names, self.pki)
        self.public_dns = DnsServer(self.outside, os.path.join(self.directory, "public-dns"),
                                    self.names)

    @property
    def boxes(self):
        return (self.host, self.gateway, self.outside, self.router)

    def start(self, destdir=None, units=UNITS, lower=None):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        os.chmod(self.directory, 0o755)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        for program in ("file-server", "transfer", "as-person", "revocation-server", "receive",
                        "stream-meddler"):
            shutil.copy(os.path.join(here, program), self.directory)
        # AppArmor, where the machine has it, knows charon by its path and keeps it out of here.
        shutil.copy("/usr/lib/ipsec/charon", self.directory)
        for program in ("ginnel-tunnel-probe", "sleep-stand-in"):
            built = os.path.join(destdir or "/nonexistent", "../tests/lab", program)
            if os.path.exists(built):
                shutil.copy(built, self.directory)
        self.names.create()
        self.pki.create()
        with open(os.path.join(self.directory, "root.positive"), "w") as file:
            file.write(self.names.root_anchor())

        for box in (self.router, self.outside, self.gateway):
            box.start()
        self.host.start(destdir, units, lower)
        connect(self.host, UPLINK, self.router, HOST_LINK)
        connect(self.gateway, "eth0", self.router, GATEWAY_LINK)
        connect(self.outside, "eth0", self.router, OUTSIDE_LINK)
        self.router.configure()
        neighbour(self.outside, a.OUTSIDE4, a.OUTSIDE6, more4=[a.BYSTANDER4])
        neighbour(self.gateway, a.GATEWAY4, a.GATEWAY6, more4=[a.OLD_GATEWAY4])
        self.gateway.ip("addr", "add", f"{a.INSIDE4}/24", "dev", "lo")
        self.gateway.ip("-6", "addr", "add", f"{a.INSIDE6}/64", "dev", "lo", "nodad")
        self.gateway.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.public_dns.serve([a.OUTSIDE4, a.OUTSIDE6],
                              {".": "root.zone", "example.": "example.zone"})
        self.gateway.serve_names()
        self.gateway.start_strongswan()
        self.gateway.serve_files()
        if destdir and os.path.exists(os.path.join(destdir, "usr/bin/ginnel-relay")):
            self.gateway.start_relay(self.host.tree)
        self.host.plug_in()
        self.give_credentials()

    def without_offloads(self):
        """The product's devices pass single packets only, from now on."""
        self.offloads = False
        self.host.write("/etc/systemd/system/ginneld.service.d/offloads.conf",
                        "[Service]\nEnvironment=GINNEL_OFFLOADS=0\n", owner="root:root")
        self.host.run(["systemctl", "daemon-reload"])
        self.host.run(["systemctl", "stop", "ginneld.service"], check=False)

    def tool(self, name):
        """A program of the bed, where every box can see it (the clone may be out of sight)."""
        return os.path.join(self.directory, name)

    def rest(self):
        """Back to where a scene may begin: a friendly router and genuine names."""
        self.router.mood("open")
        self.router.unlimit()
        self.gateway.serve_names("genuine")
        self.gateway.forget_all()
        self.host.run(["resolvectl", "flush-caches"])

    def stop(self):
        for box in self.boxes:
            box.stop()

    def give_credentials(self):
        """Certificates, keys and the pre-shared key where the profiles below look for them."""
        for name in ("ca.crt", "tess.crt", "tess.key", "tess-rsa.crt", "tess-rsa.key",
                     "tess-p384.crt", "tess-p384.key"):
            self.host.write(f"/etc/ginnel/{name}", self.pki.read(name).decode())
        self.host.write("/etc/ginnel/psk.secret", PSK + "\n")
        self.host.write("/etc/ginnel/wrong.secret", "Tr0ub4dor&3\n")
        self.host.write("/etc/ginnel/tess.secret", USERS["tess"] + "\n")

    def profile(self, name="work", **changes):
        """Writes /etc/ginnel/profiles/NAME.ginnel: PSK, with changes as gateway__address="...".

        None takes a key away. Returns the text.
        """
        settings = {
            "gateway": {"address": "gw4.example", "id": "gw.example", "auth": "psk"},
            "user": {"id": "tess@example.com", "auth": "psk",
                     "secret-file": "/etc/ginnel/psk.secret"},
            "dns": {"domains": "corp.example;two.example",
                    "trust-anchor-domains": "corp.example"},
        }
        for path, value in changes.items():
            group, key = path.split("__", 1)
            key = key.replace("_", "-")
            group = settings.setdefault(group, {})
            if value is None:
                group.pop(key, None)
            else:
                group[key] = value
        text = "\n".join(f"[{group}]\n" + "".join(f"{key} = {value}\n"
                                                  for key, value in keys.items())
                         for group, keys in settings.items())
        self.host.write(f"/etc/ginnel/profiles/{name}.ginnel", text)
        return text

    CERTIFICATE = {"gateway__auth": "certificate", "gateway__ca": "/etc/ginnel/ca.crt",
                   "user__auth": "certificate", "user__certificate": "/etc/ginnel/tess.crt",
                   "user__key": "/etc/ginnel/tess.key", "user__secret_file": None}

    def certificate_profile(self, name="work", **changes):
        return self.profile(name, **{**self.CERTIFICATE, **changes})

    EAP = {"gateway__auth": "certificate", "gateway__ca": "/etc/ginnel/ca.crt",
           "gateway__id": "eap.gw.example", "user__auth": "eap", "user__eap_id": "tess",
           "user__eap_server_name": SERVER_NAME, "user__secret_file": "/etc/ginnel/tess.secret"}

    def eap_profile(self, name="work", **changes):
        return self.profile(name, **{**self.EAP, **changes})

    # -- captures -----------------------------------------------------------------------------

    def capture_uplink(self, name="uplink", packet_filter=""):
        """What leaves and reaches the test host, as the router sees it."""
        return Capture(self.router, HOST_LINK, self.directory, name, packet_filter)

    def capture_tunnel(self, device, name="tunnel", packet_filter=""):
        """What goes into the tunnel at the test host, and comes out."""
        return Capture(self.host, device, self.directory, name, packet_filter)

    def capture_outside(self, name="outside", packet_filter="port 53"):
        """What the public DNS is asked."""
        return Capture(self.router, OUTSIDE_LINK, self.directory, name, packet_filter)

    def capture_inside(self, name="inside", packet_filter="port 53"):
        """What comes out of the tunnel at the gateway, decrypted."""
        return Capture(self.gateway, "any", self.directory, name, packet_filter)
