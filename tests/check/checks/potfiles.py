"""Every source with a translated string is in po/POTFILES.in, and nothing else is."""

import re

from .sources import files, read, without_comments_and_strings

CLAIM = "po/POTFILES.in lists exactly the sources that have translated strings"

MARK = re.compile(r"(?<![\w])(?:_|N_|C_|NC_|ngettext|dngettext|dgettext|g_dgettext|g_dngettext)\(")
DEFINITION = re.compile(r"^[ \t]*#[ \t]*define.*$", re.M)


def translated(root):
    for path in files(root, "src", ".c", ".h"):
        text = DEFINITION.sub("", without_comments_and_strings(read(root, path)))
        if MARK.search(text):
            yield path


def problems(root):
    try:
        lines = read(root, "po/POTFILES.in").splitlines()
    except FileNotFoundError:
        yield "po/POTFILES.in: missing"
        return
    listed = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    wanted = set(translated(root))
    for path in sorted(wanted - listed):
        yield f"{path}: has translated strings and is not in po/POTFILES.in"
    for path in sorted(listed - wanted):
        if path.endswith((".c", ".h")):
            yield f"{path}: is in po/POTFILES.in and has no translated string"


EXAMPLES = [
    ("a list that is right", {"po/POTFILES.in": "src/a/a.c\n",
                              "src/a/a.c": 'const char *x = _("Hello");\n',
                              "src/a/b.c": '/* _("no") */ f_(1);\n'}, None),
    ("a source that is not listed", {"po/POTFILES.in": "", "src/a/a.c": 'x = _("Hello");\n'},
     "src/a/a.c: has translated"),
    ("a line too many", {"po/POTFILES.in": "src/a/a.c\n", "src/a/a.c": "int x;\n"},
     "has no translated"),
]
