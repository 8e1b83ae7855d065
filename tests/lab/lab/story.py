"""Scenes and claims: a scene is told once and used twice, as tests (TAP) and as the demo (words).

    @scene("UDP is open")
    def udp_is_open(bed, story):
        with story.claim("Connected over UDP"):
            result = story.types("ginnel up work")
            expect(result.returncode == 0, result.stdout)

A claim is one row: `ok`, or FAILED with the reason, and the scene goes on with the next one.
"""

import re
import subprocess
import sys
import textwrap
import time
import traceback

SCENES = []


class Failure(Exception):
    """A claim does not hold."""


def expect(condition, why):
    if not condition:
        raise Failure(str(why))
    return condition


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what}: {got!r}, expected {wanted!r}")


def expect_match(pattern, text, what):
    return expect(re.search(pattern, text, re.M), f"{what}: nothing like '{pattern}' in:\n{text}")


def scene(title, demo=False, about="", long=False):
    """demo: part of tests/demo as well, where `about` is what a newcomer needs to know. long: waits
    for minutes, and is not played without being asked for."""
    def register(function):
        SCENES.append(Scene(title, function, demo, about, long))
        return function
    return register


class Scene:
    def __init__(self, title, function, demo=False, about="", long=False):
        self.title, self.function, self.demo = title, function, demo
        self.about, self.long = about, long
        self.name = f"{function.__module__.split('.')[-1]}.{function.__name__}"


class Claim:
    def __init__(self, scene_title, text, complaint=None, seconds=0.0):
        self.scene, self.text, self.complaint, self.seconds = scene_title, text, complaint, seconds


class _ClaimContext:
    def __init__(self, story, text):
        self.story, self.text = story, text

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, kind, error, trace):
        if error is not None and not isinstance(error, Exception):
            return False
        complaint = None
        if error is not None:
            complaint = str(error) or kind.__name__
            if not isinstance(error, Failure):
                where = traceback.extract_tb(trace)[-1]
                complaint = f"{kind.__name__}: {complaint} ({where.name}, line {where.lineno})"
        self.story.record(Claim(self.story.title, self.text, complaint,
                                time.monotonic() - self.began))
        return True


class Story:
    """Silent: keeps the claims. Subclasses show them."""

    def __init__(self, bed):
        self.bed = bed
        self.claims = []
        self.title = ""

    def begin(self, one):
        self.title = one.title

    def claim(self, text):
        return _ClaimContext(self, text)

    def record(self, claim):
        self.claims.append(claim)

    def says(self, text):
        """A sentence between what is typed."""

    def types(self, line, user=None, timeout=90):
        """Runs a shell line on the test host as somebody would type it."""
        return self.bed.host.run(["sh", "-c", line], check=False, user=user, timeout=timeout)

    @property
    def failed(self):
        return [claim for claim in self.claims if claim.complaint]


class Tap(Story):
    def says(self, text):
        print(f"# {text}", flush=True)

    def record(self, claim):
        super().record(claim)
        number = len(self.claims)
        word = "not ok" if claim.complaint else "ok"
        print(f"{word} {number} - {claim.scene}: {claim.text} ({claim.seconds:.1f} s)")
        for line in (claim.complaint or "").splitlines():
            print(f"#   {line}")
        sys.stdout.flush()


class Told(Story):
    """For people. Escape sequences only on a terminal."""

    WIDTH = 100

    def __init__(self, bed):
        super().__init__(bed)
        self.colour = sys.stdout.isatty()

    def _style(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def begin(self, one):
        super().begin(one)
        print("\n" + self._style("1", one.title) + "\n" + "-" * len(one.title))
        if one.about:
            print(textwrap.fill(" ".join(one.about.split()), self.WIDTH))
        sys.stdout.flush()

    def says(self, text):
        print(textwrap.fill(" ".join(text.split()), self.WIDTH), flush=True)

    def types(self, line, user=None, timeout=90):
        prompt = f"{user}$" if user else "#"
        print(f"\n  {self._style('1', f'{prompt} {line}')}", flush=True)
        process = subprocess.Popen(self.bed.host.command(["sh", "-c", line], user=user),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        shown = []
        try:
            # As it comes, so that one sees what waits.
            for output in process.stdout:
                print("  " + output, end="", flush=True)
                shown.append(output)
            process.wait(timeout=timeout)
        finally:
            if process.poll() is None:
                process.kill()
        return subprocess.CompletedProcess(line, process.returncode, "".join(shown), "")

    def record(self, claim):
        super().record(claim)
        if claim.complaint:
            print(f"  {self._style('31', 'FAILED')}  {claim.text}")
            for line in claim.complaint.splitlines()[:12]:
                print(f"          {line}")
        else:
            print(f"  {self._style('32', 'ok')}      {claim.text}")
        sys.stdout.flush()

    def table(self):
        print("\n" + self._style("1", "All claims") + "\n----------")
        title = None
        for claim in self.claims:
            if claim.scene != title:
                title = claim.scene
                print(title)
            print(f"  {'FAILED' if claim.complaint else 'ok':<7} {claim.text}")
