"""Figures from a tunnel that is up."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import time

from .link import BenchError, Link, until
from .peers import own_ends

TICKS = os.sysconf("SC_CLK_TCK")
# How often is asked what depends on where five busy threads come to run: once says little.
ASKED = 3
PORT = 5201


def tree(root):
    """A process and all below it."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(name))
        except OSError:
            pass
    found, todo = [], [root]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(process):
    total = 0
    for pid in tree(process.pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def memory_mb(pids, which="Rss:"):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith(which))
        except (OSError, StopIteration):
            pass
    return total / 1024


class Wakeups:
    """How often threads of these processes went to sleep, since it was made; not counted is when one waited
    for a page of its program to be read from the disk."""

    def __init__(self, pids):
        self.pids = pids
        self.first = self.last = {}
        self.look()
        self.first = dict(self.last)

    def look(self):
        """A thread that ends takes its count along: to be asked now and then."""
        for pid in self.pids:
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
                        asleep = next(int(line.split()[1]) for line in file
                                      if line.startswith("voluntary_ctxt_switches"))
                    with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8") as file:
                        read = int(file.read().rpartition(")")[2].split()[9])
                    self.last[task] = asleep - read

    def read(self):
        self.look()
        return sum(number - self.first.get(task, 0) for task, number in self.last.items())


class Meter:
    """CPU of a tunnel's ends over what is measured."""

    def __init__(self, tunnel):
        self.ends = tunnel.ends
        self.before = {name: cpu_seconds(end) for name, end in self.ends.items()}

    def read(self):
        return {name: cpu_seconds(end) - self.before[name] for name, end in self.ends.items()}


def iperf_answer(text):
    try:
        answer = json.loads(text)
    except ValueError:
        raise BenchError(f"iperf3: {text[:200]}") from None
    if "error" in answer:
        raise BenchError(f"iperf3: {answer['error']}")
    return answer


class Iperf:
    """What is asked inside. A server for each question: one that still waits for the end of the last,
    which a tunnel with a long queue brings late, turns the next client away."""

    def __init__(self, link, tunnel):
        self.link, self.tunnel, self.port = link, tunnel, PORT

    def command(self, seconds, *words):
        self.port += 1
        address = self.tunnel.address
        self.link.start("gateway", "iperf3", "-s", "-1", "-B", address, "-p", self.port,
                        log=f"iperf-{address}-{self.port}.log")
        until("iperf3", lambda: f"{address}:{self.port} " in
              self.link.run("gateway", "ss", "-tln").stdout)
        return ["iperf3", "-J", "-c", address, "-p", self.port, "-t", seconds, *words]

    def run(self, seconds, *words):
        result = self.link.run("client", *self.command(seconds, "--connect-timeout", 3000, *words),
                               check=False, timeout=seconds + 30)
        return iperf_answer(result.stdout)

    def start(self, seconds, *words):
        return subprocess.Popen(self.link.command("client", *self.command(seconds, *words)),
                                stdout=subprocess.PIPE, text=True)


def tcp(link, tunnel, seconds, figures):
    """One and four streams, up and down; CPU seconds for each gigabyte."""
    iperf = Iperf(link, tunnel)
    for name, words in (("up1", []), ("down1", ["-R"]), ("up4", ["-P", 4]),
                        ("down4", ["-P", 4, "-R"])):
        meter = Meter(tunnel)
        total = iperf.run(seconds, "-C", "cubic", *words)["end"]["sum_received"]
        figures[name + "-gbps"] = total["bytes"] * 8 / total["seconds"] / 1e9
        for end, used in meter.read().items():
            figures[f"{name}-cpu-{end}"] = used / (total["bytes"] / 1e9)


def medians(asked):
    """Of the same figures, asked several times."""
    return {name: statistics.median(one[name] for one in asked) for name in asked[0]}


def at_rate(iperf, tunnel, seconds, name, rate):
    """What arrives of packets of 200 octets, how much is lost, what each costs."""
    meter = Meter(tunnel)
    total = iperf.run(seconds, "-u", "-l", 200, "-b", rate)["end"]["sum"]
    arrived = total["packets"] - total["lost_packets"]
    return {name + "-pps": arrived / total["seconds"],
            name + "-loss": total["lost_packets"] / max(total["packets"], 1),
            **{f"{name}-us-{end}": used / max(arrived, 1) * 1e6
               for end, used in meter.read().items()}}


def packets(link, tunnel, seconds, figures):
    """200-octet packets: what arrives of a flood, what each costs, what is lost at fixed rates."""
    iperf = Iperf(link, tunnel)
    for end, process in tunnel.ends.items():
        figures[f"memory-before-{end}"] = memory_mb(tree(process.pid))
    for name, rate, times in (("flood", "0", ASKED), ("20k", "32M", 1), ("40k", "64M", 1)):
        figures.update(medians([at_rate(iperf, tunnel, seconds, name, rate) for _ in range(times)]))
    for end, process in tunnel.ends.items():
        figures[f"memory-after-{end}"] = memory_mb(tree(process.pid))


def pings(link, address, count, interval):
    result = link.run("client", "ping", "-i", interval, "-c", count, address, check=False)
    return sorted(float(ms) for ms in re.findall(r"time=([\d.]+)", result.stdout))


def ping(link, tunnel, _seconds, figures):
    """Alone, and beside an upload."""
    alone = pings(link, tunnel.address, 300, 0.004)
    figures["ping-us"] = statistics.median(alone) * 1000
    iperf = Iperf(link, tunnel)
    load = iperf.start(2, "-C", "cubic")
    beside = pings(link, tunnel.address, 75, 0.02)
    load.communicate()
    figures["ping-loaded-us"] = statistics.median(beside) * 1000


