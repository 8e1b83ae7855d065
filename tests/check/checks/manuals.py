"""Every program that is installed has a manual page, and the page is not an empty promise."""

import re

from .sources import files, read

CLAIM = "every installed program has a manual page with the usual sections"

EXECUTABLE = re.compile(r"executable\(\s*'([\w-]+)'(.*?)\)\s*$", re.S | re.M)


def programs(root):
    for path in files(root, "src", "meson.build"):
        text = read(root, path)
        for call in re.split(r"(?=\bexecutable\()", text)[1:]:
            name = re.match(r"executable\(\s*'([\w-]+)'", call)
            body = call[:balanced(call)]
            if name and re.search(r"install\s*:\s*true", body):
                yield name.group(1)


def balanced(call):
    depth = 0
    for index, character in enumerate(call):
        depth += (character == "(") - (character == ")")
        if depth == 0 and index > len("executable"):
            return index
    return len(call)


def problems(root):
    pages = {}
    for path in files(root, "man"):
        match = re.fullmatch(r"([\w.-]+)\.([1-8])(?:\.in)?", path.split("/")[-1])
        if match:
            pages[match.group(1)] = path
    for name in programs(root):
        if name not in pages:
            yield f"man/{name}.N: missing"
    for name, path in pages.items():
        text = read(root, path)
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION"):
            if not re.search(rf"^\.S[Hh]\s+\"?{heading}\"?\s*$", text, re.M):
                yield f"{path}: no section {heading}"


PAGE = ".TH A 1\n.SH NAME\na \\- b\n.SH SYNOPSIS\na\n.SH DESCRIPTION\nIt does.\n"
PROGRAM = "executable('a', 'main.c', dependencies: [x(1), y],\n  install: true)\n"

EXAMPLES = [
    ("a program with its page", {"src/a/meson.build": PROGRAM, "man/a.1": PAGE}, None),
    ("a tool that is not installed", {"src/a/meson.build": "executable('b', 'main.c')\n",
                                      "man/a.1": PAGE}, None),
    ("a program without a page", {"src/a/meson.build": PROGRAM}, "man/a.N: missing"),
    ("a page without a synopsis", {"man/a.1": PAGE.replace("SYNOPSIS", "OTHER")},
     "no section SYNOPSIS"),
]
