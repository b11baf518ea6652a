# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to machines and networks: a process that is stopped for a while, a clock that jumps, a cable that is
pulled, and everybody who comes back at once. None of it may end a session whose client is there."""

import asyncio
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

from harness.daemon import IS_LONG, Daemon, program, wait_until
from harness.stomp import Stomp, User
from harness.websocket import TEXT, frame, handshake

RESUME_MS = 60_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen_overflows():
    lines = [line.split() for line in pathlib.Path("/proc/net/netstat").read_text(encoding="ascii").splitlines()
             if line.startswith("TcpExt:")]
    return int(dict(zip(*lines))["ListenOverflows"])


def daemon_detached(daemon):
    return daemon.metric("messaging_sessions", state="detached") == 1


class Client:
    """A user on one event loop, with heart-beats and the wish to resume."""

    def __init__(self, name):
        self.name, self.key = name, None
        self.reader = self.writer = None
        self.early = []

    async def open(self, address):
        body = json.dumps({"userId": self.name})
        reader, writer = await asyncio.open_connection(*address)
        writer.write((f"POST /connect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                      f"Connection: close\r\n\r\n{body}").encode())
        answer = await reader.read()
        writer.close()
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise AssertionError(answer)
        self.key = json.loads(answer.split(b"\r\n\r\n", 1)[1])["listeningKey"]

    async def listen(self, address, beat=0, receive_buffer=None, ack="auto"):
        """The value of the header `resumed`."""
        plug = socket.socket()
        plug.setblocking(False)
        if receive_buffer:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(plug, address)
        self.reader, self.writer = await asyncio.open_connection(sock=plug, limit=receive_buffer or 2**16)
        self.writer.write(handshake(f"{address[0]}:{address[1]}"))
        await self.reader.readuntil(b"\r\n\r\n")
        self.send("CONNECT", {"accept-version": "1.2", "login": self.name, "passcode": self.key,
                              "resume": RESUME_MS, "heart-beat": f"{beat},{beat}"})
        connected = await self.receive()
        if not connected.startswith("CONNECTED\n"):
            raise AssertionError(connected)
        self.send("SUBSCRIBE", {"id": "0", "destination": f"/queue/{self.key}", "ack": ack,
                                "receipt": "subscribed"})
        self.early = []  # what waited may come before the receipt
        while not (receipt := await self.receive()).startswith("RECEIPT\n"):
            self.early.append(receipt)
        return "\nresumed:true\n" in connected

    def send(self, command, headers, body=""):
        lines = [command, *(f"{name}:{value}" for name, value in headers.items()), "", body]
        self.writer.write(frame(TEXT, ("\n".join(lines) + "\0").encode()))

    def beat(self):
        self.writer.write(frame(TEXT, b"\n"))

    async def receive(self):
        """The next STOMP frame; EOFError at the end, whatever it looks like."""
        while True:
            head = await self.reader.readexactly(2)
            size = head[1]
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            payload = await self.reader.readexactly(size)
            if head[0] & 15 == 8:
                raise EOFError(payload)
            if payload not in (b"", b"\n"):
                return payload.decode()


async def all_of(tasks, at_once=200):
    """Their results, so many at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(task):
        async with gate:
            return await task
    return await asyncio.gather(*(one(task) for task in tasks))


