"""No question crosses, whatever happens: asked without a pause, watched on both sides."""

import time

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.testhost import UPLINK
from lab.wait import until
from proof.asking import Asking

SYSTEMS = ("debian12", "debian13")
FULL = ("thirty_transitions",)

INSIDE = ("corp.example", "two.example")
GATEWAY = "vpn.corp.example"
# Where names are asked: plain, encrypted, by mDNS and LLMNR.
NAMES = "port 53 or port 853 or port 5353 or port 5355"


MORE = 120      # questions after each transition, besides those during it
WORKERS = 6     # that ask, each one question at a time (asker)


def is_inside(name):
    return any(name == apex or name.endswith("." + apex) for apex in INSIDE)


class Transitions:
    """Each returns when it is over, that is when the tunnel works again or is gone."""

    def __init__(self, bed, ginnel, asking):
        self.bed, self.ginnel, self.asking = bed, ginnel, asking

    def _works_again(self):
        self.ginnel.wait_for("connected", timeout=60)
        until("an inside name", lambda: self.bed.host.query("host.corp.example").returncode == 0,
              timeout=30, pause=0.1)

    def up(self):
        self.ginnel.connect()
        self.asking.ask("both")

    def down(self):
        self.asking.ask("outside")
        self.ginnel.down()

    def tunnel_process_killed(self):
        self.ginnel.kill_tunnel_process()
        self._works_again()

    def ginneld_killed(self):
        self.ginnel.wait_for_daemon(self.ginnel.kill_daemon())
        self._works_again()

    def resolved_restarted(self):
        self.bed.host.run(["systemctl", "reset-failed", "systemd-resolved"], check=False)
        self.bed.host.run(["systemctl", "restart", "systemd-resolved"])
        self._works_again()

    def gateway_ends_the_session(self):
        self.bed.gateway.terminate_all()
        self._works_again()

    def udp_blocked(self):
        self.bed.router.mood("block-udp")
        self.ginnel.kill_tunnel_process()
        self._works_again()

    def udp_open(self):
        self.bed.router.mood("open")
        self._works_again()

    def network_change(self):
        """The link goes, and comes back after a while."""
        self.bed.host.ip("link", "set", UPLINK, "down")
        time.sleep(0.5)
        self._link_back()

    def _link_back(self):
        host = self.bed.host
        host.ip("link", "set", UPLINK, "up")
        host.run(["ip", "-6", "addr", "replace", f"{a.HOST6}/64", "dev", UPLINK, "nodad"])
        host.run(["ip", "route", "replace", "default", "via", a.ROUTER_HOST4, "dev", UPLINK])
        host.run(["ip", "-6", "route", "replace", "default", "via", a.ROUTER_HOST6, "dev", UPLINK])
        self._works_again()

    def suspend(self):
        """Everything of ours and the resolver stands still, the link is away meanwhile."""
        units = ["ginneld.service", "systemd-resolved.service", *self.ginnel.tunnel_units(),
                 *self.ginnel.stub_units()]
        for unit in units:
            self.bed.host.run(["systemctl", "freeze", unit])
        self.bed.host.ip("link", "set", UPLINK, "down")
        time.sleep(1)
        for unit in units:
            self.bed.host.run(["systemctl", "thaw", unit], check=False)
        self._link_back()


FIRST = ["up", "tunnel_process_killed", "ginneld_killed", "resolved_restarted", "network_change",
         "gateway_ends_the_session", "suspend", "udp_blocked", "udp_open", "down"]
SECOND = ["up", "suspend", "ginneld_killed", "tunnel_process_killed", "resolved_restarted",
          "resolved_restarted", "network_change", "network_change", "gateway_ends_the_session", "down"]
THIRD = ["up", "down", "up", "ginneld_killed", "resolved_restarted", "suspend",
         "tunnel_process_killed", "network_change", "tunnel_process_killed", "down"]


def by_name(bed, name=GATEWAY, **changes):
    """The gateway by a name below its own inside domain."""
    bed.profile(gateway__address=name, gateway__id=name if name == GATEWAY else "gw.example",
                **changes)


def play(bed, story, cycles):
    """cycles: (profile, transitions)."""
    ginnel = Ginnel(bed.host)
    done = 0
    with bed.capture_uplink("leaks-outside", NAMES) as outside, \
            bed.capture_inside("leaks-inside", NAMES) as inside, Asking(bed) as asking:
        moves = Transitions(bed, ginnel, asking)
        for prepare, names in cycles:
            prepare()
            for name in names:
                with story.claim(f"{done + 1}: {name.replace('_', ' ')}"):
                    getattr(moves, name)()
                    asking.more(MORE)
                done += 1
    judge(story, outside, inside, asking.told, done)


def judge(story, outside, inside, told, done):
    sent = [fields[0].lower() for fields in
            outside.fields(f"dns.flags.response == 0 && (ip.src == {a.HOST4} || "
                           f"ipv6.src == {a.HOST6} || ipv6.src == fe80::/10)", "dns.qry.name")]
    asked = [(fields[0].lower(), fields[1]) for fields in
             inside.fields("dns.flags.response == 0", "dns.qry.name", "dns.qry.type")]
    with story.claim("No question for an inside name was seen outside, but for the gateway's own"):
        expect_equal(sorted({name for name in sent if is_inside(name)} - {GATEWAY}), [],
                     "seen outside")
    with story.claim("No question for an outside name was seen inside"):
        strangers = {(name, kind) for name, kind in asked if not is_inside(name)}
        # Where resolved validates it may ask for the keys of the parents, which are no secret.
        expect_equal(sorted(item for item in strangers if item[1] not in ("43", "48")), [],
                     "seen inside")
    with story.claim("Every question had its answer, good or bad, but for those that were on their way "
                     "when it happened"):
        expect(told["lost"] <= done * WORKERS, told)
    with story.claim("There were thousands of questions"):
        print(f"# {told['inside']} inside and {told['outside']} outside names asked over {done} "
              f"transitions; checked: {len(sent)} questions outside, {len(asked)} inside; "
              f"{told['refused']} refused at once, {told['lost']} without an answer; the slowest took "
              f"{told['slowest']:.1f} s")
        expect(len(sent) + len(asked) >= (3000 if done >= 30 else 1000), (len(sent), len(asked)))


@scene("Ten transitions, and no question crosses")
def ten_transitions(bed, story):
    play(bed, story, [(lambda: by_name(bed), FIRST)])


@scene("Thirty transitions, and no question crosses")
def thirty_transitions(bed, story):
    play(bed, story, [(lambda: by_name(bed), FIRST),
                      (lambda: by_name(bed, dns__dnssec="stub"), SECOND),
                      (lambda: by_name(bed, "gw4.example", dns__trust_anchor_domains=None), THIRD)])
