"""The scenes, in the order in which they are told."""

from . import basic, life, ways

ORDER = [basic, ways, life]
