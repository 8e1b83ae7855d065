"""What the RFCs demand of us, each with the code that does it and the test that shows it.

requirements/rfcN.txt, for each RFC: a line `sections A=N ...` says how often the text of a section
has one of the words MUST, MUST NOT, SHALL, SHALL NOT, REQUIRED; the lines below account for every
one of them:

    section [xN] | what is demanded | code | test
    section [xN] | what is demanded | code | deviation: why
    section [xN] | what is demanded | not ours: why
    section [xN] | what is demanded | missing: what

x0 is a part of the demand in the line above, told by itself.

code is PATH:FUNCTION below src; test is PROGRAM:/path (sim/up:/sim/up/liveness is in
tests/sim/test-up.c) or lab/SCENES:claim. Several are separated by blanks (claims by ` ; `).
"""

import os
import re

from . import citations
from .sources import files, read

CLAIM = "every MUST of the listed RFCs has code and test, or a marked deviation, or is not ours"

FOLDER = "tests/check/requirements"
LINE = re.compile(r"(\d+(?:\.\d+)*|[A-Z](?:\.\d+)*)(?: x(\d+))?")
# The folders of tests whose programs are named after another.
UNIT = "tests/unit/{0}/test-{1}.c"
OTHER = "tests/{0}/test-{1}.c"


class Requirement:
    def __init__(self, where, rfc, section, weight, what, fields):
        self.where, self.rfc, self.section, self.weight = where, rfc, section, weight
        self.what, self.fields = what, fields

    @property
    def state(self):
        word = self.fields[-1].split(":")[0]
        return word if word in ("deviation", "not ours", "missing") else "done"

    @property
    def code(self):
        return self.fields[0].split() if self.state in ("done", "deviation") else []

    @property
    def tests(self):
        if self.state != "done":
            return []
        return [test for part in self.fields[1].split(" ; ")
                for test in ([part] if part.startswith("lab/") else part.split())]


def parse(root, path):
    """(requirements, {section: count}, problems)"""
    rfc = re.search(r"rfc(\d+)\.txt", path).group(1)
    found, counts, bad = [], {}, []
    for number, line in enumerate(read(root, path).splitlines(), 1):
        where = f"{path}:{number}"
        if line.startswith("sections "):
            for word in line.split()[1:]:
                section, count = word.split("=")
                counts[section] = counts.get(section, 0) + int(count)
            continue
        if not line or line.startswith("#"):
            continue
        head, *fields = [field.strip() for field in line.split(" | ")]
        match = LINE.fullmatch(head)
        if not match or len(fields) not in (2, 3):
            bad.append(f"{where}: not a line of this list")
            continue
        found.append(Requirement(where, rfc, match.group(1), int(match.group(2) or 1), fields[0],
                                 fields[1:]))
        if len(fields) == 2 and found[-1].state not in ("not ours", "missing"):
            bad.append(f"{where}: neither test nor deviation")
            found.pop()
    return found, counts, bad


def everything(root):
    for path in files(root, FOLDER, ".txt"):
        yield (path, *parse(root, path))


def count_problems(path, found, counts):
    accounted = {}
    for requirement in found:
        accounted[requirement.section] = accounted.get(requirement.section, 0) + requirement.weight
    for section in sorted(set(counts) | set(accounted)):
        stated, lines = counts.get(section, 0), accounted.get(section, 0)
        if stated != lines:
            yield f"{path}: section {section} demands {stated} things, the lines have {lines}"


def function_problem(root, where, location):
    path, _, name = location.partition(":")
    path = "src/" + path
    if not os.path.exists(os.path.join(root, path)):
        return f"{where}: no {path}"
    text = read(root, path)
    if path.endswith(".c") and name not in [row[0] for row in citations.functions(text)]:
        return f"{where}: no function {name} in {path}"
    if not re.search(rf"\b{re.escape(name)}\b", text):
        return f"{where}: no {name} in {path}"
    return None


def literals(text):
    return re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)


def has_path(text, path):
    """The whole path as a literal, or put together of a beginning and the rest."""
    known = literals(text)
    if path in known:
        return True
    beginnings = [word.split("%")[0] for word in known if word.startswith("/")]
    rests = {word.strip("/") for word in known}
    return any(path.startswith(word) and path[len(word):].strip("/") in rests
               for word in beginnings)


def test_problem(root, where, test):
    if test.startswith("lab/"):
        scenes, _, claim = test.partition(":")
        path = f"tests/lab/scenes/{scenes[4:]}.py"
        known = os.path.exists(os.path.join(root, path))
        return None if known and claim in read(root, path) else f"{where}: no claim '{claim}'"
    program, _, name = test.partition(":")
    folder, _, rest = program.partition("/")
    for pattern in (UNIT, OTHER):
        path = pattern.format(folder, rest)
        if os.path.exists(os.path.join(root, path)):
            generated = folder == "sim" and rest.startswith(("exchanges", "form"))
            text = read(root, path) + (read(root, "tests/sim/exchanges.c") if generated else "")
            known = has_path(text, name) or generated and generated_path(text, name)
            return None if known else f"{where}: no test {name} in {path}"
    return f"{where}: no program {program}"


