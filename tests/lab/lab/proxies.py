"""Proxies outside, as others make them: tinyproxy (CONNECT, Basic) and microsocks (SOCKS5)."""

import os

from . import addresses as a
from .wait import until

HTTP, SOCKS = 3128, 1080
USER, PASSWORD = "tess", "pr0xypass"

TINYPROXY = """
Port {port}
Listen {address}
Timeout 600
MaxClients 50
ConnectPort 443
ConnectPort 4500
LogLevel Connect
Allow 0.0.0.0/0
{login}
"""


class Proxies:
    """In the bed's outside box. One of each kind at a time, with or without a login."""

    def __init__(self, bed):
        self.box = bed.outside
        self.directory = bed.directory
        path = os.path.join(self.directory, "proxy.resolv.conf")
        with open(path, "w") as file:
            file.write(f"nameserver {a.OUTSIDE4}\n")
        if "proxy.resolv.conf" not in self.box.read(["cat", "/proc/self/mountinfo"]):
            self.box.run(["mount", "--bind", path, "/etc/resolv.conf"])

    def _listens(self, port):
        return f"{a.OUTSIDE4}:{port} " in self.box.read(["ss", "-Htln"])

    def _stop(self, program, port):
        self.box.run(["pkill", "-9", "-x", program], check=False)
        until(f"no {program}", lambda: not self._listens(port), timeout=3)

    def http(self, login=False):
        self._stop("tinyproxy", HTTP)
        path = os.path.join(self.directory, "tinyproxy.conf")
        word = f"BasicAuth {USER} {PASSWORD}" if login else ""
        with open(path, "w") as file:
            file.write(TINYPROXY.format(port=HTTP, address=a.OUTSIDE4, login=word))
        self.box.spawn(["tinyproxy", "-d", "-c", path], log="tinyproxy")
        until("tinyproxy", lambda: self._listens(HTTP), timeout=3)

    def socks(self, login=False):
        self._stop("microsocks", SOCKS)
        words = ["-u", USER, "-P", PASSWORD] if login else []
        self.box.spawn(["microsocks", "-i", a.OUTSIDE4, "-p", str(SOCKS), *words], log="microsocks")
        until("microsocks", lambda: self._listens(SOCKS), timeout=3)

    def stop(self):
        self._stop("tinyproxy", HTTP)
        self._stop("microsocks", SOCKS)
