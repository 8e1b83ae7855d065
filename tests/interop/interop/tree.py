"""The Debian 13 tree (made by tests/lib/debian13-tree) inside a box, without a change to the tree."""

import os
import shutil
import subprocess

from lab.wait import LabError

MAKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib/debian13-tree")


class Tree:
    def __init__(self, directory):
        self.directory = directory

    @staticmethod
    def make():
        """Makes it, or finds the one that was made before."""
        result = subprocess.run([MAKER], stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise LabError("the Debian 13 tree could not be made")
        return Tree(result.stdout.strip().splitlines()[-1])

    def copy(self, path, target):
        if not os.path.exists(target):
            shutil.copy(os.path.join(self.directory, path), target)

    def enter(self, box, root, layer=None):
        """Mounts it at `root` in the box: the bed's directory and the box's devices are there, too.

        layer: what is installed over it (see debian13-tree). False: it was there already.
        """
        bed = box.directory
        lower = self.directory if layer is None else f"{self.directory}-{layer}:{self.directory}"
        return box.read(["sh", "-c", """
            mountpoint -q "$2/run" && exit 0
            set -e
            echo new
            mkdir -p "$2"
            mount -t tmpfs overlay "$2"
            mkdir "$2/upper" "$2/work" "$2/root"
            mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
            mount --move "$2/root" "$2"
            mount -t proc proc "$2/proc"
            mount --rbind /dev "$2/dev"
            mount -t tmpfs run "$2/run"
            mount -t tmpfs tmp "$2/tmp"
            mkdir -p "$2$3"
            mount --bind "$3" "$2$3"
        """, "sh", lower, root, bed]).strip() == "new"
