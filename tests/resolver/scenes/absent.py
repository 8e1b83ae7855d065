"""A machine without systemd-resolved: what can still be done is, and the rest is said."""

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene

SYSTEMS = ("debian12", "debian13")

# Debian's systemd-resolved brings the only resolvconf that goes with it: this one takes the same
# words, and keeps what it was told where it can be looked at.
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
    bed.host.run(["rm", "-f", "/sbin/resolvconf"])
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
        bed.host.run(["systemctl", "unmask", "systemd-resolved"])
        bed.host.run(["systemctl", "start", "systemd-resolved"])
