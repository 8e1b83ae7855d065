"""systemd's and D-Bus's files are well-formed and say what the design says."""

import configparser
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from .sources import files, read

CLAIM = "unit files verify, the tunnel has no privileges, and the XML is well-formed"

KINDS = (".service", ".socket", ".target", ".timer")

# unit -> section -> key -> pattern that its value must match.
DEMANDS = {
    "ginneld.service": {"Service": {
        "User": r"ginnel", "AmbientCapabilities": r"CAP_NET_ADMIN",
        "CapabilityBoundingSet": r"CAP_NET_ADMIN", "NoNewPrivileges": r"yes|true|1",
        "Restart": r"always", "ExecStopPost": r".*--clean.*",
    }},
    "ginnel-tunnel@.service": {"Service": {
        "DynamicUser": r"yes|true|1", "PrivateNetwork": r"yes|true|1",
        "PrivateUsers": r"yes|true|1", "CapabilityBoundingSet": r"",
        "NoNewPrivileges": r"yes|true|1", "MemoryMax": r".+",
    }},
    "ginnel-tunnel.socket": {"Socket": {
        "Accept": r"yes|true|1", "SocketMode": r"0?600", "SocketUser": r"ginnel",
        "ListenSequentialPacket": r".+",
    }},
}


def name_of(path):
    name = os.path.basename(path)
    return name[:-3] if name.endswith(".in") else name


def text_of(root, path):
    """Templates are filled in as meson would, with where a package puts things."""
    text = read(root, path)
    for name, value in (("libexecdir", "/usr/libexec/ginnel"), ("bindir", "/usr/bin")):
        text = re.sub(f"@{name}@", value, text, flags=re.I)
    return text


def problems(root):
    units = {name_of(path): text_of(root, path) for path in files(root, "data")
             if name_of(path).endswith(KINDS) and "dbus" not in path.lower()
             and "[D-BUS Service]" not in read(root, path)}
    for name, sections in DEMANDS.items():
        if name not in units:
            yield f"data: {name} is missing"
            continue
        yield from demand_problems(name, units[name], sections)
    if shutil.which("systemd-analyze"):
        yield from verify_problems(units)
    else:
        yield "systemd-analyze is not installed"
    for path in files(root, "data", ".xml", ".conf", ".policy", ".policy.in"):
        text = read(root, path)
        if not text.lstrip().startswith("<"):
            continue
        try:
            ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            yield f"{path}: {error}"


def demand_problems(name, text, sections):
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    try:
        parser.read_string(text)
    except configparser.Error as error:
        yield f"{name}: {error}"
        return
    for section, keys in sections.items():
        for key, pattern in keys.items():
            value = parser.get(section, key, fallback=None)
            if value is None or not re.fullmatch(pattern, value.strip()):
                yield f"{name}: {key}={value if value is not None else '(unset)'}, not {pattern or 'empty'}"


def verify_problems(units):
    with tempfile.TemporaryDirectory(prefix="ginnel-units.") as directory:
        for name, text in units.items():
            # Programs are not installed where this runs: anything that exists will do.
            text = re.sub(r"^(Exec\w+=[-+!@:]*)\S+", r"\1/bin/true", text, flags=re.M)
            text = re.sub(r"^Documentation=.*\n", "", text, flags=re.M)
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        for name in units:
            instance = name.replace("@.", "@1.")
            result = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                 os.path.join(directory, instance)], capture_output=True, text=True,
                env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_LOG_COLOR": "0"})
            for line in result.stderr.splitlines():
                if directory in line or instance in line:
                    yield f"{name}: {line.replace(directory + '/', '')}"


GINNELD = """[Unit]
Description=x
[Service]
Type=simple
ExecStart=/usr/libexec/ginnel/ginneld
ExecStopPost=/usr/libexec/ginnel/ginneld --clean
User=ginnel
AmbientCapabilities=CAP_NET_ADMIN
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
Restart=always
"""
TUNNEL = """[Unit]
Description=x
CollectMode=inactive-or-failed
[Service]
ExecStart=/usr/libexec/ginnel/ginnel-tunnel
DynamicUser=yes
PrivateNetwork=yes
PrivateUsers=yes
CapabilityBoundingSet=
NoNewPrivileges=yes
MemoryMax=64M
"""
SOCKET = """[Unit]
Description=x
[Socket]
ListenSequentialPacket=/run/ginnel/tunnel
Accept=yes
SocketMode=0600
SocketUser=ginnel
"""
GOOD = {"data/ginneld.service": GINNELD, "data/ginnel-tunnel@.service.in": TUNNEL,
        "data/ginnel-tunnel.socket": SOCKET, "data/a.conf": "<busconfig/>"}

EXAMPLES = [
    ("units as the design has them", GOOD, None),
    ("a tunnel with a network", {**GOOD, "data/ginnel-tunnel@.service.in":
                                 TUNNEL.replace("PrivateNetwork=yes\n", "")}, "PrivateNetwork="),
    ("a daemon with more capabilities", {**GOOD, "data/ginneld.service": GINNELD.replace(
        "AmbientCapabilities=CAP_NET_ADMIN", "AmbientCapabilities=CAP_NET_ADMIN CAP_SYS_ADMIN")},
     "AmbientCapabilities="),
    ("a misspelt key", {**GOOD, "data/ginneld.service": GINNELD + "Restrat=always\n"}, "Restrat"),
    ("XML that is not", {**GOOD, "data/a.conf": "<busconfig>"}, "data/a.conf"),
]
