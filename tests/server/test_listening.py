"""The sockets that a server listens on."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from entrypoints.server.listening import AddressUnavailable, listen, require_available, url_of
from tests.ports import free_port


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    sockets = listen(host, port)
    yield sockets
    for each in sockets:
        each.close()


def is_reachable(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("::", {"127.0.0.1", "::1"}),
        ("localhost", {"127.0.0.1", "::1"}),
        ("0.0.0.0", {"127.0.0.1"}),  # noqa: S104 - what is tested
        ("127.0.0.1", {"127.0.0.1"}),
        ("::1", {"::1"}),
    ],
)
def test_a_host_is_reached_at_each_of_its_addresses(
    monkeypatch: pytest.MonkeyPatch, host: str, reached: set[str]
) -> None:
    port = free_port()
    # Independent of this machine's hosts file.
    resolved = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved)
        sockets = listen(host, port)
    assert {place for place in ("127.0.0.1", "::1") if is_reachable(place, port)} == reached
    for each in sockets:
        each.close()


def test_an_address_that_the_machine_lacks_is_left_out_of_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    resolved = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved)
    with listening("name.example", port) as sockets:
        assert [each.getsockname() for each in sockets] == [("127.0.0.1", port)]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "localhost"])  # noqa: S104 - as above
def test_a_port_that_is_taken_is_refused_with_a_remedy(host: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        for attempt in (require_available, listen):
            with pytest.raises(AddressUnavailable) as refusal:
                attempt(host, port)
            assert str(refusal.value).startswith("nothing can listen on ")
            assert f":{port} ({os.strerror(errno.EADDRINUSE)})" in str(refusal.value)
            assert str(refusal.value).endswith(": choose another port with --port or PORT")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "name.invalid", "", "a..b", "[::1]"])
def test_a_host_that_is_none_of_this_machine_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(AddressUnavailable, match="--host must be an address or a name"):
        require_available(host, 8000)


def test_checking_an_address_keeps_it_available() -> None:
    port = free_port()
    require_available("127.0.0.1", port)
    assert not is_reachable("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - as above
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("tasks.example", "http://tasks.example:8000"),
    ],
)
def test_a_url_is_one_that_this_machine_can_request(host: str, url: str) -> None:
    assert url_of(host, 8000) == url


def test_a_port_can_be_used_again_while_its_last_connections_are_being_closed() -> None:
    port = free_port()
    with listening("127.0.0.1", port) as [server]:
        client = socket.create_connection(("127.0.0.1", port), timeout=5)
        accepted, _ = server.accept()
        # The side that closes first keeps the address for a minute.
        accepted.close()
        client.close()
    with listening("127.0.0.1", port):
        assert is_reachable("127.0.0.1", port)
