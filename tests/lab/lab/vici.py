"""Just enough of strongSwan's vici protocol to load a configuration with binary values in it.

swanctl.conf can hold strings only; INTERNAL_DNSSEC_TA is octets.
"""

import socket
import struct

CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN, EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM, \
    EVENT_UNKNOWN, EVENT = range(8)
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)


class ViciError(Exception):
    pass


def _octets(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _name(name):
    name = _octets(name)
    return bytes([len(name)]) + name


def _value(value):
    value = _octets(value)
    return struct.pack(">H", len(value)) + value


def encode(message):
    """dict -> octets; values are strings, bytes, lists of them, or dicts."""
    out = b""
    for key, value in message.items():
        if isinstance(value, dict):
            out += bytes([SECTION_START]) + _name(key) + encode(value) + bytes([SECTION_END])
        elif isinstance(value, (list, tuple)):
            items = b"".join(bytes([LIST_ITEM]) + _value(item) for item in value)
            out += bytes([LIST_START]) + _name(key) + items + bytes([LIST_END])
        else:
            out += bytes([KEY_VALUE]) + _name(key) + _value(value)
    return out


def decode(data):
    """octets -> dict."""
    def text(octets):
        return octets.decode(errors="replace")

    def section(at):
        result = {}
        items = None
        key = None
        while at < len(data):
            kind = data[at]
            at += 1
            if kind == SECTION_END:
                return result, at
            if kind == LIST_END:
                result[key] = items
                items = None
                continue
            if kind in (SECTION_START, KEY_VALUE, LIST_START):
                length = data[at]
                key = text(data[at + 1:at + 1 + length])
                at += 1 + length
            if kind == SECTION_START:
                result[key], at = section(at)
            elif kind == LIST_START:
                items = []
            elif kind in (KEY_VALUE, LIST_ITEM):
                length, = struct.unpack_from(">H", data, at)
                value = text(data[at + 2:at + 2 + length])
                at += 2 + length
                if kind == LIST_ITEM:
                    items.append(value)
                else:
                    result[key] = value
        return result, at

    return section(0)[0]


class Vici:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ViciError("charon closed the connection")
            data += piece
        return data

    def _send(self, kind, name, body=b""):
        packet = bytes([kind]) + _name(name) + body
        self.socket.sendall(struct.pack(">I", len(packet)) + packet)

    def _receive(self):
        packet = self._exactly(struct.unpack(">I", self._exactly(4))[0])
        if packet[0] == EVENT:
            length = packet[1]
            return EVENT, decode(packet[2 + length:])
        return packet[0], decode(packet[1:])

    def call(self, command, message=None):
        body = message.encoded() if isinstance(message, Raw) else encode(message or {})
        self._send(CMD_REQUEST, command, body)
        kind, answer = self._receive()
        if kind != CMD_RESPONSE:
            raise ViciError(f"{command}: unknown to charon")
        if answer.get("success", "yes") != "yes":
            raise ViciError(f"{command}: {answer.get('errmsg')}")
        return answer

    def stream(self, command, event, message=None):
        """The events of a listing command, as a list."""
        self._send(EVENT_REGISTER, event)
        self._receive()
        self._send(CMD_REQUEST, command, encode(message or {}))
        events = []
        while True:
            kind, answer = self._receive()
            if kind != EVENT:
                break
            events.append(answer)
        self._send(EVENT_UNREGISTER, event)
        self._receive()
        return events


class Raw:
    """A message built from (key, value) pairs, for repeated keys in a given order."""

    def __init__(self, name, pairs):
        self.name, self.pairs = name, pairs

    def encoded(self):
        body = b"".join(encode({key: value}) for key, value in self.pairs)
        return bytes([SECTION_START]) + _name(self.name) + body + bytes([SECTION_END])
