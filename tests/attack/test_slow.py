# SPDX-License-Identifier: GPL-3.0-or-later
"""slowhttptest's four modes (slow heads, slow bodies, ranges, slow readers): others are served meanwhile, and the
attack's connections end by the server's deadlines, long before the attacker would let them go."""

import shutil
import subprocess
import unittest

from harness.daemon import IS_LONG, Daemon, wait_until
from harness.stomp import User, post
from harness.wire import ask

CONNECTIONS = 500 if IS_LONG else 150
PATIENCE = 240  # seconds that the attacker would hold its connections; a test that waits for it fails
MODES = {
    "slow heads": (["-H"], ("head_timeout",)),
    "slow bodies": (["-B", "-s", "8192", "-t", "POST"], ("body_timeout",)),
    "ranges": (["-R", "-t", "HEAD", "-a", "10", "-b", "3000"], ()),
    "slow readers": (["-X", "-w", "16", "-y", "32", "-n", "5", "-z", "16", "-k", "5"], ("slow_consumer", "idle", "close_timeout")),
}


@unittest.skipUnless(shutil.which("slowhttptest"), "slowhttptest is not installed")
class Slow(unittest.TestCase):
    def attack(self, name):
        options, reasons = MODES[name]
        deadlines = {f"limits__{what}": "2s" for what in ("head_timeout", "body_timeout", "idle_timeout", "close_timeout", "send_stall")}
        with Daemon(**deadlines) as daemon:
            alice, bob = User(daemon, "alice"), User(daemon, "bob").listen()
            path = "/connect" if name == "slow bodies" else "/"
            command = ["slowhttptest", *options, "-c", str(CONNECTIONS), "-r", "200", "-i", "1", "-x", "10", "-l", str(PATIENCE),
                       "-u", f"http://{daemon.http[0]}:{daemon.http[1]}{path}", "-p", "5"]
            attacker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                def good_request():
                    self.assertEqual(ask(daemon.http, "GET", "/").status, 200)
                    answer = post(daemon, "/exchange", {"toUserId": "bob", "content": "x"}, bearer=alice.key)
                    self.assertEqual((answer.status, bob.stomp.receive().json()), (200, {"from": "alice", "content": "x"}))

                if name == "ranges":  # is over as soon as it is answered
                    wait_until(lambda: attacker.poll() is not None or daemon.http_connections() > 10, 10)
                else:
                    self.assertTrue(wait_until(lambda: daemon.http_connections() >= CONNECTIONS // 2, 30), "the attack never began")
                good_request()
                # Every connection of the attack has ended while the attacker still wants them.
                self.assertTrue(wait_until(lambda: daemon.http_connections() == 0 and (good_request() or True), 60), f"{daemon.http_connections()} connections are left")
                good_request()
                for reason in reasons[:1] if len(reasons) == 1 else ():
                    self.assertGreaterEqual(daemon.metric("messaging_connections_closed_total", reason=reason), CONNECTIONS // 2)
                if len(reasons) > 1:
                    self.assertGreater(sum(daemon.metric("messaging_connections_closed_total", reason=r) for r in reasons), 0)
            finally:
                attacker.terminate()
                attacker.communicate(timeout=30)
                bob.stomp.close()

    def test_slow_heads(self):
        self.attack("slow heads")

    def test_slow_bodies(self):
        self.attack("slow bodies")

    def test_ranges(self):
        self.attack("ranges")

    def test_slow_readers(self):
        self.attack("slow readers")


if __name__ == "__main__":
    unittest.main()
