"""The product as its users meet it: the tool, the bus, the units."""

import json
import time

from .story import Failure, expect
from .wait import LabError, until

BUS = "org.ginnel.Ginnel1"
DAEMON = "ginneld.service"
NETWORKS = "/var/lib/ginnel/networks"
DROP_IN = "/run/systemd/system/ginneld.service.d"


class Ginnel:
    def __init__(self, host):
        self.host = host

    # -- the tool -----------------------------------------------------------------------------

    def tool(self, *args, user=None, timeout=90):
        began = time.monotonic()
        result = self.host.run(["ginnel", *args], check=False, user=user, timeout=timeout)
        result.seconds = time.monotonic() - began
        return result

    def up(self, profile="work", **options):
        return self.tool("up", profile, **options)

    def connect(self, profile="work", **options):
        """Up, or the claim fails with what the tool said."""
        result = self.up(profile, **options)
        expect(result.returncode == 0, f"ginnel up {profile}: status {result.returncode}\n"
               f"{result.stdout}{result.stderr}")
        return result

    def down(self, profile="work"):
        return self.tool("down", profile)

    # -- the bus ------------------------------------------------------------------------------

    def tunnels(self):
        """Profile name -> properties of its tunnel. Does not start the service."""
        result = self.host.run(
            ["busctl", "--json=short", "--auto-start=no", "call", BUS, "/org/ginnel/Ginnel1",
             "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"], check=False)
        if result.returncode != 0:
            return {}
        found = {}
        for path, interfaces in json.loads(result.stdout)["data"][0].items():
            properties = interfaces.get(BUS + ".Tunnel")
            if properties is not None:
                plain = {name: plainly(value) for name, value in properties.items()}
                found[plain["Profile"]] = {**plain, "path": path}
        return found

    def tunnel(self, profile="work"):
        tunnel = self.tunnels().get(profile)
        if tunnel is None:
            raise Failure(f"there is no tunnel of profile {profile} on the bus")
        return tunnel

    def state(self, profile="work"):
        return self.tunnels().get(profile, {}).get("State", "")

    def wait_for(self, state, profile="work", timeout=30):
        """Returns the seconds it took."""
        began = time.monotonic()
        try:
            until(f"state {state}", lambda: self.state(profile) == state, timeout, pause=0.05)
        except LabError:
            raise Failure(f"after {timeout} s not {state} but {self.state(profile) or 'gone'}") \
                from None
        return time.monotonic() - began

    def events(self, name, profile="work"):
        """(microseconds, details) of each event of that name in the timeline."""
        return [(at, details) for at, event, details in self.tunnel(profile)["Timeline"]
                if event == name]

    def statistics(self, profile="work"):
        result = self.host.read(["busctl", "--json=short", "call", BUS, self.tunnel(profile)["path"],
                                 BUS + ".Tunnel", "GetStatistics"])
        return json.loads(result)["data"][0]

    # -- the processes ------------------------------------------------------------------------

    def tunnel_units(self):
        """Those whose process has a tunnel's device."""
        return [unit for unit, has_device in self.process_units().items() if has_device]

    def spare_units(self):
        """Those whose process has none: it waits for a connection."""
        return [unit for unit, has_device in self.process_units().items() if not has_device]

    def process_units(self):
        """Unit -> whether its process has a device, of all ginnel-tunnel processes."""
        return {unit: bool(self._devices(unit)) for unit in self._running_units("ginnel-tunnel@*")}

    def stub_units(self):
        """Those of the name forwarders."""
        return self._running_units("ginnel-stub@*")

    def _running_units(self, pattern):
        lines = self.host.read(["systemctl", "list-units", "--plain", "--no-legend",
                                "--state=running", pattern]).splitlines()
        return [line.split()[0] for line in lines]

    def _devices(self, unit):
        """Not by the descriptor's path: that goes with the ginneld that opened it."""
        return self.host.run(["grep", "-rhs", "^iff:", f"/proc/{self.host.main_pid(unit)}/fdinfo"],
                             check=False).stdout.split()

    def kill_tunnel_process(self):
        units = self._running_units("ginnel-tunnel@*")   # beside a tunnel none waits
        expect(units, "no ginnel-tunnel@ unit runs")
        for unit in units:
            self.host.run(["systemctl", "kill", "-s", "KILL", unit])

    def kill_daemon(self):
        pid = self.host.main_pid(DAEMON)
        expect(pid, "ginneld does not run")
        self.host.run(["kill", "-9", str(pid)])
        return pid

    def wait_for_daemon(self, other_than=0, timeout=15):
        try:
            return until("ginneld", lambda: self._ready_pid(other_than), timeout, pause=0.05)
        except LabError as error:
            raise Failure(str(error)) from None

    def _ready_pid(self, other_than):
        pid = self.host.main_pid(DAEMON)
        active = self.host.run(["systemctl", "is-active", "-q", DAEMON], check=False)
        return pid if pid not in (0, other_than) and active.returncode == 0 else 0

    def restart_with(self, **environment):
        """Restarts ginneld with these variables; rest () takes them away again."""
        self.host.run(["mkdir", "-p", DROP_IN])
        self.host.run(["tee", DROP_IN + "/lab.conf"], stdin="[Service]\n" + "".join(
            f"Environment={name}={value}\n" for name, value in environment.items()))
        self.host.run(["systemctl", "daemon-reload"])
        self.host.run(["systemctl", "restart", DAEMON])

    def forget_networks(self):
        """What it has found out about networks."""
        self.host.run(["systemctl", "stop", DAEMON], check=False)
        self.host.run(["rm", "-f", NETWORKS])

    # -- back to where a scene may begin --------------------------------------------------------

    def rest(self):
        """Nothing up, no start limit reached, no drop-in left."""
        for profile in self.tunnels():
            self.host.run(["ginnel", "down", profile], check=False, timeout=60)
        if self.host.run(["test", "-e", DROP_IN], check=False).returncode == 0:
            self.host.run(["rm", "-r", DROP_IN])
            self.host.run(["systemctl", "daemon-reload"])
            self.host.run(["systemctl", "stop", DAEMON], check=False)
        if self.host.run(["grep", "-q", "udp-blocked", NETWORKS], check=False).returncode == 0:
            self.forget_networks()
        self.host.run(["systemctl", "reset-failed"], check=False)


def plainly(value):
    """busctl's {"type": ..., "data": ...} at every level of a variant, without its types."""
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plainly(value["data"])
        return {key: plainly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plainly(item) for item in value]
    return value
