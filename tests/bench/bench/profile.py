"""Where our own time goes: samples of both ends' processor time beside one stream, by library and
symbol, and the client's system calls for each gigabyte. What a ping needs of them, beside the
plaintext forwarder: where both need the same, the rest is ESP, and there is no less. What a
gigabyte costs over TCP beyond what it costs over UDP lies nearly all in the kernel."""

import collections
import contextlib
import os
import re
import signal
import subprocess

from .link import Link, run, until
from .measure import Iperf, Meter, pings
from .peers import own_ends

SYMBOLS = 16
PINGS = 500
# By the clock: virtual machines often have no counters of instructions.
RECORD = ["record", "-q", "-e", "cpu-clock", "-F", "1999"]


@contextlib.contextmanager
def perf(words, ends, output):
    """Beside what is done inside."""
    process = subprocess.Popen(["perf", *words, "-p", ",".join(str(end.pid) for end in ends), "-o",
                                output], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    fds = f"/proc/{process.pid}/fd"

    def looks():
        with contextlib.suppress(OSError):
            return any("perf_event" in os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds))
        return False

    try:
        until("perf at work", looks)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def shares(data, key):
    """(percent, what), the greatest first."""
    text = run("perf", "report", "-i", data, "--stdio", "-q", "--sort", key,
               env=dict(os.environ, PERF_PAGER="cat")).stdout
    rows = re.findall(r"^\s*([\d.]+)%\s+(.*?)[\s-]*$", text, re.M)
    return sorted(((float(percent), " ".join(what.split())) for percent, what in rows), reverse=True)


def calls(summary):
    """{system call: how often}, of all threads."""
    found = collections.Counter()
    with open(summary, encoding="utf-8") as file:
        for name, number in re.findall(r"^ +(\w+) +(\d+) +\d+ +[\d.]+ ", file.read(), re.M):
            found[name] += int(number)
    return found


def one_stream(programs, transport, words, seconds):
    with Link() as link:
        tunnel = own_ends(link, programs["bench-end"], transport)
        iperf, data, trace = Iperf(link, tunnel), link.path("perf.data"), link.path("calls")
        meter = Meter(tunnel)
        with perf(RECORD, tunnel.ends.values(), data):
            total = iperf.run(seconds, "-C", "cubic", *words)["end"]["sum_received"]
        used = sum(meter.read().values()) / total["bytes"] * 1e9
        yield (f"{total['bytes'] * 8 / total['seconds'] / 1e9:.2f} Gbit/s, {used:.2f} s of processor "
               "time of both ends for a gigabyte")
        for percent, what in shares(data, "dso"):
            if percent >= 1:
                yield f"{percent:5.1f} %  in {what}"
        for percent, what in shares(data, "dso,symbol")[:SYMBOLS]:
            yield f"  {percent:5.1f} %  {what}"
        with perf(["trace", "-s"], [tunnel.ends["client"]], trace):
            total = iperf.run(seconds, "-C", "cubic", *words)["end"]["sum_received"]
        yield "system calls of the client for a gigabyte: " + ", ".join(
            f"{name} {number / total['bytes'] * 1e9:.0f}"
            for name, number in calls(trace).most_common())


def one_ping(programs, program):
    with Link() as link:
        tunnel = own_ends(link, programs[program], "udp")
        trace = link.path("calls")
        with perf(["trace", "-s"], [tunnel.ends["client"]], trace):
            number = len(pings(link, tunnel.address, PINGS, 0.004))
        return ", ".join(f"{name} {count / number:.2f}"
                         for name, count in calls(trace).most_common() if count >= number / 2)


def profile(programs, seconds):
    print("\nsystem calls of the client for a ping")
    for program in ("bench-forwarder", "bench-end"):
        print(f"  {program}: {one_ping(programs, program)}", flush=True)
    for transport in ("udp", "tcp"):
        for direction, words in (("up", []), ("down", ["-R"])):
            print(f"\none stream {direction}, over {transport.upper()}")
            for line in one_stream(programs, transport, words, seconds):
                print(" ", line, flush=True)
