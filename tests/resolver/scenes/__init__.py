"""The scenes of the proof, in their order. SYSTEMS of a module: on which Debian it is played; FULL:
only with --full."""

from . import (
    absent,
    encrypted,
    ended,
    leaks,
    lockdown,
    many,
    matrix,
    told,
)

ORDER = [
    told,
    matrix,
    encrypted,
    many,
    leaks,
    lockdown,
    ended,
    absent,
]
