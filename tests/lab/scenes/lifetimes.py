"""Processes die, are restarted, are told to stop: what stays, what comes back, what is left."""

import contextlib
import re
import threading
import time

from lab import addresses as a
from lab import snapshot
from lab.product import DAEMON, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import LabError, until


class Stream:
    """A ping every 5 ms beside whatever happens in the block; then how many went missing."""

    def __init__(self, host, seconds):
        self.host, self.count = host, int(seconds / 0.005)

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self):
        self.result = self.host.run(["ping", "-q", "-i", "0.005", "-c", self.count, "-W", "2",
                                     a.INSIDE4], check=False, timeout=120).stdout

    def __exit__(self, *_):
        self.thread.join()

    @property
    def lost(self):
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received",
                                            self.result).groups())
        return sent - received


class Download:
    """A transfer beside whatever happens in the block."""

    def __init__(self, bed, octets):
        self.bed, self.octets = bed, octets

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self):
        self.result = self.bed.host.run([self.bed.tool("transfer"), a.INSIDE4, self.octets],
                                        check=False, timeout=180)

    def __exit__(self, *_):
        self.thread.join()


@scene("The service is killed", demo=True, about="""ginneld sets up devices, routes and names, and the
       packets pass by it. While a transfer runs it is killed, and restarted.""")
