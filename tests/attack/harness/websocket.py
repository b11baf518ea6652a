# SPDX-License-Identifier: GPL-3.0-or-later
"""A WebSocket client that can break every rule, and a strict reader of what the server sends (RFC 6455)."""

import base64
import hashlib
import os
import struct

from harness.wire import Connection, ProtocolViolation

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", *, final=True, masked=True, reserved=0, length=None):
    """One frame's bytes. `length` lies about the payload's."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    size = len(payload)
    stream = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return head + key + (int.from_bytes(payload, "big") ^ stream).to_bytes(size, "big")


def handshake(host, path="/ws", *, origin=None, protocols="v12.stomp", key=None, extra=()):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key or base64.b64encode(os.urandom(16)).decode()}"]
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {protocols}")
    if origin is not None:
        lines.append(f"Origin: {origin}")
    lines += [f"{name}: {value}" for name, value in extra]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class WebSocket(Connection):
    """Open after the constructor, or `refusal` is the server's answer."""

    def __init__(self, address, path="/ws", *, host=None, origin=None, protocols="v12.stomp", extra=(), **options):
        super().__init__(address, **options)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(handshake(host or f"{address[0]}:{address[1]}", path, origin=origin, protocols=protocols, key=key,
                            extra=extra))
        answer = self.answer()
        self.refusal = None if answer and answer.status == 101 else answer
        if answer is None:
            raise ProtocolViolation("no answer to the handshake")
        if not self.refusal:
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            if answer.header("sec-websocket-accept") != accept.decode():
                raise ProtocolViolation("Sec-WebSocket-Accept is wrong")
            self.protocol = answer.header("sec-websocket-protocol")

    def send_frame(self, opcode, payload=b"", **options):
        return self.send(frame(opcode, payload, **options))

    def _take(self, size):
        while len(self._in) < size:
            if not self._fill():
                return None
        taken, self._in = self._in[:size], self._in[size:]
        return taken

    def receive(self):
        """The next frame, (opcode, payload), or None at the end. The server sends whole, unmasked frames only."""
        head = self._take(2)
        if head is None:
            if self._in:
                raise ProtocolViolation("the connection ended in a frame")
            return None
        if head[0] & 0xF0 != 0x80 or head[1] & 0x80:
            raise ProtocolViolation(f"frame head {head.hex()}")
        size = head[1]
        if size > 125:
            extended = self._take(2 if size == 126 else 8)
            size = int.from_bytes(extended, "big")
            if size < (126 if len(extended) == 2 else 65536):
                raise ProtocolViolation("a length that is not the shortest")
        opcode = head[0] & 0x0F
        payload = self._take(size)
        if payload is None:
            raise ProtocolViolation("the connection ended in a frame")
        if opcode == TEXT:
            payload.decode("utf-8")
        if opcode >= 8 and size > 125 or opcode not in (TEXT, BINARY, CLOSE, PING, PONG):
            raise ProtocolViolation(f"opcode {opcode} with {size} bytes")
        return opcode, payload

    def receive_close(self):
        """Reads on to the server's Close frame: its code, or 1005 without one; None when there was no frame."""
        while (got := self.receive()) is not None:
            if got[0] == CLOSE:
                return struct.unpack(">H", got[1][:2])[0] if got[1] else 1005
        return None
