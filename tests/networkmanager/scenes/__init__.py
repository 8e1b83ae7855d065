"""The scenes, in the order in which they are told."""

from . import basic

ORDER = [basic]
