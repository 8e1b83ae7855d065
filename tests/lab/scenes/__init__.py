"""The scenes, in the order in which they are told."""

from . import itself, tunnel, fallback, names, lifetimes, confinement, rights, errors, decoder

ORDER = [itself, tunnel, fallback, names, lifetimes, confinement, rights, errors, decoder]
