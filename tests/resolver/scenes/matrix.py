"""Every way in which an inside zone can be right or wrong, against every way to validate it."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect_equal, scene
from lab.wait import until

SYSTEMS = ("debian12", "debian13")

# What a program sees of host.corp.example: an address that is "authenticated" or "not", or "fails".
# The machine itself validates (DNSSEC=yes), as is safest and hardest.
#   case -> (authority only, recursive) by resolved, (authority only, recursive) by the stub
CASES = {
    # Without a key resolved wants proof from the parents, which only a recursive server can give.
    "no anchor": (("fails", "not"), ("not", "not")),
    "right anchor": (("authenticated", "authenticated"), ("not", "not")),
    "wrong anchor": (("fails", "fails"), ("fails", "fails")),
    "tampered": (("fails", "fails"), ("fails", "fails")),
    "stripped": (("fails", "fails"), ("fails", "fails")),
    "resigned": (("fails", "fails"), ("fails", "fails")),
    # The profile names the domain: unvalidated on purpose.
    "negative anchor": (("not", "not"), ("not", "not")),
}
USERS = {"no anchor": "nokey", "negative anchor": "nokey", "wrong anchor": "wrong"}
# With the right anchor, what changes is the zone.
ZONES = ("tampered", "stripped", "resigned")


def seen(bed, name="host.corp.example", address=a.INSIDE4, kind="A"):
    answer = bed.host.query(name, kind)
    if answer.returncode != 0:
        return "fails"
    if address not in answer.stdout:
        return f"another address: {answer.stdout}"
    return "authenticated" if "authenticated: yes" in answer.stdout else "not"


def anchors_are_read(bed):
    """Restarts of systemd-resolved are spaced, and nobody waits for one that only takes a key away: the
    next tunnel's names would be proved by the last one's key."""
    changed = float(bed.host.read(["stat", "-c", "%.9Y", "/run/dnssec-trust-anchors.d"]))
    unit = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1/unit/systemd_2dresolved_2eservice",
            "org.freedesktop.systemd1.Unit"]

    def read():
        words = bed.host.read(["busctl", "get-property", *unit, "StateChangeTimestamp",
                               "ActiveState"]).split()
        return int(words[1]) / 1e6 > changed and words[3] == '"active"'

    until("systemd-resolved: started or reloaded since", read, timeout=20)


def connect(bed, ginnel, case, mode):
    bed.profile(user__id=f"{USERS.get(case, 'right')}@example.com", dns__dnssec=mode,
                dns__domains="corp.example" if case == "negative anchor" else None,
                dns__trust_anchor_domains="corp.example")
    ginnel.connect()


def row(bed, ginnel, case, mode, recursive):
    """What is seen, connected for this case alone."""
    variant = case if case in ZONES else "genuine"
    bed.serve_inside(recursive, variant)
    connect(bed, ginnel, case, mode)
    bed.host.run(["resolvectl", "flush-caches"])
    found = seen(bed)
    if case == "right anchor" and found == CASES[case][mode == "stub"][recursive]:
        others = {seen(bed, kind="AAAA", address=a.INSIDE6), seen(bed, "alias.corp.example")}
        if others != {found}:
            found = f"{found}, but AAAA and CNAME {others}"
        if seen(bed, "missing.corp.example") != "fails":
            found = "a name that does not exist has an address"
    ginnel.down()
    anchors_are_read(bed)
    return found


@scene("The matrix of validation")
def matrix(bed, story):
    ginnel = Ginnel(bed.host)
    bed.host.resolved_conf(DNSSEC="yes")
    try:
        for index, mode in enumerate(("resolved", "stub")):
            for recursive in (False, True):
                server = "recursive" if recursive else "authority only"
                for case, expected in CASES.items():
                    with story.claim(f"{mode}, {server}, {case}: {expected[index][recursive]}"):
                        expect_equal(row(bed, ginnel, case, mode, recursive),
                                     expected[index][recursive], "seen")
    finally:
        bed.host.resolved_conf()
