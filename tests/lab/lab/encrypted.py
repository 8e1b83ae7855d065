"""What a gateway says of resolvers that are asked in private (RFC 9464), as attribute values."""

from . import addresses as a

ENCDNS_IP4, ENCDNS_DIGEST_INFO = "27", "29"
DOT_NAME = "dns.corp.example"


def alpn(*protocols):
    value = b"".join(bytes([len(one)]) + one.encode() for one in protocols)
    return (1).to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def port(number):
    return b"\x00\x03\x00\x02" + number.to_bytes(2, "big")


def resolver(name, parameters, address=a.INSIDE4, priority=1):
    """The value of an ENCDNS_IP4 (RFC 9464, section 3.1)."""
    octets = bytes(map(int, address.split(".")))
    return (priority.to_bytes(2, "big") + bytes([1, len(name)]) + octets + name.encode() +
            parameters)


def digest(name, number, octets):
    """The value of an ENCDNS_DIGEST_INFO (RFC 9464, section 3.2); number: RFC 7427's of the hash."""
    return bytes([1, len(name)]) + name.encode() + number.to_bytes(2, "big") + octets
