"""The network below changes, and NetworkManager's connection does not notice."""

from lab import addresses as a
from lab import snapshot
from lab.box import connect, settled
from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until
from nm.nmcli import PSK_DATA, Nmcli
from scenes.basic import names_are_right, nothing_left

# A cable beside the one that is always there.
OTHER_HOST4, OTHER_ROUTER4 = "203.0.113.2", "203.0.113.1"
PERSISTENT = ["vpn.persistent", "yes"]


def same_device(ginnel, before):
    now = ginnel.tunnel()
    for name in ("Interface", "Addresses", "DnsServers"):
        expect_equal(now[name], before[name], name)


@scene("UDP is blocked while it is up")
def to_tcp(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    nmcli.add(secrets={"psk": PSK})
    nmcli.connect()
    before = ginnel.tunnel()
    with story.claim("The tunnel goes on over TCP; device, addresses and NetworkManager's state stay"):
        bed.router.mood("block-udp")
        # What is sent and not answered is how it is noticed.
        host.spawn(["ping", "-i", "0.5", "-c", "60", a.INSIDE4], log="ping")
        until("TCP", lambda: ginnel.tunnel()["Transport"] == "tcp/4500", timeout=60)
        ginnel.wait_for("connected")
        host.run(["ping", "-c", "1", "-W", "5", a.INSIDE4])
        same_device(ginnel, before)
        expect_equal(nmcli.state(), "activated", "state")
    with story.claim("Names are right over TCP"):
        names_are_right(host)


@scene("The device below is replaced")
def replaced(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    connect(host, "up1", bed.router, "tohost1")
    bed.router.ip("addr", "add", f"{OTHER_ROUTER4}/24", "dev", "tohost1")
    settled(host, "up1")
    nmcli.must("connection", "add", "type", "ethernet", "ifname", "up1", "con-name", "cable",
               "ipv4.method", "manual", "ipv4.addresses", f"{OTHER_HOST4}/24", "ipv4.gateway",
               OTHER_ROUTER4, "ipv4.dns", a.OUTSIDE4, "ipv6.method", "disabled",
               "connection.autoconnect", "no")
    nmcli.add(secrets={"psk": PSK})
    nmcli.must("connection", "modify", "work", *PERSISTENT)
    nmcli.connect()
    before = ginnel.tunnel()
    with story.claim("Bytes go on through a change to another cable, the first one pulled"):
        transfer = host.spawn([bed.tool("transfer"), a.INSIDE4, "200000000"],
                              log="nm-transfer")
        nmcli.must("--wait", "20", "connection", "up", "cable")
        nmcli.must("--wait", "20", "device", "disconnect", "up0")
        expect(transfer.poll() is None, "it had ended before")
        expect_equal(transfer.wait(timeout=120), 0, "the transfer's status")
        same_device(ginnel, before)
        expect_equal(nmcli.state(), "activated", "state")
    with story.claim("Names inside are right over the other cable"):
        until("names", lambda: host.query("host.corp.example").returncode == 0, timeout=20)
        expect("authenticated: yes" in host.query("host.corp.example").stdout, "not validated")
    nmcli.down()
    nmcli.must("--wait", "20", "connection", "up", "uplink")
    nmcli.must("connection", "delete", "cable")
    host.ip("link", "del", "up1")
    host.run(["resolvectl", "dnssec", "up0", "yes"])


@scene("Everything through the tunnel")
def full(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    snapshot.await_no_keys(host)
    before = snapshot.take(host)
    data = {**PSK_DATA, "user-id": "full@example.com"}
    for key in ("dns-domains", "dns-trust-anchor-domains"):
        del data[key]
    nmcli.add("work", data, {"psk": PSK})
    with story.claim("Every packet goes inside, whatever routes NetworkManager has"):
        nmcli.connect()
        for address in (a.OUTSIDE4, a.OUTSIDE6):
            route = host.read(["ip", "route", "get", address])
            expect(f"dev {ginnel.tunnel()['Interface']}" in route, route)
    with story.claim("Every name is asked inside"):
        domains = host.read(["resolvectl", "domain", ginnel.tunnel()["Interface"]])
        expect(domains.split()[-1] == "~.", domains)
    with story.claim("Down again, nothing is left"):
        nmcli.down()
        nothing_left(host, before)
