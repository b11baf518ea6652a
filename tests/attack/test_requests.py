# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed and smuggling requests: each gets its status, those that must close close, and a smuggled second
request is never answered. First and second on a connection, whole and in pieces, by both engines, through
HAProxy; in the long form over TLS as well."""

import itertools
import unittest

from harness import haproxy
from harness.certificate import Certificate
from harness.daemon import IS_LONG, Daemon
from harness.wire import Connection
from requests_table import CASES, KEPT, SMUGGLED


class RequestsDirect(unittest.TestCase):
    markers = itertools.count(1)

    def check_marker(self, connection):
        """A request that only its own answer fits."""
        path = f"/marker-{next(self.markers)}"
        connection.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        answer = connection.answer()
        self.assertIsNotNone(answer, "no answer to the marker")
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual(answer.json()["path"], path)

    def check(self, case, connection, piece=None):
        connection.send(case.sent + (SMUGGLED if case.closes else b""), piece)
        answer = connection.answer(case.method)
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual(answer.status, case.status, answer)
        if answer.status == 405:
            self.assertTrue(answer.header("allow"))
        if answer.status >= 400 and case.method != "HEAD":
            self.assertEqual(answer.header("content-type"), "application/problem+json")
            self.assertEqual(answer.json()["status"], answer.status)
        if case.closes:
            self.assertEqual(answer.header("connection"), "close")
            self.assertEqual(connection.rest(), b"", "something came behind the answer")
        else:
            self.assertIsNone(answer.header("connection"))
            self.check_marker(connection)
            self.assertEqual(connection.unread(0.01), b"")

    def run_table(self, *, tls=False, pieces=(None, 7), **settings):
        with Daemon(limits__connections_per_address=0, limits__failed_keys=0, **settings) as daemon:
            for case in CASES + KEPT:
                for second, piece in itertools.product((False, True), pieces):
                    place = "second" if second else "first"
                    with self.subTest(case=case.name, place=place, piece=piece), Connection(daemon.http, tls=tls) as connection:
                        if second:
                            self.check_marker(connection)
                        self.check(case, connection, piece if len(case.sent) < 1000 else piece and 997)
            self.assertEqual(daemon.metric("messaging_http_requests_total", status="500"), 0)
            with Connection(daemon.http, tls=tls) as connection:
                self.check_marker(connection)

    def test_engine_direct(self):
        self.run_table(net__engine="direct")

    def test_engine_qt(self):
        self.run_table(net__engine="qt", pieces=(None, 7) if IS_LONG else (None,))

    @unittest.skipUnless(IS_LONG, "a minute of it: ./dev attack")
    def test_over_tls(self):
        with Certificate() as pair:
            self.run_table(tls=True, pieces=(None,), tls__certificate=pair.file, tls__key=pair.key)

    def test_pipelined_requests_are_answered_in_order_until_the_bad_one(self):
        with Daemon() as daemon, Connection(daemon.http) as connection:
            good = b"".join(b"GET /marker-%d HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(20))
            connection.send(good + b"GET / HTTP/1.1\r\nHost : h\r\n\r\n" + SMUGGLED * 20)
            for i in range(20):
                self.assertEqual(connection.answer().json()["path"], f"/marker-{i}")
            self.assertEqual(connection.answer().status, 400)
            self.assertEqual(connection.rest(), b"")

    def test_body_is_asked_for_by_100_continue_unless_it_is_too_large(self):
        with Daemon() as daemon:
            head = (b"POST /disconnect HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n")
            with Connection(daemon.http) as connection:
                connection.send(head % 16)
                while b"\r\n\r\n" not in connection.unread():
                    pass
                self.assertEqual(connection.unread(), b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.send(b"queueName=nobody")
                self.assertEqual(connection.answer().status, 401)
                self.assertEqual(connection.interim, [100])
                self.check_marker(connection)
            with Connection(daemon.http) as connection:
                connection.send(head % 262145)
                self.assertEqual(connection.answer().status, 413)
                self.assertEqual((connection.interim, connection.rest()), ([], b""))

    def test_the_table_is_large_enough(self):
        self.assertGreaterEqual(len(CASES), 60)
        names = [case.name for case in CASES + KEPT]
        self.assertEqual(len(names), len(set(names)))


@unittest.skipUnless(haproxy.program(), "haproxy is not installed")
class RequestsThroughHaProxy(unittest.TestCase):
    def ask(self, proxy, connection, path):
        """A request that only its own answer fits."""
        connection.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        answer = connection.answer()
        self.assertIsNotNone(answer, f"no answer to {path}")
        self.assertEqual(answer.status, 404, f"{answer}\n{proxy.log_tail()}")
        self.assertEqual(answer.json()["path"], path)

    def run_table(self, second):
        with Daemon(net__trusted_proxies=["127.0.0.1/32"], limits__failed_keys=0) as daemon, haproxy.HaProxy(daemon.http) as proxy:
            not_found = 0
            for number, case in enumerate(CASES + KEPT):
                if case.via_proxy is None:
                    continue
                with self.subTest(case=case.name, place="second" if second else "first"):
                    with Connection(proxy.address) as connection:
                        if second:
                            self.ask(proxy, connection, f"/before-{number}")
                            not_found += 1
                        connection.send(case.sent)
                        answer = connection.answer(case.method)
                        self.assertIsNotNone(answer, "no answer")
                        not_found += answer.status == 404
                        self.assertIn(answer.status, case.via_proxy or range(400, 600), answer)
                        self.assertEqual(connection.unread(0.02), b"", "something came behind the answer")
                    # The next request on the connection between proxy and daemon gets its own answer.
                    with Connection(proxy.address) as connection:
                        self.ask(proxy, connection, f"/marker-{number}")
                        not_found += 1
            # A smuggled request would have been one more.
            self.assertEqual(daemon.metric("messaging_http_requests_total", status="404"), not_found)

    def test_first_on_a_connection(self):
        self.run_table(second=False)

    def test_second_on_a_connection(self):
        self.run_table(second=True)


if __name__ == "__main__":
    unittest.main()
