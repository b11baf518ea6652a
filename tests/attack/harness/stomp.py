# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the session workflow: HTTP and STOMP 1.2, as far as attackers and their victims need it."""

import json
import urllib.parse

from harness.wire import ask
from harness.websocket import CLOSE, PING, PONG, TEXT, WebSocket

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


def post(daemon, path, fields, *, bearer=None, headers=(), **options):
    """A form."""
    headers = [FORM, *headers] + ([("Authorization", f"Bearer {bearer}")] if bearer is not None else [])
    return ask(daemon.http, "POST", path, urllib.parse.urlencode(fields).encode(), headers, **options)


def post_json(daemon, path, value, *, bearer=None, headers=(), **options):
    headers = [JSON, *headers] + ([("Authorization", f"Bearer {bearer}")] if bearer is not None else [])
    return ask(daemon.http, "POST", path, json.dumps(value).encode(), headers, **options)


class Frame:
    def __init__(self, text):
        head, _, self.body = text.removesuffix("\0").partition("\n\n")
        self.command, *lines = head.split("\n")
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers.setdefault(name, value)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.command} {self.headers} {self.body!r}>"


class Stomp:
    """STOMP on one WebSocket."""

    def __init__(self, daemon, **options):
        self.web_socket = WebSocket(daemon.stomp, **options)

    def close(self):
        self.web_socket.close()

    def send(self, command, headers=(), body=""):
        lines = [command, *(f"{name}:{value}" for name, value in dict(headers).items()), "", body]
        self.web_socket.send_frame(TEXT, ("\n".join(lines) + "\0").encode())

    def receive(self):
        """The next STOMP frame, or the close code."""
        while True:
            got = self.web_socket.receive()
            if got is None:
                return 1006
            opcode, payload = got
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005
            if opcode == PING:
                self.web_socket.send_frame(PONG, payload)
            elif payload not in (b"\n", b""):
                return Frame(payload.decode())

    def connect(self, login, passcode):
        self.send("CONNECT", {"accept-version": "1.2", "login": login, "passcode": passcode})
        return self.receive()


class User:
    """A session; with a subscription after listen()."""

    def __init__(self, daemon, name):
        self.daemon, self.name = daemon, name
        answer = post(daemon, "/connect", {"userId": name})
        if answer.status != 200:
            raise AssertionError(f"{name}: {answer}")
        self.key = answer.json()["listeningKey"]
        self.stomp = None

    def listen(self):
        self.stomp = Stomp(self.daemon)
        connected = self.stomp.connect(self.name, self.key)
        if connected.command != "CONNECTED":
            raise AssertionError(connected)
        self.stomp.send("SUBSCRIBE", {"id": "0", "destination": f"/queue/{self.key}", "receipt": "subscribed"})
        receipt = self.stomp.receive()
        if receipt.command != "RECEIPT":
            raise AssertionError(receipt)
        return self

    def end(self):
        """The session, and with it its key."""
        answer = post(self.daemon, "/disconnect", {"queueName": self.key})
        if self.stomp:
            self.stomp.close()
        return answer
