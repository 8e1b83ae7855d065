"""Much of everything: domains, anchors, tunnels, odd names, ups and downs."""

import time

from lab import addresses as a, snapshot
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

SYSTEMS = ("debian12", "debian13")
FULL = ("forty_tunnels",)

TUNNELS = 40


def restarts(bed, since):
    """How often systemd-resolved was started or reloaded since."""
    text = bed.host.journal("-u", "systemd-resolved", "--since", since)
    return text.count("Starting systemd-resolved") + text.count("Reloading systemd-resolved")


def now(bed):
    time.sleep(1.1)     # the journal's --since counts in seconds
    return bed.host.read(["date", "+%F %T"]).strip()


def healthy(bed):
    # It may be starting anew just now; one that has failed stays so.
    until("systemd-resolved: active",
          lambda: bed.host.run(["systemctl", "is-active", "systemd-resolved"],
                               check=False).stdout.strip() == "active", timeout=5)
    answer = bed.host.query("www.example").stdout
    expect("192.0.2.80" in answer, f"outside names do not resolve:\n{answer}")


@scene("A thousand domains and two hundred anchors")
def thousand_domains(bed, story):
    ginnel = Ginnel(bed.host)
    took = {}
    for user in ("few", "many"):
        bed.profile(user__id=f"{user}@example.com", dns__domains="corp.example;inside.example",
                    dns__trust_anchor_domains="corp.example;inside.example")
        began = time.monotonic()
        ginnel.connect()
        took[user] = time.monotonic() - began
        if user == "few":
            ginnel.down()
    with story.claim("All that resolved takes for one link are there; the user is told of the others"):
        tunnel = ginnel.tunnel()
        kept = len(tunnel["Domains"])
        print(f"# this systemd-resolved takes {kept} of 1001 domains for one link")
        expect(kept in (256, 1001), f"{kept} domains")
        expect_equal(len([domain for domain in tunnel["Domains"] if domain["validated"]]), 201,
                     "validated")
        expect_equal(f"Names in {1001 - kept} of" in tunnel["Warning"], kept < 1001,
                     tunnel["Warning"])
        has = bed.host.read(["resolvectl", "domain", tunnel["Interface"]]).split()
        expect_equal(len([word for word in has if word.startswith("~")]), kept, "in resolved")
        lines = bed.host.read(["sh", "-c", "cat /run/dnssec-trust-anchors.d/ginnel-all.positive"]).splitlines()
        expect_equal(len(lines), 201, "anchors")
    with story.claim("Names resolve, inside and outside"):
        answer = bed.host.query("host.corp.example").stdout
        expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
        healthy(bed)
    with story.claim("It took no longer than a hundred times as long as ten domains"):
        print(f"# connected with 10 domains in {took['few']:.2f} s, with 1001 in {took['many']:.2f} s")
        expect(took["many"] < 100 * max(took["few"], 0.1), took)
    ginnel.down()
    with story.claim("Nothing of them is left"):
        snapshot.await_no_keys(bed.host)
        expect_equal(bed.host.read(["sh", "-c", "ls /run/dnssec-trust-anchors.d"]).split(),
                     ["root.positive"], "anchor files")


@scene("Odd names")
def odd_names(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="odd@example.com", dns__domains=None, dns__trust_anchor_domains=None)
    ginnel.connect()
    tunnel = ginnel.tunnel()
    domains = {domain["name"] for domain in tunnel["Domains"]}
    refused = {item["name"] for item in tunnel["Refused"] if item["kind"] == "domain"}
    with story.claim("What is right is taken, once, in its normal form"):
        expect_equal(domains, set(bed.ODD_TAKEN), "domains")
    with story.claim("What is not is refused, and shown so that it can be read"):
        # And the two that are too long, which are shown cut.
        cut = {name for name in refused if name.endswith("...")} | {"a" * 64 + ".example"} & refused
        expect_equal(refused - cut, set(bed.ODD_REFUSED), "refused")
        expect_equal(len(cut), 2, f"too long: {cut}")
    with story.claim("resolved has just those"):
        has = bed.host.read(["resolvectl", "domain", tunnel["Interface"]]).split(":", 1)[1].split()
        expect_equal({word.lstrip("~") for word in has}, set(bed.ODD_TAKEN), "in resolved")
        healthy(bed)
    ginnel.down()


@scene("Twenty connects and disconnects in a row")
def ups_and_downs(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    since = now(bed)
    began = time.monotonic()
    with story.claim("They all succeed"):
        # Whoever does not wait for the names: a program on the bus.
        script = ("for i in $(seq 20); do ginnel up work >/dev/null 2>&1 & sleep 0.4; "
                  "ginnel down work >/dev/null 2>&1; done; wait")
        bed.host.run(["bash", "-c", script], timeout=120)
    took = time.monotonic() - began
    ginnel.down()
    with story.claim("systemd-resolved was restarted no more often than it may be"):
        count = restarts(bed, since)
        window = took + 12
        print(f"# 20 times up and down in {took:.1f} s: {count} reloads or restarts of resolved")
        expect(count <= 4 * (window // 10 + 1), f"{count} in {window:.0f} s")
        healthy(bed)
    with story.claim("The last state is right: nothing is left, and a connect works"):
        snapshot.await_no_keys(bed.host)
        expect_equal(bed.host.read(["sh", "-c", "ls /run/dnssec-trust-anchors.d"]).split(),
                     ["root.positive"], "anchor files")
        ginnel.connect()
        answer = bed.host.query("host.corp.example").stdout
        expect("authenticated: yes" in answer, answer)
    ginnel.down()


@scene("Forty tunnels at once")
def forty_tunnels(bed, story):
    ginnel = Ginnel(bed.host)
    for number in range(TUNNELS):
        bed.profile(f"t{number}", dns__add_domains=f"t{number}.two.example")
    since = now(bed)
    with story.claim("All of them connect"):
        names = " ".join(f"t{number}" for number in range(TUNNELS))
        bed.host.run(["bash", "-c", f"for name in {names}; do ginnel up $name >/dev/null & done; wait"],
                     timeout=240)
        states = {name: tunnel["State"] for name, tunnel in ginnel.tunnels().items()}
        expect_equal({name for name, state in states.items() if state != "connected"}, set(),
                     "not connected")
        expect_equal(len(states), TUNNELS, "tunnels")
    with story.claim("systemd-resolved works, and every link has its own domain"):
        healthy(bed)
        text = bed.host.read(["resolvectl", "domain"])
        missing = [number for number in range(TUNNELS) if f"~t{number}.two.example" not in text]
        expect_equal(missing, [], "missing")
        answer = bed.host.query("host.corp.example").stdout
        expect("authenticated: yes" in answer, answer)
        print(f"# {restarts(bed, since)} reloads or restarts of resolved for {TUNNELS} connects")
    with story.claim("The removal of one leaves the others"):
        ginnel.down("t0")
        answer = bed.host.query("host.corp.example").stdout
        expect("authenticated: yes" in answer, answer)
        expect(bed.host.query("host.two.example").returncode == 0, "two.example is gone")
    with story.claim("All of them end"):
        ginnel.tool("down", "--all", timeout=240)
        expect_equal(ginnel.tunnels(), {}, "tunnels")
        snapshot.await_no_keys(bed.host)
        expect_equal(bed.host.read(["sh", "-c", "ls /run/dnssec-trust-anchors.d"]).split(),
                     ["root.positive"], "anchor files")
        healthy(bed)
    for number in range(TUNNELS):
        bed.host.run(["rm", f"/etc/ginnel/profiles/t{number}.ginnel"])
