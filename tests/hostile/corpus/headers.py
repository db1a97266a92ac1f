"""Unusual but well-formed headers."""

from tests.hostile.corpus.case import (
    ANY,
    MARK,
    TASK,
    TASKS,
    Case,
    Request,
    one,
    request,
    with_body,
)
from tests.hostile.corpus.tokens import TOKEN

NEW = b'{"title": "Buy milk"}'


def _get(name: str, *headers: bytes, status: int | None = 200, target: bytes = TASKS) -> Case:
    return one(name, request("GET", target, *headers), status)


def _other_origin(name: str, *origins: bytes) -> Case:
    lines = [b"Origin: " + origin for origin in origins]
    return one(f"origin: {name}", request("GET", TASKS, *lines, origin=None), 200)


def _preflight(name: str, status: int, *headers: bytes, target: bytes = TASKS) -> Case:
    return one(f"preflight: {name}", request("OPTIONS", target, *headers, token=None), status)


def _authorized(name: str, status: int, *values: bytes) -> Case:
    lines = [b"Authorization: " + value for value in values]
    return one(f"authorization: {name}", request("GET", TASKS, *lines, token=None), status)


def _conditional(name: str, value: bytes) -> list[Case]:
    return [
        _get(f"If-None-Match {name}", b"If-None-Match: " + value, status=ANY, target=TASK),
        _get(f"If-None-Match of a list {name}", b"If-None-Match: " + value, status=ANY),
        one(
            f"If-Match {name}",
            with_body("PUT", NEW, b"If-Match: " + value, target=TASK),
            ANY,
        ),
        one(
            f"If-Match of a toggle {name}",
            request("PATCH", TASK + b"/complete", b"If-Match: " + value),
            ANY,
        ),
        one(
            f"If-Match of no task's deletion {name}",
            request("DELETE", TASKS + b"/999999", b"If-Match: " + value),
            ANY,
        ),
    ]


def _without_host(name: str, *hosts: bytes) -> Case:
    lines = [b"GET /api/ada/tasks HTTP/1.1", *hosts, b"Authorization: Bearer " + TOKEN]
    sent = b"\r\n".join([*lines, b"Connection: close", b"", b""])
    return one(f"host: {name}", Request(sent, "GET", "/api/ada/tasks", reads_cors=False), 200)


_BIG = b"x" * (8 * 1024)

