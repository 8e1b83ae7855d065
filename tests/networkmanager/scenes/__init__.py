"""The scenes, in the order in which they are told."""

from . import basic, files, life, moves, ways

ORDER = [basic, ways, files, moves, life]
