# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed and smuggling HTTP requests, and what the daemon must make of each (docs/http-api.md)."""

import dataclasses

#: Stands behind every case that must close, and in the body of some that must not: it may never be answered.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST /disconnect HTTP/1.1\r\nHost: h\r\n" + FORM
BODY = b"queueName=nobody"  # 401 unknown-key where it is read: nothing changes in the server
LENGTH = b"Content-Length: 16\r\n"
assert len(BODY) == 16


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    sent: bytes
    status: int  # of the daemon's answer
    closes: bool = True  # the daemon closes after its answer
    method: str = "GET"  # how the answer is to be read
    #: Statuses through HAProxy, which mends some requests; empty: refused (400 to 599), by whomever. None: it is
    #: nothing that HAProxy's parser of HTTP/1 gets to see.
    via_proxy: tuple | None = ()


def _with_length(value):
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + BODY


def _chunked(coding, body=b"10\r\n" + BODY + b"\r\n0\r\n\r\n"):
    return POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + body


def _te_cl(coding_line):
    """For two servers of which the first goes by the coding and the second by the length."""
    chunk = b"%x\r\n" % len(SMUGGLED)
    return POST + b"Content-Length: %d\r\n" % len(chunk) + coding_line + b"\r\n\r\n" + chunk + SMUGGLED + b"\r\n0\r\n\r\n"


def _cl_te(coding_line):
    """The other way round."""
    body = b"0\r\n\r\n" + SMUGGLED
    return POST + b"Content-Length: %d\r\n" % len(body) + coding_line + b"\r\n\r\n" + body


def _line(line):
    return line + b"\r\nHost: h\r\n\r\n"


def _header(line):
    return GET + line + b"\r\n\r\n"


