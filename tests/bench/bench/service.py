"""The product as it is installed, in the lab's test host, beside charon in the same host; both ask
the same gateway, which hands out an address and nothing else, and have the same credentials."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from .link import BenchError, Link
from .measure import Wakeups, memory_mb, tree
from .peers import PEERS, lacks
from .report import WAYS

TESTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREE = os.path.join(os.path.dirname(TESTS), "build-plain", "tree")
sys.path.append(os.path.join(TESTS, "lab"))

from lab import addresses as a                              # noqa: E402
from lab.bed import Bed                                     # noqa: E402
from lab.gateway import PSK                                 # noqa: E402
from lab.radius import USERS                                # noqa: E402
from lab.vici import Raw, Vici                              # noqa: E402
from lab.wait import until                                  # noqa: E402

# Says no more than it does where it is installed: what it wrote would count.
CONFIGURATION = """charon {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation hmac kdf curve25519 sha1 sha2 aes gcm eap-identity eap-mschapv2 vici kernel-libipsec kernel-netlink socket-default attr updown
  # One address asks often; what ended is half open for a while.
  block_threshold = 1000
  cookie_threshold = 0
  cookie_threshold_ip = 999
  plugins {{
    vici {{ socket = unix://{0}/vici }}
    openssl {{ load_legacy = yes }}
  }}
}}
"""
COMMON = {"version": "2", "proposals": ["aes256gcm16-prfsha384-x25519"], "dpd_delay": "0",
          "unique": "never", "send_cert": "always"}
USER = "tess@example.com"
IDLE = ("wireguard-go", "strongswan", "openvpn-udp", "openconnect-dtls")


class Service:
    """`with Service() as service`: .bed, and .swanctl to ask charon by."""

    def __enter__(self):
        subprocess.run([os.path.join(TESTS, "lib", "suites"), "--build-plain"], check=True,
                       stdout=subprocess.DEVNULL)
        self.bed = Bed(tempfile.mkdtemp(prefix="ginnel-bench."))
        try:
            self.bed.start(TREE)
            self.bed.gateway.stop_strongswan()
            self.load_gateway(self.charon(self.bed.gateway))
            self.load_client(self.charon(self.bed.host))
            self.write_profiles()
            self.bed.host.run(["ginnel", "status"])     # starts the service
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.bed.stop()
        shutil.rmtree(self.bed.directory, ignore_errors=True)

    def charon(self, box):
        folder = self.bed.tool("bench-" + box.name)
        os.makedirs(folder)
        with open(os.path.join(folder, "strongswan.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder))
        box.spawn([self.bed.tool("charon")], log="bench-charon",
                  env={"STRONGSWAN_CONF": os.path.join(folder, "strongswan.conf")})
        socket = os.path.join(folder, "vici")
        until("charon", lambda: os.path.exists(socket))
        with Vici(socket) as vici:
            vici.call("load-cert", {"type": "X509", "flag": "CA",
                                    "data": self.bed.pki.read("ca.crt")})
            vici.call("load-shared", {"type": "IKE", "data": PSK})
            vici.call("load-shared", {"type": "EAP", "data": USERS["tess"], "owners": ["tess"]})
        return socket

    def load(self, socket, key, connections):
        with Vici(socket) as vici:
            vici.call("load-key", {"type": "any", "data": self.bed.pki.read(key)})
            for name, settings in connections.items():
                vici.call("load-conn", {name: {**COMMON, **settings}})

    def load_gateway(self, socket):
        show = {"auth": "pubkey", "certs": [self.bed.pki.read("gw-eap.crt")]}
        common = {"pools": ["bench"], "children": {"net": {
            "local_ts": ["10.99.0.0/24"], "esp_proposals": ["aes256gcm16"]}}}
        with Vici(socket) as vici:
            vici.call("load-pool", Raw("bench", [("addrs", a.POOL4)]))
        self.load(socket, "gw-eap.key", {
            "psk": {**common, "local": {"auth": "psk", "id": "gw.example"},
                    "remote": {"auth": "psk", "id": "%any"}},
            "certificate": {**common, "local": {**show, "id": "pkcs1.gw.example"},
                            "remote": {"auth": "pubkey", "id": "%any"}},
            "eap": {**common, "local": {**show, "id": "mschapv2.gw.example"},
                    "remote": {"auth": "eap-mschapv2", "id": "%any", "eap_id": "%any"}}})

    def load_client(self, socket):
        def common(way):
            return {"remote_addrs": [a.GATEWAY4], "vips": ["0.0.0.0"], "children": {way: {
                "remote_ts": ["10.99.0.0/24"], "esp_proposals": ["aes256gcm16"]}}}

        signed = {"auth": "pubkey", "id": USER, "certs": [self.bed.pki.read("tess.crt")]}
        self.load(socket, "tess.key", {
            "psk": {**common("psk"), "local": {"auth": "psk", "id": USER},
                    "remote": {"auth": "psk", "id": "gw.example"}},
            "certificate": {**common("certificate"), "local": signed,
                            "remote": {"auth": "pubkey", "id": "pkcs1.gw.example"}},
            "eap": {**common("eap"), "local": {"auth": "eap-mschapv2", "id": USER, "eap_id": "tess"},
                    "remote": {"auth": "pubkey", "id": "mschapv2.gw.example"}}})
        self.swanctl = ["swanctl", "--uri", "unix://" + socket]

    def write_profiles(self):
        common = {"gateway__address": a.GATEWAY4, "dns__domains": None,
                  "dns__trust_anchor_domains": None}
        self.bed.profile("psk", **common)
        self.bed.certificate_profile("certificate", **common, gateway__id="pkcs1.gw.example")
        self.bed.eap_profile("eap", **common, gateway__id="mschapv2.gw.example",
                             user__eap_server_name=None)

    def processes(self, name):
        """Those of the test host that run this program, as this machine counts them."""
        found = []
        for pid in tree(self.bed.host.pid):
            with contextlib.suppress(OSError):
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == name:
                    found.append(pid)
        if not found:
            raise BenchError(f"no {name} runs")
        return found

    def alternate(self, way, rounds):
        """What alternate says of ours and of charon's: from asking to connected."""
        env = dict(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LANG="C.UTF-8", HOME="/root")
        command, action = self.swanctl[:1], self.swanctl[1:]
        asked = {"rounds": rounds, "commands": {
            "ginnel": {"up": ["ginnel", "up", way], "down": ["ginnel", "down", way], "env": env},
            "charon": {"up": [*command, "--initiate", "--child", way, *action],
                       "down": [*command, "--terminate", "--ike", way, *action], "env": env}}}
        shutil.copy(os.path.join(TESTS, "bench", "alternate"), self.bed.directory)
        result = self.bed.host.run([self.bed.tool("alternate")], check=False, timeout=120,
                                   stdin=json.dumps(asked))
        if result.returncode != 0:
            raise BenchError(result.stderr.strip() + result.stdout)
        return json.loads(result.stdout)


def up(_programs, _seconds, found):
    """From asking until connected: the tool's command against swanctl's, of the running services."""
    with Service() as service:
        for way in WAYS:
            rounds = service.alternate(way, 12)
            for peer, name in (("ginnel-udp", "ginnel"), ("strongswan", "charon")):
                found[peer][f"up-{way}-ms"] = statistics.median(
                    one["seconds"] for one in rounds[name]) * 1000
            # The rest is the tool's, the bus's and systemd's, which starts the tunnel's process.
            found["ginnel-udp"][f"up-{way}-connecting-ms"] = statistics.median(
                float(re.search(r"Connected .* after ([\d.]+) ms", one["said"]).group(1))
                for one in rounds["ginnel"])


def idle(programs, _seconds, found):
    """A minute in which nothing is sent through a tunnel that is up: how often the client's processes
    wake, and their memory. The peers' tunnels stand beside it in the same minute."""
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(Service())
        service.bed.host.run(["ginnel", "up", "psk"])
        clients = {(peer, ""): tree(PEERS[peer][0](stack.enter_context(Link()), programs)
                                    .ends["client"].pid)
                   for peer in IDLE if not lacks(peer, programs)}
        daemon, tunnel = service.processes("ginneld"), service.processes("ginnel-tunnel")
        clients.update({("ginnel-udp", ""): daemon + tunnel, ("ginnel-udp", "-daemon"): daemon,
                        ("ginnel-udp", "-tunnel"): tunnel})
        asleep = {name: Wakeups(pids) for name, pids in clients.items()}
        for _ in range(60):
            time.sleep(1)       # what is looked at is that little happens
            for one in asleep.values():
                one.look()
        for (peer, part), pids in clients.items():
            found[peer].update({f"idle{part}-wakeups": asleep[peer, part].read(),
                                f"idle{part}-rss-mb": memory_mb(pids),
                                f"idle{part}-pss-mb": memory_mb(pids, "Pss:")})


OWN_CASES = {"up": up, "idle": idle}
