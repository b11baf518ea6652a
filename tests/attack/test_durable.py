# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at any moment while users send to users who read, who acknowledge and who are away, with
exchange.durable=true: what was answered is there after the restart, in its order, and nothing comes twice that is not
marked as redelivered.

Each client writes down what it was told. A message whose sender was told 202, or 200 or RECEIPT where the recipient
acknowledges or is away, must arrive. (Where the recipient reads without acknowledging, 200 says that it was written to
the connection, and what the kernel then makes of that connection's last bytes is nobody's to know.) What was under way
when the daemon died may have happened or not.

A message may come twice without its mark if it was written in the moment before the kill, and the end of it had not
reached the disk: clients know it by its message-id. So that is counted, and only allowed in that moment.
"""

import http.client
import json
import os
import random
import socket
import threading
import time
import unittest

from harness.daemon import IS_LONG, Daemon, wait_until
from harness.stomp import Stomp, User

ROUNDS = int(os.environ.get("MSGSRV_ROUNDS", 60 if IS_LONG else 20))
SECONDS = (0.3, 1.2)  # a round lasts so long, at least and at most
MOMENT = 2.0  # seconds before the kill: what the disk may be behind
RECIPIENTS = {"reads0": "auto", "reads1": "auto", "acks0": "client-individual", "acks1": "client-individual",
              "away0": None, "away1": None}
SENDERS = 4


class Journal:
    """What one recipient got, over all rounds."""

    def __init__(self):
        self.first = {}  # message-id -> time of its first arrival
        self.order = []  # (sender, number) in the order of first arrivals
        self.again = []  # (message-id, time of its first arrival), of those that came again and were not marked
        self.marked = 0

    def add(self, frame):
        identity, content = frame.headers["message-id"], frame.json()["content"]
        if identity in self.first:
            if frame.headers.get("redelivered") == "true":
                self.marked += 1
            else:
                self.again.append((identity, self.first[identity]))
            return
        self.first[identity] = time.monotonic()
        self.order.append((content["from"], content["number"]))


class Reader(threading.Thread):
    """Holds a recipient's connection until the daemon is gone, or it is told to stop."""

    def __init__(self, daemon, name, key, mode, journal, lazy):
        super().__init__()
        self._journal, self._mode, self._lazy = journal, mode, lazy
        self._stomp = Stomp(daemon)
        self._stomp.send("CONNECT", {"accept-version": "1.2", "login": name, "passcode": key, "resume": "3600000"})
        connected = self._stomp.receive()
        if getattr(connected, "command", "") != "CONNECTED":
            raise AssertionError(f"{name}: {connected}")
        self._stomp.send("SUBSCRIBE", {"id": "0", "destination": f"/queue/{key}", "ack": mode})

    def run(self):
        got = 0
        try:
            while not isinstance(frame := self._stomp.receive(), int):
                if frame.command != "MESSAGE":
                    raise AssertionError(frame)
                self._journal.add(frame)
                got += 1
                # Now and then one stays unacknowledged.
                if self._mode != "auto" and not (self._lazy and got % 7 == 0):
                    self._stomp.send("ACK", {"id": frame.headers["ack"]})
        except OSError:
            pass  # the daemon is dead
        finally:
            self._stomp.close()

    def close(self):
        """As a connection that breaks."""
        try:
            self._stomp.web_socket.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has broken by itself
        self.join()


