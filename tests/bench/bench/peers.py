"""The tunnels that are compared: each builds itself over a Link and says where to send, and which
processes are its ends."""

import base64
import hashlib
import os
import shutil

from .link import BenchError, run, until


class Tunnel:
    def __init__(self, address, client=None, gateway=None):
        self.address = address          # of the gateway, inside
        self.ends = {name: process for name, process in
                     (("client", client), ("gateway", gateway)) if process is not None}


def bare(link, _programs):
    """No tunnel at all."""
    return Tunnel(link.GATEWAY)


def own_ends(link, program, transport, *extra, number=0):
    """One of our two programs at each end; number: of this pair where there are several."""
    port, device, inside = 4500 + number, f"ginnel{number}", f"10.90.{number}"
    gateway = link.start("gateway", program, "gateway", transport, port, link.GATEWAY, link.CLIENT,
                         *extra, log=f"gateway{number}.log")
    # A device's number is the next that is free: one after the other.
    link.wait_for_words(gateway, "listening" if transport == "tcp" else "ready")
    client = link.start("client", program, "client", transport, port, link.CLIENT, link.GATEWAY,
                        *extra, log=f"client{number}.log")
    for side, process, address in (("gateway", gateway, f"{inside}.1/24"),
                                   ("client", client, f"{inside}.2/24")):
        link.wait_for_words(process, "ready")
        link.address(side, device, address, 1400)
    link.wait_for_ping(f"{inside}.1")
    return Tunnel(f"{inside}.1", client, gateway)


def forwarder(transport):
    return lambda link, programs: own_ends(link, programs["bench-forwarder"], transport)


def ginnel(transport, *extra):
    return lambda link, programs: own_ends(link, programs["bench-end"], transport, *extra)


def wireguard(link, programs):
    program = programs["wireguard-go"]
    env = dict(os.environ, WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD="1")
    keys, ends = {}, {}
    for side in ("gateway", "client"):
        device = f"wgb{side[0]}{os.getpid()}"[:15]
        ends[side] = (device, link.start(side, program, "-f", device, log=side + ".log", env=env))
        until(device, lambda: os.path.exists(f"/var/run/wireguard/{device}.sock"))
        private = run("wg", "genkey").stdout
        keys[side] = run("wg", "pubkey", input=private).stdout.strip()
        with open(link.path(side + ".key"), "w", encoding="ascii") as file:
            file.write(private)
        run("wg", "set", device, "listen-port", 51820, "private-key", link.path(side + ".key"))
    run("wg", "set", ends["gateway"][0], "peer", keys["client"], "allowed-ips", "10.90.0.2/32")
    run("wg", "set", ends["client"][0], "peer", keys["gateway"], "allowed-ips", "10.90.0.0/24",
        "endpoint", f"{link.GATEWAY}:51820")
    link.address("gateway", ends["gateway"][0], "10.90.0.1/24", 1420)
    link.address("client", ends["client"][0], "10.90.0.2/24", 1420)
    link.wait_for_ping("10.90.0.1")
    return Tunnel("10.90.0.1", ends["client"][1], ends["gateway"][1])


def certificate(link, name, *more):
    """A self-signed one; its two files."""
    key, cert = link.path(name + ".key"), link.path(name + ".crt")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}", *more)
    return key, cert


def fingerprint(cert):
    return run("openssl", "x509", "-in", cert, "-noout", "-sha256",
               "-fingerprint").stdout.strip().split("=")[1]