def daemon_dies(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    before = snapshot.take(bed.host)
    process = ginnel.tunnel_units()
    with story.claim("kill -9 of ginneld: it comes back, and not one of 800 packets is lost"):
        with Stream(bed.host, 4) as stream:
            pid = bed.host.main_pid(DAEMON)
            story.types(f"kill -9 {pid}     # ginneld")
            ginnel.wait_for_daemon(other_than=pid)
        expect_equal(stream.lost, 0, "packets lost")
    with story.claim("It has adopted the tunnel: same process, still connected"):
        ginnel.wait_for("connected", timeout=10)
        expect_equal(ginnel.tunnel_units(), process, "tunnel processes")
    with story.claim("Addresses, routes, rules and names are as before"):
        expect_equal(snapshot.difference(before, snapshot.take(bed.host)), [], "difference")
    with story.claim("systemctl restart ginneld during a transfer: checksums equal, the tunnel stays"):
        with Download(bed, 50_000_000) as download:
            story.types("systemctl restart ginneld")
        expect_equal(download.result.returncode, 0, download.result.stdout + download.result.stderr)
        ginnel.wait_for("connected", timeout=10)
        expect_equal(ginnel.tunnel_units(), process, "tunnel processes")
    with story.claim("A restart loses no packet either"):
        with Stream(bed.host, 3) as stream:
            bed.host.run(["systemctl", "restart", DAEMON])
        expect_equal(stream.lost, 0, "packets lost")
    ginnel.wait_for("connected", timeout=10)
    ginnel.down()
    with story.claim("An adopted tunnel can be taken down"):
        expect_equal(ginnel.tunnels(), {}, "tunnels")


@scene("The tunnel process dies", demo=True, about="""The process that holds the session is killed. Until
       another is there, inside names must not be asked outside.""")
def tunnel_process_dies(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    before = lasting(snapshot.take(bed.host))
    # It cannot come back before the router lets it, so that there is time to look.
    bed.router.mood("block-all")
    with bed.capture_outside("pinned") as outside:
        story.types("systemctl kill -s KILL 'ginnel-tunnel@*'")
        with story.claim("Meanwhile a name inside fails, and fails fast"):
            bed.host.run(["resolvectl", "flush-caches"])
            began_state = ginnel.state()
            result = bed.host.run(["timeout", "10", "resolvectl", "--no-pager", "query",
                                   "decoy.corp.example"], check=False)
            expect(result.returncode not in (0, 124), f"status {result.returncode} in state "
                   f"{began_state}: {result.stdout}")
        with story.claim("ginnel status says that it reconnects"):
            ginnel.wait_for("reconnecting", timeout=10)
        bed.router.mood("open")
        with story.claim("The connection comes back by itself"):
            seconds = ginnel.wait_for("connected", timeout=60)
            story.says(f"Back {seconds:.1f} s after the router let it through.")
            bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    with story.claim("No name inside was asked outside"):
        leaked = {name for name in outside.asked_names() if name.endswith("corp.example")}
        expect_equal(leaked, set(), "asked outside")
    with story.claim("The device and what resolves where are the same as before"):
        expect_equal(snapshot.difference(before, lasting(snapshot.take(bed.host))), [],
                     "difference")
    with story.claim("Without a block it is back within ten seconds"):
        ginnel.kill_tunnel_process()
        until("another tunnel process",
              lambda: ginnel.tunnel_units() and ginnel.state() == "connected", timeout=10)
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    ginnel.down()


def lasting(lines):
    """Without what a new session may change: the process, and the addresses the gateway gives."""
    kept = ("link", "rule4", "rule6", "dns", "domain", "default-route", "dnssec", "negative-anchor",
            "anchor", "sysctl")
    return {line for line in lines if line.split(":")[0] in kept}


@scene("Nothing is left", demo=True, about="""Addresses, routes, rules, nftables, links, DNS settings and
       anchor files are compared with what there was before the first connection.""")
def nothing_left(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    # Of the scenes before, it may keep keys for whoever comes back.
    bed.host.run(["systemctl", "stop", DAEMON])
    before = snapshot.take(bed.host)

    def left():
        return snapshot.difference(before, snapshot.take(bed.host))

    def compare(words):
        with story.claim(f"{words}: nothing is left"):
            expect_equal(left(), [], "difference")

    def nothing_left_in_the_end():
        """systemctl waits for the unit that it was told to stop, not for the one that tidies up after it."""
        with contextlib.suppress(LabError):
            until("nothing left", lambda: not left(), timeout=10)
        expect_equal(left(), [], "difference")

    def compare_in_the_end(words):
        with story.claim(f"{words}: nothing is left"):
            nothing_left_in_the_end()

    ginnel.connect()
    with story.claim("While it is up, there is something to leave"):
        expect(snapshot.difference(before, snapshot.take(bed.host)), "the snapshots are equal")
    story.types("ginnel down work")
    compare("ginnel down")

    ginnel.connect()
    story.types("systemctl stop ginneld")
    until("ginnel-tunnel: end", lambda: not ginnel.process_units())
    compare("systemctl stop")

    ginnel.connect()
    # Stopped while systemd is about to start it again: nothing of the service itself can tidy up.
    story.types("systemctl kill -s KILL ginneld; systemctl stop ginneld")
    until("ginnel-tunnel: end", lambda: not ginnel.process_units())
    compare_in_the_end("kill -9, then stop")

    ginnel.connect()
    bed.host.run(["systemctl", "kill", "-s", "KILL", DAEMON])
    ginnel.kill_tunnel_process()
    bed.host.run(["systemctl", "stop", DAEMON])
    compare_in_the_end("both killed, then stop")

    with story.claim("Stopped at whatever moment while it comes back: nothing is left"):
        for milliseconds in range(100, 260, 20):
            ginnel.connect()
            bed.host.run(["sh", "-c", f"systemctl kill -s KILL {DAEMON}; sleep {milliseconds / 1000}; "
                          f"systemctl stop {DAEMON}"])
            until("ginnel-tunnel: end", lambda: not ginnel.process_units())
            nothing_left_in_the_end()


@scene("What a crash left is removed at the start")
def stale_state(bed, story):
    """The machine's own things of the same kinds are left alone."""
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.host.write("/run/dnssec-trust-anchors.d/admin.positive",
                   "other.test. IN DS 1 13 2 " + "ab" * 32 + "\n", mode="0644", owner="root:root")
    bed.host.ip("rule", "add", "fwmark", "0x77", "lookup", "main", "priority", "30000")
    ginnel.connect()
    with story.claim("An administrator's anchor file and rule survive up, down and stop"):
        ginnel.down()
        bed.host.run(["systemctl", "stop", DAEMON])
        bed.host.run(["test", "-e", "/run/dnssec-trust-anchors.d/admin.positive"])
        expect("0x77" in bed.host.read(["ip", "rule"]), "the rule is gone")
    bed.host.run(["rm", "/run/dnssec-trust-anchors.d/admin.positive"])
    bed.host.ip("rule", "del", "fwmark", "0x77", "lookup", "main", "priority", "30000")


@scene("The gateway's name lies inside", about="""vpn.corp.example is the gateway, and corp.example is
       inside: when the tunnel is down, its name must be asked outside.""", demo=True)
def gateway_below_its_domain(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(gateway__address="vpn.corp.example", gateway__id="vpn.corp.example")
    with story.claim("Connected"):
        ginnel.connect()
        answer = bed.host.query("host.corp.example").stdout
        expect("authenticated: yes" in answer, answer)
    with story.claim("Reconnected after its process was killed"):
        ginnel.kill_tunnel_process()
        until("another tunnel process",
              lambda: ginnel.tunnel_units() and ginnel.state() == "connected", timeout=30)
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    with story.claim("Reconnected after the gateway deleted the session"):
        old = {sa["uniqueid"] for sa in bed.gateway.established()}
        bed.gateway.terminate_all()
        until("a new session", lambda: ginnel.state() == "connected" and
              {sa["uniqueid"] for sa in bed.gateway.established()} - old, timeout=30)
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    ginnel.down()


@scene("The gateway says goodbye, and we do")
def delete_in_both_directions(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("ginnel down tells the gateway: it keeps no session"):
        expect_equal(len(bed.gateway.established()), 1, "sessions at the gateway")
        ginnel.down()
        until("the gateway forgets", lambda: not bed.gateway.established(), timeout=5)


@scene("Nobody uses the tunnel, and the gateway is restarted", long=True)
def restarted_gateway_when_idle(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("A gateway that was restarted without a word is noticed, and reconnected to"):
        bed.gateway.stop_strongswan(hard=True)
        bed.gateway.start_strongswan()
        # Nobody uses the tunnel: the gateway is asked when three minutes are over, and again.
        until("a new session", lambda: bed.gateway.established() and ginnel.state() == "connected",
              timeout=210)
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
    ginnel.down()


@scene("resolved is restarted by somebody else")
def resolved_restarts(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("Inside names still resolve and validate after systemd-resolved was restarted"):
        bed.host.run(["systemctl", "restart", "systemd-resolved"])
        until("inside names", lambda: "authenticated: yes" in
              bed.host.query("host.corp.example").stdout, timeout=10, pause=0.2)
    ginnel.down()


def rekey(ginnel, bed):
    """Tunnel.Rekey; waits until the gateway has another session, and only that."""
    old = {sa["uniqueid"] for sa in bed.gateway.established()}
    bed.host.run(["busctl", "call", "org.ginnel.Ginnel1", ginnel.tunnel()["path"],
                  "org.ginnel.Ginnel1.Tunnel", "Rekey"])
    until("another session, and the old one gone", lambda: len(bed.gateway.established()) == 1 and
          not {sa["uniqueid"] for sa in bed.gateway.established()} & old, timeout=15)


@scene("A new session takes the place of the old one", about="""Signing in again, beside the session that
       works, while packets pass.""")
def make_before_break(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile(lifetime__sign_in="1d")
    ginnel.connect()
    before = snapshot.take(bed.host)
    process = ginnel.tunnel_units()
    with Stream(bed.host, 5) as pings:
        for _ in range(3):
            rekey(ginnel, bed)
    with story.claim("Three new sessions: nothing that arrived here was dropped"):
        drops = {name: n for name, n in ginnel.statistics().items()
                 if name.startswith("drop-") and n > 0 and
                 name != "drop-selectors-out"}       # the host's own multicasts
        expect_equal(drops, {}, "drops")
    story.says(f"Of {pings.count} packets there and back {pings.lost} went missing.")
    with story.claim("Same process, addresses, routes and names as before"):
        expect_equal(ginnel.tunnel_units(), process, "tunnel processes")
        expect_equal(snapshot.difference(before, snapshot.take(bed.host)), [], "difference")
    with story.claim("The gateway forgets the last one when it is taken down"):
        ginnel.down()
        until("no session", lambda: not bed.gateway.established(), timeout=5)
    # The gateway takes another stream for another host, and may give other addresses.
    bed.profile(transport__order="tcp/4500")
    ginnel.connect()
    with story.claim("Over TCP a new session has a stream of its own, and works"):
        rekey(ginnel, bed)
        until("packets", lambda: bed.host.run(["ping", "-c", "1", "-W", "1", a.INSIDE4],
                                              check=False).returncode == 0, timeout=5)
    ginnel.down()


@scene("A restarted gateway is noticed by the packets that get no answer")
def restarted_gateway_with_traffic(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("With packets under way it takes less than 15 seconds"):
        pings = bed.host.spawn(["ping", "-q", "-i", "0.2", a.INSIDE4])
        bed.gateway.stop_strongswan(hard=True)
        bed.gateway.start_strongswan()
        began = time.monotonic()
        until("a new session", bed.gateway.established, timeout=15)
        story.says(f"{time.monotonic() - began:.1f} s after the gateway was there again.")
        # What pings is a child of what was started; the test host has processes of its own only.
        bed.host.run(["pkill", "-x", "ping"])
        pings.wait()
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
        expect_equal(ginnel.state(), "connected", "state")
    ginnel.down()


def started(bed):
    """How many ginnel-tunnel processes systemd has been asked for."""
    return int(bed.host.read(["systemctl", "show", "-P", "NAccepted", "ginnel-tunnel.socket"]))


def one_that_waits(ginnel, other_than=()):
    """The one spare unit, and its process; nothing else runs."""
    def look():
        units = ginnel.process_units()
        return len(units) == 1 and not any(units.values()) and not set(units) & set(other_than) and \
            list(units)
    unit, = until("one process that waits, and no other", look, timeout=10)
    return unit, ginnel.host.main_pid(unit)


@scene("A tunnel process waits for the next connection", about="""Starting one takes longer than signing
       in.""")
def spare_process(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.host.run(["systemctl", "restart", DAEMON])
    with story.claim("While nothing is connected, one waits, without a device"):
        unit, pid = one_that_waits(ginnel)
    with story.claim("It is the one that the next tunnel gets, and beside that none waits"):
        before = started(bed)
        ginnel.connect()
        expect_equal(ginnel.process_units(), {unit: True}, "units, and who has a device")
        expect_equal(bed.host.main_pid(unit), pid, "process")
        expect_equal(started(bed), before, "processes asked for")
    with story.claim("Who may not start a second tunnel does not have a process started either"):
        bed.profile("second")
        result = bed.host.run(["ginnel", "up", "second"], check=False, user="tess")
        expect_equal(result.returncode, 4, "exit status, 4 is not authorized")
    bed.host.run(["rm", "/etc/ginnel/profiles/second.ginnel"])
    with story.claim("Once it is down, another waits"):
        ginnel.down()
        unit, _ = one_that_waits(ginnel, other_than=[unit])
        expect_equal(started(bed), before + 1, "processes asked for")
    with story.claim("Who is refused while none runs leaves no more than that one"):
        result = bed.host.run(["ginnel", "up", "work"], check=False, user="tess")
        expect_equal(result.returncode, 4, "exit status, 4 is not authorized")
        expect_equal(one_that_waits(ginnel)[0], unit, "the one that waits")
        expect_equal(started(bed), before + 1, "processes asked for")
    with story.claim("When it is killed nothing takes its place, and the next tunnel has its own"):
        bed.host.run(["systemctl", "kill", "-s", "KILL", unit])
        until("the end of it", lambda: not ginnel.process_units())
        expect_equal(started(bed), before + 1, "processes asked for")
        ginnel.connect()
        bed.host.run(["ping", "-c", "1", "-W", "3", a.INSIDE4])
        ginnel.down()
    unit, _ = one_that_waits(ginnel)
    with story.claim("A ginneld that is restarted has one of its own, and the old one is gone"):
        bed.host.run(["systemctl", "restart", DAEMON])
        unit, _ = one_that_waits(ginnel, other_than=[unit])
    with story.claim("So does one that was killed"):
        pid = ginnel.kill_daemon()
        ginnel.wait_for_daemon(other_than=pid)
        one_that_waits(ginnel, other_than=[unit])
    with story.claim("When ginneld is stopped none is left"):
        bed.host.run(["systemctl", "stop", DAEMON])
        until("the end of it", lambda: not ginnel.process_units())