CASES = [
    _authorized("none", 401),
    _authorized("empty", 401, b""),
    _authorized("the scheme alone", 401, b"Bearer"),
    _authorized("no scheme", 401, TOKEN),
    _authorized("Basic", 401, b"Basic YWRhOnMzY3IzdC1tYXJr"),
    _authorized("Digest", 401, b'Digest username="ada", token="' + TOKEN + b'"'),
    _authorized("small letters", 200, b"bearer " + TOKEN),
    _authorized("mixed letters", 200, b"bEaReR " + TOKEN),
    _authorized("several spaces", 200, b"Bearer    " + TOKEN + b"   "),
    _authorized("a tab for the space", 401, b"Bearer\t" + TOKEN),
    _authorized("a no-break space", 401, b"Bearer\xa0" + TOKEN),
    _authorized("a comma behind the scheme", 401, b"Bearer, " + TOKEN),
    _authorized("two tokens", 401, b"Bearer " + TOKEN + b" " + TOKEN),
    _authorized("two tokens with a comma", 401, b"Bearer " + TOKEN + b", Bearer " + TOKEN),
    _authorized("two headers", 401, b"Bearer " + TOKEN, b"Bearer " + TOKEN),
    _authorized("a good header and an empty one", 401, b"Bearer " + TOKEN, b""),
    _authorized("a quoted token", 401, b'Bearer "' + TOKEN + b'"'),
    _authorized("a token with padding", 401, b"Bearer " + TOKEN + b"=="),
    _authorized("a token with a dot behind it", 401, b"Bearer " + TOKEN + b"."),
    _authorized("a token with a dot before it", 401, b"Bearer ." + TOKEN),
    _authorized("raw UTF-8", 401, "Bearer ÄÖÜ.s3cr3t-mark.\U0001f600".encode()),
    _authorized("a form's token", 401, b"token=" + TOKEN),
    _authorized("8 KiB exactly", 401, b"Bearer " + b"x" * (8 * 1024 - 7)),
    _authorized("8 KiB and a byte", 401, b"Bearer " + b"x" * (8 * 1024 - 6)),
    _authorized("60 KiB", 401, b"Bearer " + b"x." * (30 * 1024)),
    one(
        "authorization: a token in the query only",
        request("GET", TASKS + b"?access_token=" + TOKEN, token=None),
        401,
    ),
    one(
        "authorization: a token in a cookie only",
        request("GET", TASKS, b"Cookie: better-auth.session_token=" + TOKEN, token=None),
        401,
    ),
    one(
        "authorization: a token in another header only",
        request("GET", TASKS, b"X-Authorization: Bearer " + TOKEN, token=None),
        401,
    ),
    one(
        "authorization: an underscore for the hyphen",
        request("GET", TASKS, b"Proxy_Authorization: Bearer " + TOKEN, token=None),
        401,
    ),
    _without_host("none"),
    _without_host("empty", b"Host:"),
    _without_host("two of them", b"Host: a", b"Host: b"),
    _without_host("an injection", b"Host: " + MARK + b"/../%0d%0aX: y"),
    _get("a header of 60 KiB", b"X-Y: " + MARK + b"x" * (60 * 1024)),
    _get("a header's name of 30 KiB", b"x" * (30 * 1024) + b": y"),
    _get("1,000 headers", *[b"X-%d: y" % number for number in range(1000)]),
    _get("1,000 headers of one name", *[b"X: " + MARK] * 1000),
    _get("a header without a value", b"X-Y:"),
    _get("raw bytes in a value", b"X-Y: \xff\xfe\xed\xa0\x80\xc0\x80"),
    _get("a cookie of 50 KiB", b"Cookie: " + b"a=%b; " % MARK * 3000),
    _get("an offer to upgrade to a WebSocket", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
    _get("an upgrade without a protocol", b"Upgrade:"),
    _get("a range", b"Range: bytes=0-0"),
    _get("a range that is none", b"Range: " + MARK),
    _get("only HTML is accepted", b"Accept: text/html"),
    _get("nothing sensible is accepted", b"Accept: ;;;q=,*/*;q=2," + MARK),
    _get("only brotli is accepted", b"Accept-Encoding: br, *;q=0"),
    _get("a method override", b"X-HTTP-Method-Override: DELETE", target=TASK),
    _get("another method override", b"X-Method-Override: DELETE", target=TASK),
    _get("a rewritten URL", b"X-Original-URL: /api/bob/tasks", b"X-Rewrite-URL: /docs"),
    _get(
        "a forged proxy",
        b"X-Forwarded-For: " + MARK + b", ::::, 999.1.1.1",
        b"X-Forwarded-Proto: " + MARK,
        b"X-Forwarded-Prefix: /" + MARK,
        b"Forwarded: for=" + MARK,
    ),
    _get("a modified-since that is no date", b"If-Modified-Since: " + MARK),
    _get("a request id of 129 characters", b"X-Request-ID: " + MARK + b"x" * 118),
    _get("a request id with a tab", b"X-Request-ID: " + MARK + b"\tx"),
    _get("a request id that is raw UTF-8", "X-Request-ID: s3cr3t-märk".encode()),
    _get("an empty request id", b"X-Request-ID:"),
    _get("a length of 0 on a GET", b"Content-Length: 0"),
    one(
        "a method override on a POST",
        with_body("POST", NEW, b"X-HTTP-Method-Override: PUT"),
        201,
    ),
    one("expectation: 100-continue", with_body("POST", NEW, b"Expect: 100-continue"), 201),
    one("expectation: 100-Continue", with_body("POST", NEW, b"Expect: 100-Continue"), 201),
    one(
        "expectation: 100-continue without a token",
        request(
            "POST", TASKS, b"Expect: 100-continue", b"Content-Length: 21", body=NEW, token=None
        ),
        401,
    ),
    one("expectation: unknown", with_body("POST", NEW, b"Expect: " + MARK), ANY),
    _other_origin("another", b"https://evil.example.com"),
    _other_origin("null", b"null"),
    _other_origin("in capitals", b"HTTP://LOCALHOST:3000"),
    _other_origin("a suffix of a good one", b"http://localhost:3000.evil.example.com"),
    _other_origin("a mark", MARK),
    _other_origin("raw bytes", b"\xff"),
    _other_origin("of 50 KiB", b"http://" + b"x" * (50 * 1024)),
    _other_origin("two of them, in one", b"http://localhost:3000, http://localhost:3000"),
    _preflight("as it should be", 200, b"Access-Control-Request-Method: PUT"),
    _preflight("to a path that is none", 200, b"Access-Control-Request-Method: PUT", target=b"/x"),
    _preflight("for another method", 400, b"Access-Control-Request-Method: " + MARK),
    _preflight("for an empty method", 400, b"Access-Control-Request-Method:"),
    _preflight(
        "for another header",
        400,
        b"Access-Control-Request-Method: PUT",
        b"Access-Control-Request-Headers: " + MARK,
    ),
    _preflight(
        "for 3,000 headers",
        400,
        b"Access-Control-Request-Method: PUT",
        b"Access-Control-Request-Headers: " + b", ".join([MARK] * 3000),
    ),
    _preflight(
        "for empty headers",
        400,
        b"Access-Control-Request-Method: PUT",
        b"Access-Control-Request-Headers: ,,,",
    ),
    _preflight("without a method", 405),
    *_conditional("*", b"*"),
    *_conditional("empty", b""),
    *_conditional("unquoted", MARK),
    *_conditional("half quoted", b'"' + MARK),
    *_conditional("weak", b'W/"' + MARK + b'"'),
    *_conditional("weak in small letters", b'w/"1"'),
    *_conditional("a list of 3,000", b", ".join([b'"' + MARK + b'"'] * 3000)),
    *_conditional("commas only", b",,,, ,"),
    *_conditional("raw bytes", b'"\xff\xfe\xed\xa0\x80"'),
    *_conditional("a number of 5,000 digits", b'"' + b"9" * 5000 + b'"'),
    *_conditional("negative", b'"-1"'),
    *_conditional("SQL", b"\"1' OR '1'='1\""),
    *_conditional("twice", b'"1"\r\nIf-Match: "2"\r\nIf-None-Match: "3"'),
    *_conditional("of 8 KiB", b'"' + _BIG + b'"'),
]
