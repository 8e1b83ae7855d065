"""C sources are as clang-format leaves them."""

import os
import shutil
import subprocess

from .sources import files

CLAIM = "clang-format would change nothing in src and tests"

STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../.clang-format")


def problems(root):
    tool = shutil.which("clang-format")
    if not tool:
        yield "clang-format is not installed"
        return
    version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
    if " 14." not in version:
        yield f"clang-format 14 is wanted, as Debian 12 has it; this is {version.strip()}"
        return
    paths = files(root, "src", ".c", ".h") + files(root, "tests", ".c", ".h")
    if not paths:
        yield "no C sources found"
        return
    result = subprocess.run([tool, f"--style=file:{os.path.abspath(STYLE)}", "--dry-run",
                             "-Werror", *paths], cwd=root, capture_output=True, text=True)
    places = {}
    for line in result.stderr.splitlines():
        if ": error:" in line:
            path, number = line.split(":")[:2]
            places.setdefault(path, []).append(number)
    for path, numbers in places.items():
        yield f"{path}:{numbers[0]}: clang-format would change {len(numbers)} places"
    if result.returncode != 0 and ": error:" not in result.stderr:
        yield result.stderr.strip()


EXAMPLES = [
    ("a formatted file", {"src/a/a.c": "int\nf(void)\n{\n    return 1;\n}\n"}, None),
    ("a badly indented file", {"src/a/a.c": "int f(void) {\n  return 1; }\n"}, "src/a/a.c:1"),
    ("a badly indented test", {"src/a/a.c": "int x;\n", "tests/unit/a.c": "int  x;\n"},
     "tests/unit/a.c:1"),
]
