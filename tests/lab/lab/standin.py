"""strongSwan as a client on the test host: shows that the bed works, without the product."""

import os

from . import addresses as a
from .gateway import ESP_PROPOSALS, IKE_PROPOSALS, PSK, STRONGSWAN_CONF
from .vici import Vici
from .wait import until


class StandIn:
    def __init__(self, bed):
        self.bed = bed
        self.home = os.path.join(bed.directory, "stand-in")

    def __enter__(self):
        os.makedirs(self.home, exist_ok=True)
        configuration = os.path.join(self.home, "strongswan.conf")
        with open(configuration, "w") as file:
            file.write(STRONGSWAN_CONF.format(directory=self.home, cookies=999, radius='""'))
        socket = os.path.join(self.home, "vici")
        if os.path.exists(socket):
            os.unlink(socket)
        self.process = self.bed.host.spawn([self.bed.tool("charon")], log="stand-in",
                                           env={"STRONGSWAN_CONF": configuration})
        until("stand-in: charon", lambda: os.path.exists(socket))
        self.vici = Vici(socket)
        pki = self.bed.pki
        self.vici.call("load-cert", {"type": "X509", "flag": "CA", "data": pki.read("ca.crt")})
        self.vici.call("load-key", {"type": "any", "data": pki.read("tess.key")})
        self.vici.call("load-shared", {"type": "IKE", "data": PSK})
        return self

    def up(self, name, gateway=a.GATEWAY4, gateway_id="gw.example", user="tess@example.com",
           certificate=False, timeout_ms=10000):
        """Initiates; raises ViciError with charon's reason."""
        local = {"auth": "psk", "id": user}
        if certificate:
            local = {"auth": "pubkey", "id": user, "certs": [self.bed.pki.read("tess.crt")]}
        remote = {"auth": "pubkey" if certificate else "psk", "id": gateway_id}
        self.vici.call("load-conn", {name: {
            "version": "2", "remote_addrs": [gateway], "vips": ["0.0.0.0", "::"],
            "proposals": IKE_PROPOSALS, "local": local, "remote": remote,
            "children": {name: {"remote_ts": a.INSIDE_NETS, "esp_proposals": ESP_PROPOSALS}}}})
        self.vici.call("initiate", {"child": name, "timeout": str(timeout_ms)})

    def down(self, name):
        self.vici.call("terminate", {"ike": name, "timeout": "2000"})

    def __exit__(self, *_):
        self.vici.close()
        pid = self.bed.host.read(["cat", "/run/charon.pid"], check=False).strip()
        if pid:
            self.bed.host.run(["kill", pid], check=False)
        self.process.wait(timeout=10)
