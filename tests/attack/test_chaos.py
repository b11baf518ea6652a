# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at random, under traffic, with a checker over what the clients wrote down: connections that break, users who
take their own session over, who stop reading, a daemon that stands still, ends in order, or is killed.

Each message has a name (its exchange id), is repeated under it until it is answered, and its sender asks to be told when it
fails. The law: what was accepted arrives, or its sender is told why not; in the order in which one sent it to the other;
and twice only when the second says so, or another run of the daemon made it, which knows no names of what is final. A kill
may forget what waited, and says so; with exchange.durable it forgets nothing.
"""

import asyncio
import collections
import json
import os
import random
import signal
import socket
import time
import unittest

from harness.daemon import IS_LONG, Daemon, wait_until
from harness.websocket import TEXT, frame, handshake

USERS = 16
SECONDS = 180 if IS_LONG else 12
RESUME_MS = 60_000
ANSWER_WITHIN = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sent:
    """A message, in its sender's journal."""

    def __init__(self, to, number, epoch):
        self.to, self.number, self.epoch = to, number, epoch
        self.message_id = None
        self.failed = None  # the reason that its sender was told


Got = collections.namedtuple("Got", "sender number message_id redelivered")


def run_of(got):
    """Which run of the daemon made the message's id."""
    return got.message_id.partition("-")[0]


class Refused(Exception):
    """The session is over."""