class Sender(threading.Thread):
    """Sends to everybody in turn by HTTP, one after the other, until the daemon is gone."""

    def __init__(self, daemon, name, key, seed, numbers):
        super().__init__()
        self._address, self._name, self._key = daemon.http, name, key
        self._random = random.Random(seed)
        self._numbers = numbers  # recipient -> the next number, over all rounds
        self.promised = []  # (recipient, number)
        self.written = 0
        self.errors = []

    def run(self):
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        try:
            while True:
                to = self._random.choice(list(RECIPIENTS))
                number = self._numbers[to] = self._numbers[to] + 1
                content = {"from": self._name, "number": number}
                connection.request("POST", "/exchange", json.dumps({"toUserId": to, "content": content}),
                                   {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"})
                answer = connection.getresponse()
                answer.read()
                self._note(answer.status, to, number)
        except (OSError, http.client.HTTPException):
            pass  # the daemon is dead
        finally:
            connection.close()

    def _note(self, status, to, number):
        if status == 202 or (status == 200 and RECIPIENTS[to] != "auto"):
            self.promised.append((to, number))
        elif status == 200:
            self.written += 1
        elif status != 429:
            self.errors.append((status, to, number))


class StompSender(Sender):
    """The same by STOMP, several under way, each with a receipt."""

    UNDER_WAY = 8

    def run(self):
        waiting = {}
        stomp = Stomp(self._daemon)
        try:
            stomp.send("CONNECT", {"accept-version": "1.2", "login": self._name, "passcode": self._key,
                                   "resume": "3600000"})
            connected = stomp.receive()
            while True:
                while len(waiting) < self.UNDER_WAY:
                    to = self._random.choice(list(RECIPIENTS))
                    number = self._numbers[to] = self._numbers[to] + 1
                    receipt = f"{to}.{number}"
                    waiting[receipt] = (to, number)
                    stomp.send("SEND", {"destination": f"/user/{to}", "content-type": "application/json",
                                        "receipt": receipt},
                               json.dumps({"from": self._name, "number": number}))
                frame = stomp.receive()
                if isinstance(frame, int):
                    return
                if frame.command != "RECEIPT":
                    self.errors.append((connected, frame))
                    return
                to, number = waiting.pop(frame.headers["receipt-id"])
                self._note(202 if RECIPIENTS[to] != "auto" else 200, to, number)
        except OSError:
            pass  # the daemon is dead
        finally:
            stomp.close()

    def __init__(self, daemon, *rest):
        super().__init__(daemon, *rest)
        self._daemon = daemon


class Durable(unittest.TestCase):
    def test_what_was_promised_outlives_a_kill(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        journals = {name: Journal() for name in RECIPIENTS}
        numbers = {}
        unmarked = under_way = promised = written = 0
        with Daemon(sessions__store="sqlite", exchange__durable="true", sessions__unacked_ttl="1h",
                    sessions__resume="always", sessions__resume_window="1h", limits__exchanges_per_address=0,
                    limits__exchanges_per_user=0, limits__queue_messages=0, limits__queue_bytes=0,
                    limits__early_messages=0, limits__early_bytes=0, log__level="warning") as daemon:
            keys = {name: User(daemon, name).key for name in [*RECIPIENTS, *(f"sends{i}" for i in range(SENDERS))]}
            for number in range(ROUNDS):
                readers = [Reader(daemon, name, keys[name], mode, journals[name], True)
                           for name, mode in RECIPIENTS.items() if mode]
                senders = []
                for i in range(SENDERS):
                    name = f"sends{i}"
                    kind = StompSender if i % 2 else Sender
                    mine = numbers.setdefault(name, dict.fromkeys(RECIPIENTS, 0))
                    senders.append(kind(daemon, name, keys[name], chance.random(), mine))
                for thread in readers + senders:
                    thread.start()
                time.sleep(chance.uniform(*SECONDS))  # the time of the crime
                killed_at = time.monotonic()
                daemon.kill()
                for thread in readers + senders:
                    thread.join()
                daemon.start()
                # Everybody fetches what is there.
                readers = [Reader(daemon, name, keys[name], mode or "client-individual", journals[name], False)
                           for name, mode in RECIPIENTS.items()]
                for reader in readers:
                    reader.start()
                empty = wait_until(lambda: daemon.metric("messaging_messages_in_flight") == 0)
                self.assertTrue(wait_until(lambda: daemon.metric("messaging_journal_pending") == 0))
                for reader in readers:
                    reader.close()
                self.assertTrue(empty, f"messages stay behind, seed {seed}")

                for sender in senders:
                    self.assertEqual(sender.errors, [], f"seed {seed}")
                    promised += len(sender.promised)
                    written += sender.written
                    for to, n in sender.promised:
                        self.assertIn((sender._name, n), set_of(journals[to]),
                                      f"round {number}: {to} lost {sender._name} {n}, seed {seed}")
                self.assertGreater(sum(len(s.promised) for s in senders), 0)
                for name, journal in journals.items():
                    for sender in numbers:
                        mine = [n for s, n in journal.order if s == sender]
                        self.assertEqual(mine, sorted(mine), f"round {number}: {name}, seed {seed}")
                    for identity, first in journal.again:
                        self.assertLess(killed_at - first, MOMENT, f"{name} got {identity} again, seed {seed}")
                    unmarked += len(journal.again)
                    journal.again.clear()
                # Those who have acknowledged all hold their sessions still: nobody lets go of what is left.
                self.assertTrue(wait_until(lambda: daemon.metric("messaging_sessions", state="detached")
                                           + daemon.metric("messaging_sessions", state="new")
                                           == len(keys)))
        marked = sum(journal.marked for journal in journals.values())
        got = sum(len(journal.order) for journal in journals.values())
        print(f"{ROUNDS} rounds: {promised} promised, {written} written to readers, {got} arrived, "
              f"{marked} came again with their mark, {unmarked} without it in the moment of the kill")
        self.assertGreater(promised, 20 * ROUNDS)


def set_of(journal):
    """What arrived; kept up as it grows."""
    known = journal.__dict__.setdefault("known", set())
    if len(known) < len(journal.order):
        known.update(journal.order[len(known):])
    return known


if __name__ == "__main__":
    unittest.main()
