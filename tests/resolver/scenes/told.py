"""What the user is told of names is what the resolver has."""

import json
import re

from lab import addresses as a
from lab.gateway import connection
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene
from lab.wait import until

SYSTEMS = ("debian12", "debian13")

AT_ONCE_S = 10              # systemd-resolved itself gives up after two minutes


def told(ginnel, *args):
    result = ginnel.tool("dns", "work", "--json", *args)
    expect(result.returncode == 0, result.stdout + result.stderr)
    return json.loads(result.stdout)


@scene("ginnel dns")
def dns_verb(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    interface = ginnel.tunnel()["Interface"]
    with story.claim("It shows what was offered, and what resolved has"):
        text = ginnel.tool("dns").stdout
        tag = bed.names.ds("corp.example.").split()[0]
        for pattern in (rf"^offered +servers {a.INSIDE4}$", rf"corp.example \(key {tag}\); two.example",
                        rf"systemd-resolved \S+ has for {interface}:", "domains .*~corp.example",
                        "not validated two.example", "DNSSEC yes",
                        "by systemd-resolved; programs are told", rf"corp.example. IN DS {tag} "):
            expect_match(pattern, text, "ginnel dns")
    with story.claim("For programs the same"):
        everything = told(ginnel)
        resolver = everything["dns"]["resolver"]
        expect_equal(resolver["servers"], [a.INSIDE4], "servers")
        expect_equal(sorted(resolver["domains"]), ["~corp.example", "~two.example"], "domains")
        expect_equal(resolver["differs"], "", "differs")
    with story.claim("--test says that an inside name went inside, and is authenticated"):
        test = told(ginnel, "--test", "host.corp.example")["test"]["result"]
        expect_equal((test["links"], test["domain"], test["authenticated"]),
                     ([interface], "corp.example", True), "test")
        expect(a.INSIDE4 in test["addresses"], test)
    with story.claim("--test says that an outside name went outside"):
        test = told(ginnel, "--test", "www.example")["test"]["result"]
        expect_equal((test["links"], test["domain"]), (["up0"], "."), "test")
    with story.claim("--test says why there is no answer"):
        test = told(ginnel, "--test", "missing.corp.example")["test"]["result"]
        expect(test["error"] and "addresses" not in test, test)
        result = ginnel.tool("dns", "work", "--test", "no..name")
        expect(result.returncode == 1 and "is no name" in result.stderr, result.stderr)
    with story.claim("What somebody else changes is noticed"):
        bed.host.run(["resolvectl", "domain", interface, "~elsewhere.example"])
        expect_equal(told(ginnel)["dns"]["resolver"]["differs"], "domains", "differs")
    with story.claim("An unprivileged user may look, too"):
        result = ginnel.tool("dns", user="tess")
        expect(result.returncode == 0 and "offered" in result.stdout, result.stderr)
    ginnel.down()
    bed.profile(dns__dnssec="stub")
    ginnel.connect()
    with story.claim("With the stub it says who validates, and what programs see of it"):
        text = ginnel.tool("dns").stdout
        expect_match("between +ginnel-stub at 10.77.0", text, "ginnel dns")
        expect_match("by ginnel-stub; what is forged fails", text, "ginnel dns")
        expect_equal(bed.host.read(["sh", "-c", "ls /run/dnssec-trust-anchors.d"]).split(),
                     ["root.positive"], "anchor files")
    ginnel.down()


@scene("The forwarder does not start")
def stub_fails(bed, story):
    """Whatever the reason is on a machine: its program is another one here, and the right one later."""
    ginnel = Ginnel(bed.host)
    folder = "/run/systemd/system/ginnel-stub@.service.d"
    bed.host.write(folder + "/lab.conf", "[Service]\nExecStart=\nExecStart=/bin/false\n",
                   mode="0644", owner="root:root")
    bed.host.run(["systemctl", "daemon-reload"])
    bed.profile(dns__dnssec="stub")
    try:
        ginnel.connect()
        with story.claim("The tunnel is up, and says that names do not resolve inside, and why"):
            expect_match("Names do not resolve inside: ginnel-stub", ginnel.tunnel()["Warning"],
                         "warning")
        with story.claim("A name inside fails at once, and nobody outside is asked"):
            with bed.capture_uplink("stub-fails", "port 53 or port 853") as outside:
                answer = bed.host.run(["timeout", str(AT_ONCE_S), "resolvectl", "query",
                                       "host.corp.example"], check=False)
            expect_equal(answer.returncode, 1, answer.stdout + answer.stderr)
            expect("host.corp.example" not in outside.asked_names(), "it was asked outside")
    finally:
        bed.host.run(["rm", "-r", folder])
        bed.host.run(["systemctl", "daemon-reload"])
    with story.claim("Once it starts, nothing is left of that, without anybody's doing"):
        until("no warning", lambda: ginnel.tunnel()["Warning"] == "", timeout=40)
        answer = bed.host.query("host.corp.example")
        expect(answer.returncode == 0 and a.INSIDE4 in answer.stdout, answer.stdout + answer.stderr)
    ginnel.down()


QUICK_DEATHS = 3            # of forwarders, for which a question waits


@scene("The forwarder ends again and again")
def stub_dies(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(dns__dnssec="stub")
    ginnel.connect()

    def end_it():
        ended = until("a forwarder", ginnel.stub_units)    # and one of before that is about to end
        bed.host.run(["systemctl", "kill", "--signal=KILL", *ended], check=False)
        until("an end of it", lambda: not set(ended) & set(ginnel.stub_units()))

    def ask():
        return bed.host.run(["timeout", str(AT_ONCE_S), "resolvectl", "query", "--cache=no",
                             "host.corp.example"], check=False)

    with story.claim("One that ends loses no question: it waits for the next"):
        for _ in range(QUICK_DEATHS):
            end_it()
            answer = ask()
            expect(answer.returncode == 0 and a.INSIDE4 in answer.stdout,
                   answer.stdout + answer.stderr)
            expect_equal(ginnel.tunnel()["Warning"], "", "warning")
    with story.claim("Where that goes on, names fail at once, and the user is told"):
        end_it()
        until("a warning", lambda: "ginnel-stub ended" in ginnel.tunnel()["Warning"])
        expect_equal(ask().returncode, 1, "what the question ended with")
    with story.claim("The next one is asked as before, and the warning goes"):
        until("no warning", lambda: ginnel.tunnel()["Warning"] == "", timeout=40)
        answer = ask()
        expect(answer.returncode == 0 and a.INSIDE4 in answer.stdout, answer.stdout + answer.stderr)
    ginnel.down()


def give(bed, pool):
    """What the gateway has for right@example.com from the next session on."""
    with bed.gateway.vici() as vici:
        vici.call("load-conn", {"psk-right": connection("gw.example", "right@example.com", [pool])})


def asked_for(bed, act):
    """What a session that act makes asks of names, as charon says."""
    seen = len(bed.gateway.charon_log())
    act()
    return re.findall(r"processing (INTERNAL_DNS\w+) attribute", bed.gateway.charon_log()[seen:])


def reconnect(bed, ginnel, pool):
    """The gateway ends the session, and has this pool for the next. Returns what that asks for."""
    before = {sa["uniqueid"] for sa in bed.gateway.established()}

    def act():
        bed.gateway.terminate_all()
        until("another session", lambda: ginnel.state() == "connected" and
              {sa["uniqueid"] for sa in bed.gateway.established()} - before, timeout=30)

    give(bed, pool)
    return asked_for(bed, act)


@scene("Keys that the gateway is told")
def told_anchors(bed, story):
    """charon says what it is asked for; a pool without keys is a gateway that leaves out what it was
    told."""
    ginnel = Ginnel(bed.host)
    ask = ["INTERNAL_DNS_DOMAIN", "INTERNAL_DNSSEC_TA"]
    bed.host.resolved_conf(DNSSEC="yes")
    bed.profile(user__id="right@example.com", dns__domains=None, dns__tell_anchors="yes")
    ginnel.connect()
    try:
        with story.claim("A key that is held is told at a reconnect, after its domain"):
            expect_equal(reconnect(bed, ginnel, "right"), ask + ask, "attributes")
        with story.claim("When the gateway leaves it out, it holds on: names are validated by it"):
            expect_equal(reconnect(bed, ginnel, "nokey"), ask + ask, "attributes")
            expect(ginnel.tunnel()["Domains"][0]["validated"], ginnel.tunnel()["Domains"])
            answer = bed.host.query("host.corp.example").stdout
            expect("authenticated: yes" in answer, answer)
        with story.claim("Another key takes its place"):
            reconnect(bed, ginnel, "wrong")
            expect(bed.host.query("host.corp.example").returncode != 0, "the old key is believed")
        ginnel.down()
        with story.claim("After ginnel down nothing is held"):
            give(bed, "nokey")
            expect_equal(asked_for(bed, ginnel.connect), ask, "attributes")
            expect(not ginnel.tunnel()["Domains"][0]["validated"], ginnel.tunnel()["Domains"])
        ginnel.down()
        bed.profile(user__id="right@example.com", dns__domains=None)
        give(bed, "right")
        ginnel.connect()
        with story.claim("Without tell-anchors nothing is told, and nothing holds on"):
            expect_equal(reconnect(bed, ginnel, "nokey"), ask, "attributes")
            expect(not ginnel.tunnel()["Domains"][0]["validated"], ginnel.tunnel()["Domains"])
    finally:
        give(bed, "right")
        bed.host.resolved_conf()
