"""Sockets that listen on an address."""

import errno
import os
import socket
from contextlib import suppress
from typing import Any, Final

_BACKLOG: Final = 2048
"""Most connections that may wait to be accepted; the kernel may allow fewer."""

_NOT_OF_THIS_MACHINE: Final = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))
_ALL_ADDRESSES: Final = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared, not listened on


class AddressUnavailable(Exception):
    """Nothing can listen on the address. The message is one line with the reason and the remedy."""


def require_available(host: str, port: int) -> None:
    """Raise AddressUnavailable if nothing can listen on the address at this moment."""
    for each in _bind(host, port):
        each.close()


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of ``host``; ``::`` includes IPv4. Raises AddressUnavailable.

    The kernel queues connections until a server accepts them.
    """
    sockets = _bind(host, port)
    try:
        for each in sockets:
            each.listen(_BACKLOG)
    except OSError as error:
        raise _unavailable(host, port, error) from error
    return sockets


def url_of(host: str, port: int) -> str:
    """Return the URL by which this machine reaches a server that listens on the address."""
    reachable = "127.0.0.1" if host in _ALL_ADDRESSES else host
    return f"http://{_address(reachable, port)}"


def _bind(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in _addresses(host, port):
        try:
            sockets.append(_bound(family, address))
        except OSError as error:
            if error.errno not in _NOT_OF_THIS_MACHINE:
                for each in sockets:
                    each.close()
                raise _unavailable(host, port, error) from error
            # `localhost` may have an IPv6 address on a machine that has no IPv6.
            missing = error
    if missing is not None and not sockets:
        raise _unavailable(host, port, missing)
    return sockets


def _addresses(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    # Do not use the resolver for an IP address: it may hang.
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unavailable(host, port, error) from error
    return [(family, address) for family, _, _, _, address in found]


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    new = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Reuse a port whose previous connections are in TIME_WAIT.
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # The default depends on the system.
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        new.bind(address)
    except OSError:
        new.close()
        raise
    return new


def _unavailable(host: str, port: int, error: Exception) -> AddressUnavailable:
    is_name_error = isinstance(error, (socket.gaierror, UnicodeError))
    reason = str(error) if is_name_error else os.strerror(getattr(error, "errno", 0))
    is_host_error = is_name_error or getattr(error, "errno", 0) in _NOT_OF_THIS_MACHINE
    remedy = (
        "--host must be an address or a name of this machine"
        if is_host_error
        else "choose another port with --port or PORT"
    )
    return AddressUnavailable(f"nothing can listen on {_address(host, port)} ({reason}): {remedy}")


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
