"""The gateway: strongSwan with ESP in user space, a DNS server and a web server behind it.

Which connection a client gets is told by the identities: the gateway's (IDr) chooses the
certificate it shows, the user's (IDi) chooses what it hands out. See CONNECTIONS.
"""

import os
import re
import socket

from . import addresses as a
from .box import Box
from .dns import DnsServer
from .radius import SECRET as RADIUS_SECRET
from .radius import USERS, Radius
from .vici import Raw, Vici, ViciError
from .wait import until

PSK = "correct horse battery staple"
DOMAIN, ANCHOR = "25", "26"       # INTERNAL_DNS_DOMAIN, INTERNAL_DNSSEC_TA (RFC 8598)

STRONGSWAN_CONF = """
charon {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation hmac kdf \
curve25519 sha1 sha2 aes gcm eap-identity eap-mschapv2 \
eap-tls eap-radius vici kernel-libipsec kernel-netlink \
socket-default attr updown
  install_routes = yes
  retransmit_timeout = 1.0
  retransmit_tries = 3
  # The tests make half-open SAs by the dozen, all from one address. (0 for both of those that count
  # by address would come to a limit of one.)
  block_threshold = 1000
  cookie_threshold = 0
  cookie_threshold_ip = {cookies}
  half_open_timeout = 10
  filelog {{
    stderr {{
      default = 1
      # 4 prints the keys, for the comparison with the client's.
      ike = 4
      cfg = 2
      knl = 1
    }}
  }}
  plugins {{
    vici {{ socket = unix://{directory}/vici }}
    openssl {{ load_legacy = yes }}
    eap-radius {{
      servers {{
        local {{
          address = 127.0.0.1
          secret = {radius}
        }}
      }}
    }}
  }}
}}
"""

IKE_PROPOSALS = ["aes256gcm16-prfsha384-x25519", "aes128gcm16-prfsha256-x25519",
                 "chacha20poly1305-prfsha256-x25519", "aes256gcm16-prfsha384-ecp256",
                 "aes256gcm16-prfsha384-ecp384", "aes256-sha256-ecp256", "aes128-sha256-modp2048"]
# Without extended sequence numbers: strongSwan's ESP in user space cannot do them.
ESP_PROPOSALS = ["aes256gcm16", "aes128gcm16", "chacha20poly1305", "aes256-sha256"]


def connection(gateway_id, user, pools, certificate=None, remote_auth=None, networks=None,
               ike=None, esp=None, **more):
    """One connection in vici's words. user: what the client must call itself; %any for all."""
    local = {"auth": "psk", "id": gateway_id}
    if certificate:
        local = {"auth": "pubkey", "id": gateway_id, "certs": [certificate]}
    remote = {"auth": remote_auth or ("pubkey" if certificate else "psk"), "id": user}
    child = {"local_ts": networks or a.INSIDE_NETS, "esp_proposals": esp or ESP_PROPOSALS,
             "mode": "tunnel", **more.pop("child", {})}
    return {"version": "2", "pools": pools, "send_cert": "always", "dpd_delay": "0",
            "proposals": ike or IKE_PROPOSALS, "local": local, "remote": remote,
            "children": {"net": child}, "unique": "never", **more}


