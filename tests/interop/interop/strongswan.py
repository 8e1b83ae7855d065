"""strongSwan, with ESP in user space: the one of this Debian, and the one of a Debian 13 tree."""

import os
import re

from lab import addresses as a
from lab.gateway import PSK
from lab.radius import SECRET as RADIUS_SECRET
from lab.vici import Raw, Vici, ViciError
from lab.wait import until

from .peer import EAP_PASSWORD, EAP_USER, CannotDo, Child, Peer, Session

PLUGINS = """random nonce openssl pem pkcs1 pkcs8 pkcs12 x509 pubkey constraints revocation hmac kdf
drbg curve25519 gmp mgf1 sha1 sha2 md5 aes gcm ccm chapoly ml curl eap-identity eap-mschapv2 eap-md5
eap-gtc eap-tls eap-ttls eap-peap eap-radius xauth-eap vici kernel-libipsec kernel-netlink
socket-default attr updown"""

CONFIGURATION = """
charon {{
  load = {plugins}
  install_routes = yes
  retransmit_timeout = 1.0
  retransmit_tries = 3
  half_open_timeout = 10
  {charon}
  filelog {{
    stderr {{
      default = 1
      ike = 2
      cfg = 2
    }}
  }}
  plugins {{
    vici {{ socket = unix://{directory}/vici }}
    openssl {{ load_legacy = yes }}
    # GTC hands the password to something that verifies it, here by going through MD5 with itself.
    eap-gtc {{ backend = eap }}
    xauth-eap {{ backend = md5 }}
    # Inside TTLS it understands EAP, and not MSCHAPv2 by itself.
    eap-ttls {{ phase2_method = gtc }}
    eap-radius {{
      servers {{
        local {{
          address = 127.0.0.1
          secret = "{radius}"
        }}
      }}
    }}
  }}
}}
"""

# The tests make half-open SAs by the dozen, all from one address.
PATIENT = {"block_threshold": 0, "cookie_threshold": 0, "cookie_threshold_ip": 0}


