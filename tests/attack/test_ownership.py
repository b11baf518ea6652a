# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in whose name: alice attacks, bob is the victim, carol's session has ended. After every case
bob still gets what is for him, and nothing else. The prototype's holes are cases here."""

import base64
import concurrent.futures
import unittest

from harness.daemon import Daemon, wait_until
from harness.stomp import Frame, Stomp, User, post, post_json
from harness.wire import ask
from harness.websocket import CLOSE, TEXT

GUESSED = "queue.AAAAAAAAAAAAAAAAAAAAAA"


class Ownership(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon(limits__failed_keys=0))
        carol = User(cls.daemon, "carol")
        carol.end()
        cls.ended = carol.key
        cls.bob = User(cls.daemon, "bob").listen()
        cls.cases = set()

    def setUp(self):
        self.alice = self.new_alice()

    def new_alice(self):
        """The name is free again a moment after the connection of the one before has ended."""
        def enter():
            try:
                return User(self.daemon, "alice")
            except AssertionError:
                return None
        alice = wait_until(enter)
        self.assertIsNotNone(alice)
        return alice

    def tearDown(self):
        self.check_bob()
        if self.alice.stomp:
            self.alice.stomp.close()
        post(self.daemon, "/disconnect", {"queueName": self.alice.key})

    def check_bob(self):
        """Bob's key is good, and the next message he gets is the one that he sends to himself now."""
        answer = post(self.daemon, "/exchange", {"toUserId": "bob", "content": "marker"}, bearer=self.bob.key)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.bob.stomp.receive().json(), {"from": "bob", "content": "marker"})

    def case(self, name):
        self.assertNotIn(name, self.cases)
        self.cases.add(name)
        return self.subTest(case=name)

    # HTTP

    def test_exchange(self):
        own, foreign = self.alice.key, self.bob.key
        basic = base64.b64encode(f"alice:{own}".encode()).decode()
        table = [  # name, members, Authorization values, status, problem
            ("no key", {}, [], 401, "unauthenticated"),
            ("no key, fromUserId of another", {"fromUserId": "bob"}, [], 401, "unauthenticated"),
            ("no key, own fromUserId", {"fromUserId": "alice"}, [], 401, "unauthenticated"),
            ("own key, fromUserId of another", {"fromUserId": "bob"}, [f"Bearer {own}"], 403, "not-yours"),
            ("own key, fromUserId in capitals", {"fromUserId": "ALICE"}, [f"Bearer {own}"], 403, "not-yours"),
            ("other's key, own fromUserId", {"fromUserId": "alice"}, [f"Bearer {foreign}"], 403, "not-yours"),
            ("own key in the header, other's in the body", {"listeningKey": foreign}, [f"Bearer {own}"], 403, "not-yours"),
            ("other's key in the header, own in the body", {"listeningKey": own}, [f"Bearer {foreign}"], 403, "not-yours"),
            ("own key in the header, a guess in the body", {"listeningKey": GUESSED}, [f"Bearer {own}"], 403, "not-yours"),
            ("two headers with different keys", {}, [f"Bearer {own}", f"Bearer {foreign}"], 403, "not-yours"),
            ("ended key in the header", {}, [f"Bearer {self.ended}"], 401, "unknown-key"),
            ("ended key in the body", {"listeningKey": self.ended, "fromUserId": "carol"}, [], 401, "unknown-key"),
            ("guessed key", {"fromUserId": "bob"}, [f"Bearer {GUESSED}"], 401, "unknown-key"),
            ("userId for a key", {}, ["Bearer bob"], 401, "unknown-key"),
            ("queue name of the prototype for a key", {}, ["Bearer queue.bob.1234"], 401, "unknown-key"),
            ("beginning of other's key", {}, [f"Bearer {foreign[:-1]}"], 401, "unknown-key"),
            ("other's key and one more letter", {}, [f"Bearer {foreign}A"], 401, "unknown-key"),
            ("other's key in another case", {}, [f"Bearer {foreign.swapcase()}"], 401, "unknown-key"),
            ("empty key in the header", {}, ["Bearer "], 401, "unknown-key"),
            ("empty key in the body", {"listeningKey": ""}, [], 401, "unknown-key"),
            ("own key as the password of Basic", {}, [f"Basic {basic}"], 401, "unauthenticated"),
        ]
        for name, members, authorization, status, problem in table:
            with self.case(f"exchange: {name}"):
                answer = post(self.daemon, "/exchange", {"toUserId": "bob", "content": "forged", **members},
                              headers=[("Authorization", value) for value in authorization])
                self.assertEqual((answer.status, answer.problem), (status, problem))
                self.assertEqual(answer.header("www-authenticate"), "Bearer" if status == 401 else None)
                self.check_bob()

    def test_exchange_with_the_own_key_is_from_oneself(self):
        own = self.alice.key
        for name, members, bearer in [("own key in the header", {}, own), ("own key in the body", {"listeningKey": own}, None),
                                      ("own key in both", {"listeningKey": own}, own),
                                      ("own key and own fromUserId", {"fromUserId": "alice"}, own)]:
            with self.case(f"exchange: {name}"):
                answer = post(self.daemon, "/exchange", {"toUserId": "bob", "content": "hello", **members}, bearer=bearer)
                self.assertEqual((answer.status, answer.json()["state"]), (200, "delivered"))
                self.assertEqual(self.bob.stomp.receive().json(), {"from": "alice", "content": "hello"})

    def test_exchange_tells_only_a_proven_sender_who_is_there(self):
        for to in ("bob", "nobody", self.bob.key):
            with self.case(f"exchange: unproven, to {'a key' if to == self.bob.key else to}"):
                answer = post(self.daemon, "/exchange", {"toUserId": to, "content": "x"})
                self.assertEqual((answer.status, answer.problem), (401, "unauthenticated"))
        with self.case("exchange: proven, to a key"):
            answer = post(self.daemon, "/exchange", {"toUserId": self.bob.key, "content": "x"}, bearer=self.alice.key)
            self.assertEqual((answer.status, answer.problem), (404, "recipient-unknown"))

    def test_json_cannot_say_it_twice_or_differently(self):
        own, foreign = self.alice.key, self.bob.key
        with self.case("exchange: fromUserId twice in JSON"):
            body = f'{{"toUserId":"bob","content":1,"listeningKey":"{own}","fromUserId":"alice","fromUserId":"bob"}}'
            answer = ask(self.daemon.http, "POST", "/exchange", body.encode(), [("Content-Type", "application/json")])
            self.assertEqual((answer.status, answer.problem), (400, "duplicate-member"))
        with self.case("exchange: a list of keys"):
            answer = post_json(self.daemon, "/exchange", {"toUserId": "bob", "content": 1, "listeningKey": [own, foreign]})
            self.assertEqual((answer.status, answer.problem), (401, "unknown-key"))
        with self.case("exchange: key inside the content"):
            answer = post_json(self.daemon, "/exchange", {"toUserId": "bob", "content": {"listeningKey": own, "from": "bob"}})
            self.assertEqual((answer.status, answer.problem), (401, "unauthenticated"))
        with self.case("disconnect: a list with other's key"):
            answer = post_json(self.daemon, "/disconnect", {"queueName": [foreign]})
            self.assertEqual((answer.status, answer.problem), (401, "unknown-key"))

    def test_credentials_in_the_url_are_not_read(self):
        own, foreign = self.alice.key, self.bob.key
        for method, target, status in [("GET", f"/exchange?toUserId=bob&content=x&fromUserId=bob&listeningKey={own}", 405),
                                       ("POST", f"/exchange?toUserId=bob&content=x&listeningKey={own}", 400),
                                       ("GET", f"/disconnect?queueName={foreign}", 405),
                                       ("POST", f"/disconnect?queueName={foreign}", 401),
                                       ("GET", "/connect?userId=mallory&password=x", 405),
                                       ("POST", "/connect?userId=mallory", 400)]:
            with self.case(f"{method} {target.split('?')[0]}: credentials in the URL"):
                self.assertEqual(ask(self.daemon.http, method, target).status, status)
                self.check_bob()

    def test_broker_authentication_is_not_for_the_public(self):
        for address in (self.daemon.http, self.daemon.stomp):
            for path in ("/auth/user", "/auth/vhost", "/auth/resource", "/auth/topic", "/metrics", "/readyz"):
                with self.subTest(address=address, path=path):
                    self.assertEqual(ask(address, "POST", path, b"username=bob&password=x").status, 404)
                    self.assertEqual(ask(address, "GET", f"{path}?username=bob&password=x").status, 404)

    def test_disconnect(self):
        own, foreign = self.alice.key, self.bob.key
        table = [
            ("no key", {}, None, 401, "unauthenticated"),
            ("userId of another", {"userId": "bob"}, None, 401, "unauthenticated"),
            ("queueName is a userId", {"queueName": "bob"}, None, 401, "unknown-key"),
            ("queueName as the prototype made it", {"queueName": "queue.bob"}, None, 401, "unknown-key"),
            ("queueName that splits on dots", {"queueName": "queue.bob.1234"}, None, 401, "unknown-key"),
            ("queueName of dots", {"queueName": "..bob.."}, None, 401, "unknown-key"),
            ("queueName with other's key and a NUL", {"queueName": foreign + "\0"}, None, 401, "unknown-key"),
            ("queueName with other's key and a blank", {"queueName": foreign + " "}, None, 401, "unknown-key"),
            ("queueName is a destination", {"queueName": f"/queue/{foreign}"}, None, 401, "unknown-key"),
            ("queueName is a pattern", {"queueName": "queue.*"}, None, 401, "unknown-key"),
            ("guessed", {"queueName": GUESSED}, None, 401, "unknown-key"),
            ("ended", {"queueName": self.ended}, None, 401, "unknown-key"),
            ("own key, queueName of another", {"queueName": foreign}, own, 403, "not-yours"),
            ("own key, crafted queueName", {"queueName": "queue.bob.1234"}, own, 403, "not-yours"),
            ("own key as a member, queueName of another", {"queueName": foreign, "listeningKey": own}, None, 403, "not-yours"),
        ]
        for name, members, bearer, status, problem in table:
            with self.case(f"disconnect: {name}"):
                answer = post(self.daemon, "/disconnect", members, bearer=bearer)
                self.assertEqual((answer.status, answer.problem), (status, problem))
                self.check_bob()
        # Alice is still there, too.
        self.assertEqual(post(self.daemon, "/exchange", {"toUserId": "bob", "content": "x"}, bearer=own).status, 200)
        self.bob.stomp.receive()

    def test_disconnect_with_the_own_key_works_once(self):
        for name, members, by_header in [("own key as queueName", True, False), ("own key in the header", False, True),
                                         ("own key in both", True, True)]:
            with self.case(f"disconnect: {name}"):
                key = self.alice.key
                for status in (200, 401):
                    answer = post(self.daemon, "/disconnect", {"queueName": key} if members else {}, bearer=key if by_header else None)
                    self.assertEqual(answer.status, status)
                self.alice = self.new_alice()

    # STOMP

    def refused(self, stomp, message, code):
        error = stomp.receive()
        self.assertIsInstance(error, Frame)
        self.assertEqual((error.command, error.headers["message"]), ("ERROR", message))
        self.assertEqual(stomp.receive(), code)
        stomp.close()

    def test_connect(self):
        own, foreign = self.alice.key, self.bob.key
        for name, login, passcode in [("login of another, own key", "bob", own), ("own login, other's key", "alice", foreign),
                                      ("login of another, no key", "bob", None), ("own key, no login", None, own),
                                      ("login of another, ended key", "bob", self.ended), ("ended session", "carol", self.ended),
                                      ("login of another, guessed key", "bob", GUESSED), ("default password", "guest", "guest"),
                                      ("userId as the password", "bob", "bob"), ("empty password", "bob", ""),
                                      ("own login in capitals", "ALICE", own), ("beginning of other's key", "bob", foreign[:-1])]:
            with self.case(f"CONNECT: {name}"):
                stomp = Stomp(self.daemon)
                headers = {"accept-version": "1.2", "login": login, "passcode": passcode}
                stomp.send("CONNECT", {key: value for key, value in headers.items() if value is not None})
                self.refused(stomp, "credentials refused", 4006)
                self.check_bob()
        with self.case("CONNECT: two logins, the first counts"):
            stomp = Stomp(self.daemon)
            stomp.web_socket.send_frame(TEXT, f"CONNECT\naccept-version:1.2\nlogin:bob\nlogin:alice\npasscode:{own}\n\n\0".encode())
            self.refused(stomp, "credentials refused", 4006)
        with self.case("CONNECT: own login and key"):
            self.assertEqual(self.alice.listen().stomp.web_socket.protocol, "v12.stomp")

    def test_subscribe(self):
        own, foreign = self.alice.key, self.bob.key
        refused, unknown = "access refused", "not supported yet"
        for name, destination, message in [
                ("other's queue", f"/queue/{foreign}", refused), ("ended queue", f"/queue/{self.ended}", refused),
                ("guessed queue", f"/queue/{GUESSED}", refused), ("userId for a queue", "/queue/bob", refused),
                ("queue of the prototype", "/queue/queue.bob.1234", refused), ("pattern", "/queue/*", refused),
                ("own queue and a climb", f"/queue/{own}/../{foreign}", refused),
                ("own queue, encoded", f"/queue/{own.replace('.', '%2E')}", refused),
                ("queue without a prefix", foreign, unknown), ("user destination", "/user/bob", unknown),
                ("everything", "/topic/#", refused), ("queue of the broker", f"/amq/queue/{foreign}", unknown),
                ("exchange of the broker", "/exchange/amq.rabbitmq.trace/#", unknown)]:
            with self.case(f"SUBSCRIBE: {name}"):
                self.alice.listen().stomp.send("SUBSCRIBE", {"id": "x", "destination": destination})
                self.refused(self.alice.stomp, message, 1008)
                self.check_bob()
                self.alice = self.new_alice()
        with self.case("SUBSCRIBE: before CONNECT"):
            stomp = Stomp(self.daemon)
            stomp.send("SUBSCRIBE", {"id": "x", "destination": f"/queue/{foreign}"})
            self.refused(stomp, "not connected", 1002)

    def test_send(self):
        alice, bob = self.alice.listen(), self.bob
        made_up = {"from": "bob", "event": "undeliverable", "message-id": "1", "subscription": "9", "receipt-id": "7", "ack": "1",
                   "timestamp": "1", "redelivered": "true", "passcode": "secret"}
        with self.case("SEND: from another, in the headers"):
            alice.stomp.send("SEND", {"destination": "/user/bob", **made_up, "x-own": "travels"}, "hello")
            message = bob.stomp.receive()
            self.assertEqual((message.headers["from"], message.headers.get("x-own")), ("alice", "travels"))
            self.assertEqual(message.headers["subscription"], "0")
            self.assertNotEqual(message.headers["message-id"], "1")
            for name in ("event", "receipt-id", "ack", "timestamp", "redelivered", "passcode"):
                self.assertNotIn(name, message.headers)
            self.assertEqual(message.json(), {"from": "alice", "content": "hello"})
        with self.case("SEND: from another, in the body"):
            forged = '{"from":"bob","fromUserId":"bob","content":"x"}'
            alice.stomp.send("SEND", {"destination": "/user/bob", "content-type": "application/json"}, forged)
            self.assertEqual(bob.stomp.receive().json()["from"], "alice")
        with self.case("SEND: content that breaks out of the frame"):
            alice.stomp.send("SEND", {"destination": "/user/bob", "x": "a\\nfrom:bob\\n\\nMESSAGE"}, '"}\n\nMESSAGE\nfrom:bob')
            message = bob.stomp.receive()
            self.assertEqual((message.headers["from"], message.json()["from"]), ("alice", "alice"))
        with self.case("SEND: to a userId that is a queue"):
            alice.stomp.send("SEND", {"destination": f"/user/{bob.key}"}, "x")
            event = alice.stomp.receive()
            self.assertEqual((event.headers["event"], event.json()["status"]), ("undeliverable", 404))
        with self.case("SEND: to another's queue"):
            alice.stomp.send("SEND", {"destination": f"/queue/{bob.key}"}, "x")
            self.refused(alice.stomp, "access refused", 1008)
        self.alice = self.new_alice()
        with self.case("SEND: before CONNECT"):
            stomp = Stomp(self.daemon)
            stomp.send("SEND", {"destination": "/user/bob"}, "x")
            self.refused(stomp, "not connected", 1002)
        with self.case("SEND: after the session's end"):
            alice = self.alice.listen()
            self.assertEqual(post(self.daemon, "/disconnect", {"queueName": alice.key}).status, 200)
            alice.stomp.send("SEND", {"destination": "/user/bob"}, "x")
            # Not delivered (check_bob), and the connection ends, 5 s later.
            event = alice.stomp.receive()
            self.assertEqual((event.headers.get("event"), event.json()["status"]), ("undeliverable", 401))
            self.refused(alice.stomp, "session ended", 4002)

    # Sessions that follow each other

    def test_late_close_of_an_old_connection_leaves_the_new_one_alone(self):
        with self.case("late close: the same key, a newer connection"):
            old = self.alice.listen().stomp
            self.alice.listen()
            error = old.receive()
            self.assertEqual((error.command, error.headers["message"], old.receive()), ("ERROR", "replaced", 4001))
            old.web_socket.send_frame(CLOSE, b"\x03\xe8")
            old.close()
            self.assertEqual(post(self.daemon, "/exchange", {"toUserId": "alice", "content": "x"}, bearer=self.bob.key).status, 200)
            self.assertEqual(self.alice.stomp.receive().json()["from"], "bob")
        with self.case("late close: a new session of the same user"):
            old = self.alice
            self.assertEqual(post(self.daemon, "/disconnect", {"queueName": old.key}).status, 200)
            self.alice = User(self.daemon, "alice").listen()
            self.assertNotEqual(self.alice.key, old.key)
            old.stomp.send("UNSUBSCRIBE", {"id": "0"})
            old.stomp.send("DISCONNECT")
            while isinstance(old.stomp.receive(), Frame):
                pass
            old.stomp.close()
            self.assertEqual(post(self.daemon, "/exchange", {"toUserId": "alice", "content": "x"}, bearer=self.bob.key).status, 200)
            self.assertEqual(self.alice.stomp.receive().json()["from"], "bob")
            self.assertEqual(post(self.daemon, "/exchange", {"toUserId": "bob", "content": "x"}, bearer=old.key).status, 401)

    def test_userid_of_a_live_session_cannot_be_taken(self):
        for name, user in [("the same", "bob"), ("with a NUL", "bob\0"), ("with a blank", "bob "), ("with a zero-width joiner", "bob\u200d"),
                           ("in capitals", "BOB"), ("with a line end", "bob\n")]:
            with self.case(f"connect: userId of another, {name}"):
                with concurrent.futures.ThreadPoolExecutor(1) as attacker:
                    attempt = attacker.submit(post, self.daemon, "/connect", {"userId": user})
                    while not attempt.done():  # Bob is asked for a sign of life, which he gives when he reads
                        self.check_bob()
                answer = attempt.result()
                expected = {"bob": 409, "bob\u200d": 200, "BOB": 200}.get(user, 400)  # compared byte for byte
                self.assertEqual(answer.status, expected)
                self.check_bob()
                if expected == 200:
                    self.assertEqual(post(self.daemon, "/disconnect", {"queueName": answer.json()["listeningKey"]}).status, 200)

    @classmethod
    def tearDownClass(cls):
        cls.bob.stomp.close()
        log = cls.daemon.log()
        assert cls.bob.key not in log and cls.ended not in log, "a key is in the log"
        assert len(cls.cases) >= 40, f"only {len(cls.cases)} cases"


