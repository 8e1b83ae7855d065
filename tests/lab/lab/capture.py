"""Packet captures: what went over a link, as tcpdump saw it and tshark reads it."""

import os
import subprocess

from .wait import LabError, until


class Capture:
    """Use as a context manager; read it after the block."""

    def __init__(self, box, link, directory, name, packet_filter=""):
        self.box, self.link, self.filter = box, link, packet_filter
        self.path = os.path.join(directory, f"{name}.pcap")
        self.log = os.path.join(directory, "log", f"{name}.tcpdump")

    def __enter__(self):
        for stale in (self.path, self.log):
            if os.path.exists(stale):
                os.unlink(stale)
        # -Z root: tcpdump would otherwise become a user who cannot write here.
        self.process = self.box.spawn(
            ["tcpdump", "-i", self.link, "-Z", "root", "-n", "-U", "--immediate-mode", "-s", "0",
             "-B", "16384", "-w", self.path, *self.filter.split()], log=self.log)
        until(f"tcpdump on {self.link}",
              lambda: os.path.exists(self.log) and "listening on" in open(self.log).read())
        return self

    def __exit__(self, *_):
        # nsenter waits for tcpdump, which is its child there.
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            tcpdump = children.read().split()
        for pid in tcpdump:
            subprocess.run(["kill", "-INT", pid], check=False)
        self.process.wait(timeout=10)

    def tshark(self, *args):
        result = subprocess.run(["tshark", "-n", "-r", self.path, *args], capture_output=True,
                                text=True, env={**os.environ, "HOME": os.path.dirname(self.path)})
        if result.returncode != 0:
            raise LabError(f"tshark: {result.stderr.strip()}")
        return result.stdout

    def packets(self, display_filter=""):
        """One line of text for each packet that matches."""
        args = ["-Y", display_filter] if display_filter else []
        return self.tshark(*args).splitlines()

    def fields(self, display_filter, *names):
        """One list of field values for each packet that matches."""
        args = [arg for name in names for arg in ("-e", name)]
        lines = self.tshark("-Y", display_filter, "-T", "fields", *args).splitlines()
        return [line.split("\t") for line in lines]

    def asked_names(self):
        """Names in DNS queries, lower case."""
        return {fields[0].lower() for fields in
                self.fields("dns.flags.response == 0", "dns.qry.name")}
