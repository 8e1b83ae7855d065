"""The scenes, in the order in which they are told."""

from . import basic, editor, files, life, moves, names, tokens, ways

ORDER = [basic, ways, tokens, files, moves, life, names, editor]
