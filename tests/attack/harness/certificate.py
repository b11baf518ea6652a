# SPDX-License-Identifier: GPL-3.0-or-later
"""A self-signed certificate for 127.0.0.1, made with the openssl program."""

import pathlib
import subprocess
import tempfile


class Certificate:
    """Its files, `file` and `key`, live until the end of a `with` block."""

    def __init__(self, kind="ec"):
        self._folder = tempfile.TemporaryDirectory(prefix="msgsrv-certificate-")
        folder = pathlib.Path(self._folder.name)
        self.file, self.key = str(folder / "certificate.pem"), str(folder / "key.pem")
        algorithm = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-newkey", *algorithm, "-keyout", self.key, "-out", self.file],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def key_text(self):
        return pathlib.Path(self.key).read_text(encoding="ascii")

