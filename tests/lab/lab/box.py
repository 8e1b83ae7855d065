"""A box: network, mount and PID namespaces that live as long as their PID 1.

Killing PID 1 takes everything in the box with it, so nothing has to be found and ended by name.
A box is found again from its directory by another process: NAME.pid holds the PID and its start
time, so that a PID used again by something else is not mistaken for it.
"""

import os
import signal
import subprocess

from .wait import LabError, until

CLEAN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start_time(pid):
    """The kernel's start time of a process, or None when it is gone or only a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def child_in_new_namespace(pid):
    """The child of `pid` that has a PID namespace of its own, or None as yet."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            for child in map(int, children.read().split()):
                if os.readlink(f"/proc/{child}/ns/pid") != os.readlink("/proc/self/ns/pid"):
                    return child
    except FileNotFoundError:
        pass
    return None


class Box:
    ENTER = ["-n", "-m", "-p"]

    def __init__(self, directory, name):
        self.directory = directory
        self.name = name
        self.log = os.path.join(directory, "log")
        self._pid_file = os.path.join(directory, name + ".pid")

    # -- life -------------------------------------------------------------------------------

    def start(self):
        self._launch(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                      "--mount-proc", "--propagation", "private",
                      "sh", "-c", "mount -t tmpfs run /run && exec sleep infinity"])
        until(f"{self.name}: its own /run",
              lambda: self.run(["mountpoint", "-q", "/run"], check=False).returncode == 0)
        self.run(["ip", "link", "set", "lo", "up"])

    def _launch(self, command):
        os.makedirs(self.log, exist_ok=True)
        with open(os.path.join(self.log, self.name + ".init"), "w") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        pid = until(f"{self.name}: PID 1",
                    lambda: child_in_new_namespace(process.pid) or process.poll() is not None)
        if pid is True:
            raise LabError(f"{self.name} did not start: see {log.name}")
        with open(self._pid_file, "w") as file:
            file.write(f"{pid} {start_time(pid)} {process.pid}\n")

    @property
    def pid(self):
        """PID of the box's PID 1 as this machine sees it, or None when it does not run."""
        try:
            with open(self._pid_file) as file:
                pid, started, _ = file.read().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def stop(self):
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            until(f"{self.name}: end", lambda: start_time(pid) is None)
        if os.path.exists(self._pid_file):
            os.unlink(self._pid_file)

    # -- commands ---------------------------------------------------------------------------

    def command(self, args, env=None, user=None):
        """The command line that runs `args` in the box."""
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.name} does not run")
        variables = {"PATH": CLEAN_PATH, "LANG": "C.UTF-8", "HOME": "/root",
                     "TERM": os.environ.get("TERM", "dumb"), **(env or {})}
        line = ["nsenter", "-t", str(pid), *self.ENTER, "--",
                "env", "-i", *(f"{key}={value}" for key, value in variables.items())]
        if user:
            line += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return line + [str(arg) for arg in args]

    def run(self, args, check=True, timeout=60, env=None, user=None, stdin=None):
        """Runs to the end; the result has .stdout and .stderr as text."""
        result = subprocess.run(self.command(args, env, user), input=stdin, text=True,
                                stdin=subprocess.DEVNULL if stdin is None else None,
                                capture_output=True, timeout=timeout)
        if check and result.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(map(str, args))}: status {result.returncode}\n"
                           f"{result.stdout}{result.stderr}".rstrip())
        return result

    def read(self, args, **options):
        return self.run(args, **options).stdout

    def spawn(self, args, log=None, env=None, user=None, stdout=None):
        """Starts and does not wait. Ends with the box, or by ending the returned process."""
        os.makedirs(self.log, exist_ok=True)
        with open(os.path.join(self.log, log or os.path.basename(str(args[0]))), "ab") as file:
            return subprocess.Popen(self.command(args, env, user), stdin=subprocess.DEVNULL,
                                    stdout=stdout or file, stderr=file, start_new_session=True)

    def ip(self, *args):
        return self.run(["ip", *args])

    def sysctl(self, **settings):
        """Dots are written as two underscores, as a Python name cannot hold them."""
        self.run(["sysctl", "-qw", *(f"{key.replace('__', '.')}={value}"
                                     for key, value in settings.items())])


def connect(box_a, name_a, box_b, name_b):
    """A cable between two boxes, up on both ends."""
    subprocess.run(["ip", "link", "add", name_a, "netns", str(box_a.pid), "type", "veth",
                    "peer", "name", name_b, "netns", str(box_b.pid)], check=True)
    for box, name in ((box_a, name_a), (box_b, name_b)):
        box.ip("link", "set", name, "up")


def settled(box, name):
    """The operational state of a new veth lags by up to a second, and resolved believes it."""
    state = f"/sys/class/net/{name}/operstate"
    until(f"{box.name}: {name} up",
          lambda: box.run(["grep", "-qx", "up", state], check=False).returncode == 0, timeout=5)
