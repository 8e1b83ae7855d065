"""What several checks need to know about the tree."""

import os
import re


def files(root, folder, *endings):
    """Paths below root/folder, relative to root, sorted."""
    found = []
    for directory, subdirectories, names in os.walk(os.path.join(root, folder)):
        subdirectories[:] = [name for name in subdirectories
                             if not name.startswith((".", "build")) and name != "__pycache__"]
        found += [os.path.relpath(os.path.join(directory, name), root)
                  for name in names if not endings or name.endswith(endings)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments_and_strings(text):
    """C text with comments blank and string contents gone; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + token[-1]

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)
