"""A machine without systemd-resolved: what can still be done is, and the rest is said."""

import os
import shutil
import subprocess

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import LabError

SYSTEMS = ("debian12", "debian13")

# Takes a resolvconf's words, and keeps what it was told where it can be looked at.
RESOLVCONF = """#!/bin/sh
case "$1" in
    -a) cat >"/run/told-$2" ;;
    -d) rm -f "/run/told-$2" ;;
esac
"""


@scene("No systemd-resolved")
def absent(bed, story):
    ginnel = Ginnel(bed.host)
    bed.host.run(["systemctl", "stop", "ginneld"], check=False)
    bed.host.run(["systemctl", "mask", "--now", "systemd-resolved"])
    bed.host.run(["mv", "-f", "/sbin/resolvconf", "/sbin/resolvconf.before"])
    bed.host.write("/sbin/resolvconf", RESOLVCONF, mode="0755", owner="root:root")
    try:
        bed.profile(gateway__address=a.GATEWAY4, gateway__id="gw.example")
        ginnel.connect()
        with story.claim("A split tunnel comes up, and says why names do not"):
            warning = ginnel.tunnel()["Warning"]
            expect("systemctl enable --now systemd-resolved" in warning, warning)
            expect(bed.host.run(["ping", "-q", "-c1", "-W2", a.INSIDE4],
                                check=False).returncode == 0, "inside is not reached")
            expect("is systemd-resolved running?" in ginnel.tool("dns").stdout, "ginnel dns")
        ginnel.down()
        bed.profile(gateway__address=a.GATEWAY4, gateway__id="gw.example",
                    user__id="full@example.com", dns__search_domains="corp.example",
                    dns__domains=None, dns__trust_anchor_domains=None)
        ginnel.connect()
        interface = ginnel.tunnel()["Interface"]
        with story.claim("A full tunnel has its servers told to resolvconf"):
            told = bed.host.read(["cat", f"/run/told-tun.{interface}"])
            expect_equal(told, f"nameserver {a.INSIDE4}\nsearch corp.example\n", "told")
            expect("by resolvconf" in ginnel.tunnel()["Warning"], ginnel.tunnel()["Warning"])
        ginnel.down()
        with story.claim("And taken away when it ends"):
            left = bed.host.run(["sh", "-c", "ls /run/told-*"], check=False).stdout
            expect_equal(left, "", "left")
    finally:
        ginnel.down()
        bed.host.run(["mv", "-f", "/sbin/resolvconf.before", "/sbin/resolvconf"])
        bed.host.run(["systemctl", "unmask", "systemd-resolved"])
        bed.host.run(["systemctl", "start", "systemd-resolved"])


def programs(bed):
    """The real ones, unpacked where the boxes see them."""
    maker = os.path.join(os.path.dirname(__file__), "../../lib/resolvconf-programs")
    made = subprocess.run([maker], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        raise LabError("there are no resolvconf programs")
    folder = os.path.join(bed.directory, "resolvconf")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.stdout.split()[-1], folder, symlinks=True)
    return folder


class Installed:
    """One of them in the place of systemd-resolved, told of the network's server as by DHCP."""

    SAVED = ("/sbin/resolvconf", "/etc/resolv.conf")
    OURS = ("/lib/resolvconf", "/etc/resolvconf", "/etc/resolvconf.conf", "/run/resolvconf")

    def __init__(self, host, folder):
        self.host, self.folder = host, folder

    def __enter__(self):
        self.host.run(["systemctl", "mask", "--now", "systemd-resolved"])
        for path in self.SAVED:
            self.host.run(["mv", "-f", path, path + ".before"])
        self.host.run(["sh", "-c", f"""set -e; cd {self.folder}
            cp -a sbin/resolvconf /sbin/; cp -a lib/resolvconf /lib/; cp -a etc/resolvconf* /etc/
            # As Debian's resolvconf is installed, and started at boot.
            if [ -d etc/resolvconf ]; then
                mkdir -p /run/resolvconf/interface; touch /run/resolvconf/enable-updates
                ln -s /run/resolvconf/resolv.conf /etc/resolv.conf
            fi
            echo nameserver {a.OUTSIDE4} | resolvconf -a up0.dhcp"""])
        return self

    def __exit__(self, *_):
        self.host.run(["rm", "-rf", *self.OURS])
        for path in self.SAVED:
            self.host.run(["mv", "-f", path + ".before", path])
        self.host.run(["systemctl", "unmask", "systemd-resolved"])
        self.host.run(["systemctl", "start", "systemd-resolved"])

    def words(self):
        """Of /etc/resolv.conf, without comments."""
        lines = self.host.read(["cat", "/etc/resolv.conf"]).splitlines()
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@scene("The resolvconf that is there")
def real(bed, story):
    ginnel, folder = Ginnel(bed.host), programs(bed)
    bed.profile(gateway__address=a.GATEWAY4, gateway__id="gw.example", user__id="full@example.com",
                dns__search_domains="corp.example", dns__domains=None,
                dns__trust_anchor_domains=None)
    for name in ("openresolv", "resolvconf"):
        bed.host.run(["systemctl", "stop", "ginneld"], check=False)
        with Installed(bed.host, os.path.join(folder, name)) as installed:
            before = installed.words()
            expect_equal(before, [f"nameserver {a.OUTSIDE4}"], "before")
            ginnel.connect()
            with story.claim(f"{name}: the tunnel's server is asked first, for short names, too"):
                words = installed.words()
                servers = [line for line in words if line.startswith("nameserver")]
                expect_equal(servers[0], f"nameserver {a.INSIDE4}", "the first server")
                expect("search corp.example" in words, words)
                found = bed.host.read(["getent", "ahostsv4", "host"])
                expect(found.startswith(a.INSIDE4 + " "), found)
            ginnel.down()
            with story.claim(f"{name}: afterwards it is as before"):
                expect_equal(installed.words(), before, "/etc/resolv.conf")
