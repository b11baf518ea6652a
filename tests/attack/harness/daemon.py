# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon under attack, as a process of its own."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

#: "short" in ./dev test, "long" in ./dev attack.
IS_LONG = os.environ.get("MSGSRV_ATTACK", "short") == "long"


def program(name="messaging-server"):
    """A program of the build: MSGSRV_BIN_DIR, or build/release/bin of this checkout."""
    default = pathlib.Path(__file__).parents[3] / "build/release/bin"
    return pathlib.Path(os.environ.get("MSGSRV_BIN_DIR", default)) / name


def wait_until(condition, seconds=20):
    """The first true value of condition(), asked for again and again; None after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value or None
        time.sleep(0.02)


def split_address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Daemon:
    """Runs between `with Daemon(...)` and its end, and must stop cleanly. Ports are chosen by the system.

    Settings are keyword arguments with two underscores for the dot: limits__body="1KiB".
    """

    def __init__(self, *, environment=None, folder=None, **settings):
        self._temporary = tempfile.TemporaryDirectory(prefix="msgsrv-attack-")
        self.folder = pathlib.Path(folder or self._temporary.name)
        self.settings = {"http.listen": "127.0.0.1:0", "stomp.listen": "127.0.0.1:0",
                         "internal.listen": "127.0.0.1:0", "sessions.store": "memory", "workers": 2,
                         "drain.spread": 0}
        self.settings.update({key.replace("__", "."): value for key, value in settings.items()})
        self._environment = environment or {}
        self.log_file = pathlib.Path(self._temporary.name) / "daemon.log"

    def command(self):
        command = [str(program())]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value if isinstance(value, (str, int)) else json.dumps(value)}"]
        return command

    def environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MESSAGING_SERVER__", "XDG_"))}
        directories = {}
        for name in ("state", "runtime"):
            path = pathlib.Path(self._temporary.name) / name
            path.mkdir(mode=0o700, exist_ok=True)
            directories[f"{name.upper()}_DIRECTORY"] = str(path)
        return {**kept, **directories, **self._environment}

    def __enter__(self):
        return self.start()

    def start(self):
        """Also once more after kill(), with the same state. The log begins anew."""
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log,
                                            env=self.environment(), text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the daemon is not ready: {line}{self.log()}")
        self.ready_line = line
        ready = json.loads(line.removeprefix("ready "))
        self.http, self.stomp, self.internal = (split_address(ready[k]) for k in ("http", "stomp", "internal"))
        return self

    def kill(self):
        """SIGKILL, and its end."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __exit__(self, kind, _error, _trace):
        running = self.process.poll() is None
        self.process.terminate()
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "no end within 30 seconds"
        self.process.stdout.close()
        log = self.log()
        self._temporary.cleanup()
        if kind is None and (not running or code != 0):
            raise AssertionError(f"the daemon ended with {code}, running until then: {running}\n{log[-4000:]}")

    def state_file(self, name):
        """A file in the folder of its state."""
        return pathlib.Path(self._temporary.name) / "state" / name

    def output_of(self, *options):
        """Runs the program once, with the same settings and these options: what it prints, on stdout and stderr."""
        done = subprocess.run([*self.command(), *options], env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        return done.stdout

    def close(self):
        """For one that was never started."""
        self._temporary.cleanup()

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def resident(self):
        """Bytes of memory that are resident (VmRSS)."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def metrics_text(self):
        with urllib.request.urlopen(f"http://{self.internal[0]}:{self.internal[1]}/metrics", timeout=20) as answer:
            return answer.read().decode()

    def metric(self, name, **labels):
        """Sum of the samples of that name that carry these labels."""
        total = 0.0
        for sample, given, value in re.findall(r"^(\w+)(?:\{(.*?)\})? (\S+)$", self.metrics_text(), re.M):
            have = dict(re.findall(r'(\w+)="(.*?)"', given))
            if sample == name and labels.items() <= have.items():
                total += float(value)
        return total

    def http_connections(self):
        """Open HTTP connections but the one that asks."""
        return self.metric("messaging_connections", transport="http") - 1
