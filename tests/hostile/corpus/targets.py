"""Paths and queries: escapes, tricks with dots and slashes, repetition."""

from tests.hostile.corpus.case import ANY, MARK, TASK, TASKS, Case, Request, no_http, one, request
from tests.hostile.corpus.tokens import TOKEN


def _path(name: str, target: bytes, status: int | None) -> Case:
    return one(f"path: {name}", request("GET", target), status)


def _task(name: str, number: bytes) -> list[Case]:
    """Not a task of ada's, with any method."""
    target = TASKS + b"/" + number
    change = b'{"title": "%b"}' % MARK
    put = (b"Content-Type: application/json", b"Content-Length: %d" % len(change))
    return [
        one(f"task, to read: {name}", request("GET", target), 404),
        one(f"task, to change: {name}", request("PUT", target, *put, body=change), 404),
        one(f"task, to toggle: {name}", request("PATCH", target + b"/complete"), 404),
        one(f"task, to delete: {name}", request("DELETE", target), 404),
    ]


def _query(name: str, query: bytes, status: int | None) -> Case:
    return one(f"query: {name}", request("GET", TASKS + b"?" + query), status)


def _absolute(name: str, target: bytes, path: bytes, status: int | None) -> Case:
    sent = request("GET", target).sent
    return one(f"target: {name}", Request(sent, "GET", path.decode()), status)


def _none(name: str, target: bytes) -> Case:
    return one(f"target: {name}", no_http(request("GET", target).sent), 400)


def _too_long(name: str, target: bytes) -> Case:
    return one(f"target over 8 KiB: {name}", no_http(request("GET", target).sent), 414)


def _method(method: str, target: bytes, status: int) -> Case:
    return one(f"method: {method} {target.decode()}", request(method, target), status)


