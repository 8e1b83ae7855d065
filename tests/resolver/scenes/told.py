"""What the user is told of names is what the resolver has."""

import json

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene

SYSTEMS = ("debian12", "debian13")


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
