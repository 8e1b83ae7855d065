#!/usr/bin/python3
"""follow.py [PROFILE] - prints every change of every tunnel; with PROFILE, connects it, and ends when it
is connected or has failed. Nothing is asked twice: the bus tells."""

import sys

from gi.repository import Gio, GLib

NAME, PATH = "org.ginnel.Ginnel1", "/org/ginnel/Ginnel1"
TUNNEL = NAME + ".Tunnel"
wanted = sys.argv[1] if len(sys.argv) > 1 else None
loop = GLib.MainLoop()


def tell(tunnel):
    value = {name: tunnel.get_cached_property(name).unpack()
             for name in ("Profile", "State", "Transport", "Addresses", "Reason", "ReasonText")}
    print(f"{value['Profile']}: {value['State']} {value['Transport']} "
          f"{' '.join(value['Addresses'])} {value['Reason']} {value['ReasonText']}".rstrip(),
          flush=True)
    if value["Profile"] == wanted and value["State"] in ("connected", "failed"):
        loop.quit()


def added(objects, item):
    tunnel = item.get_interface(TUNNEL)
    if tunnel is not None:
        tell(tunnel)


def removed(objects, item):
    print(f"{item.get_object_path()}: gone", flush=True)


def changed(objects, item, proxy, properties, invalidated):
    if proxy.get_interface_name() == TUNNEL and "State" in properties.keys():
        tell(proxy)


objects = Gio.DBusObjectManagerClient.new_for_bus_sync(
    Gio.BusType.SYSTEM, Gio.DBusObjectManagerClientFlags.NONE, NAME, PATH, None, None, None)
objects.connect("object-added", added)
objects.connect("object-removed", removed)
objects.connect("interface-proxy-properties-changed", changed)
for item in objects.get_objects():
    added(objects, item)

if wanted is not None:
    manager = Gio.DBusProxy.new_for_bus_sync(Gio.BusType.SYSTEM, Gio.DBusProxyFlags.NONE, None, NAME,
                                             PATH, NAME + ".Manager", None)
    try:
        manager.call_sync("Activate", GLib.Variant("(sa{sv})", (wanted, {})),
                          Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION, -1, None)
    except GLib.Error as error:
        # "org.ginnel.Ginnel1.Error.NoSuchProfile" and the like say what can be done about it.
        sys.exit(f"{Gio.DBusError.get_remote_error(error)}: {error.message}")
loop.run()
