"""Connections from other clients' files, and back."""

import plistlib

from lab.gateway import PSK
from lab.product import BUS, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until
from nm.nmcli import Nmcli


def configuration(**changes):
    ikev2 = {"RemoteAddress": "gw4.example", "RemoteIdentifier": "gw.example",
             "LocalIdentifier": "tess@example.com", "AuthenticationMethod": "SharedSecret",
             "SharedSecret": PSK, "OnDemandRules": [{"Action": "Connect"}], **changes}
    vpn = {"PayloadType": "com.apple.vpn.managed", "PayloadVersion": 1, "VPNType": "IKEv2",
           "PayloadUUID": "a", "PayloadIdentifier": "a", "UserDefinedName": "Work", "IKEv2": ikev2,
           "DNS": {"ServerAddresses": ["10.99.0.1"], "SupplementalMatchDomainsNoSearch": 1,
                   "SupplementalMatchDomains": ["corp.example"]}}
    return plistlib.dumps({"PayloadType": "Configuration", "PayloadVersion": 1, "PayloadUUID": "b",
                           "PayloadIdentifier": "b", "PayloadContent": [vpn]}).decode()


def data_of(nmcli, name):
    text = nmcli.must("-g", "vpn.data", "connection", "show", name).strip()
    return sorted(pair.strip() for pair in text.split(","))


@scene("From a configuration profile")
def from_file(bed, story):
    host, nmcli = bed.host, Nmcli(bed.host)
    host.write("/root/work.mobileconfig", configuration(), mode="0600", owner="root:root")
    with story.claim("nmcli connection import type ginnel file work.mobileconfig"):
        result = nmcli("connection", "import", "type", "ginnel", "file", "/root/work.mobileconfig")
        expect_equal(result.returncode, 0, result.stderr)
        expect("not carried OnDemandRules" in result.stdout + result.stderr,
               result.stdout + result.stderr)
        said = nmcli.must("-g", "vpn.persistent", "connection", "show", "Work").strip()
        expect_equal(said, "yes", "vpn.persistent")
    with story.claim("It comes up, with its secret, and its names resolve inside"):
        nmcli.connect("Work")
        answer = host.query("host.corp.example")
        expect_equal(answer.returncode, 0, answer.stderr)
        nmcli.down("Work")
    with story.claim("Exported and imported again it is the same"):
        before = data_of(nmcli, "Work")
        nmcli.must("connection", "export", "Work", "/root/again.mobileconfig")
        nmcli.forget_vpns()
        nmcli.must("connection", "import", "type", "ginnel", "file", "/root/again.mobileconfig")
        expect_equal(data_of(nmcli, "Work"), before, "vpn.data")
    with story.claim("A file that is none is refused, and says where"):
        host.write("/root/bad.mobileconfig", configuration()[:-60], owner="root:root")
        result = nmcli("connection", "import", "type", "ginnel", "file", "/root/bad.mobileconfig")
        expect(result.returncode != 0 and "line" in result.stderr, result.stdout + result.stderr)


@scene("The same without NetworkManager")
def by_tool(bed, story):
    host, ginnel = bed.host, Ginnel(bed.host)
    host.write("/root/work.mobileconfig", configuration(), mode="0600", owner="root:root")
    with story.claim("ginnel import writes a profile and its secret, for root and the service alone"):
        result = ginnel.tool("import", "--name", "imported", "/root/work.mobileconfig")
        expect_equal(result.returncode, 0, result.stderr)
        expect("OnDemandRules" in result.stderr, result.stderr)
        mode = host.read(["stat", "-c", "%a %U:%G", "/etc/ginnel/imported-secret.secret"]).strip()
        expect_equal(mode, "640 root:ginnel", "the secret's file")
    with story.claim("ginnel up"):
        ginnel.connect("imported")
        ginnel.down("imported")
    with story.claim("ginnel export has no secret in it"):
        result = ginnel.tool("export", "imported")
        expect("vpn.managed" in result.stdout and PSK not in result.stdout, result.stdout)
        expect("user-secret-file" in result.stderr, result.stderr)
    host.run(["sh", "-c", "rm -f /etc/ginnel/profiles/imported.ginnel /etc/ginnel/imported-*"])


@scene("For somebody who is not root")
def by_person(bed, story):
    host, ginnel = bed.host, Ginnel(bed.host)
    rule = "/etc/polkit-1/rules.d/10-lab.rules"
    host.write("/home/tess/work.mobileconfig", configuration(), mode="0600", owner="tess:tess")
    words = ["import", "--name", "hers", "/home/tess/work.mobileconfig"]
    with story.claim("Without polkit's leave nothing is stored"):
        result = ginnel.tool(*words, user="tess")
        expect_equal(result.returncode, 4, result.stdout + result.stderr)
        expect("hers" not in ginnel.tool("profiles").stdout, "it is there")
    host.write(rule, "polkit.addRule(function (action, subject) {\n"
               "    if (action.id == 'org.ginnel.Ginnel1.modify-profiles' && subject.user == 'tess')\n"
               "        return polkit.Result.YES;\n});\n", mode="0644", owner="root:root")
    with story.claim("With it the service keeps the profile and its secret, and connects"):
        until("imported", lambda: ginnel.tool(*words, user="tess").returncode == 0, timeout=10)
        ginnel.connect("hers")
        ginnel.down("hers")
        mode = host.read(["stat", "-c", "%a %U", "/var/lib/ginnel/files/hers-user-secret-file"])
        expect_equal(mode.strip(), "600 ginnel", "the secret's file")
    with story.claim("Deleted by the bus, its files go with it"):
        host.run(["busctl", "call", BUS, "/org/ginnel/Ginnel1/profile/hers", BUS + ".Profile",
                  "Delete"])
        expect_equal(host.read(["find", "/var/lib/ginnel/files", "/var/lib/ginnel/profiles", "-type",
                                 "f"]).strip(), "", "files")
    host.run(["rm", rule])
