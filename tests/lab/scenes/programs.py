"""The examples of ginnel-bus(7), run as they are installed."""

from lab.gateway import PSK
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

EXAMPLES = "/usr/share/doc/ginnel/examples"


@scene("For programs: the examples of the manual")
def examples(bed, story):
    host, ginnel = bed.host, Ginnel(bed.host)
    bed.profile()
    with story.claim("Shell: connects, waits for the signal, tells, disconnects"):
        result = host.run([EXAMPLES + "/up.sh", "work"], check=False)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect('state s "connected"' in result.stdout and "10.77.0." in result.stdout,
               result.stdout + result.stderr)
        expect(not ginnel.tunnels(), "it is still up")
    with story.claim("Python: follows a tunnel to its end without asking twice"):
        result = host.run(["python3", EXAMPLES + "/follow.py", "work"], check=False)
        expect("work: connecting" in result.stdout and "work: connected" in result.stdout,
               result.stdout + result.stderr)
        ginnel.down()
    with story.claim("Python: an error of a method has a name"):
        result = host.run(["python3", EXAMPLES + "/follow.py", "nonesuch"], check=False)
        expect("Error.NoSuchProfile" in result.stderr, result.stdout + result.stderr)
    with story.claim("C: an agent answers, and again for a ginneld that was restarted"):
        host.run(["sh", "-c", f"cc -Wall -Werror {EXAMPLES}/agent.c -o /root/agent "
                  "$(pkg-config --cflags --libs gio-unix-2.0)"])
        bed.profile(user__secret_file=None)
        agent = host.spawn(["/root/agent", "psk", PSK], log="example-agent")
        log = f"{host.log}/example-agent"

        def lines():
            with open(log) as file:
                return file.read()

        try:
            until("agent: registered", lambda: "registered" in lines())
            ginnel.connect()
            ginnel.down()
            host.run(["systemctl", "restart", "ginneld.service"])
            until("agent: registered again", lambda: lines().count("registered") == 2)
            ginnel.connect()
            expect_equal(lines().count("work asks for the psk"), 2, lines())
        finally:
            agent.kill()
            host.run(["pkill", "-x", "agent"], check=False)
    ginnel.down()
