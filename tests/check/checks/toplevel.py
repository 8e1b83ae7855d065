"""The top level of the repository holds what it holds and nothing else."""

import os
import subprocess

CLAIM = "nothing unexpected lies in the top level"

EXPECTED = {
    ".ci", ".clang-format", ".editorconfig", ".git", ".gitignore", "COPYING", "README.md", "data", "man",
    "meson.build", "po", "src", "tests",
}
NEEDED = {".ci", ".clang-format", ".gitignore", "COPYING", "README.md", "data", "man", "meson.build",
          "po", "src", "tests"}


def tracked(root):
    """What git knows, where the tree is a clone; else what lies there."""
    if os.path.exists(os.path.join(root, ".git")):
        result = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", root, "ls-files", "-z"],
                                capture_output=True, text=True)
        if result.returncode == 0:
            return {path.split("/")[0] for path in result.stdout.split("\0") if path}
    return set(os.listdir(root))


def problems(root):
    names = tracked(root)
    for name in sorted(names - EXPECTED):
        yield f"{name}: does not belong in the top level"
    for name in sorted(NEEDED - names):
        yield f"{name}: missing"


GOOD = {f"{name}/x" if "." not in name.lstrip(".") and name not in ("COPYING", ".clang-format",
                                                                     ".gitignore")
        else name: "" for name in NEEDED}

EXAMPLES = [
    ("the usual top level", GOOD, None),
    ("a stray file", {**GOOD, "notes.txt": ""}, "notes.txt: does not belong"),
    ("a missing README", {path: text for path, text in GOOD.items() if path != "README.md"},
     "README.md: missing"),
]
