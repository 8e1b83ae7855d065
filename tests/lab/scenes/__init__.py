"""The scenes, in the order in which they are told."""

from . import itself, tunnel, fallback, streams, names, lifetimes, confinement, rights, errors, decoder

ORDER = [itself, tunnel, fallback, streams, names, lifetimes, confinement, rights, errors, decoder]
