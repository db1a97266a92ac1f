"""One hostile exchange and its expected responses."""

from dataclasses import dataclass

from tests.hostile.corpus.tokens import TOKEN

MARK = b"s3cr3t-mark"
"""Part of the input, to check that no error and no log line repeats it."""
ORIGIN = b"http://localhost:3000"
TASKS = b"/api/ada/tasks"
TASK = TASKS + b"/1"
"""A task that exists."""
ANY = None
"""Any status that the operation documents."""


@dataclass(frozen=True)
class Request:
    """The exact bytes that one client sends as a request."""

    sent: bytes
    method: str | None
    """None if the bytes are not valid HTTP."""
    path: str = ""
    """The target without its query; empty if it names no path of the API."""
    reads_cors: bool = True
    """Whether a page of the frontend sends it, which may read the response."""


@dataclass(frozen=True)
class Case:
    """Requests on one connection, and the status of each response. If there are fewer statuses than
    requests, the connection ends early. Without a status, no response is due and the client
    disconnects.
    """

    name: str
    requests: tuple[Request, ...]
    statuses: tuple[int | None, ...]
    title: str | None = None
    """The title of the task in the response, if it matters."""

    @property
    def sent(self) -> bytes:
        return b"".join(request.sent for request in self.requests)


def request(
    method: str,
    target: bytes,
    *headers: bytes,
    body: bytes = b"",
    token: bytes | None = TOKEN,
    origin: bytes | None = ORIGIN,
    last: bool = True,
) -> Request:
    """A request of ada's whose head is well-formed as far as its parts are.

    The body is sent as it is: its length or encoding is up to ``headers``.
    """
    lines = [b"%b %b HTTP/1.1" % (method.encode(), target), b"Host: api.example.com"]
    if token is not None:
        lines.append(b"Authorization: Bearer " + token)
    if origin is not None:
        lines.append(b"Origin: " + origin)
    if last:
        lines.append(b"Connection: close")
    sent = b"\r\n".join([*lines, *headers, b"", body])
    path = target.partition(b"?")[0].decode("latin-1")
    return Request(sent, method, path, reads_cors=origin == ORIGIN)


def with_body(
    method: str,
    body: bytes,
    *headers: bytes,
    target: bytes = TASKS,
    content_type: bytes | None = b"application/json",
    last: bool = True,
) -> Request:
    """A request whose body has a true length."""
    more = [b"Content-Length: %d" % len(body)]
    if content_type is not None:
        more.append(b"Content-Type: " + content_type)
    return request(method, target, *more, *headers, body=body, last=last)


def no_http(sent: bytes) -> Request:
    """Bytes that must not be parsed as a request, although they may look like one."""
    return Request(sent, None)


def one(name: str, sent: Request, status: int | None, title: str | None = None) -> Case:
    """A case of a single request."""
    return Case(name, (sent,), (status,), title)
