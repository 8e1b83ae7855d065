"""lockdown = yes: nothing passes outside the tunnel but what makes it, in whatever order things fail."""

import json

from lab import addresses as a
from lab.product import BUS, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

SYSTEMS = ("debian12", "debian13")
FULL = ("locks_again",)

LOCKED = {"connection__lockdown": "yes", "user__id": "full@example.com", "dns__domains": None,
          "dns__trust_anchor_domains": None}


def tries(bed):
    """What programs do: datagrams, streams, pings, questions, of both families. Those that came out."""
    attempts = {
        "udp4": f"echo x > /dev/udp/{a.BYSTANDER4}/9",
        "udp6": f"echo x > /dev/udp/{a.OUTSIDE6}/9",
        "tcp4": f"echo x > /dev/tcp/{a.OUTSIDE4}/53",
        "tcp6": f"echo x > /dev/tcp/{a.OUTSIDE6}/53",
        "ping4": f"ping -q -c1 -W1 {a.OUTSIDE4}",
        "ping6": f"ping -q -c1 -W1 {a.OUTSIDE6}",
        "dns": f"echo x > /dev/udp/{a.OUTSIDE4}/53",
        "router": f"ping -q -c1 -W1 {a.ROUTER_HOST4}",
    }
    return {name for name, line in attempts.items()
            if bed.host.run(["timeout", "3", "bash", "-c", line], check=False).returncode == 0}


def strangers(capture):
    """Packets of the test host that are neither the tunnel's, nor a link's own, nor the question for
    the gateway's name."""
    lines = []
    for fields in capture.fields("", "frame.protocols", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst",
                                 "udp.dstport", "tcp.dstport", "dns.qry.name", "icmpv6.type"):
        (protocols, source4, source6, target4, target6, udp, tcp, name, icmp6) = fields[:9]
        ours = source4 == a.HOST4 or source6 == a.HOST6 or source6.startswith("fe80")
        if "arp" in protocols.split(":") or not ours:
            continue
        gateway = target4 == a.GATEWAY4 and (udp or tcp) in ("500", "4500")
        question = target4 == a.OUTSIDE4 and (udp or tcp) == "53" and name in ("gw4.example", "")
        link = icmp6.split(",")[0] in ("131", "132", "133", "135", "136", "143")
        if not (gateway or question or link):
            lines.append(" ".join(field for field in fields if field))
    return lines


def locked_by(bed):
    result = bed.host.read(["busctl", "--json=short", "get-property", BUS, "/org/ginnel/Ginnel1",
                            BUS + ".Manager", "LockedBy"])
    return json.loads(result)["data"]