class Faults(unittest.TestCase):
    def test_a_process_that_stood_still_blames_nobody(self):
        """SIGSTOP: the clients went on beating; what they sent waits in the sockets, and time has passed."""
        pause = 20 if IS_LONG else 6
        with Daemon(limits__connects_per_address=0, limits__connections_per_address=0) as daemon:
            asyncio.run(asyncio.wait_for(self.stand_still(daemon, 300, pause), pause + 60))

    async def stand_still(self, daemon, count, pause):
        clients = [Client(f"user{i}") for i in range(count)]
        await all_of(client.open(daemon.http) for client in clients)
        await all_of(client.listen(daemon.stomp, beat=1000) for client in clients)
        running = True

        async def beat():
            while running:
                for client in clients:
                    client.beat()
                await asyncio.sleep(0.5)
        beating = asyncio.create_task(beat())
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(pause)  # the fault
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        # Through all of it: a message for each, and three times the tolerance of a heart-beat after it.
        for _ in range(3):
            for i, client in enumerate(clients):
                client.send("SEND", {"destination": f"/user/user{(i + 1) % count}"}, "still here")
            for message in await all_of((client.receive() for client in clients), count):
                self.assertIn("still here", message)
            await asyncio.sleep(2)
        running = False
        await beating
        self.assertEqual(daemon.metric("messaging_sessions", state="acked"), count)
        for client in clients:
            client.writer.close()

    def test_a_user_who_stops_reading_finds_all_in_order_later(self):
        """A slow consumer is cut off, and has a queue behind it: what was accepted waits there up to the limit, beyond it
        senders are told, nobody else waits, and the memory stays what the limits say."""
        with Daemon(limits__send_queue="64KiB", limits__send_stall="2s", limits__queue_messages=500,
                    limits__exchanges_per_user=0, limits__exchanges_per_address=0, sessions__store="sqlite") as daemon:
            asyncio.run(asyncio.wait_for(self.stop_reading(daemon), 120))

    async def stop_reading(self, daemon):
        slow, sender, other = (Client(name) for name in ("slow", "sender", "other"))
        for client in (slow, sender, other):
            await client.open(daemon.http)
        await slow.listen(daemon.stomp, receive_buffer=4096, ack="client-individual")
        await sender.listen(daemon.stomp)
        await other.listen(daemon.stomp)
        slow.writer.transport.pause_reading()  # the fault
        before = daemon.resident()
        accepted, refused = [], 0
        for number in range(5000):
            sender.send("SEND", {"destination": "/user/slow", "receipt": f"{number}"}, f"{number}:" + "x" * 8000)
            answer = await sender.receive()
            if answer.startswith("RECEIPT\n"):
                accepted.append(number)
            else:
                self.assertIn("event:undeliverable", answer)
                self.assertIn("queue-full", answer)
                refused += 1
            # And nobody else waits for it.
            if number % 100 == 0:
                sender.send("SEND", {"destination": "/user/other"}, "meanwhile")
                self.assertIn("meanwhile", await asyncio.wait_for(other.receive(), 5))
            if refused == 100:
                break
        self.assertEqual((len(accepted), refused), (500, 100))
        self.assertLess(daemon.resident() - before, 16 << 20)
        self.assertTrue(wait_until(lambda: daemon_detached(daemon), 20), "the slow consumer was not cut off")
        self.assertEqual(daemon.metric("messaging_connections_closed_total", reason="slow_consumer"), 1)
        # All of it comes on the next connection: what the first had been written and did not acknowledge, and then the rest.
        slow.writer.transport.abort()
        self.assertTrue(await slow.listen(daemon.stomp, ack="client-individual"))
        got = slow.early
        while len(got) < len(accepted):
            got.append(await asyncio.wait_for(slow.receive(), 20))
        numbers = [int(json.loads(text.rstrip("\0").partition("\n\n")[2])["content"].partition(":")[0]) for text in got]
        self.assertEqual(numbers, accepted)
        again = ["\nredelivered:true\n" in text for text in got]
        self.assertTrue(any(again))
        self.assertEqual(again, sorted(again, reverse=True))
        for client in (slow, sender, other):
            client.writer.transport.abort()

    def test_a_clock_that_jumps_ends_no_session(self):
        library = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
        if not library.exists():
            library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        with Daemon(environment={"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1",
                                 "FAKETIME": "+0"}) as probe:
            clock = probe.folder / "clock"
        daemon = Daemon(sessions__unacked_ttl="20s", sessions__store="sqlite")
        clock = daemon.folder / "clock"
        clock.write_text("+0\n", encoding="ascii")
        daemon._environment.update({"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                                    "FAKETIME_NO_CACHE": "1", "FAKETIME_TIMESTAMP_FILE": str(clock)})
        with daemon:
            alice, bob = User(daemon, "alice").listen(), User(daemon, "bob")
            carol = asyncio.run(self.detached(daemon))

            def logged_day():
                return [line[:10] for line in daemon.log().splitlines() if "session.opened" in line][-1]
            days = {logged_day()}
            for number, jump in enumerate(("+3d", "-3d", "+0")):
                clock.write_text(jump + "\n", encoding="ascii")
                probe = User(daemon, f"probe{number}")
                days.add(logged_day())
                probe.end()
                bob.daemon = daemon
                self.assertEqual(daemon.metric("messaging_sessions"), 3, jump)
                alice.stomp.send("SEND", {"destination": "/user/bob", "receipt": jump}, jump)
                self.assertEqual(alice.stomp.receive().command, "RECEIPT")
            self.assertEqual(len(days), 3, "the clock has not jumped")
            self.assertTrue(asyncio.run(carol.listen(daemon.stomp)))  # her window of 60 s is not over
            bob.listen()
            for jump in ("+3d", "-3d", "+0"):
                self.assertIn(jump, bob.stomp.receive().body)
            # And a time that does pass is noticed: un-acked for 20 s.
            started = time.monotonic()
            User(daemon, "dave")
            self.assertTrue(wait_until(lambda: daemon.metric("messaging_strange_behaviour_total", kind="unacked_expired") == 1, 40))
            self.assertTrue(18 < time.monotonic() - started < 25)

    async def detached(self, daemon):
        client = Client("carol")
        await client.open(daemon.http)
        await client.listen(daemon.stomp)
        client.writer.transport.abort()
        while daemon.metric("messaging_sessions", state="detached") != 1:
            await asyncio.sleep(0.02)
        return client

    def test_a_cable_that_is_pulled_detaches_in_time(self):
        """Half-open connections: no packet comes or goes, and nobody says so. In a network of its own, whose one
        device is taken down; the management's socket is no part of it."""
        done = subprocess.run(["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net",
                               sys.executable, "-B", __file__, "pull-the-cable"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_everybody_comes_back_at_once(self):
        """kill -9, a restart, and all sessions are resumed by clients that do not wait for each other."""
        count = 10_000 if IS_LONG else 1_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 1000)), hard))
        daemon = Daemon(sessions__store="sqlite", stomp__listen=f"127.0.0.1:{free_port()}", log__level="warning",
                        limits__connects_per_address=0, limits__connections_per_address=0, limits__failed_keys=0,
                        limits__connections=count + 1000)
        with daemon:
            seconds, overflows = asyncio.run(asyncio.wait_for(self.come_back(daemon, count), 300))
            print(f"{count} sessions resumed in {seconds:.1f} s after the restart")
            self.assertLess(seconds, 30)
            self.assertEqual(overflows, 0)

    async def come_back(self, daemon, count):
        clients = [Client(f"user{i}") for i in range(count)]
        await all_of((client.open(daemon.http) for client in clients), 64)
        await all_of(client.listen(daemon.stomp) for client in clients)
        # That somebody subscribed is written down behind the answer.
        self.assertTrue(wait_until(lambda: daemon.metric("messaging_store_pending") == 0))
        daemon.kill()
        for client in clients:
            client.writer.transport.abort()
        daemon.start()
        before, start = listen_overflows(), time.monotonic()
        resumed = await all_of((client.listen(daemon.stomp) for client in clients), count)
        seconds = time.monotonic() - start
        self.assertEqual(resumed.count(True), count)
        overflows = listen_overflows() - before
        self.assertTrue(wait_until(lambda: daemon.metric("messaging_sessions", state="acked") == count))
        for client in clients:
            client.writer.transport.abort()
        return seconds, overflows


