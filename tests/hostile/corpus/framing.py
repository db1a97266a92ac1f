"""Where one request ends and the next begins: lengths, chunks, line ends, smuggling."""

from tests.hostile.corpus.case import (
    MARK,
    TASKS,
    Case,
    Request,
    no_http,
    one,
    request,
    with_body,
)
from tests.hostile.corpus.tokens import TOKEN

NEW = b'{"title": "Buy milk"}'
CHUNKS = b"15\r\n" + NEW + b"\r\n0\r\n\r\n"
NEXT = request("GET", b"/health/live")
DELETION = request("DELETE", TASKS + b"/1").sent
"""The request to smuggle. It must not be executed: ada's first task must remain."""


def _post(*headers: bytes, body: bytes, last: bool = True) -> Request:
    json = b"Content-Type: application/json"
    return request("POST", TASKS, json, *headers, body=body, last=last)


def _length(name: str, *values: bytes, body: bytes = NEW) -> Case:
    lengths = [b"Content-Length: " + value for value in values]
    return one(f"length: {name}", no_http(_post(*lengths, body=body).sent), 400)


def _chunks(name: str, body: bytes) -> Case:
    sent = _post(b"Transfer-Encoding: chunked", body=body).sent
    return one(f"chunks: {name}", no_http(sent), 400)


def _coding(name: str, *codings: bytes) -> Case:
    lines = [b"Transfer-Encoding: " + coding for coding in codings]
    return one(f"coding: {name}", no_http(_post(*lines, body=CHUNKS).sent), 400)


def _line(name: str, line: bytes) -> Case:
    rest = b"\r\nHost: x\r\nAuthorization: Bearer " + TOKEN + b"\r\n\r\n"
    return one(f"request line: {name}", no_http(line + rest), 400)


