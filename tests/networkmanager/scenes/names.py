"""Whose server the link has, when a stub is between."""

import json
import os

from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until
from nm.nmcli import PSK_DATA, Nmcli


class ServersSet:
    """Every list of servers that anybody has systemd-resolved take for one link. A context manager."""

    METHODS = ("SetLinkDNS", "SetLinkDNSEx")

    def __init__(self, host):
        self.host = host
        self.path = os.path.join(host.log, "servers-set")

    def __enter__(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        rules = [f"--match=type='method_call',member='{name}'" for name in ("GetId", *self.METHODS)]
        self.process = self.host.spawn(["busctl", "--json=short", *rules, "monitor"],
                                       log="servers-set")
        until("busctl monitor", self._listens, timeout=10)
        return self

    def _listens(self):
        """It has seen a call that was made to see that."""
        self.host.run(["busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId"])
        return bool(self._calls())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def _calls(self):
        with open(self.path) as file:
            return [json.loads(line) for line in file if line.startswith("{")]

    def lists(self, interface):
        """[[address and port, ...], ...], in their order; the usual port is 0."""
        found = []
        index = int(self.host.read(["cat", f"/sys/class/net/{interface}/ifindex"]))
        for call in self._calls():
            if call["member"] in self.METHODS and call["payload"]["data"][0] == index:
                found.append([(".".join(map(str, one[1])), one[2] if len(one) > 2 else 0)
                              for one in call["payload"]["data"][1]])
        return found


@scene("A stub between")
def stub(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    nmcli.add("work", {**PSK_DATA, "dns-dnssec": "stub"}, {"psk": PSK})
    with ServersSet(host) as seen:
        nmcli.connect()
        address, interface = ginnel.tunnel()["Addresses"][0], ginnel.tunnel()["Interface"]
        with story.claim("The link's server is the stub, for NetworkManager too"):
            expect_equal(ginnel.tunnel()["LinkServers"], [address], "LinkServers")
            until("IP4.DNS", lambda: nmcli.show().get("IP4.DNS[1]") == address, timeout=10)
            expect_equal(host.read(["resolvectl", "dns", interface]).split()[-1], address, "dns")
        # The stub keeps answers; its AAAA record has not been asked for then.
        bed.gateway.serve_names("tampered")
        with story.claim("Inside names resolve by it, and are validated: what was altered fails"):
            expect(host.query("host.corp.example", "AAAA").returncode == 0, "AAAA")
            expect(host.query("host.corp.example").returncode != 0, "it is believed")
        with story.claim("Right after nmcli general reload dns-full it is so, too"):
            before = len(seen.lists(interface))
            nmcli.must("general", "reload", "dns-full")
            until("NetworkManager set it again", lambda: len(seen.lists(interface)) > before,
                  timeout=10)
            host.run(["resolvectl", "flush-caches"])
            expect(host.query("host.corp.example").returncode != 0, "it is believed")
            expect(host.query("host.corp.example", "AAAA").returncode == 0, "AAAA")
        with story.claim("And right after a reconnect"):
            bed.gateway.terminate_all()
            ginnel.wait_for("connected")
            host.run(["resolvectl", "flush-caches"])
            until("AAAA", lambda: host.query("host.corp.example", "AAAA").returncode == 0,
                  timeout=10)
            expect(host.query("host.corp.example").returncode != 0, "it is believed")
        with story.claim("Nobody ever gave the link another server, in all this time"):
            expect_equal({str(one) for one in seen.lists(interface) if one},
                         {str([(address, 0)])}, "servers")
    nmcli.down()
