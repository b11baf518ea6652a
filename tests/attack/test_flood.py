# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand strangers who never finish what they begin: memory stays bounded, and users are served."""

import resource
import time
import unittest

from harness.daemon import IS_LONG, Daemon, wait_until
from harness.stomp import User, post
from harness.websocket import CONTINUATION, TEXT, WebSocket, frame
from harness.wire import Connection, ask

CLIENTS = 1000
MOST = 64 << 20  # bytes of RSS more
HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST /connect HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def source(number):
    """One of 250 loopback addresses."""
    return f"127.0.0.{2 + number % 250}"


class Flood(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))

    def flood(self, begin, more, rounds):
        """begin(daemon, number) makes a client, which then sends more(round) again and again."""
        with Daemon(limits__connections_per_address=2000, limits__head_timeout="60s", limits__body_timeout="60s",
                    stomp__login_timeout="60s") as daemon:
            user = User(daemon, "alice").listen()
            self.check_served(user)
            before = peak = daemon.resident()
            clients = []
            try:
                for number in range(CLIENTS):
                    clients.append(begin(daemon, number))
                for client in clients:
                    client.socket.setblocking(False)
                for turn in range(rounds):
                    for client in clients:
                        self.push(client, more(turn))
                    peak = max(peak, daemon.resident())
                    self.check_served(user)
                settled = time.monotonic() + (10 if IS_LONG else 2)
                while time.monotonic() < settled:  # what is in the kernel's buffers is read by and by
                    peak = max(peak, daemon.resident())
                    time.sleep(0.05)
            finally:
                for client in clients:
                    client.close()
            self.assertLessEqual(peak - before, MOST, f"{(peak - before) >> 20} MiB more")
            self.assertTrue(wait_until(lambda: daemon.metric("messaging_connections", transport="http") <= 1))
            self.check_served(user)
            user.stomp.close()

    def check_served(self, user):
        answer = post(user.daemon, "/exchange", {"toUserId": user.name, "content": "?"}, bearer=user.key)
        self.assertEqual(answer.status, 200)
        self.assertEqual(user.stomp.receive().command, "MESSAGE")
        self.assertEqual(ask(user.daemon.http, "GET", "/").status, 200)

    @staticmethod
    def push(client, data):
        try:
            client.socket.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass  # the server reads no more, or has closed

    @staticmethod
    def begun(data):
        def begin(daemon, number):
            client = Connection(daemon.http, source_host=source(number))
            client.send(data)
            return client
        return begin

    def opened(self, data):
        def begin(daemon, number):
            client = WebSocket(daemon.stomp, source_host=source(number))
            self.assertIsNone(client.refusal)
            client.send(data)
            return client
        return begin

    def test_endless_heads(self):
        self.flood(self.begun(HEAD), lambda turn: b"X-%d: " % turn + b"a" * 1000 + b"\r\n", 40 if IS_LONG else 20)

    def test_heads_just_below_the_limit(self):
        self.flood(self.begun(HEAD + b"X: " + b"a" * 16000), lambda turn: b"a", 5)

    def test_endless_bodies(self):
        self.flood(self.begun(POST + b"Content-Length: 262144\r\n\r\n"), lambda turn: b"a" * 65536, 10 if IS_LONG else 5)

    def test_endless_messages(self):
        self.flood(self.opened(frame(TEXT, b"CONNECT\n", final=False)),
                   lambda turn: frame(CONTINUATION, b"a:%d\n" % turn * 100, final=False), 60 if IS_LONG else 20)

    def test_one_endless_frame(self):
        self.flood(self.opened(b"\x81\xfe" + (16000).to_bytes(2, "big") + b"mask"), lambda turn: b"a" * 1000, 15)


if __name__ == "__main__":
    unittest.main()
