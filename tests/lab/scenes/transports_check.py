"""ginnel check: what of a gateway gets through here, without signing in."""

import json

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene


def rows(ginnel, gateway="gw4.example", **options):
    """{"udp/4500": row} of one gateway with one address."""
    result = ginnel.tool("check", "--json", *[f"--{name}={value}" for name, value in options.items()],
                         gateway)
    found = json.loads(result.stdout)
    expect_equal(found["gateway"], gateway, "gateway")
    return {f"{row['transport']}/{row['port']}": row for row in found["rows"]}


def outcomes(found):
    return {way: row["outcome"] for way, row in found.items()}


@scene("What gets through", demo=True, about="""ginnel check tries every way to a gateway. It needs no profile,
       shows nobody who we are, and leaves nothing behind.""")
def what_gets_through(bed, story):
    ginnel = Ginnel(bed.host)
    bed.gateway.stop_tls_relay()
    with story.claim("On an open network: UDP and TCP answer, and nothing listens for TLS"):
        result = story.types("ginnel check gw4.example")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        for way in ("udp 4500", "udp 500", "tcp 4500"):
            expect_match(f"{way} +{a.GATEWAY4} +answered after", result.stdout, way)
        expect_match("tls 443 .*refused: nothing listens there", result.stdout, "tls")
        expect_match("A tunnel to it comes up over UDP", result.stdout, "the last line")
    bed.router.mood("block-udp")
    with story.claim("In the hotel: UDP is dropped on the way, TCP gets through"):
        result = story.types("ginnel check gw4.example")
        expect_match("udp 4500 .*no answer: UDP is dropped on the way", result.stdout, "udp")
        expect_match("A tunnel to it comes up over TCP", result.stdout, "the last line")
    with story.claim("Nothing of a check stays: no session, no device, no rule of the filter"):
        expect_equal(ginnel.tunnels(), {}, "tunnels")
        expect_equal(bed.gateway.established(), [], "sessions")
        expect("table inet ginnel" not in bed.host.read(["nft", "list", "tables"]), "our table is there")


@scene("What does not get through, and why")
def what_does_not(bed, story):
    ginnel = Ginnel(bed.host)
    bed.gateway.start_tls_relay(bed.host.tree)
    with story.claim("A relay's certificate that the system does not know: that is what is said"):
        row = rows(ginnel)["tls/443"]
        expect_equal(row["outcome"], "failed", row)
        expect_match("does not lead to a trusted authority", row["detail"], "detail")
    bed.router.mood("only-443")
    with story.claim("Only port 443 is open: the rest is silent"):
        expect_equal(outcomes(rows(ginnel)), {"udp/4500": "silent", "udp/500": "silent",
                                              "tcp/4500": "silent", "tls/443": "failed"}, "outcomes")
    bed.router.mood("open")
    bed.router.add_rule(f"ip daddr {a.GATEWAY4} udp dport 4500 drop")
    with story.claim("Port 4500 alone is shut: the other port's answer says so"):
        found = rows(ginnel)
        expect_equal(found["udp/4500"]["outcome"], "silent", found)
        expect_equal(found["udp/4500"]["likely"], "port-dropped", found)
        expect_equal(found["udp/500"]["outcome"], "answered", found)
    bed.router.mood("block-all")
    with story.claim("Nothing gets through at all, and the status says so"):
        result = ginnel.tool("check", "gw4.example")
        expect_equal(result.returncode, 1, result.stdout)
        expect_match("No tunnel to it comes up from here", result.stdout, "the last line")
    bed.router.mood("open")
    bed.router.add_rule(f"ip6 daddr {a.GATEWAY6} drop")
    with story.claim("Of two address families one is shut: IPv4 answers, IPv6 does not"):
        result = ginnel.tool("check", "gw.example")
        expect_match(f"udp 4500 +{a.GATEWAY6} +no answer: nothing gets through to this address",
                     result.stdout, "IPv6")
        expect_match(f"udp 4500 +{a.GATEWAY4} +answered", result.stdout, "IPv4")
    bed.router.mood("open")
    with story.claim("Other transports, and a name that does not resolve"):
        expect_equal(list(rows(ginnel, order="udp/4500 tcp/4500")), ["udp/4500", "tcp/4500"], "ways")
        result = ginnel.tool("check", "nowhere.example")
        expect_equal(result.returncode, 1, result.stdout)
        expect_match("nowhere.example", result.stderr, "the error")
    bed.gateway.stop_tls_relay()
