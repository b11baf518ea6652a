# SPDX-License-Identifier: GPL-3.0-or-later
"""What TLS is taken, seen by sslscan: versions 1.2 and 1.3, and suites that authenticate what they encrypt."""

import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from harness.certificate import Certificate
from harness.daemon import Daemon

AEAD = ("GCM", "CHACHA20", "CCM")


@unittest.skipUnless(shutil.which("sslscan"), "sslscan is not installed")
class Tls(unittest.TestCase):
    def scan(self, address):
        done = subprocess.run(["sslscan", "--no-colour", "--xml=-", f"{address[0]}:{address[1]}"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=True, text=True)
        test = ElementTree.fromstring(done.stdout).find("ssltest")
        self.assertIsNotNone(test, done.stdout)
        return test

    def test_versions_and_suites(self):
        for kind in ("ec", "rsa"):
            with self.subTest(key=kind), Certificate(kind) as pair, \
                    Daemon(tls__certificate=pair.file, tls__key=pair.key) as daemon:
                test = self.scan(daemon.http)
                enabled = {(p.get("type"), p.get("version")) for p in test.findall("protocol") if p.get("enabled") == "1"}
                self.assertEqual(enabled, {("tls", "1.2"), ("tls", "1.3")})
                suites = [(c.get("sslversion"), c.get("cipher")) for c in test.findall("cipher")]
                self.assertEqual({version for version, _ in suites}, {"TLSv1.2", "TLSv1.3"})
                self.assertEqual([suite for suite in suites if not any(name in suite[1] for name in AEAD)], [])
                self.assertEqual([c.get("cipher") for c in test.findall("cipher") if int(c.get("bits")) < 128], [])
                # Forward secrecy: the key of the certificate signs and never encrypts.
                self.assertEqual([name for version, name in suites if version == "TLSv1.2" and not name.startswith("ECDHE-")], [])
                self.assertEqual([g.get("id") for g in test.findall("heartbleed") if g.get("vulnerable") == "1"], [])
                compression = test.find("compression")
                self.assertNotEqual(compression.get("supported") if compression is not None else "0", "1")
                renegotiation = test.find("renegotiation")
                self.assertTrue(renegotiation is None or renegotiation.get("supported") == "0" or renegotiation.get("secure") == "1")


if __name__ == "__main__":
    unittest.main()
