# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy (Debian's) between the attacker and the daemon."""

import pathlib
import shutil
import socket
import subprocess
import tempfile

from harness.daemon import wait_until

CONFIGURATION = """global
    maxconn 200
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    # The one connection may be lingering after an early answer, for up to limits.close_timeout.
    timeout queue 20s
    timeout client 20s
    timeout server 20s
    timeout http-request 5s
    option http-keep-alive
frontend front
    bind 127.0.0.1:{port}
    default_backend daemon
backend daemon
    http-reuse always
    option forwardfor
    server daemon {host}:{backend_port} maxconn 1
"""


def program():
    return shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class HaProxy:
    """All requests share one connection to the daemon, so that whatever is smuggled is answered to the next one."""

    def __init__(self, backend):
        self._folder = tempfile.TemporaryDirectory(prefix="msgsrv-haproxy-")
        self._backend = backend

    def __enter__(self):
        self.address = ("127.0.0.1", free_port())
        file = pathlib.Path(self._folder.name) / "haproxy.cfg"
        file.write_text(CONFIGURATION.format(port=self.address[1], host=self._backend[0],
                                             backend_port=self._backend[1]), encoding="ascii")
        self._log = pathlib.Path(self._folder.name) / "haproxy.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([program(), "-db", "-f", str(file)], stdout=log, stderr=log)
        if not wait_until(self._listens):
            self._process.kill()
            self._process.wait()
            raise RuntimeError("haproxy does not listen: " + self.log_tail())
        return self

    def log_tail(self, lines=4):
        """What HAProxy said last: with its termination states, it tells who ended a request and when."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-lines:])

    def _listens(self):
        try:
            socket.create_connection(self.address, timeout=1).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=20)
        self._folder.cleanup()
