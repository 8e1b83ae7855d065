"""The router between the test host and everything else: the hotel, the train, the office."""

from . import addresses as a
from .box import Box
from .wait import until

HOST_LINK, GATEWAY_LINK, OUTSIDE_LINK = "tohost", "togw", "tooutside"

# What a network does to UDP that is not DNS. (Two "!=" side by side would be merged by nft into one
# comparison of both ports: hence the accept.)
DNS_PASSES = "udp dport 53 accept; udp sport 53 accept; "
MOODS = {
    "open": "",
    "block-udp": DNS_PASSES + "meta l4proto udp drop",
    "reject-udp": DNS_PASSES + "meta l4proto udp reject with icmpx type port-unreachable",
    "block-all": f"ip daddr {a.GATEWAY4} drop; ip saddr {a.GATEWAY4} drop; "
                 f"ip6 daddr {a.GATEWAY6} drop; ip6 saddr {a.GATEWAY6} drop",
    "block-tcp": "meta l4proto tcp drop",
    # Whoever wants out asks the proxy outside; names are known, or not even those.
    "only-proxy": f"ip saddr {a.HOST4} ip daddr {a.GATEWAY4} drop; "
                  f"ip6 saddr {a.HOST6} ip6 daddr {a.GATEWAY6} drop; ",
    "only-proxy-no-names": f"ip saddr {a.HOST4} ip daddr {a.GATEWAY4} drop; "
                           f"ip6 saddr {a.HOST6} ip6 daddr {a.GATEWAY6} drop; "
                           f"ip saddr {a.HOST4} udp dport 53 reject; "
                           f"ip saddr {a.HOST4} tcp dport 53 reject; "
                           f"ip6 saddr {a.HOST6} udp dport 53 reject; "
                           f"ip6 saddr {a.HOST6} tcp dport 53 reject; ",
    # Web and nothing else; DNS is the network's own.
    "only-443": "udp dport 53 accept; udp sport 53 accept; tcp dport 443 accept; "
                "tcp sport 443 accept; meta l4proto { tcp, udp } drop",
}


class Router(Box):
    def __init__(self, directory):
        super().__init__(directory, "router")

    def configure(self):
        self.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.ip("addr", "add", f"{a.ROUTER_HOST4}/24", "dev", HOST_LINK)
        self.ip("-6", "addr", "add", f"{a.ROUTER_HOST6}/64", "dev", HOST_LINK, "nodad")
        for link, hosts4, host6 in ((GATEWAY_LINK, [a.GATEWAY4, a.OLD_GATEWAY4],
                                     a.GATEWAY6),
                                    (OUTSIDE_LINK, [a.OUTSIDE4, a.BYSTANDER4], a.OUTSIDE6)):
            self.ip("addr", "add", f"{a.ROUTER4}/32", "dev", link)
            self.ip("-6", "addr", "add", f"{a.ROUTER6}/128", "dev", link, "nodad")
            for host in hosts4:
                self.ip("route", "add", f"{host}/32", "dev", link)
            self.ip("-6", "route", "add", f"{host6}/128", "dev", link)
        # Silence, not "host unreachable".
        self.ip("route", "add", "blackhole", f"{a.SILENT4}/32")
        self.mood("open")

    def mood(self, name):
        """One of MOODS; what went through before does not count (the filter is stateless)."""
        rules = MOODS[name].replace(";", "\n")
        self.run(["nft", "-f", "-"], stdin=f"""
            table inet mood
            delete table inet mood
            table inet mood {{
                chain forward {{
                    type filter hook forward priority 0; policy accept;
                    {rules}
                }}
            }}""")

    def limit(self, rate, latency="50ms"):
        """A bottleneck in both directions, with a queue of so much."""
        for link in (HOST_LINK, GATEWAY_LINK):
            self.run(["tc", "qdisc", "replace", "dev", link, "root", "tbf", "rate", rate, "burst",
                      "64kb", "latency", latency])

    def unlimit(self):
        for link in (HOST_LINK, GATEWAY_LINK):
            self.run(["tc", "qdisc", "del", "dev", link, "root"], check=False)

    def reset(self, port):
        """Streams to that TCP port are reset, and no others open, until the next mood. Returns when it
        has happened to one."""
        self.add_rule(f"tcp dport {port} counter reject with tcp reset")
        until(f"router: a reset of port {port}", lambda: "counter packets 0 " not in
              self.read(["nft", "list", "chain", "inet", "mood", "forward"]))

    def translate(self):
        """IPv4 of the host leaves by the router's own address, by a port that nobody foresees."""
        self.run(["nft", "-f", "-"], stdin=f"""
            table ip translation {{
                chain postrouting {{
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr {a.HOST4} oifname {GATEWAY_LINK} masquerade fully-random
                }}
            }}""")

    def forget_translations(self):
        """As a router that was switched off and on."""
        self.run(["conntrack", "-F"])

    def translate_no_more(self):
        self.run(["nft", "delete", "table", "ip", "translation"], check=False)
        self.forget_translations()

    def add_rule(self, rule):
        """Adds one more nftables rule in front of the mood's."""
        self.run(["nft", "insert", "rule", "inet", "mood", "forward", *rule.split()])


def neighbour(box, address4, address6, more4=()):
    """Addresses and routes of a box that hangs on the router by its eth0."""
    box.ip("addr", "add", f"{address4}/32", "dev", "eth0")
    for address in more4:
        box.ip("addr", "add", f"{address}/32", "dev", "eth0")
    box.ip("-6", "addr", "add", f"{address6}/128", "dev", "eth0", "nodad")
    box.ip("route", "add", f"{a.ROUTER4}/32", "dev", "eth0")
    box.ip("route", "add", "default", "via", a.ROUTER4, "dev", "eth0", "src", address4)
    box.ip("-6", "route", "add", f"{a.ROUTER6}/128", "dev", "eth0")
    box.ip("-6", "route", "add", "default", "via", a.ROUTER6, "dev", "eth0", "src", address6)
