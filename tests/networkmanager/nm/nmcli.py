"""nmcli as people type it, and what it says."""

from lab.story import Failure, expect
from lab.wait import LabError, until

# What most scenes begin with; as vpn.data has it.
PSK_DATA = {"gateway-address": "gw4.example", "gateway-id": "gw.example",
            "user-id": "tess@example.com", "user-auth": "psk",
            "dns-domains": "corp.example;two.example",
            "dns-trust-anchor-domains": "corp.example"}


class Nmcli:
    def __init__(self, host):
        self.host = host

    def __call__(self, *args, **options):
        """Runs to the end; .returncode, .stdout, .stderr."""
        return self.host.run(["nmcli", *args], check=False, **{"timeout": 120, **options})

    def must(self, *args, **options):
        result = self(*args, **options)
        expect(result.returncode == 0, f"nmcli {' '.join(args)}: status {result.returncode}\n"
               f"{result.stdout}{result.stderr}")
        return result.stdout

    def add(self, name="work", data=None, secrets=None, *more):
        """A VPN connection; data and secrets as dictionaries."""
        data = PSK_DATA if data is None else data
        args = ["connection", "add", "type", "vpn", "con-name", name, "ifname", "*",
                "vpn-type", "ginnel", "vpn.data", joined(data)]
        if secrets:
            args += ["vpn.secrets", joined(secrets)]
        return self(*args, *more)

    def up(self, name="work", *more, **options):
        return self("--wait", "60", "connection", "up", name, *more, **options)

    def connect(self, name="work", *more, **options):
        result = self.up(name, *more, **options)
        expect(result.returncode == 0, f"nmcli connection up {name}: status {result.returncode}\n"
               f"{result.stdout}{result.stderr}{self.words()}")
        return result

    def up_typing(self, bed, *answers, name="work", user=None):
        """As somebody at a terminal, who is asked."""
        return self.host.run([bed.tool("type-answers"), *answers, "--", "nmcli", "--ask", "--wait",
                              "60", "connection", "up", name], check=False, timeout=120, user=user)

    def down(self, name="work"):
        return self("--wait", "20", "connection", "down", name)

    def expect_words(self, *wanted):
        """In the journal, where NetworkManager's words arrive a moment later."""
        try:
            until("words", lambda: all(word in self.words() for word in wanted), timeout=10)
        except LabError:
            raise Failure(f"not all of {wanted} in:\n{self.words()}") from None

    def words(self):
        """The last that the plugin and NetworkManager wrote."""
        self.host.run(["journalctl", "--sync"])
        return self.host.journal("-u", "NetworkManager.service", "-n", "12")

    def show(self, name="work"):
        """FIELD -> value of an active connection."""
        lines = self.must("-t", "-f", "GENERAL,IP4,IP6,VPN", "connection", "show", name)
        return dict(line.split(":", 1) for line in lines.splitlines() if ":" in line)

    def state(self, name="work"):
        result = self("-t", "-f", "GENERAL.STATE", "connection", "show", name)
        return result.stdout.strip().partition(":")[2]

    def wait_for(self, state, name="work", timeout=30):
        """"" for not active."""
        try:
            until(f"{name}: {state or 'not active'}", lambda: self.state(name) == state, timeout)
        except LabError:
            raise Failure(f"{name}: after {timeout} s not {state!r} but {self.state(name)!r}\n"
                          f"{self.words()}") from None

    def forget_vpns(self):
        listed = self("-t", "-f", "UUID,TYPE", "connection", "show").stdout.splitlines()
        for uuid in [line.split(":")[0] for line in listed if line.endswith(":vpn")]:
            self("--wait", "20", "connection", "delete", uuid)


def joined(pairs):
    """As vpn.data is typed: a comma inside a value is escaped."""
    return ",".join(f"{key} = {value}".replace(",", "\\,") for key, value in pairs.items())
