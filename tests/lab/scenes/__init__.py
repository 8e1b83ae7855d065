"""The scenes, in the order in which they are told."""

from . import (
    confinement,
    credentials,
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
    credentials,
    rights,
    errors,
    revocation,
    eap,
    decoder,
]
