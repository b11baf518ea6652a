# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 6455 over ws-echo: the daemon's transport with an echo on top, by both engines."""

import itertools
import os
import struct
import subprocess
import unittest

from harness.daemon import program
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocket, frame

CLEF = "\U0001d11e".encode()  # four bytes
#: Not UTF-8: a byte alone, cut short, overlong, surrogates, beyond U+10FFFF, bytes that never occur.
NOT_UTF8 = [b"\x80", b"\xbf", b"\xc3", b"\xe2\x82", CLEF[:3], b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80",
            b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xc3\x28", b"\xe2\x28\xa1"]
UTF8 = ["", "a", "\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0010ffff",
        "Κόσμε 你好 🎉"]
SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]
CLOSE_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]


class Conformance(unittest.TestCase):
    engine = "direct"
    sizes = SIZES
    close_codes = CLOSE_CODES
    echo_of_no_code = 1005

    @classmethod
    def setUpClass(cls):
        cls.echo = subprocess.Popen([str(program("ws-echo")), "0", cls.engine], stdout=subprocess.PIPE, text=True)
        cls.address = ("127.0.0.1", int(cls.echo.stdout.readline().split()[1]))

    @classmethod
    def tearDownClass(cls):
        cls.echo.terminate()
        code = cls.echo.wait(30)
        cls.echo.stdout.close()
        if code != 0:
            raise AssertionError(f"ws-echo ended with {code}")

    def open(self, **options):
        web_socket = WebSocket(self.address, **{"path": "/", "protocols": None, **options})
        self.assertIsNone(web_socket.refusal)
        return web_socket

    def check_alive(self, web_socket):
        web_socket.send_frame(TEXT, b"marker")
        self.assertEqual(web_socket.receive(), (TEXT, b"marker"))

    def check_close(self, web_socket, code):
        self.assertEqual(web_socket.receive_close(), code)
        self.assertEqual(web_socket.rest(), b"", "something came behind the Close frame")

    # The handshake

    def test_any_path_with_and_without_a_subprotocol(self):
        for path, protocols, chosen in [("/", None, None), ("/a/b?c=d", None, None), ("/ws", "v10.stomp, v12.stomp", "v12.stomp"),
                                        ("/", "chat", None)]:
            with self.subTest(path=path, protocols=protocols), self.open(path=path, protocols=protocols) as web_socket:
                self.assertEqual(web_socket.protocol, chosen)
                self.check_alive(web_socket)

    def test_extensions_are_not_agreed_to(self):
        with self.open(extra=[("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]) as web_socket:
            self.check_alive(web_socket)

    # Messages

    def test_sizes(self):
        for size, opcode in itertools.product(self.sizes, (TEXT, BINARY)):
            with self.subTest(size=size, opcode=opcode), self.open() as web_socket:
                payload = b"*" * size if opcode == TEXT else os.urandom(size)
                web_socket.send_frame(opcode, payload)
                self.assertEqual(web_socket.receive(), (opcode, payload))
                self.check_alive(web_socket)

    def test_binary_that_could_be_text_comes_back_as_binary(self):
        with self.open() as web_socket:
            for payload in (b"", b"text", b"\xff"):
                web_socket.send_frame(BINARY, payload)
                self.assertEqual(web_socket.receive(), (BINARY, payload))

    def test_pieces_of_the_stream_do_not_matter(self):
        payload = CLEF * 40
        bytes_ = frame(PING, b"p") + frame(TEXT, payload[:5], final=False) + frame(CONTINUATION, payload[5:])
        for piece in (1, 2, 3, 7, 50):
            with self.subTest(piece=piece), self.open() as web_socket:
                web_socket.send(bytes_, piece)
                self.assertEqual(web_socket.receive(), (PONG, b"p"))
                self.assertEqual(web_socket.receive(), (TEXT, payload))

    def test_message_of_16_mib_and_one_above(self):
        with self.open() as web_socket:
            payload = bytes(16 << 20)
            for _ in range(2):
                web_socket.send_frame(BINARY, payload)
                self.assertEqual(web_socket.receive(), (BINARY, payload))
        with self.open() as web_socket:
            web_socket.send(frame(BINARY, length=(16 << 20) + 1)[:14])
            self.check_close(web_socket, 1009)

    # Fragments

    def test_fragments(self):
        for opcode, parts in itertools.product((TEXT, BINARY), ([b"a", b"b"], [b"", b"a"], [b"a", b""], [b"", b"", b""],
                                                               [b"x"] * 2000, [b"y" * 65536] * 8)):
            with self.subTest(opcode=opcode, parts=len(parts), size=len(b"".join(parts))), self.open() as web_socket:
                for number, part in enumerate(parts):
                    web_socket.send_frame(CONTINUATION if number else opcode, part, final=number == len(parts) - 1)
                self.assertEqual(web_socket.receive(), (opcode, b"".join(parts)))
                self.check_alive(web_socket)

    def test_control_frames_between_fragments_are_answered_at_once(self):
        with self.open() as web_socket:
            web_socket.send_frame(TEXT, b"a", final=False)
            web_socket.send_frame(PING, b"1")
            self.assertEqual(web_socket.receive(), (PONG, b"1"))
            web_socket.send_frame(CONTINUATION, b"b", final=False)
            web_socket.send_frame(PONG, b"nobody asked")
            web_socket.send_frame(PING, b"2")
            self.assertEqual(web_socket.receive(), (PONG, b"2"))
            web_socket.send_frame(CONTINUATION, b"c")
            self.assertEqual(web_socket.receive(), (TEXT, b"abc"))

    def test_fragments_out_of_order(self):
        for name, frames in {"continuation of nothing": [frame(CONTINUATION, b"x")],
                             "continuation of nothing, not final": [frame(CONTINUATION, b"x", final=False)],
                             "continuation behind a whole message": [frame(TEXT, b"a"), frame(CONTINUATION, b"x")],
                             "message within a message": [frame(TEXT, b"a", final=False), frame(TEXT, b"x")],
                             "message of the other kind within a message": [frame(TEXT, b"a", final=False), frame(BINARY, b"x")]}.items():
            with self.subTest(case=name), self.open() as web_socket:
                web_socket.send(b"".join(frames))
                self.check_close(web_socket, 1002)

    # UTF-8

    def test_utf8(self):
        for text in UTF8:
            with self.subTest(text=text), self.open() as web_socket:
                web_socket.send_frame(TEXT, text.encode())
                self.assertEqual(web_socket.receive(), (TEXT, text.encode()))

    def test_not_utf8(self):
        for bad, around in itertools.product(NOT_UTF8, (b"", "µ".encode())):
            with self.subTest(bad=bad, around=around), self.open() as web_socket:
                web_socket.send_frame(TEXT, around + bad + (around if bad not in (b"\xc3", b"\xe2\x82", CLEF[:3]) else b""))
                self.check_close(web_socket, 1007)
            with self.subTest(bad=bad, kind="binary"), self.open() as web_socket:
                web_socket.send_frame(BINARY, bad)
                self.assertEqual(web_socket.receive(), (BINARY, bad))

    def test_not_utf8_in_fragments(self):
        for bad in NOT_UTF8:
            with self.subTest(bad=bad), self.open() as web_socket:
                for at in range(len(bad)):
                    web_socket.send_frame(CONTINUATION if at else TEXT, bad[at:at + 1], final=at == len(bad) - 1)
                self.check_close(web_socket, 1007)

    def test_not_utf8_is_refused_before_the_message_is_whole(self):
        with self.open() as web_socket:
            web_socket.send_frame(TEXT, b"good \xff", final=False)
            self.check_close(web_socket, 1007)

    def test_characters_split_over_fragments(self):
        for text in (CLEF, "aé€".encode() + CLEF, CLEF * 3):
            for cut in range(len(text) + 1):
                with self.subTest(text=text, cut=cut), self.open() as web_socket:
                    web_socket.send_frame(TEXT, text[:cut], final=False)
                    web_socket.send_frame(PING, b"")
                    web_socket.send_frame(CONTINUATION, text[cut:])
                    self.assertEqual([web_socket.receive(), web_socket.receive()], [(PONG, b""), (TEXT, text)])

    # Frames that may not be

    def test_unmasked_frames(self):
        for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
            with self.subTest(opcode=opcode), self.open() as web_socket:
                web_socket.send_frame(opcode, b"\x03\xe8" if opcode == CLOSE else b"x", masked=False)
                self.check_close(web_socket, 1002)

    def test_reserved_bits(self):
        for reserved, opcode in itertools.product(range(1, 8), (TEXT, BINARY, PING)):
            with self.subTest(reserved=reserved, opcode=opcode), self.open() as web_socket:
                web_socket.send_frame(opcode, b"x", reserved=reserved)
                self.check_close(web_socket, 1002)

    def test_reserved_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode), self.open() as web_socket:
                web_socket.send_frame(TEXT, b"before")
                web_socket.send_frame(opcode, b"x")
                self.assertEqual(web_socket.receive(), (TEXT, b"before"))
                self.check_close(web_socket, 1002)

    def test_control_frames_above_125_or_in_fragments(self):
        for opcode in (PING, PONG, CLOSE):
            for name, bytes_ in {"126 bytes": frame(opcode, b"\x03\xe8" + b"x" * 124), "65536 bytes": frame(opcode, b"\x03\xe8" + b"x" * 65534),
                                 "fragment": frame(opcode, b"\x03\xe8", final=False),
                                 "fragment and its rest": frame(opcode, b"\x03\xe8", final=False) + frame(CONTINUATION, b"x")}.items():
                with self.subTest(opcode=opcode, case=name), self.open() as web_socket:
                    web_socket.send(bytes_)
                    self.check_close(web_socket, 1002)

    def test_lengths_with_the_top_bit(self):
        with self.open() as web_socket:
            web_socket.send(b"\x82\xff" + struct.pack(">Q", 1 << 63) + b"mask")
            self.check_close(web_socket, 1002)

    def test_lengths_that_are_not_the_shortest(self):
        """RFC 6455, 5.2: the minimal number of bytes must be used."""
        for name, head in {"5 in two bytes": b"\x81\xfe\x00\x05", "5 in eight bytes": b"\x81\xff" + bytes(7) + b"\x05",
                           "65535 in eight bytes": b"\x81\xff" + struct.pack(">Q", 65535)}.items():
            with self.subTest(case=name), self.open() as web_socket:
                web_socket.send(head + bytes(4) + b"x" * 5)
                self.check_close(web_socket, 1002)

    # Pings

    def test_pings(self):
        with self.open() as web_socket:
            for payload in (b"", b"x", b"\xff\x00\xfe", b"y" * 125):
                web_socket.send_frame(PING, payload)
                self.assertEqual(web_socket.receive(), (PONG, payload))
            web_socket.send(b"".join(frame(PING, b"%d" % i) for i in range(500)))
            for i in range(500):
                self.assertEqual(web_socket.receive(), (PONG, b"%d" % i))
            web_socket.send_frame(PONG, b"nobody asked")
            self.check_alive(web_socket)

    # Closing

    def test_close_is_echoed(self):
        for code in self.close_codes:
            for reason in ("", "bye", "ß" * 61):
                with self.subTest(code=code, reason=reason), self.open() as web_socket:
                    web_socket.send_frame(CLOSE, struct.pack(">H", code) + reason.encode())
                    self.check_close(web_socket, code)
        with self.subTest(code=None), self.open() as web_socket:
            web_socket.send_frame(CLOSE)
            self.check_close(web_socket, self.echo_of_no_code)

    def test_close_codes_that_may_not_be_sent(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            with self.subTest(code=code), self.open() as web_socket:
                web_socket.send_frame(CLOSE, struct.pack(">H", code))
                self.check_close(web_socket, 1002)

    def test_close_that_is_malformed(self):
        for name, payload, code in [("one byte", b"\x03", 1002), ("reason is not UTF-8", b"\x03\xe8\xff", 1007),
                                    ("reason is cut short", b"\x03\xe8" + CLEF[:2], 1007)]:
            with self.subTest(case=name), self.open() as web_socket:
                web_socket.send_frame(CLOSE, payload)
                self.check_close(web_socket, code)

    def test_nothing_is_read_behind_a_close(self):
        with self.open() as web_socket:
            web_socket.send(frame(TEXT, b"a", final=False) + frame(CLOSE, b"\x03\xe8") + frame(PING, b"x") + frame(CONTINUATION, b"b") + frame(TEXT, b"c"))
            self.assertEqual(web_socket.receive(), (CLOSE, b"\x03\xe8"))
            self.assertEqual(web_socket.rest(), b"")


class ConformanceByQt(Conformance):
    """The guard in front is the same; QWebSocket behind it has ways of its own, all within what RFC 6455 allows a
    server to send: messages above 512 KiB leave in several frames (which the strict reader here does not join), close
    codes younger than the RFC are answered with 1002, and a Close without a code with 1000."""

    engine = "qt"
    sizes = [size for size in SIZES if size < 512 * 1024]
    close_codes = [code for code in CLOSE_CODES if code not in (1012, 1013, 1014)]
    echo_of_no_code = 1000
    test_message_of_16_mib_and_one_above = None


if __name__ == "__main__":
    unittest.main()