class Gateway(Box):
    def __init__(self, directory, names, pki):
        super().__init__(directory, "gateway")
        self.home = os.path.join(directory, "strongswan")
        self.names = names
        self.pki = pki
        self.dns = DnsServer(self, os.path.join(directory, "inside-dns"), names)
        self.radius = Radius(self, directory, pki)

    # -- strongSwan ---------------------------------------------------------------------------

    def start_strongswan(self, cookies=0):
        os.makedirs(self.home, exist_ok=True)
        configuration = os.path.join(self.home, "strongswan.conf")
        with open(configuration, "w") as file:
            file.write(STRONGSWAN_CONF.format(directory=self.home, cookies=cookies or 999,
                                                radius=f'"{RADIUS_SECRET}"'))
        socket = os.path.join(self.home, "vici")
        if os.path.exists(socket):
            os.unlink(socket)
        self.spawn([os.path.join(self.directory, "charon")], log="charon",
                   env={"STRONGSWAN_CONF": configuration})
        until("gateway: charon", lambda: os.path.exists(socket))
        with self.vici() as vici:
            self._load_credentials(vici)
            for name, pairs in self._pools().items():
                vici.call("load-pool", Raw(name, pairs))
            for name, settings in {**self._connections(), **self._eap_connections()}.items():
                vici.call("load-conn", {name: settings})

    def stop_strongswan(self, hard=False):
        """hard: as when the power fails, so that nothing is said to the clients."""
        pid_file = "/run/charon.pid"
        pid = self.read(["cat", pid_file], check=False).strip()
        if not pid:
            return
        self.run(["kill", "-9" if hard else "-15", pid])
        until("charon: end",
              lambda: self.run(["kill", "-0", pid], check=False).returncode != 0)
        self.run(["rm", "-f", pid_file])

    def vici(self):
        return Vici(os.path.join(self.home, "vici"))

    def _load_credentials(self, vici):
        vici.call("load-cert", {"type": "X509", "flag": "CA", "data": self.pki.read("ca.crt")})
        revocation = ("gw-" + name for name in self.pki.REVOCATION)
        for name in ("gw", "gw-eap", "gw-rsa", "gw-p384", "gw-expired", "gw-stranger", *revocation):
            vici.call("load-key", {"type": "any", "data": self.pki.read(name + ".key")})
        vici.call("load-shared", {"type": "IKE", "id": "everybody", "data": PSK})
        for user, password in USERS.items():
            vici.call("load-shared", {"type": "EAP", "data": password, "owners": [user]})

    def _pools(self):
        """Attributes go out in the order they have here."""
        anchor = self.names.anchor_octets("corp.example.")
        tag = anchor[:2]
        wrong = tag + bytes([13, 2]) + bytes(range(32))

        def pool(number, pairs):
            return [("addrs", f"10.77.{number}.10-10.77.{number}.60"), ("dns", [a.INSIDE4]), *pairs]

        return {
            "v4": [("addrs", a.POOL4), ("dns", [a.INSIDE4]), (DOMAIN, ["corp.example"]),
                   (ANCHOR, [anchor]), (DOMAIN, ["two.example"])],
            "v6": [("addrs", a.POOL6)],
            # As most gateways: servers, and not a word about domains.
            "plain": pool(1, []),
            # An anchor for the root, for a top-level domain, for a domain nobody listed, and one
            # that comes before any domain.
            "hostile": pool(2, [(ANCHOR, [wrong]), (DOMAIN, ["corp.example"]), (ANCHOR, [anchor]),
                                (DOMAIN, ["bank.test"]), (ANCHOR, [wrong]),
                                (DOMAIN, ["example"]), (ANCHOR, [wrong]),
                                (DOMAIN, ["."]), (ANCHOR, [wrong])]),
        }

    def _connections(self):
        both = ["v4", "v6"]

        def certificate(name):
            return self.pki.read(name + ".crt")

        return {
            "psk": connection("gw.example", "tess@example.com", both),
            "psk-plain": connection("gw.example", "plain@example.com", ["plain"]),
            "psk-hostile": connection("gw.example", "hostile@example.com", ["hostile"]),
            "psk-still": connection("gw.example", "still@example.com", both, mobike="no"),
            "psk-full": connection("gw.example", "full@example.com", both,
                                   networks=["0.0.0.0/0", "::/0"]),
            # There is no such pool: INTERNAL_ADDRESS_FAILURE, as when all addresses are taken.
            "psk-exhausted": connection("gw.example", "late@example.com", ["no-such-pool"]),
            "psk-old": connection("gw.example", "old@example.com", both,
                                  local_addrs=[a.OLD_GATEWAY4],
                                  ike=["aes256-sha256-modp2048"], esp=["aes256-sha256"]),
            "psk-below": connection("vpn.corp.example", "tess@example.com", both),
            "cert": connection("gw.example", "%any", both, certificate("gw")),
            "cert-rsa": connection("rsa.gw.example", "%any", both, certificate("gw-rsa")),
            "cert-p384": connection("p384.gw.example", "%any", both, certificate("gw-p384")),
            # Takes RSA by PKCS#1 v1.5 only.
            "cert-pkcs1": connection("pkcs1.gw.example", "%any", both, certificate("gw-eap"),
                                     remote_auth="ike:rsa-sha256-sha384-sha512"),
            "cert-expired": connection("expired.gw.example", "%any", both,
                                       certificate("gw-expired")),
            # Says whatever name it is asked for, and shows a certificate for another.
            "cert-other": connection("*.wild.example", "%any", both, certificate("gw")),
            "cert-stranger": connection("stranger.gw.example", "%any", both,
                                        certificate("gw-stranger")),
            **{f"revocation-{name}": connection(f"{name}.gw.example", "%any", both,
                                                certificate(f"gw-{name}"),
                                                networks=(["0.0.0.0/0", "::/0"]
                                                          if name == "full" else None))
               for name in self.pki.REVOCATION},
        }

    def _eap_connections(self):
        """The gateway by certificate, the user by EAP: with the server behind it, or its own."""
        def signed(name, **rounds):
            made = connection(name + ".gw.example", "%any", ["v4", "v6"],
                              self.pki.read("gw-eap.crt"))
            del made["remote"]
            return {**made, **rounds}

        def eap(method):
            return {"auth": method, "id": "%any", "eap_id": "%any"}

        only = signed("only", remote=eap("eap-tls"))
        only["local"]["auth"] = "eap-tls"
        return {
            "eap": signed("eap", remote=eap("eap-radius")),
            "eap-mschapv2": signed("mschapv2", remote=eap("eap-mschapv2")),
            "eap-tls": signed("tls", remote=eap("eap-tls")),
            "eap-only": only,
            "eap-second": signed("second", remote1={"auth": "pubkey", "id": "%any", "round": "1"},
                                 remote2={**eap("eap-mschapv2"), "round": "2"}),
        }

    def charon_log(self):
        with open(os.path.join(self.log, "charon"), errors="replace") as file:
            return file.read()

    def sas(self):
        with self.vici() as vici:
            return [sa for event in vici.stream("list-sas", "list-sa") for sa in event.items()]

    def established(self):
        return [sa for _, sa in self.sas() if sa.get("state") == "ESTABLISHED"]

    def terminate_all(self):
        """Sends DELETE for every IKE SA, and does not wait for the answers."""
        for _, sa in self.sas():
            with self.vici() as vici:
                vici.call("terminate", {"ike-id": sa["uniqueid"], "timeout": "-1"})

    def forget_all(self):
        """Forgets sessions of clients that died without a word."""
        for _, sa in self.sas():
            with self.vici() as vici:
                try:
                    vici.call("terminate", {"ike-id": sa["uniqueid"], "force": "yes",
                                            "timeout": "1000"})
                except ViciError:
                    pass        # gone already
        until("the gateway: no sessions", lambda: not self.sas())

    # -- what is behind it --------------------------------------------------------------------

    INSIDE_ZONES = {"corp.example.": "corp.example.zone", "two.example.": "two.example.zone"}

    def serve_names(self, variant="genuine"):
        """genuine, tampered (one record altered), or parents (answers for the outside too)."""
        zones = dict(self.INSIDE_ZONES)
        if variant == "tampered":
            zones["corp.example."] = "tampered.zone"
        if variant == "parents":
            zones.update({".": "root.zone", "example.": "example.zone"})
        self.dns.serve([a.INSIDE4, a.INSIDE6], zones)

    def serve_files(self):
        """An HTTP server on both inside addresses: GET gives octets, PUT takes them."""
        self.spawn(["python3", os.path.join(self.directory, "file-server"), a.INSIDE4, a.INSIDE6],
                   log="file-server")
        # Both: each asks for its own name between binding and listening, which takes its time.
        for address in (a.INSIDE4, a.INSIDE6):
            until("gateway: file server", lambda: self.run(
                ["python3", "-c", f"import socket; socket.create_connection(('{address}', 8080), 1)"],
                check=False).returncode == 0, timeout=30)

    def start_relay(self, tree):
        """The product's own ginnel-relay from its installed tree; IPv4 and IPv6."""
        for index, address in enumerate((a.GATEWAY4, f"[{a.GATEWAY6}]")):
            self.spawn([os.path.join(tree, "usr/bin/ginnel-relay"), "--listen", f"{address}:4500",
                        "--gateway", f"{address}:4500"], log=f"relay{index}")
        until("gateway: relay", lambda: ":4500" in self.read(["ss", "-Htln"]), timeout=3)

    def start_tls_relay(self, tree, certificate="relay"):
        """One more, on port 443, inside TLS, IPv4 and IPv6; certificate: one of the bed's."""
        self.stop_tls_relay()
        for index, address in enumerate((a.GATEWAY4, f"[{a.GATEWAY6}]")):
            self.spawn([os.path.join(tree, "usr/bin/ginnel-relay"), "--tls-listen",
                        f"{address}:443", "--gateway", f"{address}:4500", "--certificate",
                        self.pki.path(certificate + ".crt"), "--key",
                        self.pki.path(certificate + ".key"), "--metrics-socket",
                        os.path.join(self.directory, f"tls-relay{index}.metrics")], log=f"tls-relay{index}")
        until("gateway: relay with TLS",
              lambda: self.read(["ss", "-Htln"]).count(":443 ") == 2, timeout=3)

    def tls_relay_figure(self, name):
        """Of the one that listens on IPv4."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(self.directory, "tls-relay0.metrics"))
            text = client.makefile().read()
        return int(re.search(rf"^ginnel_relay_{name} (\d+)$", text, re.M)[1])

    def stop_tls_relay(self):
        """Killed with all its streams."""
        self.run(["pkill", "-9", "-f", "ginnel-relay --tls-listen"], check=False)
        until("gateway: no relay with TLS", lambda: ":443 " not in self.read(["ss", "-Htln"]),
              timeout=3)

    def restart_relay(self, tree):
        """Killed with all its streams, and started again. The box has processes of its own only."""
        self.run(["pkill", "-9", "-f", "ginnel-relay --listen"], check=False)
        until("gateway: no relay", lambda: ":4500" not in self.read(["ss", "-Htln"]), timeout=3)
        self.start_relay(tree)
