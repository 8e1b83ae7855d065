"""The bed itself, shown with strongSwan as the client: what fails here is not the product's fault."""

from lab import addresses as a
from lab.standin import StandIn
from lab.story import expect, expect_equal, scene
from lab.vici import ViciError


@scene("The bed itself")
def bed_works(bed, story):
    with story.claim("Outside names resolve and validate"):
        answer = bed.host.query("www.example").stdout
        expect("192.0.2.80" in answer and "authenticated: yes" in answer, answer)
    with story.claim("Inside names do not resolve from outside"):
        answer = bed.host.query("host.corp.example")
        expect(answer.returncode != 0, answer.stdout)
    with StandIn(bed) as client:
        for words, options in (("a pre-shared key", {}), ("certificates", {"certificate": True}),
                               ("IPv6 outside", {"gateway": a.GATEWAY6})):
            with story.claim(f"The gateway lets strongSwan in with {words}; ping goes through"):
                client.up("itself", **options)
                for inside in (a.INSIDE4, a.INSIDE6):
                    bed.host.run(["ping", "-c", "1", "-W", "2", inside])
            client.down("itself")
        with story.claim("A gateway with an expired certificate is refused by strongSwan, too"):
            try:
                client.up("itself", gateway_id="expired.gw.example", certificate=True)
                expect(False, "it was accepted")
            except ViciError:
                pass
    with story.claim("The router drops and rejects UDP, and lets it through again"):
        probe = ["python3", "-c",
                 "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                 f"s.settimeout(0.3); s.connect(('{a.GATEWAY4}', 9)); s.send(b'x');"
                 "s.recv(1)"]
        seen = []
        for mood in ("block-udp", "reject-udp"):
            bed.router.mood(mood)
            seen.append(bed.host.run(probe, check=False).stderr.splitlines()[-1])
            bed.host.run(["resolvectl", "flush-caches"])
            expect_equal(bed.host.query("www.example").returncode, 0, f"DNS under {mood}")
        bed.router.mood("open")
        expect("timed out" in seen[0] or "TimeoutError" in seen[0], seen[0])
        expect("refused" in seen[1], seen[1])
