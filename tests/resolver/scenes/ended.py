"""What is about to be started again, and is not: nothing is left, whichever systemd it is. They differ in
when they call what tidies up."""

import contextlib

from lab import snapshot
from lab.product import DAEMON, Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import LabError, until

SYSTEMS = ("debian12", "debian13")

CLEAN = "ginnel-clean.service"


def shown(bed, unit, name):
    return bed.host.read(["systemctl", "show", "--value", "-p", name, unit]).strip()


@contextlib.contextmanager
def drop_in(bed, unit, text):
    folder = f"/run/systemd/system/{unit}.d"
    bed.host.write(folder + "/lab.conf", text, mode="0644", owner="root:root")
    bed.host.run(["systemctl", "daemon-reload"])
    try:
        yield
    finally:
        bed.host.run(["rm", "-r", folder])
        bed.host.run(["systemctl", "daemon-reload"])


def prepared(bed):
    """With what the machine has while nothing of ours runs."""
    bed.profile()
    bed.host.run(["systemctl", "stop", DAEMON])
    return Ginnel(bed.host), snapshot.take(bed.host)


def crash(bed, ginnel):
    ginnel.connect()
    bed.host.run(["systemctl", "kill", "-s", "KILL", DAEMON])


def expect_nothing_left(bed, before):
    with contextlib.suppress(LabError):
        until("nothing left", lambda: not snapshot.difference(before, snapshot.take(bed.host)),
              timeout=15)
    expect_equal(snapshot.difference(before, snapshot.take(bed.host)), [], "difference")
    until("an end of it", lambda: shown(bed, CLEAN, "ActiveState") == "inactive", timeout=10)


@scene("A start that is taken back")
def start_taken_back(bed, story):
    """While what tidies up has seen that the service is about to start, and before it does: a moment, which
    is held open here."""
    ginnel, before = prepared(bed)
    with drop_in(bed, CLEAN, "[Service]\nExecStartPost=/bin/sleep 2\n"):
        crash(bed, ginnel)
        until("the moment", lambda: shown(bed, CLEAN, "SubState") == "start-post" and
              shown(bed, DAEMON, "Job") not in ("", "0"))
        bed.host.run(["systemctl", "stop", DAEMON])
        with story.claim("Nothing is left"):
            expect_nothing_left(bed, before)
        crash(bed, ginnel)
        until("the moment", lambda: shown(bed, CLEAN, "SubState") == "start-post")
        with story.claim("One that is not taken back has its tunnel again"):
            until("connected again", lambda: ginnel.state() == "connected", timeout=15)
            until("an end of it", lambda: shown(bed, CLEAN, "ActiveState") == "inactive")
            expect(shown(bed, CLEAN, "Result") == "success", shown(bed, CLEAN, "Result"))
        ginnel.down()


@scene("Stopped between two tries")
def stopped_between(bed, story):
    ginnel, before = prepared(bed)
    with drop_in(bed, DAEMON, "[Service]\nRestartSec=3\n"):
        crash(bed, ginnel)
        until("the pause", lambda: shown(bed, DAEMON, "SubState") == "auto-restart")
        bed.host.run(["systemctl", "stop", DAEMON])
        with story.claim("Nothing is left"):
            expect_nothing_left(bed, before)
        crash(bed, ginnel)
        with story.claim("After the pause the tunnel is there as before"):
            until("the pause", lambda: shown(bed, DAEMON, "SubState") == "auto-restart")
            until("connected again", lambda: ginnel.state() == "connected", timeout=15)
            until("an end of it", lambda: shown(bed, CLEAN, "ActiveState") == "inactive")
        ginnel.down()
