# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 in the middle of 200 /connect and /disconnect a second, again and again, over the SQLite store: what was
answered 200 is so after the restart, the file is sound, and the daemon is ready again within two seconds.

Each client writes down what it asked for and what it was answered. What was under way when the daemon died may have
happened or not; everything else is certain, and is compared with what the next daemon says of each key.
"""

import http.client
import json
import pathlib
import random
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
import unittest

from harness.daemon import IS_LONG, Daemon

ROUNDS = 50 if IS_LONG else 5
CLIENTS = 8
OPERATIONS_PER_SECOND = 200
SECONDS = (0.4, 1.4)  # a round lasts so long, at least and at most
READY_WITHIN = 2.0


class Client(threading.Thread):
    """Opens and ends sessions at its share of the rate until the daemon is gone."""

    def __init__(self, daemon, name, seed):
        super().__init__()
        self._address = daemon.http
        self._name = name
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self.live = {}  # key -> userId, of this round: /connect was answered 200
        self.ended = {}  # the same: /disconnect was, too
        self.unknown = {}  # /disconnect was sent and not answered
        self.answered = 0
        self.errors = []

    def run(self):
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        start = time.monotonic()
        asked = 0
        try:
            while not self._halt.is_set():
                due = start + asked * CLIENTS / OPERATIONS_PER_SECOND
                if self._halt.wait(max(0.0, due - time.monotonic())):
                    break
                asked += 1
                if self.live and self._random.random() < 0.4:
                    self._end(connection)
                else:
                    self._open(connection, f"{self._name}.{asked}")
        except (OSError, http.client.HTTPException):
            pass  # the daemon is dead
        finally:
            connection.close()

    def stop(self):
        self._halt.set()
        self.join()

    def _open(self, connection, user):
        status, answer = post(connection, "/connect", {"userId": user})
        if status == 200:
            self.live[answer["listeningKey"]] = user
            self.answered += 1
        else:
            self.errors.append((user, status, answer))

    def _end(self, connection):
        key = self._random.choice(list(self.live))
        user = self.live.pop(key)
        self.unknown[key] = user
        status, answer = post(connection, "/disconnect", {"queueName": key})
        if status == 200:
            self.ended[key] = self.unknown.pop(key)
            self.answered += 1
        else:
            self.errors.append((user, status, answer))


def post(connection, path, fields, key=None):
    headers = {"Content-Type": "application/json", "Connection": "keep-alive"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    connection.request("POST", path, json.dumps(fields), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def integrity(path):
    """What SQLite says of a copy: the daemon finds the file as it was left."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / path.name
        for suffix in ("", "-wal"):
            if path.with_name(path.name + suffix).exists():
                shutil.copy(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
        file = sqlite3.connect(copy)
        try:
            return file.execute("PRAGMA integrity_check").fetchall()
        finally:
            file.close()


def is_live(connection, key):
    """Whether the key opens a session: only a proven sender is told that there is no such recipient."""
    status, answer = post(connection, "/exchange", {"toUserId": "nobody at all", "content": "x"}, key)
    if status not in (401, 404):
        raise AssertionError(f"{status} {answer}")
    return status == 404


class Kill(unittest.TestCase):
    def test_what_was_answered_outlives_a_kill(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        ready = []
        expected = {}  # live after the last round
        total = {"answered": 0, "live": 0, "ended": 0, "under way": 0}
        daemon = Daemon(sessions__store="sqlite", sessions__unacked_ttl="1h", limits__connects_per_address=0,
                        limits__exchanges_per_address=0, limits__exchanges_per_user=0, limits__failed_keys=0,
                        log__level="warning")
        with daemon:
            for number in range(ROUNDS):
                clients = [Client(daemon, f"r{number}c{i}", chance.random()) for i in range(CLIENTS)]
                for client in clients:
                    client.start()
                time.sleep(chance.uniform(*SECONDS))  # the time of the crime
                daemon.kill()
                for client in clients:
                    client.stop()
                    self.assertEqual(client.errors, [])
                self.assertEqual(integrity(daemon.state_file("sessions.sqlite")), [("ok",)])

                begin = time.monotonic()
                daemon.start()
                ready.append(time.monotonic() - begin)
                ended = {}
                for client in clients:
                    expected.update(client.live)
                    ended.update(client.ended)
                    total["answered"] += client.answered
                    total["under way"] += len(client.unknown)
                self.assertGreater(sum(c.answered for c in clients), 0)
                self._compare(daemon, expected, ended, seed)
                total["live"] += len(expected)
                total["ended"] += len(ended)
                # The next round begins with a tenth of them; the others end.
                for key in list(expected):
                    if chance.random() < 0.9:
                        self._end(daemon, key)
                        del expected[key]
        print(f"{ROUNDS} rounds: {total}; ready after {statistics.median(ready):.2f} s (median), {max(ready):.2f} s (most)")
        self.assertGreater(total["ended"], ROUNDS)
        # One slow start of a short run is the machine's; all of a long one count.
        self.assertLess(max(ready) if IS_LONG else statistics.median(ready), READY_WITHIN)

    def _compare(self, daemon, expected, ended, seed):
        connection = http.client.HTTPConnection(*daemon.http, timeout=20)
        lost = [user for key, user in expected.items() if not is_live(connection, key)]
        risen = [user for key, user in ended.items() if is_live(connection, key)]
        connection.close()
        self.assertEqual((lost, risen), ([], []), f"lost and risen from the dead, seed {seed}")

    def _end(self, daemon, key):
        connection = http.client.HTTPConnection(*daemon.http, timeout=20)
        status, answer = post(connection, "/disconnect", {"queueName": key})
        connection.close()
        self.assertEqual(status, 200, answer)


if __name__ == "__main__":
    unittest.main()
