"""Rows, cells, and how they are told: TAP while they are played, the table at the end."""

import sys
import time
import traceback

from lab.story import Failure

from .peer import CannotDo

ROWS = []


class Row:
    def __init__(self, group, name, play):
        self.group, self.name, self.play = group, name, play


def row(group, name):
    def register(function):
        ROWS.append(Row(group, name, function))
        return function
    return register


class Cell:
    # AGREED: all but packets, which the gateway cannot carry here.
    OK, AGREED, CANNOT, FAILED = "ok", "agreed", "cannot", "FAILED"

    def __init__(self, outcome, words="", seconds=0.0):
        self.outcome, self.words, self.seconds = outcome, words, seconds


def fill(row, client, peer):
    """Plays one cell, whatever comes of it."""
    began = time.monotonic()
    try:
        row.play(client, peer)
        cell = Cell(Cell.OK) if peer.packets else Cell(Cell.AGREED, peer.why_no_packets)
    except CannotDo as reason:
        cell = Cell(Cell.CANNOT, str(reason))
    except Failure as failure:
        cell = Cell(Cell.FAILED, str(failure))
    except Exception as error:      # a cell that broke is a cell that failed, and the next one begins
        where = traceback.extract_tb(error.__traceback__)[-1]
        cell = Cell(Cell.FAILED, f"{type(error).__name__}: {error} ({where.name}, {where.lineno})")
    cell.seconds = time.monotonic() - began
    return cell


class Table:
    def __init__(self, columns):
        self.columns = columns          # their titles
        self.cells = {}                 # (row name, title) -> Cell
        self.rows = []

    def add(self, row, title, cell):
        if row not in self.rows:
            self.rows.append(row)
        self.cells[row.name, title] = cell
        good = "not ok" if cell.outcome == Cell.FAILED else "ok"
        words = f": {first_line(cell.words)}" if cell.words else ""
        # A "#" would begin a directive.
        print(f"{good} {len(self.cells)} - {title}: {row.group}: {row.name}"
              f"{words.replace('#', 'no. ')} ({cell.seconds:.1f} s)")
        if cell.outcome == Cell.FAILED:
            for line in cell.words.splitlines():
                print(f"#   {line}")
        sys.stdout.flush()

    @property
    def failed(self):
        return [cell for cell in self.cells.values() if cell.outcome == Cell.FAILED]

    def print(self):
        """Every cell is ok, FAILED, or agreed or nothing with the number of the reason below."""
        reasons = {}
        lines, group = [], None
        first = max(len(row.name) for row in self.rows) + 4
        width = max(12, max(map(len, self.columns)) + 2)
        lines.append(" " * first + "".join(f"{title:<{width}}" for title in self.columns))
        for row in self.rows:
            if row.group != group:
                group = row.group
                lines.append(group)
            line = f"  {row.name:<{first - 2}}"
            for title in self.columns:
                cell = self.cells.get((row.name, title))
                word = "" if cell is None else cell.outcome
                if cell is not None and cell.outcome in (Cell.AGREED, Cell.CANNOT):
                    word = "agreed " if cell.outcome == Cell.AGREED else ""
                    word += f"[{reasons.setdefault(cell.words, len(reasons) + 1)}]"
                line += f"{word:<{width}}"
            lines.append(line.rstrip())
        lines += [f"[{number}] {words}" for words, number in reasons.items()]
        print("\n" + "\n".join(lines) + "\n", flush=True)


def first_line(text):
    return text.splitlines()[0] if text else ""
