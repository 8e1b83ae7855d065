"""The scenes, in the order in which they are told."""

from . import basic, files, life, ways

ORDER = [basic, ways, files, life]
