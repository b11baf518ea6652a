# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: nothing that is secret is in the log (at debug level), on the command line, in /metrics, in what
--print-config says, in the files of the session store, or in an answer to somebody else."""

import pathlib
import subprocess
import tempfile
import unittest

from harness.certificate import Certificate
from harness.daemon import Daemon
from harness.stomp import Stomp, User, post, post_json
from harness.websocket import BINARY, TEXT
from harness.wire import Connection, ask

TURN_SECRET = "canary-turn-2d1f0c"
WRONG = "canary-wrong-passcode-77aa"
CONTENT = "canary-content-51c3"


class Secrets(unittest.TestCase):
    def run_everything(self, daemon, tls):
        """A session's life, and every way to present a key wrongly. Returns what must not be found."""
        options = {"tls": True} if tls else {}
        answer = post(daemon, "/connect", {"userId": "alice"}, **options)
        self.assertEqual(answer.status, 200, answer)
        alice = answer.json()
        key, turn = alice["listeningKey"], alice["iceServers"][-1]["credential"]
        bob = post(daemon, "/connect", {"userId": "bob"}, **options).json()["listeningKey"]
        stomp = Stomp(daemon, **options)
        self.assertEqual(stomp.connect("alice", key).command, "CONNECTED")
        stomp.send("SUBSCRIBE", {"id": "0", "destination": f"/queue/{key}", "receipt": "1"})
        self.assertEqual(stomp.receive().command, "RECEIPT")
        answers = [
            post(daemon, "/exchange", {"toUserId": "alice", "content": CONTENT}, bearer=bob, **options),
            post(daemon, "/exchange", {"toUserId": "alice", "content": CONTENT, "fromUserId": "bob"}, bearer=key, **options),
            post(daemon, "/exchange", {"toUserId": "alice", "content": CONTENT, "listeningKey": bob}, bearer=key, **options),
            post(daemon, "/exchange", {"toUserId": "alice", "content": CONTENT}, bearer=WRONG, **options),
            post(daemon, "/exchange", {"toUserId": "nobody", "content": CONTENT}, bearer=bob, **options),
            post(daemon, "/exchange", {"toUserId": bob, "content": CONTENT}, bearer=key + "x", **options),
            post_json(daemon, "/exchange", {"toUserId": "alice", "content": CONTENT, "listeningKey": {"a": bob}}, **options),
            post(daemon, "/disconnect", {"queueName": WRONG}, **options),
            post(daemon, "/disconnect", {"queueName": bob[:-1]}, **options),
            ask(daemon.http, "POST", "/connect", f"userId={key}%00".encode(), [("Content-Type", "application/x-www-form-urlencoded")], **options),
            ask(daemon.http, "GET", f"/exchange?listeningKey={bob}&content={CONTENT}", **options),
            ask(daemon.http, "GET", "/", headers=[("Authorization", f"Basic {bob}"), ("Cookie", f"k={bob}")], **options),
        ]
        with Connection(daemon.http, **options) as connection:
            connection.send(f"POST /exchange HTTP/1.1\r\nHost: h\r\nAuthorization : Bearer {bob}\r\n\r\n".encode())
            answers.append(connection.answer())
        for login, passcode in [("alice", WRONG), ("bob", key), ("mallory", bob)]:
            refused = Stomp(daemon, **options)
            self.assertEqual(refused.connect(login, passcode).command, "ERROR")
            refused.close()
        for bytes_, opcode in [(f"CONNECT\nlogin:bob\npasscode:{bob}\nx\n\n\0", TEXT), (f"SEND\nx:{bob}\n\n\0", TEXT),
                               (f"CONNECT\npasscode:{bob}\xff\n\n\0", BINARY)]:
            refused = Stomp(daemon, **options)
            refused.web_socket.send_frame(opcode, bytes_.encode("latin-1"))
            while not isinstance(refused.receive(), int):
                pass
            refused.close()
        stomp.send("SEND", {"destination": "/user/nobody", "passcode": WRONG}, CONTENT)
        stomp.send("SUBSCRIBE", {"id": "1", "destination": f"/queue/{bob}"})
        while not isinstance(stomp.receive(), int):
            pass
        stomp.close()
        self.assertEqual(post(daemon, "/disconnect", {"queueName": bob}, **options).status, 200)
        for answer in answers:
            self.assertEqual([s for s in (key, bob, TURN_SECRET) if s.encode() in answer.body and answer.status >= 400 and
                              s.encode() not in answer.json().get("path", "").encode()], [], answer)
        return [key, bob, key.removeprefix("queue."), bob.removeprefix("queue."), turn, WRONG, CONTENT, TURN_SECRET]

    def test_canaries(self):
        for tls in (False, True):
            for form in ("text", "json"):
                with self.subTest(tls=tls, form=form), tempfile.TemporaryDirectory() as folder, Certificate() as pair:
                    secret = pathlib.Path(folder) / "turn.secret"
                    secret.write_text(TURN_SECRET + "\n", encoding="ascii")
                    settings = {"ice__servers": ["turn:turn.example.org:3478"], "ice__turn_secret": str(secret), "log__level": "debug",
                                "log__format": form, "log__rate": 0, "limits__failed_keys": 0, "sessions__store": "sqlite"}
                    if tls:
                        settings |= {"tls__certificate": pair.file, "tls__key": pair.key}
                    with Daemon(**settings) as daemon:
                        secrets = self.run_everything(daemon, tls)
                        secrets += [line for line in pair.key_text().splitlines() if not line.startswith("-") and len(line) > 20]
                        printed = daemon.output_of("--print-config")
                        self.assertIn("[limits]", printed)
                        places = {"the log": daemon.log(), "--print-config": printed, "/metrics": daemon.metrics_text(),
                                  "the ready line": daemon.ready_line,
                                  "the command line": pathlib.Path(f"/proc/{daemon.pid}/cmdline").read_bytes().decode(),
                                  "/readyz": ask(daemon.internal, "GET", "/readyz").body.decode(),
                                  "the session store": "".join(file.read_bytes().decode("latin-1") for file in
                                                               daemon.state_file("").glob("sessions.sqlite*"))}
                        # The log is one where something would be found.
                        self.assertIn("stomp.connected", places["the log"])
                        self.assertIn("strange", places["the log"])
                        self.assertIn("alice", places["the session store"])
                    found = [(place, s) for place, text in places.items() for s in secrets if s in text]
                    self.assertEqual(found, [])

    def test_errors_do_not_show_what_is_in_secret_files(self):
        with tempfile.TemporaryDirectory() as folder, Certificate() as pair:
            bad = pathlib.Path(folder) / "bad"
            for content in (TURN_SECRET + "\n" + TURN_SECRET, pair.key_text()[:120] + TURN_SECRET, TURN_SECRET + "\0"):
                bad.write_text(content, encoding="ascii")
                for settings in ({"tls__certificate": pair.file, "tls__key": str(bad)}, {"tls__certificate": str(bad), "tls__key": pair.key},
                                 {"ice__servers": ["turn:t"], "ice__turn_secret": str(bad)}):
                    with self.subTest(settings=list(settings)):
                        daemon = Daemon(**settings)
                        said = daemon.output_of("--check-config")
                        daemon.close()
                        self.assertTrue(said)
                        self.assertNotIn(TURN_SECRET, said)
                        self.assertNotIn(pair.key_text().splitlines()[1][:40], said)

    def test_state_is_for_the_daemon_alone(self):
        with Daemon() as daemon:
            User(daemon, "alice")
            files = subprocess.run(["find", str(daemon.log_file.parent), "-perm", "/077", "-not", "-type", "l", "-path", "*state*"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout
            self.assertEqual(files, "")


if __name__ == "__main__":
    unittest.main()
