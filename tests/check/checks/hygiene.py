"""Nothing in the project speaks of the place where it was written, or of work not done."""

import os
import re
import subprocess

from .sources import files, read

CLAIM = "no private path, no leftover, no trailing blank in any text file"

BAD = [
    (re.compile(r"(?<![\w.])/(?:home/(?!tess\b)\w+|work|workspace|builds)/"),
     "a path of somebody's machine"),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "work not done: do it, or file it"),
    (re.compile(r"^(<<<<<<<|>>>>>>>) ", re.M), "an unresolved merge"),
    (re.compile(r"[ \t]+$", re.M), "a blank at the end of a line"),
]
BINARY = (".pcap", ".png", ".gz", ".bin", ".der", ".mo")
# Test corpora are octets, not text.
CORPUS = ("tests/fuzz/corpus/",)
HERE = "tests/check/checks/hygiene.py"


def candidates(root):
    if os.path.exists(os.path.join(root, ".git")):
        result = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", root, "ls-files", "-z"],
                                capture_output=True, text=True)
        if result.returncode == 0:
            return [path for path in result.stdout.split("\0")
                    if path and os.path.exists(os.path.join(root, path))]
    return files(root, ".")


def problems(root):
    for path in candidates(root):
        if path.endswith(BINARY) or path.startswith(CORPUS) or path in (HERE, "COPYING"):
            continue
        text = read(root, path)
        for pattern, what in BAD:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {what}"


EXAMPLES = [
    ("a clean tree", {"src/a.c": "int x;\n", "README.md": "A network of /networks.\n"}, None),
    ("a private path", {"src/a.c": "/* see /home/me/x */\n"}, "src/a.c:1: a path"),
    ("a leftover", {"src/a.c": "\n/* TODO: later */\n"}, "src/a.c:2: work not done"),
    ("a trailing blank", {"data/x.xml": "<a> \n"}, "data/x.xml:1: a blank"),
]
