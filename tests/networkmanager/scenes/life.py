"""What a connection lives through, and what is left when something does not."""

from lab import snapshot
from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until
from nm.nmcli import PSK_DATA, Nmcli
from scenes.basic import names_are_right, nothing_left

NM = "NetworkManager.service"


def resolver_right(host, words):
    """resolved answers again at once, or a moment later where it was restarted."""
    until(f"names after {words}",
          lambda: "authenticated: yes" in host.query("host.corp.example").stdout, timeout=20)
    names_are_right(host)


@scene("The resolver, whatever happens")
def resolver(bed, story):
    host, nmcli = bed.host, Nmcli(bed.host)
    nmcli.add(secrets={"psk": PSK})
    nmcli.connect()
    with story.claim("Right after it came up"):
        names_are_right(host)
    with story.claim("Right after another connection's DNS server changed"):
        nmcli.must("connection", "modify", "uplink", "ipv4.dns-search", "elsewhere.example")
        nmcli.must("device", "reapply", "up0")
        resolver_right(host, "reapply")
    with story.claim("Right after nmcli general reload dns-full"):
        nmcli.must("general", "reload", "dns-full")
        resolver_right(host, "reload")
    with story.claim("Right after systemd-resolved was restarted"):
        host.run(["systemctl", "restart", "systemd-resolved.service"])
        resolver_right(host, "restart")
    with story.claim("Right after a reconnect"):
        bed.gateway.terminate_all()
        Ginnel(host).wait_for("connected")
        resolver_right(host, "reconnect")
    with story.claim("Right after ginneld was killed, and taken up without a word"):
        pid = Ginnel(host).kill_daemon()
        Ginnel(host).wait_for_daemon(other_than=pid)
        Ginnel(host).wait_for("connected")
        resolver_right(host, "kill")
        expect_equal(nmcli.state(), "activated", "NetworkManager's state")
    nmcli.must("connection", "modify", "uplink", "ipv4.dns-search", "")
    nmcli.must("device", "reapply", "up0")


@scene("Two at once")
def two(bed, story):
    nmcli = Nmcli(bed.host)
    plain = {**PSK_DATA, "user-id": "plain@example.com"}
    for key in ("dns-domains", "dns-trust-anchor-domains"):
        del plain[key]
    nmcli.add("work", secrets={"psk": PSK})
    nmcli.add("other", plain, {"psk": PSK})
    with story.claim("Two connections are up side by side"):
        nmcli.connect("work")
        nmcli.connect("other")
        expect_equal([nmcli.state(name) for name in ("work", "other")], ["activated"] * 2, "states")
    with story.claim("One goes down, the other stays"):
        nmcli.down("other")
        names_are_right(bed.host)
        expect_equal(nmcli.state("work"), "activated", "state")


@scene("Killed")
def killed(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    nmcli.add(secrets={"psk": PSK})
    snapshot.await_no_keys(host)
    before = snapshot.take(host)
    with story.claim("kill -9 of the plugin leaves nothing, and the next up works"):
        nmcli.connect()
        host.run(["pkill", "-9", "-f", "nm-ginnel-service"])
        nmcli.wait_for("")
        nothing_left(host, before)
        nmcli.connect()
        nmcli.down()
    with story.claim("kill -9 of NetworkManager leaves nothing, and the next up works"):
        nmcli.connect()
        host.run(["kill", "-9", str(host.main_pid(NM))])
        until("NetworkManager: another one", lambda: nmcli("general").returncode == 0)
        nmcli.wait_for("activated", "uplink")
        until("no tunnel", lambda: not ginnel.tunnels())
        # Its own route to the gateway it does not know any more.
        nothing_left(host, before, but=r"route4: .* dev up0 proto static .*metric 50")
        host.run(["ip", "route", "flush", "dev", "up0", "proto", "static", "metric", "50"])
        nmcli.connect()
        nmcli.down()
    with story.claim("ginneld stopped: NetworkManager says that it is down, and nothing is left"):
        nmcli.connect()
        host.run(["systemctl", "stop", "ginneld.service"])
        nmcli.wait_for("")
        nothing_left(host, before)
        nmcli.connect()
    with story.claim("ginnel down: NetworkManager says that it is down"):
        ginnel.down()
        nmcli.wait_for("")
        nothing_left(host, before)


@scene("With another connection")
def secondaries(bed, story):
    host, nmcli, ginnel = bed.host, Nmcli(bed.host), Ginnel(bed.host)
    nmcli.add(secrets={"psk": PSK})
    uuid = nmcli.must("-g", "connection.uuid", "connection", "show", "work").strip()
    nmcli.must("connection", "modify", "uplink", "connection.secondaries", uuid)
    with story.claim("It comes up with the connection that names it under secondaries"):
        nmcli.must("--wait", "60", "connection", "up", "uplink")
        nmcli.wait_for("activated")
        names_are_right(host)
    with story.claim("NetworkManager restarted: gone, nothing left, and back"):
        first = ginnel.tunnel()["ActivatedAt"]
        host.run(["systemctl", "restart", NM])
        until("another tunnel", lambda: ginnel.tunnels().get("work", {}).get("ActivatedAt",
                                                                           first) != first)
        nmcli.wait_for("activated")
        expect_equal(len(ginnel.tunnels()), 1, "tunnels")
        names_are_right(host)
    nmcli.must("connection", "modify", "uplink", "connection.secondaries", "")
