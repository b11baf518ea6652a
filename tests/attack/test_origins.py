# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages may use the server: Origins of all kinds, for the WebSocket handshake and for CORS, with the own host
allowed (the default) and with a list."""

import unittest

from harness.daemon import Daemon
from harness.websocket import WebSocket
from harness.wire import ask

# Origin: allowed by default to a server at HOST:PORT, allowed by LISTED
LISTED = ["https://app.example.org", "http://localhost:3000", "intranet.example"]
ORIGINS = [
    (None, True, True),  # no browser
    ("null", False, False),  # files, sandboxed frames
    ("", False, False),
    ("http://HOST:PORT", True, False),
    ("http://HOST", True, False),
    ("https://HOST:9999", True, False),  # another port of the own host
    ("HOST:PORT", True, False),  # without a scheme, as tsung sends it
    ("https://app.example.org", False, True),
    ("https://APP.example.ORG", False, True),
    ("https://app.example.org:443", False, True),
    ("https://app.example.org:8443", False, False),
    ("http://app.example.org", False, False),
    ("https://app.example.org.evil.example", False, False),
    ("https://evil.example/https://app.example.org", False, False),
    ("https://evil.example?app.example.org", False, False),
    ("https://app.example.org@evil.example", False, False),
    ("https://xapp.example.org", False, False),
    ("https://app.example.org.", False, False),
    ("http://localhost:3000", False, True),
    ("http://localhost", False, False),
    ("http://intranet.example:81", False, True),
    ("https://sub.intranet.example", False, False),
    ("http://HOST.evil.example", False, False),
    ("http://evil.example:PORT", False, False),
    ("http://[::1]", False, False),
    ("file://", False, False),
    ("https://", False, False),
    ("http://HOST http://HOST", False, False),
    ("http://HOST, http://evil.example", False, False),
    ("*", False, False),
    ("javascript:alert(1)", False, False),
    ("https://app.example.org\t", False, True),  # blanks around a field's value are none of it
    ("https://app.exаmple.org", False, False),  # one letter is Cyrillic
]


class Origins(unittest.TestCase):
    def check(self, daemon, origin, allowed):
        host, port = daemon.http
        given = origin and origin.replace("HOST", host).replace("PORT", str(port)).encode().decode("latin-1")
        headers = [] if origin is None else [("Origin", given)]
        # The handshake
        with WebSocket(daemon.http, extra=headers) as web_socket:
            if allowed:
                self.assertIsNone(web_socket.refusal)
            else:
                self.assertEqual((web_socket.refusal.status, web_socket.refusal.problem), (403, "origin-refused"))
        # CORS: the request, and the question before it
        body = [("Content-Type", "application/json"), *headers]
        answer = ask(daemon.http, "POST", "/exchange", b"{}", body)
        self.assertEqual((answer.status, answer.problem), (400, "missing-member") if allowed else (403, "origin-refused"))
        self.assertEqual(answer.header("access-control-allow-origin"), given.strip() if allowed and given else None)
        self.assertIsNone(answer.header("access-control-allow-credentials"))
        self.assertEqual(answer.header("vary"), "Origin")
        asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization"), *headers]
        answer = ask(daemon.http, "OPTIONS", "/exchange", b"", asked)
        self.assertEqual(answer.status, 204 if allowed else 403)
        self.assertEqual(answer.header("access-control-allow-methods"), "POST, OPTIONS" if allowed and given else None)

    def test_own_host(self):
        with Daemon() as daemon:
            for origin, allowed, _ in ORIGINS:
                with self.subTest(origin=origin):
                    self.check(daemon, origin, allowed)

    def test_listed(self):
        with Daemon(net__allowed_origins=LISTED) as daemon:
            for origin, _, allowed in ORIGINS:
                with self.subTest(origin=origin):
                    self.check(daemon, origin, allowed)

    def test_two_origins_are_nobody(self):
        with Daemon() as daemon:
            own = ("Origin", f"http://{daemon.http[0]}:{daemon.http[1]}")
            for headers in ([own, own], [own, ("Origin", "http://evil.example")]):
                with self.subTest(headers=headers):
                    with WebSocket(daemon.http, extra=headers) as web_socket:
                        self.assertEqual(web_socket.refusal.status, 403)
                    self.assertEqual(ask(daemon.http, "POST", "/exchange", b"", headers).status, 403)

    def test_host_that_the_attacker_chose_is_no_own_host_of_his_page(self):
        """DNS rebinding: the page and the request name the same foreign host. Only a list helps against that."""
        headers = [("Origin", "http://evil.example")]
        with Daemon() as daemon, WebSocket(daemon.http, host="evil.example", extra=headers) as web_socket:
            self.assertIsNone(web_socket.refusal)
        with Daemon(net__allowed_origins=LISTED) as daemon, WebSocket(daemon.http, host="evil.example", extra=headers) as web_socket:
            self.assertEqual(web_socket.refusal.status, 403)

    def test_forwarded_host_is_believed_of_a_trusted_proxy_only(self):
        headers = [("Origin", "https://chat.example.org"), ("X-Forwarded-Host", "chat.example.org")]
        for trusted, allowed in [([], False), (["127.0.0.1/32"], True)]:
            with self.subTest(trusted=trusted), Daemon(net__trusted_proxies=trusted) as daemon:
                with WebSocket(daemon.http, extra=headers) as web_socket:
                    self.assertEqual(web_socket.refusal is None, allowed)

    def test_the_table_is_large_enough(self):
        self.assertGreaterEqual(len(ORIGINS), 20)


if __name__ == "__main__":
    unittest.main()
