"""On the editor's page each letter that is pressed with Alt leads to one place, in every language."""

import re

from .sources import files, read

CLAIM = "on the editor's page no two labels have the same mnemonic, in any language"

PAGE = re.compile(r"^#: .*src/nm/editor", re.M)
TEXT = {"msgid": re.compile(r'^msgid ((?:".*"\n?)+)', re.M),
        "msgstr": re.compile(r'^msgstr ((?:".*"\n?)+)', re.M)}


def mnemonics(text, which):
    """(letter, label) of each entry of a .po file that stands on the page."""
    for entry in text.split("\n\n"):
        match = TEXT[which].search(entry)
        if not PAGE.search(entry) or match is None:
            continue
        label = "".join(re.findall(r'"(.*)"', match.group(1)))
        mark = re.search(r"_(\w)", label)
        if mark:
            yield mark.group(1).lower(), label


def problems(root):
    for path in files(root, "po", ".po"):
        for which in TEXT:
            seen = {}
            for letter, label in mnemonics(read(root, path), which):
                if seen.setdefault(letter, label) != label:
                    yield f"{path}: \"{label}\" and \"{seen[letter]}\" have the same mnemonic"


def po(first, second):
    return {"po/xx.po": f'#: src/nm/editor.c:1\nmsgid "_One"\nmsgstr "{first}"\n\n'
                        f'#: src/nm/editor.c:2\nmsgid "_Two"\nmsgstr "{second}"\n\n'
                        '#: src/cli/cli.c:2\nmsgid "_Three"\nmsgstr "_Eins"\n'}


EXAMPLES = [
    ("letters of their own", po("_Eins", "_Zwei"), None),
    ("the same letter twice", po("Ei_ns", "Zwei _nur"), "have the same mnemonic"),
]
