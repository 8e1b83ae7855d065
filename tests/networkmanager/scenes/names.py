"""Whose server the link has, when a stub is between or it is asked by TLS."""

import json
import os

from lab import addresses as a
from lab.encrypted import DOT_NAME
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


def set_anew(nmcli, seen, interface):
    """NetworkManager gives every link its settings once more."""
    before = len(seen.lists(interface))
    nmcli.must("general", "reload", "dns-full")
    until("NetworkManager set it again", lambda: len(seen.lists(interface)) > before, timeout=10)


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
            set_anew(nmcli, seen, interface)
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


DOT_DATA = {**PSK_DATA, "gateway-address": a.GATEWAY4, "user-id": "dot@example.com"}


def expect_private(bed):
    """host.corp.example is validated, and asked for by TLS alone."""
    bed.host.run(["resolvectl", "flush-caches"])
    before = len(bed.unbound.queries())
    with bed.capture_inside(packet_filter="port 53 and not host 127.0.0.1") as inside:
        answer = bed.host.query("host.corp.example").stdout
    expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
    expect(len(bed.unbound.queries()) > before, "it was not asked")
    tunnel = Ginnel(bed.host).tunnel()["Addresses"]
    seen = [line for line in inside.packets("dns") if any(one in line for one in tunnel)]
    expect_equal(seen, [], "questions in the open")


@scene("A resolver inside that is asked by DNS over TLS")
def tls(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    bed.serve_tls()
    nmcli.add("work", DOT_DATA, {"psk": PSK})
    with ServersSet(host) as seen:
        nmcli.connect()
        tunnel = ginnel.tunnel()
        interface = tunnel["Interface"]
        with story.claim("The tunnel has the encrypted server; the link, and NetworkManager, the stub"):
            expect_equal(tunnel["DnsServers"], [f"{a.INSIDE4}:853#{DOT_NAME}"], "DnsServers")
            until("IP4.DNS", lambda: nmcli.show().get("IP4.DNS[1]") == tunnel["Addresses"][0],
                  timeout=10)
        with story.claim("Names are validated, and asked for by TLS alone"):
            expect_private(bed)
        with story.claim("Right after nmcli general reload dns-full it is so, too"):
            set_anew(nmcli, seen, interface)
            expect_private(bed)
    nmcli.down()


@scene("A machine of NetworkManager's that demands DNS over TLS everywhere")
def tls_everywhere(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    bed.serve_tls()
    host.resolved_conf(DNSOverTLS="yes")
    try:
        nmcli.add("work", DOT_DATA, {"psk": PSK})
        with ServersSet(host) as seen:
            nmcli.connect()
            interface = ginnel.tunnel()["Interface"]

            def in_the_open():
                return host.read(["resolvectl", "dnsovertls", interface]).split()[-1] == "no"

            # NetworkManager takes it away when the link comes up.
            with story.claim("The stub, which is on this machine, is asked in the open, and asks by TLS"):
                until("DNSOverTLS=no", in_the_open, timeout=5)
                expect_private(bed)
            with story.claim("It is so again after nmcli general reload dns-full"):
                set_anew(nmcli, seen, interface)
                until("DNSOverTLS=no", in_the_open, timeout=30)
                expect_private(bed)
        nmcli.down()
    finally:
        host.resolved_conf()