class StrongSwan(Peer):
    title = "strongSwan of Debian 12"
    program = "charon"          # the bed's copy, out of sight of AppArmor
    root = ""                   # a tree to run it in
    # It cuts at 1280 octets, and does not search for less.
    SMALL_PATH = {"fragment_size": 1200}
    # With one half-open SA of somebody's, it demands a cookie of the next.
    COOKIES = {"cookie_threshold": 1}

    def __init__(self, bed):
        super().__init__(bed)
        self.home = os.path.join(bed.directory, "interop")
        self.loaded, self.key_exchanges = set(), {}

    # -- the program ----------------------------------------------------------------------------

    def command(self, configuration):
        return [self.bed.tool(self.program)], {"STRONGSWAN_CONF": configuration}

    def start(self, **charon):
        os.makedirs(self.home, exist_ok=True)
        configuration = os.path.join(self.home, "strongswan.conf")
        lines = [f"{key} = {value}" for key, value in {**PATIENT, **charon}.items()]
        with open(configuration, "w") as file:
            file.write(CONFIGURATION.format(
                directory=self.home, radius=RADIUS_SECRET, plugins=" ".join(PLUGINS.split()),
                charon="\n  ".join(lines)))
        socket = os.path.join(self.home, "vici")
        if os.path.exists(socket):
            os.unlink(socket)
        command, environment = self.command(configuration)
        self.box.spawn(command, log=self.log_name, env=environment)
        until(f"{self.title}: charon", lambda: os.path.exists(socket))
        with self.vici() as vici:
            self.loaded = set(vici.call("stats")["plugins"])
            algorithms = vici.call("get-algorithms")
            self.key_exchanges = algorithms.get("ke") or algorithms["dh"]
            self._load(vici)

    @property
    def log_name(self):
        return "interop-" + re.sub(r"\W+", "-", self.title.lower())

    @property
    def pid_file(self):
        return "/run/charon.pid"

    def stop(self, hard=False):
        pid = self.box.read(["cat", self.root + self.pid_file], check=False).strip()
        if not pid:
            return
        self.box.run(["kill", "-9" if hard else "-15", pid], check=False)
        until("charon: end", lambda: self.box.run(["kill", "-0", pid], check=False).returncode != 0)
        self.box.run(["rm", "-f", self.root + self.pid_file])

    def vici(self):
        return Vici(os.path.join(self.home, "vici"))

    def log(self):
        with open(os.path.join(self.bed.host.log, self.log_name), errors="replace") as file:
            return file.read()

    def _load(self, vici):
        pki = self.bed.pki
        vici.call("load-cert", {"type": "X509", "flag": "CA", "data": pki.read("ca.crt")})
        for name in sorted(os.listdir(pki.directory)):
            if name.startswith("gw") and name.endswith(".key"):
                self._load_key(vici, pki.read(name))
        vici.call("load-shared", {"type": "IKE", "id": "everybody", "data": PSK})
        vici.call("load-shared", {"type": "EAP", "id": "eap", "data": EAP_PASSWORD,
                                  "owners": [EAP_USER]})
        for name, pairs in {
                "v4": [("addrs", a.POOL4), ("dns", [a.INSIDE4]), ("25", ["two.example"])],
                "v6": [("addrs", a.POOL6)]}.items():
            vici.call("load-pool", Raw(name, pairs))

    def _load_key(self, vici, octets):
        vici.call("load-key", {"type": "any", "data": octets})

    def need(self, plugin):
        if plugin not in self.loaded:
            raise CannotDo(f"the package has no plugin {plugin}")

    # -- one connection -----------------------------------------------------------------------

    def offer(self, offer):
        settings = self._settings(offer)
        with self.vici() as vici:
            if "ppk" in offer.options:
                identity, octets = offer.options["ppk"]
                vici.call("load-shared", {"type": "PPK", "id": "ppk", "data": octets,
                                          "owners": [identity]})
            if "cell" in vici.call("get-conns").get("conns", []):
                vici.call("unload-conn", {"name": "cell"})
            try:
                vici.call("load-conn", {"cell": settings})
            except ViciError as error:
                if "unknown option" in str(error):
                    option = re.search(r"unknown option: (\w+)", str(error)).group(1)
                    raise CannotDo(f"it knows no option {option}") from None
                # Words that it does not know; whatever else is wrong is said in other ones.
                if "invalid value for: proposals" not in str(error):
                    raise
                raise CannotDo("it knows no such words of a proposal") from None
        if "mlkem" in offer.ike and not any(name.startswith("ML_KEM")
                                            for name in self.key_exchanges):
            raise CannotDo("it lists no ML-KEM among its key exchanges")

    def _settings(self, offer):
        if "redirect" in offer.options:
            raise CannotDo("its manuals have no word for redirecting in IKE_AUTH, only a command for a "
                           "session that stands")
        pki = self.bed.pki
        local = {"auth": "psk", "id": offer.gateway_id}
        if offer.gateway != "psk":
            local = {"auth": offer.gateway_signs or "pubkey", "id": offer.gateway_id,
                     "certs": [pki.read(offer.gateway + ".crt")]}
        settings = {"version": "2", "pools": ["v4", "v6"], "send_cert": "always", "dpd_delay": "0",
                    "proposals": [offer.ike], "unique": "never", "local": local}
        for number, how in enumerate(offer.rounds):
            settings[f"remote{number + 1}"] = remote = {
                "auth": offer.user_signs if how == "pubkey" and offer.user_signs else how,
                "id": offer.user}
            if how.startswith("eap"):
                self.need(how)
                remote["eap_id"] = offer.options.get("eap-id", "%any")
        if "ocsp" in offer.options:
            settings["ocsp"] = offer.options["ocsp"]
        children = {"net": offer.networks}
        if offer.second:
            children["second"] = offer.second
        settings["children"] = {
            name: {"local_ts": networks, "esp_proposals": [offer.esp], "mode": "tunnel"}
            for name, networks in children.items()}
        if "eap-only" in offer.options:
            local["auth"] = offer.rounds[0]
        if "reauth" in offer.options:
            settings.update(reauth_time=str(offer.options["reauth"]), rekey_time="0",
                            over_time="10", rand_time="0")
        if "childless" in offer.options:
            settings["childless"] = "force"
        if "ppk" in offer.options:
            settings["ppk_id"] = offer.options["ppk"][0]
            settings["ppk_required"] = "yes"
        return settings

    def sessions(self):
        with self.vici() as vici:
            sas = [sa for event in vici.stream("list-sas", "list-sa") for sa in event.values()]
        return [Session(sa["initiator-spi"], sa["remote-id"],
                        [Child(child["spi-in"], child["spi-out"],
                               int(child["packets-in"]), int(child["packets-out"]))
                         for child in sa.get("child-sas", {}).values()
                         if child["state"] == "INSTALLED"])
                for sa in sas if sa["state"] == "ESTABLISHED"]

    def _each_session(self, **how):
        with self.vici() as vici:
            for event in vici.stream("list-sas", "list-sa"):
                for sa in event.values():
                    try:
                        vici.call("terminate", {"ike-id": sa["uniqueid"], **how})
                    except ViciError:
                        pass        # gone already

    def forget(self):
        self._each_session(force="yes", timeout="1000")
        until(f"{self.title}: no sessions", lambda: not self.sessions())

    # -- events ---------------------------------------------------------------------------------

    def rekey_child(self):
        with self.vici() as vici:
            vici.call("rekey", {"child": "net"})

    def rekey_ike(self):
        with self.vici() as vici:
            vici.call("rekey", {"ike": "cell"})

    def delete(self):
        self._each_session(timeout="-1")

    def redirect(self, address):
        with self.vici() as vici:
            vici.call("redirect", {"ike": "cell", "gateway": address})


class StrongSwan13(StrongSwan):
    """In its tree, which stays as it is: what it writes goes to a file system in memory."""

    title = "strongSwan of Debian 13"
    program = "charon13"

    def __init__(self, bed, tree):
        super().__init__(bed)
        self.root = os.path.join(bed.directory, "debian13")
        self.tree = tree

    def command(self, configuration):
        return (["chroot", self.root, self.bed.tool(self.program)],
                {"STRONGSWAN_CONF": configuration})

    def start(self, **charon):
        self.tree.enter(self.box, self.root)
        self.tree.copy("usr/lib/ipsec/charon", self.bed.tool(self.program))
        super().start(**charon)
