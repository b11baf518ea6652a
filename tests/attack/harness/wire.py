# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw bytes to a server, and a strict reader of what it answers."""

import json
import re
import socket
import ssl


class ProtocolViolation(AssertionError):
    """The server's bytes break HTTP."""


class Answer:
    """One HTTP response. Header names are in lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """Name of the problem type, or None."""
        if self.header("content-type") != "application/problem+json":
            return None
        return self.json()["type"].removeprefix("urn:messaging-server:problem:")

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class Connection:
    """A TCP (or TLS) connection from source_host."""

    def __init__(self, address, *, timeout=20, source_host=None, tls=False):
        source = (source_host, 0) if source_host else None
        self.socket = socket.create_connection(address, timeout=timeout, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.interim = []
        self._in = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data, piece=None):
        """Sends it all, in pieces of so many bytes; True unless the server closed meanwhile."""
        try:
            for at in range(0, len(data), piece or len(data) or 1):
                self.socket.sendall(data[at:at + (piece or len(data))])
            return True
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            return False

    def _fill(self):
        try:
            more = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            more = b""
        self._in += more
        return bool(more)

    def answer(self, method="GET"):
        """The next final response, or None when the connection ended before it. Interim ones go to `interim`."""
        while True:
            while b"\r\n\r\n" not in self._in:
                if not self._fill():
                    if self._in:
                        raise ProtocolViolation(f"the connection ended in a response: {self._in[:300]!r}")
                    return None
            head, self._in = self._in.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            start = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", lines[0])
            if not start:
                raise ProtocolViolation(f"no status line: {lines[0]!r}")
            headers = []
            for line in lines[1:]:
                field = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
                if not field:
                    raise ProtocolViolation(f"no header line: {line!r}")
                headers.append((field[1].lower(), field[2]))
            status = int(start[1])
            if 100 <= status < 200 and status != 101:
                self.interim.append(status)
                continue
            return Answer(status, headers, self._body(method, status, headers))

    def _body(self, method, status, headers):
        if method == "HEAD" or status in (101, 204, 304):
            return b""
        lengths = [value for name, value in headers if name == "content-length"]
        if len(lengths) != 1 or not lengths[0].isdigit():
            raise ProtocolViolation(f"no single Content-Length in {headers}")
        size = int(lengths[0])
        while len(self._in) < size:
            if not self._fill():
                raise ProtocolViolation("the connection ended in a body")
        body, self._in = self._in[:size], self._in[size:]
        return body

    def rest(self):
        """Everything until the server closes; raises TimeoutError when it does not."""
        while self._fill():
            pass
        rest, self._in = self._in, b""
        return rest

    def unread(self, seconds=0.05):
        """What has come and was not read."""
        timeout = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            while self._fill():
                pass
        except (TimeoutError, ssl.SSLWantReadError):
            pass
        self.socket.settimeout(timeout)
        return self._in


def ask(address, method, path, body=b"", headers=(), **options):
    """One request on a connection of its own."""
    host = f"{address[0]}:{address[1]}"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    with Connection(address, **options) as connection:
        connection.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return connection.answer(method)
