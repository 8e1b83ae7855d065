"""The test host: a whole machine in namespaces, with the real systemd as PID 1, D-Bus, polkit and
systemd-resolved, and the product installed as a package would install it."""

import json
import os
import shutil
import subprocess
import sys

from . import addresses as a
from .box import Box, settled
from .wait import LabError, until

UNITS = ["dbus.service", "polkit.service", "systemd-resolved.service"]
UPLINK = "up0"


def bring_libraries(tree, lower):
    """What the product was built with, and the system that is booted does not have by that name: a
    package built there would be linked with another."""
    programs = [os.path.join(folder, name) for folder in ("usr/bin", "usr/libexec/ginnel")
                for name in os.listdir(os.path.join(tree, folder))]
    listed = subprocess.run(["ldd", *(os.path.join(tree, path) for path in programs)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for line in listed.splitlines():
        name, _, path = line.strip().partition(" => ")
        path = path.split(" ")[0]
        if not path.startswith("/") or "ld-linux" in path:
            continue
        inside = os.path.join("usr/lib", os.path.basename(os.path.dirname(path)), name)
        if not os.path.exists(os.path.join(lower, inside)):
            os.makedirs(os.path.join(tree, os.path.dirname(inside)), exist_ok=True)
            shutil.copy(path, os.path.join(tree, inside))


class TestHost(Box):
    # -r: the root that systemd pivoted to; -w: its working directory there.
    ENTER = ["-n", "-m", "-p", "-u", "-i", "-C", "-r", "-w"]

    def __init__(self, directory, name="host"):
        super().__init__(directory, name)
        self.tree = os.path.join(directory, "tree")

    def start(self, destdir=None, units=UNITS, lower=None):
        """lower: the tree to boot instead of this machine's own."""
        os.makedirs(self.log, exist_ok=True)
        if lower:
            with open(os.path.join(self.directory, "lower"), "w") as file:
                file.write(lower + "\n")
        shutil.rmtree(self.tree, ignore_errors=True)
        if destdir:
            subprocess.run(["cp", "-a", destdir, self.tree], check=True)
            subprocess.run(["chown", "-R", "root:root", self.tree], check=True)
            if lower:
                bring_libraries(self.tree, lower)
        with open(os.path.join(self.directory, "units"), "w") as file:
            file.write("".join(unit + "\n" for unit in units))
        init = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                            "testhost-init")
        self._launch(["unshare", "--mount", "--propagation", "private",
                      init, self.directory, "outer"])
        try:
            until("test host: boot", self._booted, timeout=30, pause=0.05)
        except LabError:
            with open(os.path.join(self.log, self.name + ".init")) as log:
                print(log.read(), file=sys.stderr)
            raise
        self.run(["systemd-tmpfiles", "--create", "--prefix=/etc", "--prefix=/run",
                  "--prefix=/var"], check=False)

    def _booted(self):
        if self.pid is None:
            raise LabError(f"test host: PID 1 ended: see {self.log}/host.init and console")
        return self.run(["systemctl", "is-active", "-q", "testhost.target"],
                        check=False).returncode == 0

    def stop(self):
        super().stop()
        name_file = os.path.join(self.directory, "cgroup-name")
        if not os.path.exists(name_file):
            return
        with open(name_file) as file:
            name = file.read().strip()
        # Its processes are gone, but the kernel takes a moment to say so.
        script = ('mount -t cgroup2 cgroup2 "$1" && '
                  'for i in 1 2 3 4 5 6 7 8 9 10; do '
                  'find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null; '
                  '[ -e "$1/$2" ] || break; sleep 0.1; done')
        subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
                        os.path.join(self.directory, "cgroup"), name], check=False)
        os.unlink(name_file)

    def install(self, destdir):
        """Puts a newly built tree over the running host, as an upgrade of the package would."""
        shutil.rmtree(self.tree, ignore_errors=True)
        subprocess.run(["cp", "-a", destdir, self.tree], check=True)
        subprocess.run(["chown", "-R", "root:root", self.tree], check=True)
        # Unlinking first: a running program's file cannot be written to.
        self.run(["cp", "-a", "--remove-destination", self.tree + "/.", "/"])
        self.run(["systemd-sysusers"])
        self.run(["systemd-tmpfiles", "--create", "--prefix=/etc", "--prefix=/run",
                  "--prefix=/var"], check=False)
        self.run(["systemctl", "daemon-reload"])
        self.run(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                  "org.freedesktop.DBus", "ReloadConfig"])

    def plug_in(self):
        """Addresses, routes and DNS of the uplink; strict reverse path filtering, as many have."""
        self.ip("link", "set", "lo", "up")
        # The stricter of "all" and the interface's own counts.
        self.sysctl(net__ipv4__conf__all__rp_filter=1, net__ipv4__conf__default__rp_filter=1)
        self.ip("addr", "add", f"{a.HOST4}/24", "dev", UPLINK)
        self.ip("-6", "addr", "add", f"{a.HOST6}/64", "dev", UPLINK, "nodad")
        self.ip("route", "add", "default", "via", a.ROUTER_HOST4, "dev", UPLINK)
        self.ip("-6", "route", "add", "default", "via", a.ROUTER_HOST6, "dev", UPLINK)
        settled(self, UPLINK)
        self.run(["resolvectl", "dns", UPLINK, a.OUTSIDE4])
        self.run(["resolvectl", "default-route", UPLINK, "yes"])
        self.run(["resolvectl", "dnssec", UPLINK, "yes"])

    def plug_in_again(self):
        """After its uplink was down: the kernel has forgotten IPv6 addresses and all routes."""
        self.ip("link", "set", UPLINK, "up")
        self.ip("-6", "addr", "replace", f"{a.HOST6}/64", "dev", UPLINK, "nodad")
        self.ip("route", "replace", "default", "via", a.ROUTER_HOST4, "dev", UPLINK)
        self.ip("-6", "route", "replace", "default", "via", a.ROUTER_HOST6, "dev", UPLINK)
        settled(self, UPLINK)

    # -- what tests ask of it -----------------------------------------------------------------

    def write(self, path, text, mode="0640", owner="root:ginnel"):
        """A file inside the host; of root's own group where the product's does not exist yet."""
        self.run(["mkdir", "-p", os.path.dirname(path)])
        self.run(["tee", path], stdin=text)
        self.run(["chmod", mode, path])
        if self.run(["chown", owner, path], check=False).returncode != 0:
            self.run(["chown", "root:root", path])

    def trust(self, authority):
        """PEM; as an administrator does who has an authority of his own."""
        self.write("/usr/local/share/ca-certificates/lab.crt", authority, mode="0644",
                   owner="root:root")
        self.run(["update-ca-certificates"])

    def resolved_conf(self, **settings):
        """What the whole machine does, in resolved.conf's words; nothing: as Debian has it."""
        text = "[Resolve]\n" + "".join(f"{key}={value}\n" for key, value in settings.items())
        self.write("/etc/systemd/resolved.conf.d/lab.conf", text, mode="0644", owner="root:root")
        self.run(["systemctl", "reset-failed", "systemd-resolved"], check=False)
        self.run(["systemctl", "restart", "systemd-resolved"])

    def query(self, name, kind="A", check=False):
        """resolvectl query; .stdout says `authenticated: yes` or not."""
        return self.run(["resolvectl", "--no-pager", "query", f"--type={kind}", name],
                        check=check, timeout=130)

    def journal(self, *args):
        return self.read(["journalctl", "--no-pager", "-o", "short-monotonic", *args])

    def main_pid(self, unit):
        """As PIDs count inside the host; 0 when the unit has none."""
        return int(self.read(["systemctl", "show", "-P", "MainPID", unit]).strip() or 0)

    def links(self):
        return [link["ifname"] for link in json.loads(self.read(["ip", "-j", "link"]))]
