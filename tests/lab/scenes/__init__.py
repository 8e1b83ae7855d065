"""The scenes, in the order in which they are told."""

from . import (
    confinement,
    decoder,
    eap,
    errors,
    fallback,
    gateways,
    itself,
    lifetimes,
    names,
    revocation,
    rights,
    streams,
    tunnel,
)

ORDER = [
    itself,
    tunnel,
    fallback,
    streams,
    gateways,
    names,
    lifetimes,
    confinement,
    rights,
    errors,
    revocation,
    eap,
    decoder,
]