def pull_the_cable():
    """In a network namespace of this process's own."""
    def device(state):
        subprocess.run(["ip", "link", "set", "lo", state], check=True)

    def states(daemon):
        socket_path = json.loads(daemon.ready_line.removeprefix("ready "))["management"]
        done = subprocess.run([program("messagingctl"), "--socket", socket_path, "sessions", "--json"],
                              stdout=subprocess.PIPE, text=True, timeout=20, check=True)
        return sorted(json.loads(line)["state"] for line in done.stdout.splitlines())

    device("up")
    with Daemon() as daemon:
        async def arrive():
            clients = [Client(f"user{i}") for i in range(20)]
            for client in clients:
                await client.open(daemon.http)
                await client.listen(daemon.stomp, beat=1000)
            return clients
        loop = asyncio.new_event_loop()
        clients = loop.run_until_complete(arrive())
        device("down")
        pulled = time.monotonic()
        detached = wait_until(lambda: states(daemon) == ["detached"] * len(clients), 10)
        took = time.monotonic() - pulled
        print(f"detached after {took:.1f} s")
        device("up")
        if not detached or took > 2 * 1.0 + 1.0:
            raise SystemExit(f"not detached within two heart-beats and a second: {took:.1f} s, {states(daemon)}")
        for client in clients:
            if not loop.run_until_complete(client.listen(daemon.stomp, beat=1000)):
                raise SystemExit("not resumed")
        # An HTTP request and a message: the server is well.
        stomp = Stomp(daemon)
        stomp.close()
        for client in clients:
            client.writer.transport.abort()


if __name__ == "__main__":
    if sys.argv[1:] == ["pull-the-cable"]:
        pull_the_cable()
    else:
        unittest.main(verbosity=2)