def generated_path(text, path):
    """/sim/exchanges/EXCHANGE/to-gateway-N/FAULT, where each name is in a table."""
    parts = path.split("/")[3:]
    known = set(literals(text))
    return bool(parts) and all(part in known or re.fullmatch(r"(to|from)-gateway-\d+", part)
                               for part in parts)


def deviations(root):
    """(path, function, [(rfc, section)]) of each comment that marks one."""
    for path in files(root, "src", ".c", ".h"):
        text = read(root, path)
        found = citations.functions(text)
        for comment in re.finditer(r"/\*.*?\*/", text, re.S):
            if "Deviation:" in comment.group():
                line = text.count("\n", 0, comment.start()) + 1
                joined, _ = citations.flowing(comment.group())
                cited = [(match.group(1), section)
                         for match in citations.CITATION.finditer(joined)
                         for section in citations.SECTION.findall(match.group(2))]
                yield path, citations.owner(found, line), cited


def deviation_problems(root, listed, requirements):
    marked = list(deviations(root))
    for requirement in requirements:
        if requirement.state != "deviation":
            continue
        for location in requirement.code:
            path, _, name = location.partition(":")
            if not any(place == "src/" + path and function == name
                       for place, function, _ in marked):
                yield f"{requirement.where}: no comment in src/{location} says Deviation:"
    stated = {(location, requirement.rfc, requirement.section) for requirement in requirements
              if requirement.state == "deviation" for location in requirement.code}
    for path, function, cited in marked:
        location = f"{path[4:]}:{function}"
        ours = [(rfc, section) for rfc, section in cited if rfc in listed]
        if ours and not any((location, *one) in stated for one in ours):
            yield f"{path}: {function} deviates from RFC {ours[0][0]}, section {ours[0][1]}: no line"


def problems(root):
    requirements, listed = [], set()
    for path, found, counts, bad in everything(root):
        yield from bad
        yield from count_problems(path, found, counts)
        requirements += found
        listed.add(re.search(r"\d+", os.path.basename(path)).group())
    for requirement in requirements:
        if requirement.state == "missing":
            yield f"{requirement.where}: {requirement.what}: {requirement.fields[-1]}"
        for location in requirement.code:
            problem = function_problem(root, requirement.where, location)
            if problem:
                yield problem
        for test in requirement.tests:
            problem = test_problem(root, requirement.where, test)
            if problem:
                yield problem
    yield from deviation_problems(root, listed, requirements)


LIST = FOLDER + "/rfc1.txt"
GOOD = {
    LIST: "# A list.\nsections 1=2 2.1=3 3=1\n1 x2 | words | not ours: key words\n"
          "2.1 x2 | it answers | ike/a.c:answer | ike/a:/ike/a/answers lab-less/b:/b/c\n"
          "2.1 | it asks | ike/a.c:ask | deviation: it does not\n"
          "3 | it shows | ike/a.c:ask | lab/up:It is up\n".replace(" lab-less/b:/b/c", ""),
    "src/ike/a.c": "void\nanswer(void)\n{\n}\n\n/* Deviation: RFC 1, section 2.1, asks. */\n"
                   "static void\nask(int a,\n    int b)\n{\n}\n",
    "tests/unit/ike/test-a.c": 'ADD("/ike/a/", "answers");\n',
    "tests/lab/scenes/up.py": 'with story.claim("It is up"):\n',
}


def changed(path, old, new):
    return {**GOOD, path: GOOD[path].replace(old, new)}


EXAMPLES = [
    ("a list that is whole", GOOD, None),
    ("a MUST without a line", changed(LIST, "2.1=3", "2.1=4"), "section 2.1 demands 4 things"),
    ("a line too many", changed(LIST, "2.1 x2", "2.1 x3"), "the lines have 4"),
    ("a function that is not there", changed(LIST, "a.c:answer", "a.c:reply"), "no function reply"),
    ("a file that is not there", changed(LIST, "a.c:answer", "b.c:answer"), "no src/ike/b.c"),
    ("a test that is not there", changed(LIST, "/ike/a/answers", "/ike/a/asks"), "no test"),
    ("a program that is not there", changed(LIST, "ike/a:/", "ike/z:/"), "no program ike/z"),
    ("a claim that is not there", changed(LIST, "It is up", "It is down"), "no claim"),
    ("a line with neither", changed(LIST, " | lab/up:It is up", ""), "neither test nor deviation"),
    ("something missing", changed(LIST, "lab/up:It is up", "missing: all of it"), "all of it"),
    ("a deviation that the code does not mark", changed("src/ike/a.c", "Deviation:", "Well:"),
     "says Deviation:"),
    ("a deviation without a line", changed(
        LIST, "ike/a.c:ask | deviation: it does not", "ike/a.c:ask | ike/a:/ike/a/answers"),
     "deviates from RFC 1"),
]