def _served(name: str, line: bytes) -> Case:
    # The parser accepts these versions; the rest of the request is HTTP/1.1.
    sent = Request(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n", "GET", "/health/live", False)
    return one(f"request line: {name}", sent, 200)


def _head(name: str, line: bytes) -> Case:
    return one(f"head: {name}", no_http(request("GET", TASKS, line).sent), 400)


def _both(name: str, *lines: bytes) -> Case:
    sent = _post(*lines, body=CHUNKS + DELETION).sent
    return one(f"smuggling: {name}", no_http(sent), 400)


CASES = [
    _length("with a plus sign", b"+21"),
    _length("negative", b"-1"),
    _length("hexadecimal", b"0x15"),
    _length("with a fraction", b"21.0"),
    _length("a word", MARK),
    _length("empty", b""),
    _length("two in one", b"21, 21"),
    _length("twice, different", b"21", b"22"),
    _length("twice, the same", b"21", b"21"),
    _length("with a space inside", b"2 1"),
    _length("2^64", b"18446744073709551616"),
    _length("of 5,000 digits", b"9" * 5000),
    _length("Arabic digits", "٢١".encode()),
    _length("NUL behind it", b"21\0"),
    one("length: with leading zeros", _post(b"Content-Length: 0021", body=NEW), 201),
    one("length: white space around it", _post(b"Content-Length: \t 21 \t", body=NEW), 201),
    Case("length: longer than what comes", (_post(b"Content-Length: 99", body=NEW),), ()),
    Case(
        "length: shorter than what comes",
        (_post(b"Content-Length: 20", body=NEW[:20], last=False), no_http(b"}\r\n\r\n")),
        (400,),
    ),
    one("length: none, with a body", no_http(_post(body=NEW, last=False).sent), 400),
    one("length: 0", _post(b"Content-Length: 0", body=b""), 400),
    one("length: over 64 KiB", with_body("POST", b'{"title": "%b"}' % (b"x" * 65536)), 413),
    _chunks("a size that is no number", b"zz\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a negative size", b"-15\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a size with 0x", b"0x15\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a size of 2^68", b"1" + b"0" * 17 + b"\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("an empty size", b"\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a space before the size", b" 15\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a size smaller than the chunk", b"10\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a size larger than the chunk", b"16\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("line feeds only", b"15\n" + NEW + b"\n0\n\n"),
    _chunks("a line feed ends the size", b"15\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a carriage return ends the size", b"15\r" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("an extension with a bare CR", b"15;" + MARK + b"\rx\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a NUL in an extension", b"15;x=\0\r\n" + NEW + b"\r\n0\r\n\r\n"),
    _chunks("a trailer without a name", b"15\r\n" + NEW + b"\r\n0\r\n: x\r\n\r\n"),
    one("chunks: as they should be", _post(b"Transfer-Encoding: chunked", body=CHUNKS), 201),
    one(
        "chunks: one byte each",
        _post(
            b"Transfer-Encoding: chunked",
            body=b"".join(b"1\r\n%c\r\n" % byte for byte in NEW) + b"0\r\n\r\n",
        ),
        201,
    ),
    one(
        "chunks: with extensions",
        _post(
            b"Transfer-Encoding: chunked",
            body=b"15;" + MARK + b'="x;y"\r\n' + NEW + b"\r\n0;z\r\n\r\n",
        ),
        201,
    ),
    one(
        "chunks: a trailer that authorizes a user",
        Request(
            request(
                "POST",
                TASKS,
                b"Content-Type: application/json",
                b"Transfer-Encoding: chunked",
                body=b"15\r\n" + NEW + b"\r\n0\r\nAuthorization: Bearer " + TOKEN + b"\r\n\r\n",
                token=None,
            ).sent,
            "POST",
            TASKS.decode(),
        ),
        401,
    ),
    Case(
        "chunks: the last one never comes",
        (_post(b"Transfer-Encoding: chunked", body=CHUNKS[:-5]),),
        (),
    ),
    one(
        "chunks: more than 64 KiB of them",
        _post(b"Transfer-Encoding: chunked", body=b"11000\r\n" + b" " * 0x11000 + b"\r\n" + CHUNKS),
        413,
    ),
    one("coding: in capitals", _post(b"Transfer-Encoding: CHUNKED", body=CHUNKS), 201),
    _coding("identity", b"identity"),
    _coding("unknown", MARK),
    _coding("chunked is not the last", b"chunked, gzip"),
    _coding("chunked twice", b"chunked, chunked"),
    _coding("two headers, chunked first", b"chunked", b"identity"),
    _coding("a vertical tab behind it", b"chunked\x0b"),
    _coding("quoted", b'"chunked"'),
    _coding("with a parameter", b"chunked;x=1"),
    _both("length, then chunks", b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    _both("chunks, then length", b"Transfer-Encoding: chunked", b"Content-Length: 4"),
    _both("length, then unknown coding", b"Content-Length: 4", b"Transfer-Encoding: x"),
    _both("length 0 and chunks", b"Content-Length: 0", b"Transfer-Encoding: chunked"),
    _both("a space before the colon", b"Content-Length: 4", b"Transfer-Encoding : chunked"),
    _both("a folded coding", b"Content-Length: 4", b"Transfer-Encoding:\r\n chunked"),
    _both("a tab in the name", b"Content-Length: 4", b"Transfer-Encoding\t: chunked"),
    _both("a line feed before the coding", b"X: y\nTransfer-Encoding: chunked"),
    _both("a bare CR before the length", b"X: y\rContent-Length: 4"),
    Case(
        "smuggling: a request in the body of a GET",
        (
            request(
                "GET",
                TASKS + b"/1",
                b"Content-Length: %d" % len(DELETION),
                body=DELETION,
                last=False,
            ),
            NEXT,
        ),
        (200, 200),
    ),
    Case(
        "smuggling: a request in the body of a refused one",
        (with_body("POST", DELETION, last=False), NEXT),
        (400, 200),
    ),
    Case(
        "smuggling: a request in the body of one that is not signed in",
        (
            request(
                "POST",
                TASKS,
                b"Content-Length: %d" % len(DELETION),
                body=DELETION,
                token=None,
                last=False,
            ),
            NEXT,
        ),
        (401, 200),
    ),
    Case(
        "smuggling: a request in the body of a preflight",
        (
            request(
                "OPTIONS",
                TASKS,
                b"Access-Control-Request-Method: POST",
                b"Content-Length: %d" % len(DELETION),
                body=DELETION,
                last=False,
            ),
            NEXT,
        ),
        (200, 200),
    ),
    Case(
        "smuggling: a length that the connection header hides",
        (
            _post(b"Content-Length: 21", b"Connection: content-length", body=NEW, last=False),
            NEXT,
        ),
        (201, 200),
    ),
    Case(
        "ten requests in one piece",
        (*[request("GET", TASKS + b"/1", last=False)] * 9, NEXT),
        (200,) * 10,
    ),
    Case(
        "garbage behind a good request",
        (request("GET", b"/health/live", last=False), no_http(MARK + b"\r\n\r\n")),
        (200,),
    ),
    one("empty lines before the request", Request(b"\r\n\r\n" + NEXT.sent, "GET", NEXT.path), 200),
    _served("HTTP/0.9", b"GET /health/live"),
    _served("HTTP/2.0", b"GET /health/live HTTP/2.0"),
    _line("HTTP/1.2", b"GET /health/live HTTP/1.2"),
    _line("HTTP/1.10", b"GET /health/live HTTP/1.10"),
    _line("http in small letters", b"GET /health/live http/1.1"),
    _line("no version", b"GET /health/live HTTP/"),
    _line("another protocol", b"GET /health/live ICE/1.0"),
    _line("the preface of HTTP/2", b"PRI * HTTP/2.0"),
    _line("a method in small letters", b"get /health/live HTTP/1.1"),
    _line("an unknown method", b"BREW /health/live HTTP/1.1"),
    _line("a NUL in the method", b"G\0T /health/live HTTP/1.1"),
    _line("a method of 10,000 letters", b"G" * 10_000 + b" / HTTP/1.1"),
    _line("no target", b"GET HTTP/1.1"),
    _line("a tab for a space", b"GET\t/health/live\tHTTP/1.1"),
    _line("a space in the target", b"GET /health/ live HTTP/1.1"),
    _line("a NUL in the target", b"GET /health/live\0 HTTP/1.1"),
    _line("a bare CR in the target", b"GET /health\r/live HTTP/1.1"),
    _line("something behind the version", b"GET /health/live HTTP/1.1 " + MARK),
    _line("a space before the method", b" GET /health/live HTTP/1.1"),
    _line("raw UTF-8 in the target", "GET /api/ädä/tasks HTTP/1.1".encode()),
    _line("overlong UTF-8 in the target", b"GET /api/\xc1\xa1da/tasks HTTP/1.1"),
    _line("a tunnel", b"CONNECT 127.0.0.1:5432 HTTP/1.1"),
    _line("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    one("request line: nothing but line ends", no_http(b"\n\n\0\n\n"), 400),
    _head("no colon", MARK),
    _head("no name", b": " + MARK),
    _head("a space in a name", b"X Y: " + MARK),
    _head("a space before the colon", b"X-Y : " + MARK),
    _head("a NUL in a name", b"X\0Y: " + MARK),
    _head("a NUL in a value", b"X-Y: " + MARK + b"\0"),
    _head("a bare CR in a value", b"X-Y: " + MARK + b"\rX-Z: z"),
    _head("a bare LF ends a line", b"X-Y: " + MARK + b"\nX-Z: z"),
    _head("a control character in a value", b"X-Y: " + MARK + b"\x01"),
    _head("DEL in a value", b"X-Y: " + MARK + b"\x7f"),
    _head("raw UTF-8 in a name", "X-Ä: ".encode() + MARK),
    _head("a line folded by a space", b"X-Y: " + MARK + b"\r\n z"),
    _head("a line folded by a tab", b"X-Y:\r\n\t" + MARK),
    _head("brackets in a name", b"X[Y]: " + MARK),
    Case("head: it never ends", (Request(request("GET", TASKS).sent[:-2], None),), ()),
]