class OwnershipWithoutKeys(unittest.TestCase):
    """exchange.require_key=false, for the prototype's page: a userId is believed, a key is checked all the same."""

    def test_exchange(self):
        with Daemon(exchange__require_key="false", limits__failed_keys=0) as daemon:
            alice, bob = User(daemon, "alice"), User(daemon, "bob").listen()
            for name, members, bearer, status, problem in [
                    ("no key, a user who is there", {"fromUserId": "alice"}, None, 200, None),
                    ("no key, a user who is not there", {"fromUserId": "carol"}, None, 404, "sender-unknown"),
                    ("no key, no user", {}, None, 400, "missing-member"),
                    ("guessed key", {"fromUserId": "alice"}, GUESSED, 401, "unknown-key"),
                    ("key of another", {"fromUserId": "bob"}, alice.key, 403, "not-yours")]:
                with self.subTest(case=name):
                    answer = post(daemon, "/exchange", {"toUserId": "bob", "content": "x", **members}, bearer=bearer)
                    self.assertEqual((answer.status, answer.problem), (status, problem))
            with self.subTest(case="disconnect is never believed"):
                self.assertEqual(post(daemon, "/disconnect", {"queueName": "queue.bob", "userId": "bob"}).status, 401)
            self.assertEqual(bob.stomp.receive().json(), {"from": "alice", "content": "x"})
            bob.stomp.close()


if __name__ == "__main__":
    unittest.main()
