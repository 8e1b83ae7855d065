"""A connection by hand: added, up, looked at, down."""

import re

from lab import addresses as a
from lab import snapshot
from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import Failure, expect, expect_equal, scene
from lab.wait import LabError, until
from nm.nmcli import Nmcli


def names_are_right(host):
    """Inside validated and unvalidated names, and outside ones."""
    answer = host.query("host.corp.example").stdout
    expect("authenticated: yes" in answer, answer)
    answer = host.query("host.two.example")
    expect(answer.returncode == 0, answer.stdout + answer.stderr)
    answer = host.query("www.example").stdout
    expect("authenticated: yes" in answer, answer)


def nothing_left(host, before, but=""):
    """Waits, because NetworkManager says that it is down before it is. but: a pattern of lines that
    may have changed."""
    def left():
        return [line for line in snapshot.difference(before, snapshot.take(host))
                if not but or not re.search(but, line)]
    try:
        until("nothing left", lambda: not left(), timeout=20)
    except LabError:
        raise Failure("\n".join(left())) from None


@scene("A connection of NetworkManager's")
def by_hand(bed, story):
    nmcli, ginnel = Nmcli(bed.host), Ginnel(bed.host)
    snapshot.await_no_keys(bed.host)
    before = snapshot.take(bed.host)
    with story.claim("nmcli connection add type vpn vpn-type ginnel"):
        result = nmcli.add(secrets={"psk": PSK})
        expect(result.returncode == 0, result.stdout + result.stderr)
    with story.claim("nmcli connection up"):
        nmcli.connect()
    with story.claim("nmcli connection show has addresses, routes, DNS server and domains"):
        # The link has both before NetworkManager says so of IPv6.
        until("IPv6", lambda: "2001:db8:77::" in str(nmcli.show()), timeout=10)
        shown = nmcli.show()
        expect(shown.get("IP4.ADDRESS[1]", "").startswith("10.77.0."), shown)
        text = str(shown)
        expect("10.99.0.0/24" in text and "2001:db8:99::/64" in text, text)
        expect_equal(shown.get("IP4.DNS[1]"), a.INSIDE4, "IP4.DNS")
        expect("~corp.example" in text, text)
    with story.claim("Packets go through, and only what belongs there"):
        for inside in (a.INSIDE4, a.INSIDE6):
            bed.host.run(["ping", "-c", "1", "-W", "2", inside])
        route = bed.host.read(["ip", "route", "get", a.OUTSIDE4])
        expect("dev up0" in route, route)
    with story.claim("Inside names are validated, outside ones too"):
        names_are_right(bed.host)
    with story.claim("NetworkManager takes the tunnel's device for no connection of its own"):
        listed = nmcli.must("-t", "-f", "NAME,DEVICE", "connection", "show", "--active")
        expect("ginnel0:ginnel0" not in listed, listed)
    with story.claim("The whole story is in ginnel status"):
        said = ginnel.tool("status", "work").stdout
        expect("corp.example" in said and "validated" in said, said)
    with story.claim("nmcli connection down leaves nothing"):
        expect_equal(nmcli.down().returncode, 0, "status")
        nothing_left(bed.host, before)


@scene("Beside NetworkManager, without it")
def beside(bed, story):
    nmcli, ginnel = Nmcli(bed.host), Ginnel(bed.host)
    bed.profile()
    with story.claim("A tunnel of ginnel's own comes up, and NetworkManager leaves its device alone"):
        ginnel.connect()
        device = ginnel.tunnel()["Interface"]
        listed = nmcli.must("-t", "-f", "DEVICE,STATE", "device")
        expect(f"{device}:unmanaged" in listed, listed)
    with story.claim("Its names stay right when NetworkManager sets everything anew"):
        nmcli.must("general", "reload", "dns-full")
        nmcli.must("device", "reapply", "up0")
        names_are_right(bed.host)
    ginnel.down()
