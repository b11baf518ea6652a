# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand clients that nobody knows, each with a head, body or frame that never ends: the daemon grows by at
most 64 MiB, and serves others meanwhile."""

import itertools
import resource
import selectors
import socket
import threading
import time
import unittest

from harness.daemon import IS_LONG, Daemon, wait_until
from harness.stomp import User, post
from harness.websocket import BINARY, CONTINUATION, PING, TEXT, frame, handshake
from harness.wire import Connection, ask

CLIENTS = 1000
SECONDS = 60 if IS_LONG else 8
ALLOWED = 64 * 1024 * 1024
UPGRADE = handshake("h")
POST = b"POST /connect HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def forever(*first, then):
    yield from first
    yield from itertools.repeat(then)


# What one client sends, piece by piece. Some rush, others stop right below a limit and go on by single bytes.
ENDLESS = {
    "head of one header": lambda: forever(b"GET / HTTP/1.1\r\nHost: h\r\nX: ", then=b"x" * 4096),
    "head of many headers": lambda: forever(b"GET / HTTP/1.1\r\nHost: h\r\n", then=b"X: y\r\n" * 100),
    "head below its limit": lambda: forever(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 16200, then=b"x"),
    "target": lambda: forever(b"GET /", then=b"x" * 4096),
    "empty lines": lambda: forever(then=b"\r\n" * 100),
    "body": lambda: forever(POST % 262144, then=b"x" * 8192),
    "body below its limit": lambda: forever(POST % 262144, *[b"x" * 16384] * 15, b"x" * 16000, then=b"x"),
    "body that was announced only": lambda: forever(POST % 262144, then=b""),
    "chunks": lambda: forever(b"POST /connect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", then=b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "requests without reading": lambda: forever(then=b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 50),
    "frame": lambda: forever(UPGRADE, frame(TEXT, length=16384)[:8], then=b"x" * 4096),
    "frame below its limit": lambda: forever(UPGRADE, frame(BINARY, length=16384)[:8], b"x" * 16300, then=b"x"),
    "frame that announces an exabyte": lambda: forever(UPGRADE, frame(BINARY, length=1 << 60)[:14], then=b"x" * 4096),
    "fragments": lambda: forever(UPGRADE, frame(TEXT, b"x" * 1000, final=False), then=frame(CONTINUATION, b"x" * 1000, final=False)),
    "empty fragments": lambda: forever(UPGRADE, frame(TEXT, final=False), then=frame(CONTINUATION, final=False) * 50),
    "pings": lambda: forever(UPGRADE, then=frame(PING, b"x" * 125) * 20),
    "STOMP header": lambda: forever(UPGRADE, frame(TEXT, b"CONNECT\nx:"), then=frame(TEXT, b"x" * 1000)),
    "STOMP headers": lambda: forever(UPGRADE, frame(TEXT, b"CONNECT\n"), then=frame(TEXT, b"x:y\n" * 100)),
    "STOMP body": lambda: forever(UPGRADE, frame(TEXT, b"CONNECT\ncontent-length:999999999\n\n"), then=frame(TEXT, b"x" * 4000)),
    "line feeds": lambda: forever(UPGRADE, then=frame(TEXT, b"\n" * 4000)),
}


class Crowd:
    """The clients, in one thread: each writes when it can, reads nothing, and comes again when it is thrown out."""

    def __init__(self, address, kinds=tuple(ENDLESS)):
        self._address = address
        self._selector = selectors.DefaultSelector()
        self.thrown_out = dict.fromkeys(kinds, 0)
        self.sent = dict.fromkeys(kinds, 0)
        kinds = itertools.cycle(kinds)
        for number in range(CLIENTS):
            self._enter(next(kinds), f"127.0.1.{number % 200 + 1}")

    def _enter(self, kind, source):
        client = socket.socket()
        client.setblocking(False)
        client.bind((source, 0))
        client.connect_ex(self._address)
        self._selector.register(client, selectors.EVENT_WRITE, [kind, source, ENDLESS[kind](), b""])

    def run(self, seconds, each_turn):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self._selector.select(0.1):
                self._write(key.fileobj, key.data)
            each_turn()

    def _write(self, client, state):
        kind, source, pieces, rest = state
        try:
            rest = rest or next(pieces)
            taken = client.send(rest)
            self.sent[kind] += taken
            state[3] = rest[taken:]
        except BlockingIOError:
            pass
        except OSError:
            self._selector.unregister(client)
            client.close()
            self.thrown_out[kind] += 1
            self._enter(kind, source)

    def leave(self):
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    @unittest.skipUnless(IS_LONG, "two minutes of it: ./dev attack")
    def test_each_kind_alone(self):
        for kind in ENDLESS:
            with self.subTest(kind=kind), Daemon() as daemon:
                before = highest = daemon.resident()

                def watch():
                    nonlocal highest
                    highest = max(highest, daemon.resident())
                crowd = Crowd(daemon.http, [kind])
                try:
                    crowd.run(7, watch)
                finally:
                    crowd.leave()
                print(f"{kind}: {sum(crowd.sent.values()) >> 20} MiB sent, {(highest - before) / 1048576:.1f} MiB more", flush=True)
                self.assertLessEqual(highest - before, ALLOWED)

    def test_endless_heads_bodies_and_frames(self):
        with Daemon() as daemon:
            alice, bob = User(daemon, "alice"), User(daemon, "bob").listen()
            before = daemon.resident()
            highest, most, asked, answers = before, 0, 0.0, []

            def watch():
                nonlocal highest, most, asked
                highest = max(highest, daemon.resident())
                if time.monotonic() > asked + 1:
                    asked = time.monotonic()
                    most = max(most, daemon.metric("messaging_connections"))
                    answer = post(daemon, "/exchange", {"toUserId": "bob", "content": "x"}, bearer=alice.key)
                    answers.append((answer.status, bob.stomp.receive().json()))

            crowd = Crowd(daemon.http)
            try:
                crowd.run(SECONDS, watch)
            finally:
                crowd.leave()
            grown = highest - before
            print(f"{CLIENTS} clients, {sum(crowd.sent.values()) >> 20} MiB sent in {SECONDS} s, {sum(crowd.thrown_out.values())} times "
                  f"thrown out, at most {most:.0f} connections, memory {before >> 20} MiB and {grown / 1048576:.1f} MiB more")
            self.assertLessEqual(grown, ALLOWED)
            self.assertGreaterEqual(most, CLIENTS * 3 // 4, "the crowd was never there")
            self.assertEqual([kind for kind, sent in crowd.sent.items() if not sent], [])
            # Somebody who behaves was served all the time.
            self.assertGreater(len(answers), 3)
            self.assertEqual({status for status, _ in answers}, {200})
            # What was taken is given back.
            self.assertTrue(wait_until(lambda: daemon.metric("messaging_body_memory_bytes") == 0))
            self.assertTrue(wait_until(lambda: daemon.http_connections() == 0))
            self.assertEqual(ask(daemon.http, "GET", "/").status, 200)
            bob.stomp.close()

    def test_requests_behind_unread_answers_wait_and_are_not_lost(self):
        """Each of them is some 40 bytes and its answer some 9,000."""
        count = 5000
        for half_close in (False, True):
            with self.subTest(half_close=half_close), Daemon() as daemon, Connection(daemon.http) as connection:
                request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                before = daemon.resident()

                def send():
                    connection.send(request * count)
                    if half_close:
                        connection.socket.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send, daemon=True)
                sender.start()
                # As many are answered as the kernel takes answers of, and no more.
                answered = lambda: daemon.metric("messaging_http_requests_total", status="200")
                last = -2
                while (now := answered()) > last + 1:  # the question itself is one
                    last = now
                    time.sleep(0.2)
                self.assertLess(last, count / 2)
                self.assertLess(daemon.resident() - before, 8 * 1024 * 1024)
                for _ in range(count):
                    self.assertEqual(connection.answer().status, 200)
                sender.join()
                if half_close:
                    self.assertEqual(connection.rest(), b"")


if __name__ == "__main__":
    unittest.main()