def bottleneck(link, tunnel, _seconds, figures, name="bottleneck"):
    """A ping beside a bulk upload where 20 Mbit/s pass and 50 ms of them may queue."""
    link.bottleneck()
    load = Iperf(link, tunnel).start(10, "-C", "cubic")
    until("the upload under way",
          lambda: re.search(r"bytes_acked:\d{6,}",
                            link.run("client", "ss", "-tin", "dst", tunnel.address).stdout))
    beside = pings(link, tunnel.address, 160, 0.05)
    answer = iperf_answer(load.communicate()[0])
    if not beside:
        raise BenchError("no answer to a ping beside the upload")
    figures[name + "-ms"] = statistics.median(beside)
    figures[name + "-p99-ms"] = beside[int(len(beside) * 0.99) - 1]
    figures[name + "-lost"] = 160 - len(beside)
    figures[name + "-mbps"] = answer["end"]["sum_received"]["bits_per_second"] / 1e6


def far(link, tunnel, seconds, figures):
    """The same over a line of 40 ms each way; first, how good the line is by itself."""
    link.wait_for_ping(link.GATEWAY)
    alone = pings(link, link.GATEWAY, 50, 0.02)
    figures["far-line-ms"], figures["far-line-most-ms"] = statistics.median(alone), alone[-1]
    bottleneck(link, tunnel, seconds, figures, "far")


def selectors(programs, seconds, found):
    """One stream up, where the Child SA has so many networks, of which the last is the stream's."""
    for number in (1, 100, 1000, 5000):
        with Link() as link:
            tunnel = own_ends(link, programs["bench-end"], "udp", f"selectors={number - 1}")
            iperf = Iperf(link, tunnel)
            streams = [iperf.run(seconds, "-C", "cubic")["end"]["sum_received"]
                       for _ in range(ASKED)]
            found["ginnel-udp"][f"selectors-{number}-gbps"] = statistics.median(
                one["bytes"] * 8 / one["seconds"] / 1e9 for one in streams)


def all_at_once(link, tunnels_up, seconds):
    """What passes, in Gbit/s, from the first stream's start to the last one's end."""
    commands = [link.command("client", *Iperf(link, tunnel).command(seconds, "-C", "cubic"))
                for tunnel in tunnels_up]
    began = time.monotonic()
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    answers = [iperf_answer(load.communicate()[0]) for load in loads]
    took = time.monotonic() - began
    return sum(answer["end"]["sum_received"]["bytes"] for answer in answers) * 8 / took / 1e9


def tunnels(programs, seconds, found):
    """So many at once, each up and pinged: what each adds to the machine's memory, pages that they
    share counted once; how often all of them wake at rest; what passes with a stream in each."""
    for number in (1, 10, 100):
        with Link() as link:
            all_of_them = [own_ends(link, programs["bench-end"], "udp", number=i)
                           for i in range(number)]
            ends = [end.pid for tunnel in all_of_them for end in tunnel.ends.values()]
            figures = found["ginnel-udp"]
            figures[f"tunnels-{number}-mb"] = memory_mb(ends, "Pss:") / len(ends)
            asleep = Wakeups(ends)
            time.sleep(2)       # what is looked at is that nothing happens
            figures[f"tunnels-{number}-wakeups"] = asleep.read() / 2
            figures[f"tunnels-{number}-gbps"] = all_at_once(link, all_of_them, seconds)


def overflows(link):
    """Datagrams that found the tunnel's own socket full, at both ends; inner sockets do not count."""
    return sum(int(drops) for side in link.names for drops in
               re.findall(r"skmem:\(\S*,d(\d+)\)",
                          link.run(side, "ss", "-uanm", "sport", "=", ":4500").stdout))


def rekeys(programs, seconds, found):
    """Other keys 20 times a second under load: what left one end and did not come out of the other. A
    packet that found the outer socket's buffer full is told apart."""
    total = {"packets": 0, "lost": 0, "overflows": 0, "rekeys": 0}
    began = time.monotonic()
    for transport in ("udp", "tcp"):
        with Link() as link:
            tunnel = own_ends(link, programs["bench-end"], transport, "rekeys=20")
            iperf = Iperf(link, tunnel)
            for words in (["-C", "cubic"], ["-C", "cubic", "-R"], ["-u", "-l", 200, "-b", "24M"],
                          ["-u", "-l", 200, "-b", "24M", "-R"]):
                iperf.run(seconds, *words)
            for side in link.names:     # nothing sets out any more
                link.run(side, "ip", "link", "set", "ginnel0", "down")
            dropped = overflows(link)
            for end in tunnel.ends.values():
                end.terminate()
                end.wait(5)
            client, gateway = (json.loads(link.said(end).splitlines()[-1])
                               for end in (tunnel.ends["client"], tunnel.ends["gateway"]))
        left = client["packets_out"] + gateway["packets_out"]
        total["packets"] += left
        total["overflows"] += dropped
        total["lost"] += left - client["packets_in"] - gateway["packets_in"] - dropped
        total["rekeys"] += client["rekeys"]
    for name, value in total.items():
        found["ginnel-udp"][f"rekeying-{name}"] = value
    found["ginnel-udp"]["rekeying-per-s"] = total["rekeys"] / (time.monotonic() - began)


CASES = {"tcp": tcp, "packets": packets, "ping": ping, "bottleneck": bottleneck,
         "far": far}
LINES = {"far": 40}     # milliseconds each way, of what else is a short one
# Of ours alone, each builds what it needs.
OWN_CASES = {"selectors": selectors, "tunnels": tunnels, "rekeys": rekeys}
