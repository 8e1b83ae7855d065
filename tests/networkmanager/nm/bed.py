"""The lab's bed with NetworkManager on the test host, which then owns the uplink."""

import os
import shutil

from lab import addresses as a
from lab.bed import Bed
from lab.box import settled
from lab.encrypted import DOT_NAME, ENCDNS_IP4, alpn, resolver
from lab.gateway import ANCHOR, DOMAIN, connection
from lab.testhost import UNITS, UPLINK, TestHost
from lab.unbound import Unbound
from lab.vici import Raw

from .nmcli import Nmcli

EDITORS = ["editor-window-gtk3", "editor-window-gtk4"]

UPLINK_SETTINGS = [
    "ipv4.method", "manual", "ipv4.addresses", f"{a.HOST4}/24", "ipv4.gateway", a.ROUTER_HOST4,
    "ipv4.dns", a.OUTSIDE4, "ipv6.method", "manual", "ipv6.addresses", f"{a.HOST6}/64",
    "ipv6.gateway", a.ROUTER_HOST6, "ipv6.addr-gen-mode", "eui64",
]


class NmHost(TestHost):
    def plug_in(self):
        self.ip("link", "set", "lo", "up")
        self.sysctl(net__ipv4__conf__all__rp_filter=1, net__ipv4__conf__default__rp_filter=1)
        settled(self, UPLINK)
        nmcli = Nmcli(self)
        nmcli.must("connection", "add", "type", "ethernet", "ifname", UPLINK, "con-name", "uplink",
                   *UPLINK_SETTINGS)
        nmcli.must("--wait", "20", "connection", "up", "uplink")
        self.run(["resolvectl", "dnssec", UPLINK, "yes"])


class NmBed(Bed):
    def __init__(self, directory):
        super().__init__(directory)
        self.host = NmHost(self.directory)
        self.unbound = Unbound(self.gateway, os.path.join(self.directory, "unbound"))

    def start(self, destdir=None, units=UNITS, lower=None):
        super().start(destdir, [*units, "NetworkManager.service"], lower)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        shutil.copy(os.path.join(here, "type-answers"), self.directory)
        for name in EDITORS:
            built = os.path.join(destdir or "/nonexistent", "../tests/networkmanager", name)
            if os.path.exists(built):
                shutil.copy(built, self.directory)
        self._offer_tls()

    def _offer_tls(self):
        """To dot@example.com, who is given no other server."""
        self.pki.issue("dot", [DOT_NAME], ["serverAuth"])
        self.host.trust(self.pki.read("ca.crt").decode())
        pairs = [(DOMAIN, ["corp.example"]), (ANCHOR, [self.names.anchor_octets("corp.example.")]),
                 (ENCDNS_IP4, [resolver(DOT_NAME, alpn("dot"))])]
        with self.gateway.vici() as vici:
            vici.call("load-pool", Raw("dot", [("addrs", "10.77.20.10-10.77.20.60"), *pairs]))
            vici.call("load-conn", {"psk-dot": connection("gw.example", "dot@example.com", ["dot"])})

    def serve_tls(self):
        self.unbound.serve_tls(self.pki, "dot", ["corp.example"])

    def rest(self):
        Nmcli(self.host).forget_vpns()
        self.unbound.stop()
        super().rest()
