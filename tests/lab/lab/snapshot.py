"""Everything on the test host that a connection may leave traces in, as lines to compare."""

from .wait import until

PARTS = {
    "link": ["ip", "-brief", "link"],
    "address": ["ip", "-brief", "address"],
    "route4": ["ip", "-4", "route", "show", "table", "all"],
    "route6": ["ip", "-6", "route", "show", "table", "all"],
    "rule4": ["ip", "-4", "rule"],
    "rule6": ["ip", "-6", "rule"],
    "xfrm": ["ip", "xfrm", "policy"],
    "nftables": ["nft", "list", "ruleset"],
    "dns": ["resolvectl", "dns"],
    "domain": ["resolvectl", "domain"],
    "default-route": ["resolvectl", "default-route"],
    "dnssec": ["resolvectl", "dnssec"],
    "dns-over-tls": ["resolvectl", "dnsovertls"],
    "negative-anchor": ["resolvectl", "nta"],
    "anchor": ["ls", "/run/dnssec-trust-anchors.d", "/etc/dnssec-trust-anchors.d"],
    # One that waits for a connection has no device.
    "tunnel-process": ["sh", "-c", "for pid in $(pgrep ginnel-tunnel); do "
                       "grep -rqs ^iff: /proc/$pid/fdinfo && echo $pid; done"],
    "sysctl": ["sysctl", "-e", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.src_valid_mark",
               "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.up0.rp_filter"],
}


def settle(host):
    """Waits for duplicate address detection: its end changes routes that nobody set."""
    until("addresses: no longer tentative",
          lambda: not host.read(["ip", "-6", "address", "show", "tentative"]).strip(), timeout=10)


def await_no_keys(host):
    """Keys of a tunnel that ended may be kept for a while, for whoever comes back: until they are gone."""
    until("anchor files: none of ours",
          lambda: "ginnel-" not in host.read(["ls", "/run/dnssec-trust-anchors.d"]), timeout=15)


def take(host):
    """A set of "part: line"."""
    settle(host)
    lines = set()
    for part, command in PARTS.items():
        for line in host.run(command, check=False).stdout.splitlines():
            if line.strip():
                lines.add(f"{part}: {line.rstrip()}")
    return lines


def difference(before, after):
    """Lines, `+` for what is new and `-` for what is gone; empty when nothing changed."""
    return [f"+ {line}" for line in sorted(after - before)] + \
           [f"- {line}" for line in sorted(before - after)]
