"""Citations have one form, `RFC 7296, section 2.8.1`, so that they can be collected."""

import bisect
import re

from .sources import files, read

CLAIM = "every citation of an RFC's section has the one form"

CITATION = re.compile(
    r"RFC (\d+),(?: erratum \d+,)? (?:sections?|appendix|appendices) "
    r"((?:[0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)*)\b"
    r"(?:(?:,| and|, and| to) (?:[0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)*)\b(?! octets))*)")
SECTION = re.compile(r"\b([0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)*)\b")
ODD = re.compile(r"RFC ?\d+,? ?(?:§|Sections?\b|sec\.|Section\b)|RFC ?\d+ sections?\b")
FUNCTION = re.compile(r"^([A-Za-z_]\w*)\(", re.M)


def flowing(text):
    """The text with each comment in one line; (text, offsets of the original for each octet)."""
    pieces, offsets, end = [], [], 0
    for match in re.finditer(r"\s*\n[ \t]*\*?[ \t]*", text):
        pieces += [text[end:match.start()], " "]
        offsets += [*range(end, match.start()), match.start()]
        end = match.end()
    pieces.append(text[end:])
    offsets += range(end, len(text))
    return "".join(pieces), offsets


def functions(text):
    """(name, first line, last line) of each function of a C source."""
    lines = text.splitlines()
    found, begin = [], None
    for number, line in enumerate(lines, 1):
        match = FUNCTION.match(line)
        if match and not line.rstrip().endswith(";"):
            begin = (match.group(1), number)
        elif line.startswith("}") and begin:
            found.append((begin[0], begin[1], number))
            begin = None
    return found


def owner(found, number):
    """Whose line it is: the function around it, or the one that it stands above."""
    position = bisect.bisect_left([last for _, _, last in found], number)
    return found[position][0] if position < len(found) else ""


def citations(root):
    """(RFC, section, path, line, function) of sources and tests."""
    for folder in ("src", "tests"):
        for path in files(root, folder, ".c", ".h", ".py"):
            if path.startswith("tests/check/"):
                continue
            text = read(root, path)
            joined, offsets = flowing(text)
            found = functions(text) if path.endswith(".c") else []
            for match in CITATION.finditer(joined):
                line = text.count("\n", 0, offsets[match.start()]) + 1
                for section in SECTION.findall(match.group(2)):
                    yield match.group(1), section, path, line, owner(found, line)


def problems(root):
    for folder in ("src", "tests", "man", "data"):
        for path in files(root, folder):
            if path.startswith(("tests/check/", "tests/fuzz/corpus/")):
                continue
            text = read(root, path)
            for match in ODD.finditer(text):
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: '{match.group()}'"


EXAMPLES = [
    ("the one form", {"src/a.c": "/* RFC 7296, section 2.8.1 */\n"}, None),
    ("a section without comma", {"src/a.c": "/* RFC 7296 section 2.8 */\n"}, "src/a.c:1"),
    ("a section sign", {"tests/a.c": "\n/* RFC 7296, §2.8 */\n"}, "tests/a.c:2"),
]
