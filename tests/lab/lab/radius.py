"""FreeRADIUS in the gateway's box: the EAP server behind the gateway.

Its configuration is all here; nothing of what the package brings is used. Which method it begins
with does not matter: a client that wants another says so (RFC 3748, section 5.3.1).
"""

import os

from .wait import until

SECRET = "a secret between gateway and server"
SERVER_NAME = "radius.example"
USERS = {"tess": "Ar3etTnp", "karl": "0n3-t1me"}

CONFIGURATION = """
prefix = /usr
libdir = /usr/lib/freeradius
name = radiusd
logdir = {directory}
run_dir = {directory}
pidfile = {directory}/radiusd.pid
max_requests = 1024
log {{
    destination = stdout
    auth = yes
}}
security {{
    allow_vulnerable_openssl = yes
}}
thread pool {{
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
    max_requests_per_server = 0
}}
client gateway {{
    ipaddr = 127.0.0.1
    secret = "{secret}"
}}
modules {{
    pap {{ }}
    mschap {{ }}
    files {{
        usersfile = {directory}/users
    }}
    eap {{
        default_eap_type = {first}
        timer_expire = 60
        max_sessions = 256
        tls-config common {{
            private_key_file = {certificate}.key
            certificate_file = {certificate}.crt
            ca_file = {ca}
            cipher_list = "DEFAULT"
            tls_min_version = "1.2"
            tls_max_version = "{tls}"
            fragment_size = 512
        }}
{methods}    }}
}}
server outer {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = 1812
    }}
    authorize {{
        eap {{
            ok = return
        }}
        files
        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type MS-CHAP {{
            mschap
        }}
        eap
    }}
}}
server inner {{
    authorize {{
        mschap
        eap {{
            ok = return
        }}
        files
        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type MS-CHAP {{
            mschap
        }}
        eap
    }}
}}
"""

METHODS = {
    "md5": "",
    "mschapv2": "",
    "gtc": """
            challenge = "Today's code: "
            auth_type = PAP""",
    "tls": """
            tls = common""",
    "ttls": """
            tls = common
            default_eap_type = md5
            virtual_server = inner
            use_tunneled_reply = yes""",
    "peap": """
            tls = common
            default_eap_type = mschapv2
            virtual_server = inner
            use_tunneled_reply = yes""",
}


# The other server: it binds what runs inside PEAP to the TLS around it, as Windows servers do.
HOSTAPD = """driver=none
interface=lo
eap_server=1
eap_user_file={directory}/hostapd.users
ca_cert={ca}
server_cert={certificate}.crt
private_key={certificate}.key
radius_server_clients={directory}/hostapd.clients
radius_server_auth_port=1812
logger_stdout=-1
logger_stdout_level=0
"""


def _methods(only):
    return "\n".join(f"        {name} {{{settings}\n        }}"
                     for name, settings in METHODS.items()
                     if only is None or name in (only, "mschapv2"))


class Radius:
    """Runs in the gateway's network and shares its processes."""

    def __init__(self, box, directory, pki):
        self.box = box
        self.directory = os.path.join(directory, "radius")
        self.pki = pki
        self.process = None

    def start(self, certificate="radius", tls="1.3", only=None):
        """only: the one method that it knows; default: every one, md5 first."""
        os.makedirs(self.directory, exist_ok=True)
        with open(os.path.join(self.directory, "radiusd.conf"), "w") as file:
            file.write(CONFIGURATION.format(
                directory=self.directory, secret=SECRET, tls=tls, ca=self.pki.path("ca.crt"),
                certificate=self.pki.path(certificate), methods=_methods(only),
                first=only or "md5"))
        with open(os.path.join(self.directory, "users"), "w") as file:
            file.write("".join(f'{name} Cleartext-Password := "{password}"\n'
                               for name, password in USERS.items()))
        log = os.path.join(self.directory, "log")
        open(log, "w").close()
        self.process = self.box.spawn(["freeradius", "-f", "-P", "-l", "stdout", "-d", self.directory],
                                      log=log)
        until("gateway: RADIUS", lambda: "Ready to process requests" in open(log).read(),
              timeout=20)

    def start_hostapd(self, inner, certificate="radius"):
        """PEAP, version 0, with crypto-binding; inner: MSCHAPV2 or GTC."""
        os.makedirs(self.directory, exist_ok=True)
        settings = {"directory": self.directory, "ca": self.pki.path("ca.crt"),
                    "certificate": self.pki.path(certificate)}
        users = "".join(f'"{name}" PEAP [ver=0]\n"{name}" {inner} "{password}" [2]\n'
                        for name, password in USERS.items())
        for name, text in (("hostapd.conf", HOSTAPD.format(**settings)), ("hostapd.users", users),
                           ("hostapd.clients", f"127.0.0.1/32 {SECRET}\n")):
            with open(os.path.join(self.directory, name), "w") as file:
                file.write(text)
        log = os.path.join(self.directory, "log")
        open(log, "w").close()
        self.process = self.box.spawn(
            ["sh", "-c", f"echo $$ >{self.directory}/radiusd.pid; "
             f"exec hostapd -d {self.directory}/hostapd.conf"], log=log)
        until("gateway: RADIUS of hostapd", lambda: "AP-ENABLED" in open(log).read(), timeout=20)

    def stop(self):
        """The PID in the file is the one inside the box."""
        if self.process is None:
            return
        self.box.run(["sh", "-c", f"kill $(cat {self.directory}/radiusd.pid)"])
        self.process.wait(timeout=20)
        self.process = None

    def log(self):
        with open(os.path.join(self.directory, "log"), errors="replace") as file:
            return file.read()
