"""Networks that let little through, and what is remembered of them."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene
from lab.testhost import UPLINK
from lab.wait import until

from .tunnel import check_inside

# Of the test host's network: another router, as far as the host can see.
OTHER_ROUTER4 = "198.51.100.254"
IKE_AUTH = 35
# Exchange type of an IKE message behind UDP header and non-ESP marker, in bits from the UDP header.
EXCHANGE = "@th,240,8"


def starts(ginnel):
    """"udp" or "tcp" -> microseconds at which its first attempt began"""
    return {details["transport"]: at for at, details in reversed(ginnel.events("attempt-started"))}


def move_to_other_network(bed):
    bed.router.ip("addr", "add", f"{OTHER_ROUTER4}/24", "dev", "tohost")
    bed.host.ip("route", "replace", "default", "via", OTHER_ROUTER4, "dev", UPLINK)


def move_back(bed):
    bed.host.ip("route", "replace", "default", "via", a.ROUTER_HOST4, "dev", UPLINK)
    bed.router.ip("addr", "del", f"{OTHER_ROUTER4}/24", "dev", "tohost")


@scene("The hotel is remembered", about="""A network that blocks UDP does so the next day, too: there is
       nothing to wait for. In another network UDP comes first again.""")
def remembered(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.router.mood("block-udp")
    with story.claim("The first time UDP comes first, and TCP a second later"):
        ginnel.connect()
        began = starts(ginnel)
        expect(began["tcp"] - began["udp"] >= 900_000, f"{began}")
        ginnel.down()
    with story.claim("The second time TCP starts at once, and UDP behind it"):
        ginnel.connect()
        began = starts(ginnel)
        expect(began["tcp"] < 200_000 and began.get("udp", began["tcp"] + 1) > began["tcp"],
               f"{began}")
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
        ginnel.down()
    with story.claim("It is remembered over a restart of the service, and the file tells nobody where"):
        bed.host.run(["systemctl", "stop", "ginneld"])
        file = bed.host.read(["cat", "/var/lib/ginnel/networks"])
        expect_match("^[0-9a-f]{64} [0-9]+ udp-blocked ", file, "the file")
        expect_equal(bed.host.read(["stat", "-c", "%a", "/var/lib/ginnel/networks"]).strip(), "600",
                     "mode")
        ginnel.connect()
        began = starts(ginnel)
        expect(began["tcp"] < 200_000, f"{began}")
        ginnel.down()
    with story.claim("In another network UDP is tried first"):
        move_to_other_network(bed)
        try:
            ginnel.connect()
            began = starts(ginnel)
            expect(began["tcp"] - began["udp"] >= 900_000, f"{began}")
            ginnel.down()
        finally:
            move_back(bed)
    with story.claim("Where UDP works again that is found out, and remembered"):
        bed.router.mood("open")
        bed.profile(transport__udp_again="1")
        ginnel.connect()
        until("UDP", lambda: ginnel.tunnel()["Transport"] == "udp/4500", timeout=20)
        ginnel.down()
        ginnel.connect()
        expect_equal(ginnel.tunnel()["Transport"], "udp/4500", "transport")
        expect("tcp" not in starts(ginnel), f"{starts(ginnel)}")
    ginnel.down()


@scene("Answered once, and never again", about="""Some networks let the first message through, and no second
       one: they look into it, or drop what is larger.""")
def answered_once(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.router.add_rule(f"udp dport 4500 {EXCHANGE} {IKE_AUTH} drop")
    with story.claim("IKE_AUTH does not get through UDP: connected over TCP"):
        ginnel.connect()
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
    check_inside(bed, story, "After IKE_AUTH got lost")
    ginnel.down()
    ginnel.forget_networks()
    bed.router.mood("open")
    bed.router.add_rule("meta l4proto udp meta length > 1200 drop")
    bed.certificate_profile()
    with story.claim("Datagrams over 1200 octets get lost, and a certificate is longer: connected"):
        ginnel.connect()
    check_inside(bed, story, "Where large datagrams get lost")
    ginnel.down()
    ginnel.forget_networks()
    bed.profile()
    with story.claim("A session that came up by small datagrams goes over to TCP when large ones get lost"):
        ginnel.connect()
        until("TCP", lambda: ginnel.tunnel()["Transport"] == "tcp/4500", timeout=30)
        (_, moved), = ginnel.events("moved")
        expect_equal(moved["why"], "udp-narrow", "why")
    with story.claim("What is large goes through it: 1 MB each way, checksums equal"):
        result = bed.host.run([bed.tool("transfer"), a.INSIDE4, 1_000_000], check=False, timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    ginnel.down()
    ginnel.forget_networks()
    bed.router.mood("open")
    bed.router.add_rule("meta l4proto udp meta length > 1420 drop")
    bed.profile()
    with story.claim("Where they are a little too large, packets inside become smaller, and UDP stays"):
        ginnel.connect()
        before = ginnel.tunnel()["Mtu"]
        until("a smaller MTU", lambda: ginnel.tunnel()["Mtu"] < before, timeout=30)
        expect_equal(ginnel.tunnel()["Transport"], "udp/4500", "transport")
        mtu = ginnel.tunnel()["Mtu"]
        result = bed.host.run(["ping", "-c", "1", "-W", "5", "-M", "do", "-s", str(mtu - 28), a.INSIDE4],
                              check=False)
        expect_equal(result.returncode, 0, f"a packet of {mtu} octets: {result.stdout}")
    ginnel.down()


@scene("IPv6 is a black hole", about="""The gateway has addresses of both families, and what goes out by IPv6
       is never answered.""")
def black_hole(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="gw.example")
    bed.router.add_rule(f"ip6 daddr {a.GATEWAY6} drop")
    with story.claim("Connected over IPv4 and UDP, without waiting for IPv6 to give up"):
        ginnel.connect()
        tunnel = ginnel.tunnel()
        expect_equal(tunnel["GatewayAddress"], a.GATEWAY4, "gateway's address")
        expect_equal(tunnel["Transport"], "udp/4500", "transport")
        (_, details), = ginnel.events("connected")
        story.says(f"It took {details['after'] / 1e6:.2f} s.")
    ginnel.down()
