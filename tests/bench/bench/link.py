"""Two network namespaces joined by a veth pair, and the processes in them."""

import itertools
import os
import subprocess
import tempfile
import time


class BenchError(Exception):
    pass


def run(*command, check=True, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            **options)
    if check and result.returncode != 0:
        raise BenchError(f"{' '.join(map(str, command))}: {result.stderr.strip()}")
    return result


def until(what, condition, seconds=10):
    """The condition's value, once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise BenchError(f"no {what} after {seconds} s")
        time.sleep(0.02)


class Link:
    """`with Link() as link`: gone, with all that ran in it, at the end. TCP outside is cubic on both
    sides, whatever the machine's default is: a route says so, a setting would be the machine's.

    line: the program that makes it a long one, with its delay each way in milliseconds."""

    SIDES = ("client", "gateway")
    numbers = itertools.count()
    CLIENT, GATEWAY = "10.91.0.1", "10.91.0.2"

    def __init__(self, line=None):
        self.number = f"{os.getpid()}-{next(self.numbers)}"
        self.names = {side: f"gb{side[0]}{self.number}" for side in self.SIDES}
        self.line = line
        self.processes = []
        self.logs = {}
        self.scratch = None

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="ginnel-bench.")
        client, gateway = self.names["client"], self.names["gateway"]
        for name in (client, gateway):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            # Its search for routers on every new device is nobody's work that is measured.
            run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1")
        if self.line:
            self.lay_line(client, gateway)
        else:
            run("ip", "link", "add", "outer", "netns", client, "type", "veth",
                "peer", "name", "outer", "netns", gateway)
        for name, own in ((client, self.CLIENT), (gateway, self.GATEWAY)):
            run("ip", "-n", name, "addr", "add", own + "/30", "dev", "outer")
            run("ip", "-n", name, "link", "set", "outer", "mtu", 1500, "up")
            run("ip", "-n", name, "route", "replace", "10.91.0.0/30", "dev", "outer", "src", own,
                "congctl", "cubic")
        return self

    def lay_line(self, client, gateway):
        """A third namespace between the two; whatever passes there does so as frames."""
        middle = self.names["middle"] = f"gbm{self.number}"
        run("ip", "netns", "add", middle)
        for name, end in ((client, "near"), (gateway, "far")):
            run("ip", "link", "add", "outer", "netns", name, "type", "veth",
                "peer", "name", end, "netns", middle)
            run("ip", "-n", middle, "link", "set", end, "up")
        self.as_wire()
        program, milliseconds = self.line
        line = self.start("middle", program, milliseconds, "near", "far", log="line.log")
        self.wait_for_words(line, "ready")

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in self.names.values():
            run("ip", "netns", "del", name, check=False)
        self.scratch.cleanup()

    def path(self, name):
        return os.path.join(self.scratch.name, name)

    def command(self, side, *words):
        return ["ip", "netns", "exec", self.names[side], *map(str, words)]

    def run(self, side, *words, **options):
        return run(*self.command(side, *words), **options)

    def start(self, side, *words, log, **options):
        """In the background; what it says goes to the file `log` of the scratch folder."""
        path = self.path(log)
        with open(path, "w", encoding="utf-8") as file:
            process = subprocess.Popen(self.command(side, *words), stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=subprocess.STDOUT, **options)
        self.processes.append(process)
        self.logs[process] = path
        return process

    def said(self, process):
        with open(self.logs[process], encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_words(self, process, words, seconds=10):
        def there():
            if process.poll() is not None:
                raise BenchError(f"ended: {self.said(process)[-500:]}")
            return words in self.said(process)
        until(f"'{words}' from {process.args[3]}", there, seconds)

    def wait_for_ping(self, address, seconds=10):
        until(f"answer from {address}",
              lambda: self.run("client", "ping", "-c1", "-W1", "-q", address,
                               check=False).returncode == 0, seconds)

    def address(self, side, device, address, mtu=None):
        name = self.names[side]
        run("ip", "-n", name, "addr", "add", address, "dev", device)
        run("ip", "-n", name, "link", "set", device, *(["mtu", mtu] if mtu else []), "up")

    def as_wire(self):
        """No packet longer than a wire's passes: what a real network does."""
        for side in self.SIDES:
            self.run(side, "ethtool", "-K", "outer", "tso", "off", "gso", "off",
                     "tx-udp-segmentation", "off", check=False)

    def bottleneck(self, rate="20mbit", queue="50ms"):
        self.as_wire()
        for side in self.SIDES:
            run("tc", "-n", self.names[side], "qdisc", "add", "dev", "outer", "root", "tbf", "rate", rate,
                "burst", "16kb", "latency", queue)
