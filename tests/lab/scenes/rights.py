"""Who may do what: everybody may look, changes are asked for."""

from lab.product import BUS, DAEMON, Ginnel
from lab.story import expect, expect_equal, expect_match, scene


@scene("An ordinary user", demo=True, about="""tess has an account and no more.""")
def unprivileged_user(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()
    with story.claim("tess may look"):
        result = story.types("ginnel status work", user="tess")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_match("connected", result.stdout, "status")
    with story.claim("tess may not take it down without being asked for a password"):
        result = story.types("ginnel down work", user="tess")
        expect_equal(result.returncode, 4, "exit status, 4 is not authorized")
        expect_equal(ginnel.state(), "connected", "state")
    ginnel.down()
    with story.claim("tess may not start one either, by the tool or on the bus"):
        result = bed.host.run(["ginnel", "up", "work"], check=False, user="tess")
        expect_equal(result.returncode, 4, result.stdout + result.stderr)
        result = bed.host.run(["busctl", "call", BUS, "/org/ginnel/Ginnel1", BUS + ".Manager",
                               "Activate", "sa{sv}", "work", "0"], check=False, user="tess")
        expect(result.returncode != 0 and ginnel.tunnels() == {}, result.stdout + result.stderr)
    with story.claim("With polkit's agent beside her, she is asked, and then she may"):
        bed.host.run(["chpasswd"], stdin="root:sesame\n")
        result = bed.host.run([bed.tool("as-person"), "sesame", "ginnel", "up", "work"],
                              check=False, user="tess", timeout=60)
        expect_match("(?i)authenticat", result.stdout, "the agent's question")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_equal(ginnel.state(), "connected", "state")
    with story.claim("A wrong password does not do"):
        ginnel.down()
        result = bed.host.run([bed.tool("as-person"), "open", "ginnel", "up", "work"],
                              check=False, user="tess", timeout=60)
        expect(result.returncode != 0 and ginnel.tunnels() == {}, result.stdout)


@scene("What the processes may")
def privileges(bed, story):
    ginnel = Ginnel(bed.host)
    bed.profile()
    ginnel.connect()

    def status_of(unit):
        text = bed.host.read(["cat", f"/proc/{bed.host.main_pid(unit)}/status"])
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    with story.claim("ginneld runs as ginnel with CAP_NET_ADMIN and no other capability"):
        status = status_of(DAEMON)
        uid = bed.host.read(["id", "-u", "ginnel"]).strip()
        expect_equal(status["Uid"].split()[0], uid, "user")
        expect_equal(int(status["CapEff"], 16), 1 << 12, "effective capabilities")
        expect_equal(int(status["CapBnd"], 16), 1 << 12, "bounding set")
    with story.claim("ginnel-tunnel runs without any, under seccomp, in an empty network"):
        unit, = ginnel.tunnel_units()
        status = status_of(unit)
        for capabilities in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            expect_equal(int(status[capabilities], 16), 0, capabilities)
        expect_equal(status["Seccomp"].strip(), "2", "seccomp mode")
        expect(status["Uid"].split()[0] not in ("0", uid), "user")
        pid = str(bed.host.main_pid(unit))
        links = bed.host.read(["nsenter", "-t", pid, "-n", "ip", "-brief", "link"]).split("\n")
        expect_equal([line.split()[0] for line in links if line], ["lo"], "links that it sees")
    with story.claim("The service's exposure is at most 2.5 by systemd's own measure"):
        text = bed.host.read(["systemd-analyze", "security", "--no-pager", DAEMON], check=False)
        score = float(expect_match(r"exposure level for \S+: ([\d.]+)", text, "verdict").group(1))
        expect(score <= 2.5, f"{score}")
    with story.claim("It logged no key, password or pre-shared key"):
        journal = bed.host.journal("-u", "ginneld", "-u", "ginnel-tunnel@*")
        expect("correct horse" not in journal, "the pre-shared key is in the journal")
    ginnel.down()
