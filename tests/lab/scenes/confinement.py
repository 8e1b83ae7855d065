"""A tunnel process that was taken over: what it tries, and what comes of it."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, expect_match, scene
from lab.wait import until

PROGRAM = "/usr/libexec/ginnel/ginnel-tunnel"


@scene("A tunnel process that was taken over", demo=True, about="""The process that parses what strangers
       send is told to misbehave: to send to a third address from its own socket, to open a file, to
       make a socket, to run a program.""")
def taken_over(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    bed.host.run(["cp", "-a", PROGRAM, PROGRAM + ".kept"])
    bed.host.run(["install", "-m", "755", bed.tool("ginnel-tunnel-probe"), PROGRAM])
    try:
        ginnel.restart_with(GINNEL_TEST_MISBEHAVE="send,open,socket,exec")
        began = bed.host.read(["date", "+%F %T"]).strip()
        with bed.capture_outside("probe", f"udp and host {a.OUTSIDE4} and port 4500") as capture:
            # What the capture would look like: root may send there.
            bed.host.run(["python3", "-c",
                          "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                          f"s.sendto(b'allowed', ('{a.OUTSIDE4}', 4500))"])
            ginnel.connect()
            outcomes = until("the probes' outcomes", lambda: probes(bed, began), timeout=10)
        story.says("It reports: " + "; ".join(f"{what}: {how}" for what, how in outcomes.items()))
        with story.claim("What it sends to a third address never leaves the machine"):
            expect("send" in outcomes, outcomes)
            sent = [bytes.fromhex(payload) for payload, in capture.fields("udp", "udp.payload")]
            expect(b"allowed" in sent, f"the capture shows nothing at all: {sent}")
            expect_equal([payload for payload in sent if payload != b"allowed"], [], "sent")
        for what, words in (("open", "It cannot open a file"), ("socket", "It cannot make a socket"),
                            ("exec", "It cannot run a program")):
            with story.claim(words):
                expect_match("not permitted|denied", outcomes.get(what, "never tried"), what)
        with story.claim("The connection itself works on"):
            bed.host.run(["ping", "-c", "1", "-W", "2", a.INSIDE4])
    finally:
        ginnel.down()
        bed.host.run(["mv", PROGRAM + ".kept", PROGRAM])


def probes(bed, since):
    """What each probe says in the journal, once all four have."""
    journal = bed.host.read(["journalctl", "--no-pager", "-o", "cat", "--since", since,
                             "-u", "ginnel-tunnel@*"])
    found = dict(line.split("probe ", 1)[1].split(": ", 1) for line in journal.splitlines()
                 if "probe " in line and ": " in line.split("probe ", 1)[1])
    return found if len(found) >= 4 else None
