"""What the table asks of a gateway, whatever its make, and what a gateway may answer.

A column of the table is a Peer. It runs in the bed's gateway box, on the bed's addresses, with the
bed's name server behind it, and has one connection at a time: that of the cell being played.
"""

from dataclasses import dataclass, field

from lab import addresses as a

GATEWAY_ID = "gw.example"
USER = "tess@example.com"
# Signature schemes, in the words of strongSwan.
PKCS1, PSS = "ike:rsa-sha256", "ike:rsa/pss-sha256"
EAP_USER, EAP_PASSWORD = "tess", "Schnepfe 7 im Moor"


class CannotDo(Exception):
    """The gateway, not the product, cannot do this; the text is what was found, for the table."""


@dataclass
class Offer:
    """One connection as the gateway offers it; words of proposals are the profile's."""

    gateway: str = "psk"                # psk, or the name of its certificate in the bed's authority
    rounds: tuple = ("psk",)            # how the user proves who he is: psk, pubkey, eap-mschapv2 ...
    gateway_id: str = GATEWAY_ID
    user: str = "%any"
    ike: str = "aes256gcm16-prfsha384-x25519"
    esp: str = "default"                # what it has built in
    gateway_signs: str = ""             # a signature scheme that it must use
    user_signs: str = ""                # one that it demands of the user
    networks: list = field(default_factory=lambda: list(a.INSIDE_NETS))
    options: dict = field(default_factory=dict)     # names of OPTIONS below
    second: list = field(default_factory=list)      # networks of a second Child SA

    # Each make says in its own words, or raises CannotDo:
    #   childless    refuse a Child SA in IKE_AUTH (RFC 6023)
    #   ppk          (identity, octets): a postquantum preshared key (RFC 8784), and nobody without it
    #   ocsp         "reply": brings OCSP answers along for clients that ask (RFC 4806)
    #   reauth       seconds until the gateway wants a new authentication (RFC 4478)
    #   eap-id       the name that is asked for inside EAP
    #   redirect     in IKE_AUTH, to this address of the same gateway (RFC 5685)
    #   eap-only     no proof of the gateway's but EAP's own (RFC 5998)
    OPTIONS = ("childless", "ppk", "ocsp", "reauth", "eap-id", "redirect",
               "eap-only")


@dataclass
class Child:
    spi_in: str
    spi_out: str
    packets_in: int
    packets_out: int


@dataclass
class Session:
    """An IKE SA as the gateway has it."""

    spi: str            # the initiator's
    user: str
    children: list


class Peer:
    title = ""          # heading of the column
    packets = True      # whether it carries packets here; if not, `why_no_packets` says why

    def __init__(self, bed):
        self.bed = bed
        self.box = bed.gateway

    def cannot(self, what):
        raise CannotDo(what)

    # -- life of the program ------------------------------------------------------------------

    def start(self, **changes):
        """Raises CannotDo where it does not run on this machine."""
        raise NotImplementedError

    def stop(self, hard=False):
        """hard: as when the power fails."""
        raise NotImplementedError

    # -- one connection -----------------------------------------------------------------------

    def offer(self, offer):
        """Takes it in place of the one before."""
        raise NotImplementedError

    def sessions(self):
        raise NotImplementedError

    def forget(self):
        """Ends all sessions without waiting for the client."""
        raise NotImplementedError

    # -- events ---------------------------------------------------------------------------------

    def rekey_child(self):
        self.cannot("cannot be told to rekey")

    def rekey_ike(self):
        self.cannot("cannot be told to rekey")

    def delete(self):
        """Says goodbye to the client."""
        self.cannot("cannot be told to end a session")

    def redirect(self, address):
        self.cannot("cannot be told to redirect a session")

    def explain_small_path(self):
        """Raises CannotDo when its log says that it was its own fault."""

    def log(self):
        return ""