CASES = [
    _path("another user", b"/api/bob/tasks", 403),
    _path("the user in capitals", b"/api/ADA/tasks", 403),
    _path("needless escapes", b"/api/%61d%61/tasks", 200),
    _path("escapes in capitals and small letters", b"/api/%6a/tasks", 403),
    _path("a NUL behind the user", b"/api/ada%00/tasks", 403),
    _path("a space behind the user", b"/api/ada%20/tasks", 403),
    _path("a line end behind the user", b"/api/ada%0d%0aX-Y:%20z/tasks", 403),
    # Starlette matches the decoded path, in which this is another path.
    _path("a slash in the user", b"/api/ada%2F/tasks", 404),
    _path("an escaped escape", b"/api/%2561da/tasks", 403),
    _path("overlong UTF-8", b"/api/%C1%A1da/tasks", 403),
    _path("overlong NUL", b"/api/ada%C0%80/tasks", 403),
    _path("a lone surrogate", b"/api/ada%ED%A0%80/tasks", 403),
    _path("bytes that are no UTF-8", b"/api/%FF%FE/tasks", 403),
    _path("an escape cut off", b"/api/ada%/tasks", 403),
    _path("an escape cut in half", b"/api/ada%2/tasks", 403),
    _path("an escape that is none", b"/api/%zzada/tasks", 403),
    _path("an escape of IIS's kind", b"/api/%u0061da/tasks", 403),
    _path("a combining accent", b"/api/ada%CC%81/tasks", 403),
    _path("full-width letters", b"/api/%EF%BD%81%EF%BD%84%EF%BD%81/tasks", 403),
    _path("a Cyrillic letter", b"/api/%D0%B0da/tasks", 403),
    _path("a zero-width space", b"/api/ada%E2%80%8B/tasks", 403),
    _path("a user of 256 characters", b"/api/" + b"a" * 256 + b"/tasks", 403),
    _path("a user of 8,000 characters", b"/api/" + b"a" * 8_000 + b"/tasks", 403),
    _too_long("a user of 50,000 characters", b"/api/" + b"a" * 50_000 + b"/tasks"),
    _too_long("by one byte", b"/" + b"x" * (8 * 1024)),
    _path("8 KiB exactly", b"/" + b"x" * (8 * 1024 - 1), 404),
    _path("a parameter of the user", b"/api/ada;x=y/tasks", 403),
    _path("SQL for the user", b"/api/ada'%20OR%20'1'='1/tasks", 403),
    _path("a template for the user", b"/api/{user_id}/tasks", 403),
    _path("a star for the user", b"/api/*/tasks", 403),
    _path("no user", b"/api//tasks", 404),
    _path("dots for the user", b"/api/../api/ada/tasks", 404),
    _path("a dot segment", b"/api/./ada/tasks", 404),
    _path("escaped dots for the user", b"/api/%2e%2e/tasks", 403),
    _path("dots out of the task", TASKS + b"/1/..", 404),
    _path("escaped dots out of the task", TASKS + b"/%2e%2e", 404),
    _path("two slashes before it", b"//api/ada/tasks", 404),
    _path("two slashes in it", b"/api/ada//tasks", 404),
    _path("a slash behind it", b"/api/ada/tasks/", 200),
    _path("two slashes behind it", b"/api/ada/tasks//", 404),
    _path("an escaped slash behind it", b"/api/ada/tasks%2F", 404),
    _path("an escaped slash in it", b"/api%2Fada%2Ftasks", 404),
    _path("a parameter behind it", b"/api/ada/tasks;jsessionid=" + MARK, 404),
    _path("a NUL behind it", b"/api/ada/tasks%00", 404),
    _path("an extension", b"/api/ada/tasks.json", 404),
    _path("in capitals", b"/API/ada/TASKS", 404),
    _none("backslashes", b"\\api\\ada\\tasks"),
    _path("escaped backslashes", b"/api%5Cada%5Ctasks", 404),
    _path("a file of the system", b"/../../../../etc/passwd", 404),
    _path("an escaped file of the system", b"/%2e%2e/%2e%2e/etc/passwd", 404),
    _path("a file of the docs", b"/docs/../../etc/passwd", 404),
    _path("the root", b"/", 404),
    _path("nothing but slashes", b"/" * 5000, 404),
    _path("nothing but escapes", b"/" + b"%2F" * 2_700, 404),
    _too_long("nothing but escapes", b"/" + b"%2F" * 10_000),
    _path("8,000 characters", b"/" + MARK * 700, 404),
    _too_long("60,000 characters", b"/" + MARK * 5000),
    _path("a mark", b"/" + MARK, 404),
    _path("a Log4j lookup", b"/${jndi:ldap:%2F%2F127.0.0.1%2Fs3cr3t-mark}", 404),
    *_task("a word", MARK),
    *_task("0", b"0"),
    *_task("-1", b"-1"),
    *_task("+1", b"+1"),
    *_task("01", b"01"),
    *_task("1.0", b"1.0"),
    *_task("1e0", b"1e0"),
    *_task("2^31", b"2147483648"),
    *_task("2^63 - 1", b"9223372036854775807"),
    *_task("2^63", b"9223372036854775808"),
    *_task("5,000 digits", b"9" * 5000),
    *_task("an Arabic 1", b"%D9%A1"),
    *_task("a superscript 1", b"%C2%B9"),
    *_task("a NUL", b"%00"),
    *_task("1 and a NUL", b"1%00"),
    *_task("1 and a space", b"1%20"),
    *_task("a line feed and 1", b"%0a1"),
    *_task("a lone surrogate", b"%ED%A0%80"),
    *_task("no UTF-8", b"%FF"),
    *_task("an escape that is none", b"%"),
    *_task("SQL", b"1;DROP%20TABLE%20tasks--"),
    *_task("a union", b"1%20UNION%20SELECT%20NULL--"),
    *_task("a format", b"%25s%25n{0}"),
    *_task("NaN", b"NaN"),
    *_task("a list", b"1,2"),
    _query("nothing", b"", 200),
    _query("an unknown name", MARK + b"=" + MARK, 200),
    _query("an unknown name twice", b"x=1&x=2", 200),
    _query("an unknown name with a NUL", b"%00=%00", 200),
    _query("an unknown name that is no UTF-8", b"%FF=%FF", 200),
    _query("ampersands only", b"&" * 1000, 200),
    _query("equals signs only", b"=====", 200),
    _query("a question mark in it", b"?status=all", 200),
    _query("a name in capitals", b"STATUS=" + MARK, 200),
    _query("a name with brackets", b"status[]=" + MARK, 200),
    _query("a name with a path", b"status.x=" + MARK, 200),
    _query("semicolons", b"x=1;status=" + MARK, 200),
    _query("1,000 unknown names", b"&".join(b"x%d=y" % n for n in range(1000)), 200),
    _too_long("5,000 names", TASKS + b"?" + b"&".join(b"x%d=y" % n for n in range(5000))),
    _query("an escaped name", b"%73tatus=pending", 200),
    _query("an escaped value", b"status=%70ending", 200),
    _query("a value in capitals", b"status=ALL", 422),
    _query("a mark", b"status=" + MARK, 422),
    _query("no value", b"status", 422),
    _query("an empty value", b"status=", 422),
    _query("white space", b"status=all%20", 422),
    _query("a plus sign", b"status=+all", 422),
    _query("a NUL", b"status=all%00", 422),
    _query("no UTF-8", b"status=%FF", 422),
    _query("a lone surrogate", b"status=%ED%A0%80", 422),
    _query("an escape that is none", b"status=all%", 422),
    _query("repeated", b"status=all&status=all", 422),
    _query("repeated by an escaped name", b"status=all&%73tatus=" + MARK, 422),
    _query("two values in one", b"status=all,pending", 422),
    _query("both wrong", b"status=" + MARK + b"&sort=" + MARK, 422),
    _query("8,000 characters", b"sort=" + MARK * 700, 422),
    _too_long("a query of 50,000 characters", TASKS + b"?sort=" + MARK * 4500),
    _query("SQL", b"sort=title;DROP%20TABLE%20tasks", 422),
    _query("a column", b"sort=description", 422),
    _query("a format", b"sort=%25s{0.__class__}", 422),
    _query("a line end", b"sort=%0d%0aSet-Cookie:%20a=s3cr3t-mark", 422),
    _query("a fragment", b"status=pending#" + MARK, ANY),
    one(
        "query: of an operation that has none",
        request("GET", TASK + b"?status=" + MARK + b"&status=x"),
        200,
    ),
    _absolute("an absolute one", b"http://api.example.com/api/ada/tasks", TASKS, 200),
    _absolute("another host's", b"http://evil.example.com/api/ada/tasks", TASKS, 200),
    _absolute("another scheme's", b"ftp://evil.example.com/api/bob/tasks", b"/api/bob/tasks", 403),
    _absolute("one with a password", b"http://ada:s3cr3t-mark@x/api/ada/tasks", TASKS, 200),
    _absolute("one with a port", b"http://x:1/api/ada/tasks", TASKS, 200),
    _none("an absolute one without a path", b"http://api.example.com"),
    _none("a query only", b"?status=all"),
    _absolute("a star", b"*", b"", ANY),
    _method("TRACE", TASKS, 405),
    _method("OPTIONS", TASKS, 405),
    _method("PATCH", TASK, 405),
    _method("POST", TASK, 405),
    _method("PUT", TASKS, 405),
    _method("PROPFIND", TASKS, 405),
    _method("PURGE", TASK, 405),
    _method("LINK", TASK + b"/complete", 405),
    _method("GET", TASK + b"/complete", 405),
    _method("POST", b"/openapi.json", 405),
    _method("HEAD", TASKS, 200),
    _method("HEAD", TASKS + b"/999999", 404),
    _method("HEAD", b"/nowhere", 404),
    Case(
        "target: a star, for its options",
        (Request(request("OPTIONS", b"*").sent, "OPTIONS"),),
        (ANY,),
    ),
    one(
        "user: of a token that is in the path, too",
        request("GET", b"/api/" + TOKEN + b"/tasks"),
        403,
    ),
]