class Connection:
    """STOMP over WebSocket, on one socket."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(handshake(f"{address[0]}:{address[1]}"))
        await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    def send(self, command, headers, body=""):
        if self.writer.transport.is_closing():
            raise EOFError
        lines = [command, *(f"{name}:{value}" for name, value in headers.items()), "", body]
        self.writer.write(frame(TEXT, ("\n".join(lines) + "\0").encode()))

    async def receive(self):
        """Command, headers, body; EOFError at the end, whatever it looks like."""
        while True:
            head = await self.reader.readexactly(2)
            size = head[1]
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            payload = await self.reader.readexactly(size)
            if head[0] & 15 == 8:
                raise EOFError(payload)
            if payload in (b"", b"\n"):
                continue
            top, _, body = payload.decode().removesuffix("\0").partition("\n\n")
            command, *lines = top.split("\n")
            headers = {}
            for line in lines:
                name, _, value = line.partition(":")
                headers.setdefault(name, value)
            return command, headers, body

    def abort(self):
        self.writer.transport.abort()


class User:
    """Keeps a session whatever happens, sends to random others, and writes down what it did and saw."""

    def __init__(self, world, name, seed):
        self.world, self.name = world, name
        self.random = random.Random(seed)
        self.key = None
        self.connection = None
        self.sent = {}  # by exchange id
        self.got = []
        self.resumed = 0
        self.opened = 0
        self.mute_until = 0.0
        self.awaited = {}  # receipt -> future
        self.ready = asyncio.Event()

    # The session

    async def post(self, path, fields, key=None):
        body = json.dumps(fields).encode()
        reader, writer = await asyncio.open_connection(*self.world.daemon.http)
        bearer = f"Authorization: Bearer {key}\r\n" if key else ""
        writer.write((f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{bearer}"
                      f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body)
        answer = await reader.read()
        writer.close()
        if not answer:
            raise EOFError
        head, _, text = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(text or b"{}")

    async def live(self):
        """Until cancelled."""
        while True:
            try:
                await self.listen()
            except Refused:
                self.key = None
            except (OSError, EOFError, asyncio.IncompleteReadError):
                pass
            self.ready.clear()
            if self.connection:
                self.connection.abort()
            for future in self.awaited.values():
                if not future.done():
                    future.set_exception(EOFError())
            self.awaited.clear()
            await asyncio.sleep(self.random.uniform(0.01, 0.1))

    async def open_session(self):
        status, answer = await self.post("/connect", {"userId": self.name})
        if status == 409:  # the daemon has not noticed yet that the old one is over
            raise EOFError
        if status == 503:
            raise EOFError
        if status != 200:
            raise AssertionError((self.name, status, answer))
        self.key = answer["listeningKey"]
        self.opened += 1

    async def listen(self):
        if not self.key:
            await self.open_session()
        connection = self.connection = await Connection.open(self.world.daemon.stomp)
        connection.send("CONNECT", {"accept-version": "1.2", "login": self.name, "passcode": self.key,
                                    "resume": RESUME_MS, "heart-beat": "0,0"})
        command, headers, _ = await connection.receive()
        if command == "ERROR":
            raise Refused(headers)
        self.resumed += headers.get("resumed") == "true"
        connection.send("SUBSCRIBE", {"id": "0", "destination": f"/queue/{self.key}", "ack": "client-individual",
                                      "receipt": "subscribed"})
        while True:
            if time.monotonic() < self.mute_until:
                await asyncio.sleep(self.mute_until - time.monotonic())  # the fault
            command, headers, body = await connection.receive()
            if command == "RECEIPT":
                self.note_receipt(headers["receipt-id"])
            elif command == "MESSAGE":
                self.note_message(headers, body)
                if "ack" in headers:
                    connection.send("ACK", {"id": headers["ack"]})
            elif command == "ERROR":
                return

    def note_receipt(self, receipt):
        if receipt == "subscribed":
            self.ready.set()
        elif receipt in self.awaited:
            future = self.awaited.pop(receipt)
            if not future.done():
                future.set_result(True)

    def note_message(self, headers, body):
        event = headers.get("event")
        value = json.loads(body)
        if event == "failed":
            self.sent[value["exchangeId"]].failed = value.get("reason") or value["state"]
        elif event == "undeliverable":
            receipt = headers.get("receipt-id")
            if receipt in self.awaited:
                future = self.awaited.pop(receipt)
                if not future.done():
                    future.set_result(False)
        elif event is None:
            self.got.append(Got(value["from"], value["content"]["n"], headers["message-id"],
                                headers.get("redelivered") == "true"))

    # Traffic

    async def send_to(self, other, number):
        """One message, repeated under its name until it is answered: so the next one is younger."""
        name = f"{self.name}-{other}-{number}"
        entry = self.sent[name] = Sent(other, number, self.world.epoch)
        content = json.dumps({"n": number, "pad": "x" * self.random.choice((0, 0, 2000))})
        while True:
            try:
                await self.ready.wait()
                entry.epoch = self.world.epoch
                if self.random.random() < 0.5:
                    future = self.awaited[name] = asyncio.get_running_loop().create_future()
                    self.connection.send("SEND", {"destination": f"/user/{other}", "exchange-id": name, "notify": "failed",
                                                  "receipt": name, "content-type": "application/json"}, content)
                    if await asyncio.wait_for(future, ANSWER_WITHIN):
                        entry.message_id = "receipt"
                        return
                else:
                    status, answer = await self.post("/exchange", {"toUserId": other, "content": json.loads(content),
                                                                   "exchangeId": name, "notify": "failed"}, self.key)
                    if status in (200, 202):
                        entry.message_id = answer["messageId"]
                        return
                    # Not there, too many, not now, the message or this session is over: said, so nothing is lost.
                    if status not in (401, 404, 429, 503):
                        raise AssertionError((name, status, answer))
                del self.sent[name]
                return  # refused
            except (OSError, EOFError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.01)  # whether it came through is not known: again, under the same name

    async def talk(self):
        numbers = collections.Counter()
        while not self.world.is_over:
            other = self.random.choice(self.world.names)
            numbers[other] += 1
            await self.send_to(other, numbers[other])
            await asyncio.sleep(self.random.uniform(0, 0.05))


class World:
    def __init__(self, daemon, seed, is_durable):
        self.daemon, self.seed, self.is_durable = daemon, seed, is_durable
        self.random = random.Random(seed)
        self.names = [f"user{i}" for i in range(USERS)]
        self.users = [User(self, name, self.random.random()) for name in self.names]
        self.epoch = 0  # counts the kills
        self.is_over = False
        self.faults = collections.Counter()

    async def run(self):
        lives = [asyncio.create_task(user.live()) for user in self.users]
        await asyncio.gather(*(user.ready.wait() for user in self.users))
        talks = [asyncio.create_task(user.talk()) for user in self.users]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            await asyncio.sleep(self.random.uniform(0.02, 0.4))
            self.watch(lives + talks)
            await self.fault()
        self.is_over = True
        done, pending = await asyncio.wait(talks, timeout=60)
        self.watch(lives + list(done))
        if pending:
            raise AssertionError(f"{len(pending)} messages were never answered, seed {self.seed}")
        await self.settle()
        self.watch(lives)
        for life in lives:
            life.cancel()
        # And no ghost stays behind.
        for user in self.users:
            status, _ = await user.post("/disconnect", {"queueName": user.key})
            if status != 200:
                raise AssertionError(f"/disconnect of {user.name}: {status}, seed {self.seed}")
        if not await asyncio.to_thread(wait_until, lambda: self.daemon.metric("messaging_sessions") == 0):
            raise AssertionError(f"sessions stay behind, seed {self.seed}:\n{self.daemon.metrics_text()}")

    def watch(self, tasks):
        for task in tasks:
            if task.done() and task.exception():
                raise task.exception()

    async def settle(self):
        """Until nothing is on its way any more."""
        def is_quiet():
            return (self.daemon.metric("messaging_messages_in_flight") == 0
                    and self.daemon.metric("messaging_sessions", state="acked") == USERS)
        end = time.monotonic() + 60
        while not await asyncio.to_thread(is_quiet):
            if time.monotonic() > end:
                raise AssertionError(f"not quiet, seed {self.seed}:\n{self.daemon.metrics_text()}")
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # what was written to the sockets is read

    async def fault(self):
        user = self.random.choice(self.users)
        kind = self.random.choices(("cut", "takeover", "mute", "stop", "restart", "kill"), (30, 10, 10, 4, 2, 2))[0]
        self.faults[kind] += 1
        if kind == "cut" and user.connection:
            user.connection.abort()
        elif kind == "takeover" and user.key:
            await self.take_over(user)
        elif kind == "mute":
            user.mute_until = time.monotonic() + self.random.uniform(0.5, 2)
        elif kind == "stop":
            os.kill(self.daemon.pid, signal.SIGSTOP)
            await asyncio.sleep(self.random.uniform(0.2, 1))
            os.kill(self.daemon.pid, signal.SIGCONT)
        elif kind == "restart":
            self.daemon.process.terminate()
            code = await asyncio.to_thread(self.daemon.process.wait, 30)
            if code != 0:
                raise AssertionError(f"the daemon ended with {code}, seed {self.seed}\n{self.daemon.log()[-3000:]}")
            self.daemon.process.stdout.close()
            await asyncio.to_thread(self.daemon.start)
        elif kind == "kill":
            self.epoch += 1
            await asyncio.to_thread(self.daemon.kill)
            await asyncio.to_thread(self.daemon.start)

    async def take_over(self, user):
        """A second connection of the same session: the first loses it."""
        try:
            status, answer = await user.post("/connect", {"userId": user.name}, user.key)
            if status == 200 and answer["listeningKey"] == user.key and user.connection:
                user.connection.abort()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass


class Chaos(unittest.TestCase):
    maxDiff = None

    def run_world(self, is_durable):
        seed = int(os.environ.get("MSGSRV_SEED", random.randrange(1 << 32)))
        print(f"seed {seed}", flush=True)
        settings = {"exchange__durable": "true"} if is_durable else {}
        port = free_port()
        daemon = Daemon(sessions__store="sqlite", http__listen=f"127.0.0.1:{port}", stomp__listen=f"127.0.0.1:{port}",
                        log__level="warning", limits__connects_per_address=0, limits__connections_per_address=0,
                        limits__exchanges_per_address=0, limits__exchanges_per_user=0, limits__failed_keys=0,
                        limits__send_stall="1s", **settings)
        with daemon:
            world = World(daemon, seed, is_durable)
            asyncio.run(asyncio.wait_for(world.run(), SECONDS + 180))
            self.check(world)

    def check(self, world):
        arrived = {}  # (sender, recipient, number) -> what was got, in order
        for user in world.users:
            last = {}
            for got in user.got:
                key = (got.sender, user.name, got.number)
                if key not in arrived:
                    self.assertGreater(got.number, last.get(got.sender, 0),
                                       f"out of order: {got} to {user.name}, seed {world.seed}")
                    last[got.sender] = got.number
                arrived.setdefault(key, []).append(got)
        twice, silent, told = [], [], collections.Counter()
        for key, copies in arrived.items():
            for former, got in zip(copies, copies[1:]):
                # Of another run of the daemon, which knows no names of the former: what was not answered is repeated.
                if not got.redelivered and run_of(got) == run_of(former):
                    twice.append((key, copies))
        accepted = 0
        for user in world.users:
            for name, entry in user.sent.items():
                if not entry.message_id:
                    continue
                accepted += 1
                if (user.name, entry.to, entry.number) in arrived:
                    continue
                if entry.failed:
                    told[entry.failed] += 1
                else:
                    silent.append((name, entry.message_id, entry.epoch))
        print(f"faults {dict(world.faults)}; accepted {accepted}, arrived {len(arrived)}, told of {dict(told)}; "
              f"resumed {sum(u.resumed for u in world.users)}, "
              f"sessions opened {sum(u.opened for u in world.users)}", flush=True)
        self.assertEqual(silent, [], f"lost in silence, seed {world.seed}")
        if world.is_durable:
            self.assertEqual(told, {})
        self.assertEqual(twice, [], f"delivered twice, seed {world.seed}")
        self.assertGreater(len(arrived), USERS * SECONDS)
        for kind in ("cut", "mute"):
            self.assertGreater(world.faults[kind], 0)

    def test_faults_at_random(self):
        self.run_world(is_durable=False)

    def test_faults_at_random_and_nothing_is_forgotten(self):
        """exchange.durable: a kill is no excuse."""
        self.run_world(is_durable=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
