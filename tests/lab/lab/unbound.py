"""unbound in a box: DNS over TLS, and recursion, in front of the knotd that has the zones."""

import os

from . import addresses as a
from .wait import until

HEAD = """
server:
    directory: "{directory}"
    pidfile: "{pid_file}"
    username: ""
    chroot: ""
    use-syslog: no
    logfile: "{log}"
    verbosity: 1
    log-queries: yes
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    do-not-query-localhost: no
    module-config: "iterator"
    num-threads: 1
    prefetch: no
    minimal-responses: no
    msg-cache-size: 0
    rrset-cache-size: 0
remote-control:
    control-enable: no
"""


class Unbound:
    def __init__(self, box, directory):
        self.box = box
        self.directory = directory
        self.pid_file = os.path.join(directory, "unbound.pid")
        self.log = os.path.join(directory, "unbound.log")

    def serve(self, server, zones):
        """server: lines of its server clause; zones: apex -> address@port that has it."""
        self.stop()
        os.makedirs(self.directory, exist_ok=True)
        configuration = os.path.join(self.directory, "unbound.conf")
        head = HEAD.format(directory=self.directory, pid_file=self.pid_file, log=self.log)
        head = head.replace("remote-control:", "".join(f"    {line}\n" for line in server) +
                            "remote-control:")
        with open(configuration, "w") as file:
            file.write(head + "".join(
                f'stub-zone:\n    name: "{apex}"\n    stub-addr: {where}\n    stub-prime: no\n'
                f"    stub-no-cache: yes\n" for apex, where in zones.items()))
        open(self.log, "w").close()
        self.box.spawn(["unbound", "-d", "-c", configuration], log="unbound")
        until(f"{self.box.name}: unbound", lambda: "start of service" in open(self.log).read())

    def serve_tls(self, pki, certificate, zones):
        """DNS over TLS on 853 and 8853, with what knotd has at the inside address."""
        self.serve([f"interface: {a.INSIDE4}@853", f"interface: {a.INSIDE4}@8853",
                    "tls-port: 853", "additional-tls-port: 8853",
                    f'tls-service-key: "{pki.path(certificate + ".key")}"',
                    f'tls-service-pem: "{pki.path(certificate + ".crt")}"'],
                   {zone: f"{a.INSIDE4}@53" for zone in zones})

    def queries(self):
        """(name, type) of each question it was asked."""
        found = []
        with open(self.log) as file:
            for line in file:
                fields = line.split()
                if "info:" in fields and fields[-1] == "IN":
                    found.append((fields[-3].rstrip("."), fields[-2]))
        return found

    def stop(self):
        if not os.path.exists(self.pid_file):
            return
        with open(self.pid_file) as file:
            pid = file.read().strip()
        self.box.run(["kill", pid], check=False)
        until("unbound: end",
              lambda: self.box.run(["kill", "-0", pid], check=False).returncode != 0)
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)
