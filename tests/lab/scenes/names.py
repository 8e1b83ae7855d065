"""Names: inside ones are asked inside and validated, outside ones outside, and nothing crosses."""

import re

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene


@scene("Names", demo=True, about="""The gateway says which names are inside (corp.example, two.example) and
       sends the key with which corp.example is signed (RFC 8598). The profile lists corp.example as
       trusted for that. Both name servers are watched.""")
def names_resolve_where_they_belong(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with bed.capture_outside() as outside, bed.capture_inside() as inside:
        with story.claim("host.corp.example has its inside address, authenticated by the key the "
                         "gateway sent"):
            answer = story.types("resolvectl --no-pager query host.corp.example").stdout
            expect(a.INSIDE4 in answer and a.INSIDE6 in answer, answer)
            expect("authenticated: yes" in answer, answer)
        with story.claim("host.two.example, without a key, resolves inside, not authenticated"):
            answer = story.types("resolvectl --no-pager query host.two.example").stdout
            expect(a.INSIDE4 in answer and "authenticated: no" in answer, answer)
        with story.claim("www.example has its outside address, authenticated from the root"):
            answer = story.types("resolvectl --no-pager query www.example").stdout
            expect("192.0.2.80" in answer and "authenticated: yes" in answer, answer)
        bed.host.query("alias.corp.example")
        bed.host.query("missing.corp.example")
        bed.host.query("decoy.corp.example")
    below = ("corp.example", "two.example")

    def is_inside(name):
        return name.endswith(below)

    with story.claim("The inside server was never asked for a name outside"):
        # The parents of corp.example are asked where resolved validates: DS and DNSKEY only.
        asked = {fields[0].lower() for fields in
                 inside.fields("dns.flags.response == 0 && dns.qry.type in {1, 28, 5}",
                               "dns.qry.name")}
        expect("host.corp.example" in asked, f"asked inside: {asked}")
        expect_equal({name for name in asked if not is_inside(name)}, set(), "asked inside")
    with story.claim("The outside server was never asked for a name inside"):
        asked = outside.asked_names()
        expect("www.example" in asked, f"asked outside: {asked}")
        expect_equal({name for name in asked if is_inside(name)}, set(), "asked outside")
    with story.claim("ginnel status shows both domains, validated and not"):
        domains = {domain["name"]: domain for domain in ginnel.tunnel()["Domains"]}
        expect_equal(set(domains), {"corp.example", "two.example"}, "domains")
        expect(domains["corp.example"]["validated"], "corp.example is not validated")
        expect(not domains["two.example"]["validated"], "two.example claims to be validated")
        tag = int(bed.names.ds("corp.example.").split()[0])
        expect_equal(domains["corp.example"]["key-tag"], tag, "key tag")
    ginnel.down()
    with story.claim("After ginnel down, inside names do not resolve any more, and outside names do"):
        expect(bed.host.query("host.corp.example").returncode != 0, "it still resolves")
        answer = bed.host.query("decoy.corp.example").stdout
        expect("192.0.2.81" in answer, f"the public view of corp.example is broken:\n{answer}")


@scene("The zone is tampered with", demo=True, about="""Somebody inside has altered one record after it
       was signed.""")
def tampered_zone(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.gateway.serve_names("tampered")
    bed.host.run(["resolvectl", "flush-caches"])
    ginnel.connect()
    with story.claim("The altered record gives a failure, not an address"):
        answer = story.types("resolvectl --no-pager query --type=A host.corp.example")
        expect(answer.returncode != 0, answer.stdout)
        expect("10.99.0.66" not in answer.stdout, answer.stdout)
    with story.claim("Its neighbours in the same zone still resolve, authenticated"):
        answer = bed.host.query("decoy.corp.example").stdout
        expect("10.99.0.81" in answer and "authenticated: yes" in answer, answer)
    ginnel.down()


@scene("An inside server that also answers for the outside")
def recursive_inside_server(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.gateway.serve_names("parents")
    ginnel.connect()
    with story.claim("corp.example validates by the gateway's key there as well"):
        answer = bed.host.query("host.corp.example").stdout
        expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
    with story.claim("two.example resolves, because the profile names it"):
        answer = bed.host.query("host.two.example").stdout
        expect(a.INSIDE4 in answer, answer)
    ginnel.down()


@scene("A gateway that wants too much", demo=True, about="""This one sends keys for the root, for a
       top-level domain, for a domain that the profile does not trust it with, and one before any
       domain.""")
def hostile_anchors(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="hostile@example.com", dns__domains="corp.example;bank.test")
    ginnel.connect()
    status = story.types("ginnel status work").stdout
    refused = [(item["kind"], item["name"].rstrip("."), item["why"])
               for item in ginnel.tunnel()["Refused"]]

    def is_refused(*names):
        return [why for kind, name, why in refused if name in names and why]

    for words, names in (("for the root is ignored, and status says why", ("", ".")),
                         ("for a top-level domain is ignored, and status says why", ("example",)),
                         ("for a domain that is not trusted is ignored, and status says why",
                          ("bank.test",))):
        with story.claim(f"A trust anchor {words}"):
            expect(is_refused(*names), f"refused: {refused}")
    with story.claim("A trust anchor before its domain is ignored, and status says why"):
        anchors = [item for item in refused if item[0] == "anchor"]
        expect(len(anchors) >= 4 or any("before" in why or "domain" in why
                                        for kind, name, why in anchors if not name), refused)
    with story.claim("What was refused stands in ginnel status for people"):
        expect_match("refused|ignored", status, "status")
    with story.claim("No such anchor reached resolved"):
        files = bed.host.read(["sh", "-c", "cat /run/dnssec-trust-anchors.d/* | grep -v '^;'"])
        owners = {line.split()[0].rstrip(".") for line in files.splitlines() if line.strip()}
        expect_equal(owners - {"", "corp.example"}, set(), "anchors")
        expect_equal(len([line for line in files.splitlines() if line.startswith(". ")]), 1,
                     "anchors for the root")
    with story.claim("The domain that is trusted validates all the same"):
        answer = bed.host.query("host.corp.example").stdout
        expect("authenticated: yes" in answer, answer)
    with story.claim("Outside names still validate from the real root"):
        answer = bed.host.query("www.example").stdout
        expect("authenticated: yes" in answer, answer)
    ginnel.down()


@scene("No domain is trusted for keys")
def no_whitelist(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(dns__trust_anchor_domains=None)
    ginnel.connect()
    with story.claim("Without trust-anchor-domains the gateway's key is refused, and status says so"):
        refused = [item for item in ginnel.tunnel()["Refused"] if item["kind"] == "anchor"]
        expect([item for item in refused if "trust-anchor-domains" in item["why"]], refused)
    with story.claim("The name resolves, not authenticated, because the profile names the domain"):
        answer = bed.host.query("host.corp.example").stdout
        expect(a.INSIDE4 in answer and "authenticated: no" in answer, answer)
    ginnel.down()


@scene("A gateway that sends servers and no domains")
def servers_without_domains(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(user__id="plain@example.com", dns__domains=None, dns__trust_anchor_domains=None)
    with story.claim("Nothing is sent inside, and status says: set add-domains"):
        ginnel.connect()
        expect(bed.host.query("host.corp.example").returncode != 0, "it resolves")
        status = ginnel.tool("status", "work").stdout
        expect("add-domains" in status, status)
    ginnel.down()
    bed.profile(user__id="plain@example.com", dns__domains=None, dns__trust_anchor_domains=None,
                dns__add_domains="corp.example")
    with story.claim("With add-domains the names resolve inside"):
        ginnel.connect()
        answer = bed.host.query("host.corp.example").stdout
        expect(a.INSIDE4 in answer, answer)
    ginnel.down()


@scene("Up and down and up again", about="""The keys of a zone make systemd-resolved start anew, on Debian 12, and
       systemd lets it do so only so often.""")
def up_and_down(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    said = []
    for _ in range(5):
        result = ginnel.up()
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        said.append(result.stdout)
        with story.claim("Names are inside, and authenticated, as soon as it is up"):
            answer = bed.host.read(["resolvectl", "--no-pager", "query", "host.corp.example"])
            expect(a.INSIDE4 in answer and "authenticated: yes" in answer, answer)
        ginnel.down()
    with story.claim("Whose keys are there still does not wait"):
        expect(not [one for one in said if "waiting for systemd-resolved" in one], said)
    said = []
    for turn in range(5):
        bed.profile(dns__trust_anchor_domains="corp.example" if turn % 2 == 0 else None)
        said.append(ginnel.up().stdout)
        ginnel.down()
    with story.claim("Who has to wait for systemd-resolved is told so, and nobody else"):
        waited = {one: 0.001 * float(took) if unit == "ms" else float(took) for one in said
                  for took, unit in re.findall(r"^Connected .* after ([0-9.]+) (m?s)", one, re.M)}
        told = {one for one in said if "waiting for systemd-resolved" in one}
        expect(told, f"nobody had to wait: {said}")
        expect({one for one in said if waited[one] > 3} <= told, "one that waited was not told")
        expect(all(waited[one] > 1 for one in told), "one that did not wait was told that it does")