def openvpn(transport):
    def build(link, _programs):
        keys = {side: certificate(link, side) for side in ("client", "gateway")}
        both = ["--dev-type", "tun", "--data-ciphers", "AES-256-GCM", "--disable-dco"]
        gateway = link.start(
            "gateway", "openvpn", "--mode", "server", "--tls-server", "--dev", "ovpn",
            "--proto", "tcp-server" if transport == "tcp" else "udp", "--local", link.GATEWAY,
            "--port", 1194, "--topology", "subnet", "--ifconfig", "10.90.0.1", "255.255.255.0",
            "--ifconfig-pool", "10.90.0.10", "10.90.0.20", "255.255.255.0",
            "--push", "topology subnet", "--dh", "none", "--key", keys["gateway"][0],
            "--cert", keys["gateway"][1], "--peer-fingerprint", fingerprint(keys["client"][1]),
            "--keepalive", 10, 60, *both, log="gateway.log")
        link.wait_for_words(gateway, "Initialization Sequence Completed")
        client = link.start(
            "client", "openvpn", "--client", "--dev", "ovpn",
            "--proto", "tcp-client" if transport == "tcp" else "udp",
            "--remote", link.GATEWAY, 1194, "--nobind", "--key", keys["client"][0],
            "--cert", keys["client"][1], "--peer-fingerprint", fingerprint(keys["gateway"][1]),
            *both, log="client.log")
        link.wait_for_words(client, "Initialization Sequence Completed")
        link.wait_for_ping("10.90.0.1")
        return Tunnel("10.90.0.1", client, gateway)
    return build


OCSERV = """auth = "plain[passwd={0}/users]"
tcp-port = 4443
{1}
listen-host = {2}
run-as-user = root
run-as-group = root
socket-file = {0}/socket
pid-file = {0}/ocserv.pid
server-cert = {0}/gateway.crt
server-key = {0}/gateway.key
isolate-workers = false
max-clients = 4
max-same-clients = 4
keepalive = 300
dpd = 90
try-mtu-discovery = false
compression = false
tls-priorities = "NORMAL:%SERVER_PRECEDENCE"
use-occtl = false
device = ocs
predictable-ips = false
default-domain = bench
ipv4-network = 10.90.0.0/24
route = 10.90.0.0/24
"""

OPENCONNECT_SCRIPT = """#!/bin/sh
[ "$reason" = connect ] || exit 0
ip addr add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
ip link set "$TUNDEV" mtu "$INTERNAL_IP4_MTU" up
ip route replace 10.90.0.0/24 dev "$TUNDEV"
"""


def openconnect(mode):
    def build(link, _programs):
        certificate(link, "gateway", "-addext", f"subjectAltName=IP:{link.GATEWAY}")
        run("ocpasswd", "-c", link.path("users"), "user", input="bench\nbench\n")
        with open(link.path("ocserv.conf"), "w", encoding="utf-8") as file:
            file.write(OCSERV.format(link.scratch.name,
                                     "udp-port = 4443" if mode == "dtls" else "", link.GATEWAY))
        script = link.path("script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(OPENCONNECT_SCRIPT)
        os.chmod(script, 0o755)
        gateway = link.start("gateway", "ocserv", "-f", "-d", 1, "-c", link.path("ocserv.conf"),
                             log="gateway.log")
        until("ocserv", lambda: ":4443" in link.run("gateway", "ss", "-tln").stdout)
        der = run("sh", "-c", f"openssl x509 -in {link.path('gateway.crt')} -noout -pubkey | "
                              "openssl pkey -pubin -outform der | base64 -w0").stdout
        pin = base64.b64encode(hashlib.sha256(base64.b64decode(der)).digest()).decode()
        with open(link.path("password"), "w", encoding="ascii") as file:
            file.write("bench\n")
        words = ["openconnect", "--protocol=anyconnect", "-u", "user", "--passwd-on-stdin",
                 "--servercert", f"pin-sha256:{pin}", *(["--no-dtls"] if mode == "tls" else []),
                 "-s", script, "-i", "occ", "--no-proxy", f"https://{link.GATEWAY}:4443"]
        client = link.start("client", "sh", "-c", 'exec "$@" <"$0"', link.path("password"), *words,
                            log="client.log")
        link.wait_for_words(client, "DTLS connected" if mode == "dtls" else "SSL connected", 15)
        link.wait_for_ping("10.90.0.1", 15)
        return Tunnel("10.90.0.1", client, gateway)
    return build


STRONGSWAN_CONF = """charon {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation hmac kdf drbg gcm aes sha2 curve25519 kernel-libipsec kernel-netlink socket-default vici resolve updown
  install_virtual_ip = yes
  plugins {{ vici {{ socket = unix://{0}/vici }} }}
}}
swanctl {{ load = pem pkcs1 pkcs8 x509 pubkey openssl random }}
"""

SWANCTL_CONF = """connections {{ bench {{
  version = 2
  local_addrs = {own}
  {remote}
  proposals = aes256gcm16-prfsha256-x25519
  local {{ auth = psk
    id = {own_id} }}
  remote {{ auth = psk
    id = {other_id} }}
  children {{ bench {{ {selectors}
    esp_proposals = aes256gcm16 }} }} }} }}
pools {{ bench {{ addrs = 10.90.1.10-10.90.1.250 }} }}
secrets {{ ike-bench {{ id-1 = client.bench
  id-2 = gateway.bench
  secret = "0123456789abcdef0123456789abcdef" }} }}
"""


def charon(link, side, **words):
    """One, with a /run of its own; the folder and the process."""
    folder = link.path(side)
    for name in ("run", "swanctl"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "strongswan.conf"), "w", encoding="utf-8") as file:
        file.write(STRONGSWAN_CONF.format(folder))
    with open(os.path.join(folder, "swanctl", "swanctl.conf"), "w", encoding="utf-8") as file:
        file.write(SWANCTL_CONF.format(**words))
    program = next((path for path in ("/usr/lib/ipsec/charon", "/usr/libexec/ipsec/charon")
                    if os.path.exists(path)), None)
    if program is None:
        raise BenchError("no charon")
    process = link.start(side, "sh", "-c", 'mount --bind "$0" /run && exec "$1"',
                         os.path.join(folder, "run"), program, log=side + ".log",
                         env=dict(os.environ, STRONGSWAN_CONF=f"{folder}/strongswan.conf"))
    until("vici of charon", lambda: os.path.exists(os.path.join(folder, "vici")))
    swanctl(folder, "--load-all")
    return folder, process


