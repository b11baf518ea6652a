#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives Debian's python3-stomp over TCP as driver.js drives the libraries for JavaScript: one JSON object a line comes in,
{"id", "method", "arguments"}, and {"id", "result"} goes out. The argument is the STOMP version to use."""

import base64
import json
import sys
import threading

import stomp

CONNECTIONS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}


class Driver(stomp.ConnectionListener):
    def __init__(self, version):
        self.version = version
        self.changed = threading.Condition()
        self.messages = []
        self.taken = 0
        self.receipts = set()
        self.counts = {"sent": 0, "received": 0}
        self.error = None
        self.ended = False
        self.connected = None
        self.serial = 0

    # Of the library, in its threads

    def on_connected(self, frame):
        self.change(lambda: setattr(self, "connected", frame.headers))

    def on_message(self, frame):
        self.change(lambda: self.messages.append(frame))

    def on_receipt(self, frame):
        self.change(lambda: self.receipts.add(frame.headers["receipt-id"]))

    def on_error(self, frame):
        self.change(lambda: setattr(self, "error", frame.headers.get("message")))

    def on_disconnected(self):
        self.change(lambda: setattr(self, "ended", True))

    def on_heartbeat(self):
        self.change(lambda: self.counts.__setitem__("received", self.counts["received"] + 1))

    def on_send(self, frame):
        if frame.cmd is None:  # a heart-beat
            self.change(lambda: self.counts.__setitem__("sent", self.counts["sent"] + 1))

    def change(self, what):
        with self.changed:
            what()
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            self.changed.wait_for(lambda: condition() or self.ended)

    def receipt(self):
        self.serial += 1
        return f"r{self.serial}"

    # Of the test

    def open(self, url, login, passcode, beat):
        host, port = url.split(":")
        more = {} if self.version == "1.0" else {"heartbeats": (beat, beat)}
        self.connection = CONNECTIONS[self.version]([(host, int(port))], auto_decode=False, reconnect_attempts_max=1, **more)
        self.connection.set_listener("", self)
        self.connection.connect(login, passcode)
        self.wait(lambda: self.connected)
        return {"version": self.connected["version"]} if self.connected else {"error": self.error}

    def subscribe(self, destination, **headers):
        receipt = self.receipt()
        self.connection.subscribe(destination, id="s", ack=headers.pop("ack", "auto"), headers={**headers, "receipt": receipt})
        self.wait(lambda: receipt in self.receipts)

    def send(self, destination, body=None, bytes=None, transaction=None, headers=None):
        content = base64.b64decode(bytes) if bytes else body
        if transaction:
            self.connection.send(destination, content, headers={**(headers or {}), "transaction": transaction})
            return {}
        receipt = self.receipt()
        self.connection.send(destination, content, headers={**(headers or {}), "receipt": receipt})
        self.wait(lambda: receipt in self.receipts)
        return {}

    def next(self):
        self.wait(lambda: len(self.messages) > self.taken)
        frame = self.messages[self.taken]
        self.taken += 1
        body = frame.body if isinstance(frame.body, bytes) else frame.body.encode()
        return {"index": self.taken - 1, "headers": frame.headers, "body": body.decode("utf-8", "replace"),
                "bytes": base64.b64encode(body).decode()}

    def acknowledge(self, how, index, transaction=None):
        headers = self.messages[index].headers
        if self.version == "1.1":
            how(headers["message-id"], headers["subscription"], transaction=transaction)
        else:
            how(headers["ack" if self.version == "1.2" else "message-id"], transaction=transaction)

    def ack(self, **arguments):
        self.acknowledge(self.connection.ack, **arguments)

    def nack(self, **arguments):
        self.acknowledge(self.connection.nack, **arguments)

    def begin(self):
        return self.connection.begin()

    def commit(self, transaction):
        self.connection.commit(transaction)

    def abort(self, transaction):
        self.connection.abort(transaction)

    def beats(self):
        return self.counts

    def close(self):
        self.connection.disconnect(receipt="end")
        self.wait(lambda: False)
        return {"receipt": "end" in self.receipts}

    def closed(self):
        self.wait(lambda: False)
        return {}


def main():
    driver = Driver(sys.argv[1])
    lock = threading.Lock()

    def answer(request):
        arguments = request["arguments"]
        method = getattr(driver, request["method"])
        result = method(**arguments) if isinstance(arguments, dict) else method(*([] if arguments is None else [arguments]))
        with lock:
            print(json.dumps({"id": request["id"], "result": result}), flush=True)

    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


main()
