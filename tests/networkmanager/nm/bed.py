"""The lab's bed with NetworkManager on the test host, which then owns the uplink."""

import os
import shutil

from lab import addresses as a
from lab.bed import Bed
from lab.box import settled
from lab.testhost import UNITS, UPLINK, TestHost

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

    def start(self, destdir=None, units=UNITS, lower=None):
        super().start(destdir, [*units, "NetworkManager.service"], lower)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        shutil.copy(os.path.join(here, "type-answers"), self.directory)
        for name in EDITORS:
            built = os.path.join(destdir or "/nonexistent", "../tests/networkmanager", name)
            if os.path.exists(built):
                shutil.copy(built, self.directory)

    def rest(self):
        Nmcli(self.host).forget_vpns()
        super().rest()

