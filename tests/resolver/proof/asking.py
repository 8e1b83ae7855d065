"""Questions without a pause, while something else happens."""

import json
import os
import shutil

from lab.wait import until


class Asking:
    """Use as a context manager; .told has the counts afterwards."""

    def __init__(self, bed):
        self.bed = bed
        self.folder = os.path.join(bed.directory, "asking")
        self.told = {}

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        shutil.copy(os.path.join(here, "asker"), self.folder)
        self._say("outside")
        self.process = self.bed.host.spawn(
            ["python3", os.path.join(self.folder, "asker"), self.folder], log="asker")
        self.wait_for("outside")
        return self

    def _say(self, mode):
        with open(os.path.join(self.folder, "mode.new"), "w") as file:
            file.write(mode)
        os.rename(os.path.join(self.folder, "mode.new"), os.path.join(self.folder, "mode"))

    def _state(self):
        try:
            with open(os.path.join(self.folder, "state")) as file:
                return json.load(file)
        except FileNotFoundError:
            return {"mode": "", "asked": 0}

    def wait_for(self, mode):
        until(f"asker: {mode}", lambda: self._state()["mode"] == mode, timeout=60)

    def more(self, count):
        """Returns when so many more have been asked."""
        wanted = self._state()["asked"] + count
        until(f"asker: {count} more", lambda: self._state()["asked"] >= wanted, timeout=60)

    def ask(self, mode):
        """From now on; returns when no question of before is open."""
        self._say(mode)
        self.wait_for(mode)

    def __exit__(self, *_):
        self._say("end")
        self.process.wait(timeout=60)
        with open(os.path.join(self.folder, "told")) as file:
            self.told = json.load(file)