@scene("A locked machine", about="")
def locked(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(**LOCKED)
    with story.claim("Before, everything is reached"):
        reached = tries(bed)
        expect({"udp4", "udp6", "tcp4", "tcp6", "ping4", "ping6", "dns", "router"} <= reached, reached)
    with bed.capture_uplink() as capture:
        with story.claim("It connects, asking for the gateway's name past systemd-resolved"):
            ginnel.connect()
        with story.claim("Inside is reached, and nothing outside"):
            expect(bed.host.run(["ping", "-q", "-c1", "-W2", a.INSIDE4],
                                check=False).returncode == 0, "inside is not reached")
            expect_equal(tries(bed) - {"udp4", "udp6", "dns"}, set(), "reached outside")
        bed.router.mood("block-all")
        with story.claim("While it reconnects, nothing passes outside"):
            ginnel.kill_tunnel_process()
            ginnel.wait_for("reconnecting")
            expect_equal(tries(bed) - {"udp4", "udp6", "dns"}, set(), "reached outside")
        with story.claim("When ginneld is killed, nothing passes outside"):
            before = ginnel.kill_daemon()
            tries(bed)
            ginnel.wait_for_daemon(before)
            expect_equal(tries(bed) - {"udp4", "udp6", "dns"}, set(), "reached outside")
            expect_equal(locked_by(bed), ["work"], "locked by")
        bed.router.mood("open")
        with story.claim("It comes back"):
            ginnel.wait_for("connected", timeout=60)
        with story.claim("When ginneld is stopped, the machine stays locked"):
            bed.host.run(["systemctl", "stop", "ginneld"])
            expect_equal(tries(bed), set(), "came out")
        with story.claim("The service that is started again knows it"):
            expect_equal(locked_by(bed), ["work"], "locked by")
            ginnel.connect()
    with story.claim("Nothing but the tunnel's packets and the gateway's name was ever seen outside"):
        expect_equal(strangers(capture)[:10], [], "seen on the uplink")
        # What has to have gone out was seen, so that the rest would have been, too.
        expect(capture.packets(f"udp.port == 4500 && ip.addr == {a.GATEWAY4}"), "no tunnel was seen")
        expect("gw4.example" in capture.asked_names(), f"asked: {capture.asked_names()}")
    ginnel.down()
    with story.claim("ginnel down unlocks"):
        expect_equal(locked_by(bed), [], "locked by")
        expect({"udp4", "tcp4", "tcp6", "ping4", "dns"} <= tries(bed), "not everything is reached")


@scene("A locked machine whose tunnel fails")
def failed(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(**LOCKED, user__secret_file="/etc/ginnel/wrong.secret")
    with story.claim("It fails, and the machine stays locked"):
        result = ginnel.up()
        expect(result.returncode == 1, result.stdout + result.stderr)
        expect_equal(tries(bed), set(), "came out")
        expect("locked for work" in ginnel.tool("lockdown").stdout, ginnel.tool("lockdown").stdout)
    with story.claim("For some minutes everything is let out when somebody asks"):
        text = ginnel.tool("lockdown", "--lift", "2").stdout
        expect("lifted for 1" in text, text)
        expect({"udp4", "tcp4", "tcp6", "ping4", "dns"} <= tries(bed), "not everything is reached")
        expect("192.0.2.80" in bed.host.query("www.example").stdout, "names do not resolve")
    with story.claim("An unprivileged user without a seat may not ask for that"):
        result = ginnel.tool("lockdown", "--lift", "2", user="tess")
        expect_equal(result.returncode, 4, "status")
        expect(ginnel.tool("lockdown", "--lift", "16").returncode == 2, "16 minutes")
    with story.claim("Connecting anew locks at once"):
        ginnel.up()
        expect_equal(tries(bed), set(), "came out")
    with story.claim("ginnel lockdown --off unlocks, and so does ginnel down"):
        expect("not locked" in ginnel.tool("lockdown", "--off").stdout, "still locked")
        expect("tcp4" in tries(bed), "not everything is reached")
        ginnel.up()
        ginnel.down()
        expect_equal(locked_by(bed), [], "locked by")
        expect("tcp4" in tries(bed), "not everything is reached")


@scene("Signing in to another network while every name is pinned")
def captive_portal(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(**LOCKED)
    ginnel.connect()
    bed.router.mood("block-all")
    ginnel.kill_tunnel_process()
    ginnel.wait_for("reconnecting")
    with story.claim("No name is asked outside while the tunnel is away"):
        expect(bed.host.query("www.example").returncode != 0, "www.example resolves")
    with story.claim("Lifted, names of the network at hand resolve"):
        ginnel.tool("lockdown", "--lift", "1")
        until("www.example", lambda: "192.0.2.80" in bed.host.query("www.example").stdout, timeout=10)
        expect("tcp4" in tries(bed), "not everything is reached")
    bed.router.mood("open")
    with story.claim("The tunnel that comes back has every name again"):
        ginnel.wait_for("connected", timeout=60)
        interface = ginnel.tunnel()["Interface"]
        until("~.", lambda: "~." in bed.host.read(["resolvectl", "domain", interface]), timeout=10)
    ginnel.down()


@scene("Locked from boot")
def boot(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(**LOCKED, connection__autoconnect="yes")
    bed.host.run(["systemctl", "stop", "ginneld"])
    with story.claim("The unit is done before the network begins"):
        before = bed.host.read(["systemctl", "show", "-P", "Before", "ginnel-lockdown.service"])
        expect("network-pre.target" in before.split(), before)
    with story.claim("It locks before ginneld has been started"):
        bed.host.run(["systemctl", "start", "ginnel-lockdown.service"])
        expect_equal(tries(bed), set(), "came out")
        expect(bed.host.main_pid("ginneld.service") == 0, "ginneld runs")
    with story.claim("ginneld brings the tunnel up by itself"):
        bed.host.run(["systemctl", "start", "ginneld"])
        ginnel.wait_for("connected")
        expect(bed.host.run(["ping", "-q", "-c1", "-W2", a.INSIDE4],
                            check=False).returncode == 0, "inside is not reached")
    ginnel.down()
    bed.host.run(["systemctl", "stop", "ginnel-lockdown.service"])
    with story.claim("A profile without autoconnect does not lock at boot"):
        bed.profile(**LOCKED)
        bed.host.run(["systemctl", "start", "ginnel-lockdown.service"])
        expect("tcp4" in tries(bed), "locked")
    bed.host.run(["systemctl", "stop", "ginnel-lockdown.service"])


@scene("The lock comes back by itself")
def locks_again(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(**LOCKED, user__secret_file="/etc/ginnel/wrong.secret")
    ginnel.up()
    ginnel.tool("lockdown", "--lift", "1")
    with story.claim("After a minute, without anybody doing anything"):
        expect("tcp4" in tries(bed), "not lifted")
        until("locked again", lambda: "locked for work" in ginnel.tool("lockdown").stdout, timeout=75,
              pause=1)
        expect_equal(tries(bed), set(), "came out")
    ginnel.down()
