"""The hotel: UDP does not get through, and the tunnel comes up all the same."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene

from .tunnel import check_inside


def attempts(ginnel):
    """"udp" or "tcp" -> microseconds at which its first attempt began, and the attempt's number"""
    return {details["transport"].split("/")[0]: (at, details["attempt"])
            for at, details in reversed(ginnel.events("attempt-started"))}


@scene("The hotel blocks UDP", demo=True, about="""The router now drops all UDP but DNS, without a word.
       Beside the gateway runs ginnel-relay, because strongSwan itself knows no TCP. The profile is the
       same as before.""")
def udp_dropped(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.router.mood("block-udp")
    with story.claim("Connected over TCP by the same command and profile"):
        result = story.types("ginnel up work")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
        expect_match("^Connected over TCP after [0-9.]+ m?s", result.stdout, "the closing line")
    with story.claim("The time from ginnel up to up is stated"):
        (_, details), = ginnel.events("connected")
        story.says(f"It took {details['after'] / 1e6:.2f} s.")
    with story.claim("The timeline shows UDP's retransmission first and then TCP's start"):
        started = attempts(ginnel)
        udp_at, udp = started["udp"]
        tcp_at, _ = started["tcp"]
        again = [at for at, details in ginnel.events("attempt-retransmitted")
                 if details["attempt"] == udp]
        expect(again and udp_at < again[0] < tcp_at,
               f"UDP at {udp_at}, again at {again}, TCP at {tcp_at}")
    check_inside(bed, story, "Over TCP")
    with story.claim("10 MB in both directions over TCP, checksums equal"):
        result = bed.host.run([bed.tool("transfer"), a.INSIDE4, 10_000_000], check=False, timeout=120)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    with story.claim("ginnel status says that it runs over TCP, and that UDP did not get through"):
        result = story.types("ginnel status work")
        expect_match("connected over TCP.*UDP did not get through", result.stdout, "status")
    story.types("ginnel down work")


@scene("The network answers UDP with an error", demo=True, about="""Other networks refuse UDP with an
       ICMP message. Then there is nothing to wait for.""")
def udp_rejected(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.router.mood("reject-udp")
    with story.claim("Connected over TCP at once: it starts before UDP is sent a second time"):
        result = story.types("ginnel up work")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        started = attempts(ginnel)
        udp_at, udp = started["udp"]
        again = [at for at, details in ginnel.events("attempt-retransmitted")
                 if details["attempt"] == udp and at < started["tcp"][0]]
        expect_equal(again, [], f"retransmissions before TCP, UDP began at {udp_at}")
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
    check_inside(bed, story, "Over TCP after an ICMP error")
    story.types("ginnel down work")


@scene("TCP over IPv6")
def tcp_over_ipv6(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="gw6.example")
    bed.router.mood("block-udp")
    with story.claim("Connected over TCP to an IPv6 gateway"):
        ginnel.connect()
        expect_equal(ginnel.tunnel()["GatewayAddress"], a.GATEWAY6, "gateway's address")
    check_inside(bed, story, "TCP over IPv6")
    ginnel.down()


@scene("The relay and strangers")
def relay_drops_strangers(bed, story):
    with story.claim("ginnel-relay drops a stream that is not IKETCP, and one that says nothing"):
        script = """if True:
            import socket, sys
            for text in (b"GET / HTTP/1.0\\r\\n\\r\\n", b"IKETCX"):
                s = socket.create_connection((sys.argv[1], 4500), 3)
                s.settimeout(5)
                s.sendall(text)
                try:
                    assert s.recv(10) == b"", "it answered"
                except ConnectionResetError:
                    pass
            """
        bed.host.run(["python3", "-c", script, a.GATEWAY4])
    with story.claim("and serves the next one"):
        ginnel = Ginnel(bed.host)
        bed.profile(transport__order="tcp/4500")
        ginnel.connect()
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
        ginnel.down()