# Where HAProxy may pass a cleaned request on, its answer is the daemon's to that one.
CASES = [
    # Where the body ends
    Case("two lengths that differ", POST + LENGTH + b"Content-Length: 17\r\n\r\n" + BODY, 400),
    Case("two lengths that agree", POST + LENGTH + LENGTH + b"\r\n" + BODY, 400, via_proxy=(400, 401)),
    Case("list of lengths that agree", _with_length(b"16, 16"), 400, via_proxy=(400, 401)),
    Case("list of lengths that differ", _with_length(b"16, 17"), 400),
    Case("negative length", _with_length(b"-1"), 400),
    Case("length with a plus", _with_length(b"+16"), 400),
    Case("length in hexadecimal", _with_length(b"0x10"), 400),
    Case("length with an exponent", _with_length(b"1e1"), 400),
    Case("length with a fraction", _with_length(b"16.0"), 400),
    Case("length with a blank in it", _with_length(b"1 6"), 400),
    Case("length with a comma at its end", _with_length(b"16,"), 400),
    Case("empty length", _with_length(b""), 400),
    Case("length in words", _with_length(b"many"), 400),
    Case("length in quotes", _with_length(b'"16"'), 400),
    Case("length in digits of another script", _with_length("１６".encode()), 400),
    Case("length of 2^63", _with_length(b"9223372036854775808"), 400),
    Case("length of 2^64 + 16", _with_length(b"18446744073709551632"), 400),
    Case("length of 40 digits", _with_length(b"9" * 40), 400),
    Case("length with a vertical tab", _with_length(b"16\x0b"), 400),
    Case("length with a NUL", _with_length(b"16\x00"), 400),
    Case("length, then chunked", POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("chunked, then length", POST + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n0\r\n\r\n", 400),
    Case("length of nothing, and chunked", POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("length, and an unknown coding", POST + LENGTH + b"Transfer-Encoding: x\r\n\r\n" + BODY, 400),
    Case("chunked", _chunked(b"chunked"), 411),
    Case("chunked in capitals", _chunked(b"CHUNKED"), 411),
    Case("chunked behind a tab", _chunked(b"\tchunked"), 411),
    Case("chunked twice", _chunked(b"chunked, chunked"), 411),
    Case("two lines of chunked", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    Case("chunked, then identity", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 411),
    Case("identity", POST + b"Transfer-Encoding: identity\r\n\r\n", 411),
    Case("empty coding", POST + b"Transfer-Encoding:\r\n\r\n", 411, via_proxy=(400, 401, 411, 415, 422, 501)),
    Case("gzip, chunked", _chunked(b"gzip, chunked"), 411),
    Case("unknown coding", _chunked(b"xchunked"), 411),
    Case("coding in quotes", _chunked(b'"chunked"'), 411),
    Case("coding with a vertical tab", _chunked(b"\x0bchunked"), 400),
    Case("coding with a blank before the colon", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    Case("coding in a folded line", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    Case("coding behind a bare CR", POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("coding behind a bare LF", POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # The same with a request where two servers may disagree
    Case("TE.CL", _te_cl(b"Transfer-Encoding: chunked"), 400),
    Case("TE.CL, capitals", _te_cl(b"TRANSFER-ENCODING: CHUNKED"), 400),
    Case("TE.CL, twice", _te_cl(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"), 400),
    Case("TE.CL, blanks around", _te_cl(b"Transfer-Encoding: \t chunked \t "), 400),
    Case("CL.TE, unknown coding", _cl_te(b"Transfer-Encoding: xchunked"), 400),
    Case("CL.TE, vertical tab", _cl_te(b"Transfer-Encoding:\x0bchunked"), 400),
    Case("CL.TE, blank before the colon", _cl_te(b"Transfer-Encoding : chunked"), 400),
    Case("CL.TE, folded", _cl_te(b"Transfer-Encoding:\r\n chunked"), 400),
    Case("CL.TE, behind a bare CR", _cl_te(b"X: y\rTransfer-Encoding: chunked"), 400),
    Case("CL.TE, behind a bare LF", _cl_te(b"X: y\nTransfer-Encoding: chunked"), 400),
    Case("CL.TE, empty coding", _cl_te(b"Transfer-Encoding:"), 400, via_proxy=(400, 401, 411, 501)),
    Case("CL.TE, quotes", _cl_te(b'Transfer-Encoding: "chunked"'), 400),
    Case("CL.CL", POST + LENGTH + b"Content-Length: %d\r\n\r\n" % (16 + len(SMUGGLED)) + BODY + SMUGGLED, 400),
    Case("CL.CL, larger first", POST + b"Content-Length: %d\r\n" % (16 + len(SMUGGLED)) + LENGTH + b"\r\n" + BODY + SMUGGLED, 400),
    Case("CL.0, list", POST + b"Content-Length: %d, 0\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 400),
    Case("chunk size below zero", _chunked(b"chunked", b"-1\r\n\r\n"), 411),
    Case("chunk size that wraps", _chunked(b"chunked", b"10000000000000010\r\n" + BODY + b"\r\n0\r\n\r\n"), 411),
    Case("chunk size with 0x", _chunked(b"chunked", b"0x10\r\n" + BODY + b"\r\n0\r\n\r\n"), 411),
    Case("chunk size of words", _chunked(b"chunked", b"zz\r\n\r\n"), 411),
    Case("chunk that is longer than it says", _chunked(b"chunked", b"1\r\n" + BODY + b"\r\n0\r\n\r\n"), 411),
    Case("chunk extension with a bare LF", _chunked(b"chunked", b"10;x\n" + BODY + b"\r\n0\r\n\r\n"), 411),
    Case("chunked in HTTP/1.0", b"POST /disconnect HTTP/1.0\r\nHost: h\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    Case("body above limits.body", _with_length(b"262145"), 413),
    # Lines
    Case("folded line", _header(b"X: a\r\n b"), 400, via_proxy=(200, 400)),
    Case("folded Host", b"GET / HTTP/1.1\r\nHost:\r\n h\r\n\r\n", 400, via_proxy=(200, 400)),
    Case("first header begins with a blank", b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
    Case("blank before the colon", _header(b"X : y"), 400),
    Case("tab before the colon", _header(b"X\t: y"), 400),
    Case("header without a colon", _header(b"nonsense"), 400),
    Case("header without a name", _header(b": y"), 400),
    Case("header name with brackets", _header(b"X(y): z"), 400),
    Case("header name that is not ASCII", _header(b"X\xe4: y"), 400),
    Case("NUL in a header name", _header(b"X\x00Y: z"), 400),
    Case("NUL in a header value", _header(b"X: a\x00b"), 400),
    Case("control character in a header value", _header(b"X: a\x01b"), 400, via_proxy=(200, 400)),
    Case("DEL in a header value", _header(b"X: a\x7fb"), 400, via_proxy=(200, 400)),
    Case("bare LF everywhere", b"GET / HTTP/1.1\nHost: h\n\n", 400, via_proxy=(200, 400)),
    Case("bare LF at the end", b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, via_proxy=(200, 400)),
    Case("bare LF behind the request line", b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400, via_proxy=(200, 400)),
    Case("bare CR everywhere", b"GET / HTTP/1.1\rHost: h\r\r", 400),
    Case("CR CR LF", b"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400),
    Case("CR in a header value", _header(b"X: a\rb"), 400),
    Case("two empty lines in front", b"\r\n\r\n" + GET + b"\r\n", 400, via_proxy=(200, 400)),
    # Host
    Case("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    Case("Host twice, the same", b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400, via_proxy=(200, 400)),
    Case("Host twice, different", b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
    Case("empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    Case("Host with a blank", b"GET / HTTP/1.1\r\nHost: h i\r\n\r\n", 400),
    Case("Host with a comma", b"GET / HTTP/1.1\r\nHost: h, i\r\n\r\n", 400),
    Case("Host with a path", b"GET / HTTP/1.1\r\nHost: h/i\r\n\r\n", 400),
    Case("Host with a user", b"GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", 400),
    Case("Host with a port that is too large", b"GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", 400),
    Case("Host with two ports", b"GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n", 400),
    Case("Host that is no IPv6 address", b"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 400),
    # The request line
    Case("no version", _line(b"GET /"), 400),
    Case("HTTP/0.9", _line(b"GET / HTTP/0.9"), 400),
    Case("HTTP/1.2", _line(b"GET / HTTP/1.2"), 400, via_proxy=(200, 400, 505)),
    Case("HTTP/2.0", _line(b"GET / HTTP/2.0"), 400, via_proxy=(200, 400)),
    Case("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, via_proxy=None),
    Case("HTTP/01.1", _line(b"GET / HTTP/01.1"), 400),
    Case("http/1.1 in small letters", _line(b"GET / http/1.1"), 400),
    Case("version of another protocol", _line(b"GET / RTSP/1.0"), 400),
    Case("blank behind the version", _line(b"GET / HTTP/1.1 "), 400, via_proxy=(200, 400)),
    Case("two blanks", _line(b"GET  / HTTP/1.1"), 400, via_proxy=(200, 400)),
    Case("tab for a blank", _line(b"GET\t/\tHTTP/1.1"), 400, via_proxy=(200, 400)),
    Case("blank in front", _line(b" GET / HTTP/1.1"), 400),
    Case("target with a blank", _line(b"GET /a b HTTP/1.1"), 400),
    Case("no target", _line(b"GET HTTP/1.1"), 400),
    Case("target without a slash", _line(b"GET connect HTTP/1.1"), 400),
    Case("asterisk with GET", _line(b"GET * HTTP/1.1"), 400),
    Case("target with a fragment", _line(b"GET /#a HTTP/1.1"), 400),
    Case("target that is not ASCII", _line(b"GET /\xc3\xa4 HTTP/1.1"), 400),
    Case("target with a NUL", _line(b"GET /\x00 HTTP/1.1"), 400),
    Case("target with a quote", _line(b'GET /" HTTP/1.1'), 400),
    Case("target with a backslash", _line(b"GET /\\ HTTP/1.1"), 400),
    Case("target with half a percent sign", _line(b"GET /%4 HTTP/1.1"), 400),
    Case("URL of another scheme", _line(b"GET ftp://h/ HTTP/1.1"), 400),
    Case("URL with a user", _line(b"GET http://a@h/ HTTP/1.1"), 400),
    Case("URL without a host", _line(b"GET http:/// HTTP/1.1"), 400),
    Case("method that is no token", _line(b"G(T / HTTP/1.1"), 400),
    Case("method of 40 letters", _line(b"G" * 40 + b" / HTTP/1.1"), 400),
    Case("method in small letters", _line(b"get / HTTP/1.1"), 405),
    Case("CONNECT", b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 400),
    Case("CONNECT of a path", _line(b"CONNECT / HTTP/1.1"), 400),
    Case("TRACE", _line(b"TRACE / HTTP/1.1"), 405),
    Case("unknown method", _line(b"BREW / HTTP/1.1"), 405),
    Case("TLS to a plain port", bytes.fromhex("16030102000100010a0a"), 400),
    # Too much
    Case("target above limits.url", _line(b"GET /" + b"a" * 8192 + b" HTTP/1.1"), 414),
    Case("query above limits.url", _line(b"GET /?" + b"a" * 8192 + b" HTTP/1.1"), 414),
    Case("header value above limits.head", _header(b"X: " + b"a" * 16384), 431),
    Case("header name above limits.head", _header(b"X" * 16384 + b": y"), 431),
    Case("headers above limits.headers", _header(b"\r\n".join([b"X: y"] * 64)), 431),
    Case("headers above limits.head", _header(b"\r\n".join([b"X: " + b"y" * 900] * 20)), 431),
    # Expectations and upgrades
    Case("unknown expectation", GET + b"Expect: 200-ok\r\n\r\n", 400, via_proxy=(200, 400, 417)),
    Case("expectation twice", GET + b"Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 400, via_proxy=(200, 400, 417)),
    Case("WebSocket of another version", b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 400),
    Case("WebSocket at another path", b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 404),
    Case("WebSocket with a short key", b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n", 400),
    # HTTP/1.0 and Connection: close end it; what stands behind is not a request any more
    Case("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", 200, via_proxy=(200, 400)),
    Case("Connection: close", GET + b"Connection: close\r\n\r\n", 200, via_proxy=(200,)),
    Case("Connection: close among others", GET + b"Connection: x, CLOSE\r\n\r\n", 200, via_proxy=(200,)),
]

#: A request within the body of another, which must be read as a body; the connection goes on afterwards.
KEPT = [
    Case("request in the body of a GET", GET + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 200, False,
         via_proxy=(200, 400)),
    Case("request in the body of a HEAD", b"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
         200, False, "HEAD", via_proxy=(200, 400)),
    Case("request in the body of a POST to nowhere", b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
         + SMUGGLED, 404, False, "POST", via_proxy=(404,)),
    Case("request in the body of a method that is not allowed", b"PUT /connect HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
         % len(SMUGGLED) + SMUGGLED, 405, False, "PUT", via_proxy=(405,)),
    Case("request in the body of an OPTIONS", b"OPTIONS /connect HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
         + SMUGGLED, 204, False, "OPTIONS", via_proxy=(204,)),
    Case("request in the body of the workflow", POST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 401, False,
         "POST", via_proxy=(401,)),
    Case("length with zeros in front", _with_length(b"0000000016"), 401, False, "POST", via_proxy=(400, 401)),
    Case("coding with an underscore", POST + LENGTH + b"Transfer_Encoding: chunked\r\n\r\n" + BODY, 401, False, "POST",
         via_proxy=(400, 401)),
    Case("one empty line in front", b"\r\n" + GET + b"\r\n", 200, False, via_proxy=(200,)),
    Case("HEAD", b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 200, False, "HEAD", via_proxy=(200,)),
    Case("HEAD of nothing", b"HEAD /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 404, False, "HEAD", via_proxy=(404,)),
    Case("HEAD of the workflow", b"HEAD /connect HTTP/1.1\r\nHost: h\r\n\r\n", 405, False, "HEAD", via_proxy=(405,)),
    Case("GET of the workflow with credentials", b"GET /connect?userId=a HTTP/1.1\r\nHost: h\r\n\r\n", 405, False, via_proxy=(405,)),
    Case("HTTP/1.0 that is kept alive", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, False, via_proxy=(200, 400)),
    Case("URL as the target", b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 200, False, via_proxy=(200,)),
    Case("URL as the target, another Host", b"GET http://h/ HTTP/1.1\r\nHost: i\r\n\r\n", 200, False, via_proxy=(200, 400)),
    Case("path that climbs", b"GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 404, False, via_proxy=(404,)),
    Case("path that climbs, encoded", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 404, False, via_proxy=(404,)),
    Case("path of a slash, encoded", b"GET /%2f HTTP/1.1\r\nHost: h\r\n\r\n", 404, False, via_proxy=(404,)),
    Case("two slashes", b"GET //h/ HTTP/1.1\r\nHost: h\r\n\r\n", 404, False, via_proxy=(404,)),
    Case("upgrade to HTTP/2", GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
         200, False, via_proxy=(200,)),
    Case("expectation that is met", POST + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY, 401, False, "POST", via_proxy=(401,)),
]
