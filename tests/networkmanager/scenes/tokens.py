"""A key in a token. Not on Debian 13: its tree has none in software."""

import importlib.util
import os

from lab.story import SCENES, expect_equal, scene
from nm.nmcli import Nmcli
from scenes.ways import CERTIFICATE

SYSTEMS = ("debian12",)


def lab_scene(name):
    """A module of the lab's scenes, for its helpers; its own scenes are not played here."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, "../../lab/scenes", name + ".py")
    before = len(SCENES)
    spec = importlib.util.spec_from_file_location("lab_scene_" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    del SCENES[before:]
    return module


@scene("A token")
def tokens(bed, story):
    nmcli = Nmcli(bed.host)
    token = lab_scene("token")
    token.make_token(bed, "tess")
    data = {**CERTIFICATE, "user-certificate": token.CERTIFICATE, "user-key": token.KEY}
    with story.claim("A key in a token, its PIN among the secrets"):
        nmcli.add("work", data, {"pin": token.PIN})
        nmcli.connect()
    nmcli.forget_vpns()
    with story.claim("A PIN that is asked for while it connects"):
        nmcli.add("work", data)
        result = nmcli.up_typing(bed, token.PIN)
        expect_equal(result.returncode, 0, result.stdout)
