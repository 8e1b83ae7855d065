"""Playing scenes on a bed, one after the other, each from the same beginning."""

import os
import re
import signal
import sys

from .product import Ginnel
from .story import SCENES, Scene, expect

# What systemd and GLib write of a program that has a bug.
CRASH = re.compile(r"ginnel.*(?:code=(?:killed|dumped), status=\d+/(?:ILL|TRAP|ABRT|BUS|FPE|SEGV|SYS)\b"
                   r"|CRITICAL \*\*)")


def chosen(pattern="", demo=False, full=True):
    """In the order in which they are told. Without full, long ones only where the pattern asks for them."""
    import scenes
    names = [module.__name__ for module in scenes.ORDER]
    order = sorted(SCENES, key=lambda one: names.index(one.function.__module__))
    return [one for one in order if (one.demo or not demo) and (full or pattern or not one.long) and
            (pattern.lower() in one.title.lower() or pattern in one.name)]


def end_in_order():
    """Whatever ends us from outside, what we started is ended, too: by `finally`, undisturbed."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number, _):
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + number)

    for one in signals:
        signal.signal(one, end)


def crashes(host, since):
    """Lines of the journal that tell of one."""
    return [line for line in host.journal("--since", since).splitlines() if CRASH.search(line)]


def play(bed, story, scenes):
    found = {}
    for one in scenes:
        story.begin(one)
        before = len(story.failed)
        started = bed.host.read(["date", "+%F %T"]).strip()
        # A scene that stops in the middle is a claim that failed, and the next one begins afresh.
        with _Rest(story):
            one.function(bed, story)
        if len(story.failed) > before:
            keep_logs(bed, one, started)
        bed.rest()
        Ginnel(bed.host).rest()
        found.update((line, one.name) for line in crashes(bed.host, started) if line not in found)
    story.begin(Scene("In all of these scenes", play))
    with story.claim("No program of ours crashed, or found that it has a bug"):
        expect(not found, "\n".join(f"{name}: {line}" for line, name in found.items()))


class _Rest:
    def __init__(self, story):
        self.story = story

    def __enter__(self):
        self.context = self.story.claim("The scene is played to its end")
        self.context.__enter__()

    def __exit__(self, kind, error, trace):
        if error is None:
            return False
        return self.context.__exit__(kind, error, trace)


def keep_logs(bed, one, since):
    directory = os.path.join(bed.directory, "failed")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, one.name + ".journal"), "w") as file:
        file.write(bed.host.journal("--since", since))
    with open(os.path.join(directory, one.name + ".charon"), "w") as file:
        file.write(bed.gateway.charon_log()[-200_000:])
