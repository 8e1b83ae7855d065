"""The editor and the dialog in windows, by keyboard alone."""

import os
import signal

from lab.story import expect, expect_equal, scene
from lab.wait import until
from nm.bed import EDITORS

# The windows' libraries are not in a tree without a desktop.
SYSTEMS = ("debian12",)
PLUGIN = "libnm-vpn-plugin-ginnel.so"
SCREEN = ":7"

# Every key that the editor has, in the order in which it prints them.
EVERYTHING = {
    "dns-add-domains": "more.example", "dns-domains": "corp.example;two.example",
    "dns-search-domains": "corp.example", "dns-trust-anchor-domains": "corp.example",
    "dns-use-servers": "all", "gateway-address": "vpn.example.com;192.0.2.1",
    "gateway-ca": "/etc/ginnel/ca.crt", "gateway-id": "vpn.example.com",
    "gateway-redirect": "yes", "gateway-revocation": "strict", "network-include": "10.0.0.0/8",
    "network-mtu": "1350", "proposals-esp": "aes256gcm16",
    "proposals-ike": "aes256gcm16-prfsha384-x25519", "proposals-legacy": "yes",
    "transport-order": "tcp/4500;udp/4500", "user-auth": "eap", "user-eap": "peap",
    "user-eap-id": "tess", "user-eap-server-name": "radius.example", "user-id": "tess@example.com",
    # No field of its own: it stays as it is.
    "lifetime-ike": "240m",
}


class Screen:
    def __init__(self, bed):
        self.bed, self.host = bed, bed.host
        self.environment = {"DISPLAY": SCREEN, "NO_AT_BRIDGE": "1", "GTK_A11Y": "none",
                            "GSK_RENDERER": "cairo", "XDG_RUNTIME_DIR": "/run"}

    def __enter__(self):
        self.server = self.host.spawn(["Xvfb", SCREEN, "-screen", "0", "1400x1600x24"], log="Xvfb")
        until("Xvfb", lambda: self.host.run(["xdotool", "getdisplaygeometry"], check=False,
                                            env=self.environment).returncode == 0)
        return self

    def __exit__(self, *_):
        self.host.run(["pkill", "-x", "Xvfb"], check=False)
        self.server.wait()

    def open(self, program, *args):
        path = os.path.join(self.host.log, os.path.basename(program) + ".out")
        output = open(path, "w")
        process = self.host.spawn([self.bed.tool(program), *args], log="editor",
                                  env=self.environment, stdout=output)
        output.close()
        return Window(self, process, path)

    def keys(self, *args):
        self.host.run(["xdotool", *args], env=self.environment)


class Window:
    def __init__(self, screen, process, path):
        self.screen, self.process, self.path = screen, process, path

    def lines(self):
        with open(self.path) as file:
            return file.read().splitlines()

    def focus(self, name="work"):
        found = self.screen.host.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", name],
                                     env=self.screen.environment, timeout=30).stdout.split()
        self.screen.keys("windowfocus", "--sync", found[-1])

    def waits_for(self, text):
        until(f"the editor says {text}", lambda: any(text in line for line in self.lines()),
              timeout=20)

    def close(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self.screen.host.run(["pkill", "-f", "editor-window"], check=False)


def plugin_path(host):
    found = host.read(["sh", "-c", f"ls /usr/lib/*/NetworkManager/{PLUGIN}"]).split()
    return found[0]


@scene("The editor")
def editor(bed, story):
    host = bed.host
    host.run(["chmod", "755", "/etc/ginnel"])
    with Screen(bed) as screen:
        for program in EDITORS:
            gtk = program[-4:].upper().replace("K", "K ")
            pairs = [f"{key}={value}" for key, value in EVERYTHING.items()]
            with story.claim(f"{gtk}: what it is given, it gives back, every key"):
                window = screen.open(program, plugin_path(host), *pairs)
                window.waits_for("gateway-address=")
                said = dict(part.split("=", 1) for part in window.lines()[0].split("|"))
                kept = {key: value for key, value in said.items() if not key.endswith("-flags")}
                expect_equal(kept, EVERYTHING, "vpn.data")
                window.close()
            with story.claim(f"{gtk}: by keyboard alone: fields by their letters, a wrong one named"):
                window = screen.open(program, plugin_path(host), "gateway-address=a.example",
                                     "user-id=tess", "user-auth=eap")
                window.focus()
                screen.keys("key", "--clearmodifiers", "alt+d")
                screen.keys("type", "gw.example")
                window.waits_for("gateway-id=gw.example")
                screen.keys("key", "--clearmodifiers", "alt+a")
                screen.keys("key", "--clearmodifiers", "alt+u")
                screen.keys("type", "12")
                window.waits_for("wrong: network-mtu")
                screen.keys("type", "90")
                window.waits_for("network-mtu=1290")
                window.close()