def swanctl(folder, *words):
    return run("swanctl", *words, "--uri", f"unix://{folder}/vici",
               env=dict(os.environ, STRONGSWAN_CONF=f"{folder}/strongswan.conf",
                        SWANCTL_DIR=f"{folder}/swanctl"))


def strongswan(link, _programs):
    run("ip", "-n", link.names["gateway"], "addr", "add", "10.90.0.1/32", "dev", "lo")
    _, gateway = charon(link, "gateway", own=link.GATEWAY, remote="pools = bench",
                        own_id="gateway.bench", other_id="client.bench",
                        selectors="local_ts = 10.90.0.0/24")
    folder, client = charon(link, "client", own=link.CLIENT,
                            remote=f"remote_addrs = {link.GATEWAY}\n  vips = 0.0.0.0",
                            own_id="client.bench", other_id="gateway.bench",
                            selectors="remote_ts = 10.90.0.0/24")
    swanctl(folder, "--initiate", "--child", "bench")
    link.wait_for_ping("10.90.0.1")
    return Tunnel("10.90.0.1", client, gateway)


# Name, how it is built, what has to be there.
PEERS = {
    "bare": (bare, []),
    "plain-udp": (forwarder("udp"), []),
    "plain-tcp": (forwarder("tcp"), []),
    "ginnel-udp": (ginnel("udp"), []),
    "ginnel-tcp": (ginnel("tcp"), []),
    "ginnel-chacha": (ginnel("udp", "chacha"), []),
    "ginnel-plain-tun": (ginnel("udp", "plain-tun"), []),
    "wireguard-go": (wireguard, ["wireguard-go", "wg"]),
    "strongswan": (strongswan, ["swanctl"]),
    "openvpn-udp": (openvpn("udp"), ["openvpn"]),
    "openvpn-tcp": (openvpn("tcp"), ["openvpn"]),
    "openconnect-dtls": (openconnect("dtls"), ["openconnect", "ocserv"]),
    "openconnect-tls": (openconnect("tls"), ["openconnect", "ocserv"]),
}


def lacks(name, programs):
    """What this machine does not have of it."""
    return [word for word in PEERS[name][1]
            if not programs.get(word) and shutil.which(word) is None]
