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
    token,
    transports_tls,
    tunnel,
)

ORDER = [
    itself,
    tunnel,
    fallback,
    streams,
    transports_tls,
    token,
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
