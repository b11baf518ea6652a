# SPDX-License-Identifier: GPL-3.0-or-later
"""Users that subscribed, have messages waiting, do not read, and may resume: for `run --stalled`."""
import json
import socket
import struct
import urllib.parse


def post(address, path, fields, key=None):
    """POSTs a form on a connection of its own; status and body."""
    body = urllib.parse.urlencode(fields)
    head = (f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n")
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall((head + "\r\n" + body).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    top, _, text = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), text


def frame(command, headers, body=""):
    """A STOMP frame in a masked text frame (the mask is zero)."""
    payload = (command + "\n" + "".join(f"{k}:{v}\n" for k, v in headers.items()) + "\n" + body + "\0").encode()
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return b"\x81" + length + b"\0\0\0\0" + payload


def connect_user(ready, name):
    status, body = post(ready["http"], "/connect", {"userId": name})
    if status != 200:
        raise RuntimeError(f"/connect of {name}: {status} {body!r}")
    key = json.loads(body)["listeningKey"]
    host, port = ready["stomp"].rsplit(":", 1)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect((host, int(port)))
    connection.sendall((f"GET /ws HTTP/1.1\r\nHost: {ready['stomp']}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode()
                       + frame("CONNECT", {"accept-version": "1.2", "login": name, "passcode": key, "resume": "60000"})
                       + frame("SUBSCRIBE", {"id": "0", "destination": f"/queue/{key}", "receipt": "done"}))
    text = b""
    while b"receipt-id:done" not in text:
        more = connection.recv(4096)
        if not more:
            raise RuntimeError(f"{name} was not subscribed: {text!r}")
        text += more
    return key, connection


def stall(ready, count):
    """Makes the users, sends to each until its messages wait, and returns the sockets that keep them there."""
    key, sender = connect_user(ready, "stall-sender")
    kept = [sender]
    for i in range(count):
        _, connection = connect_user(ready, f"stalled-{i}")
        kept.append(connection)
        for _ in range(2000):
            status, _ = post(ready["http"], "/exchange", {"toUserId": f"stalled-{i}", "content": "x" * 60000}, key)
            if status == 202:
                break
        else:
            raise RuntimeError("nothing ever waits for a user that does not read")
    return kept
