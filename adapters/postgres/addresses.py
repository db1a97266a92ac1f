"""Connect to the first address of a database's hosts that responds."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from ipaddress import ip_address
from typing import Any, Final

from adapters.postgres.connect_failure import was_answered
from adapters.postgres.driver import Driver

HEAD_START: Final = 1.0
"""Seconds that one address has before the next one is tried as well.

If three addresses do not respond, the fourth is tried after 3 of the 6 s for connecting.
"""

Address = dict[str, str]
"""libpq's parameters of one address: those of host, hostaddr and port that are given."""

Connect = Callable[[Address], Coroutine[Any, Any, Driver]]


class Addresses:
    """Connects to an address that responds, and tries that one first from then on."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        """Take the hosts, addresses and ports from libpq's ``parameters``."""
        self._given = split_hosts(parameters)
        self._best: Address | None = None
        self._searching = asyncio.Lock()

    async def connect(self, connect: Connect) -> Driver:
        """Return the first connection that can be opened. Raise psycopg.Error or OSError."""
        first, *others = self._in_order(await self._resolve())
        attempts = _Attempts()
        try:
            attempts.start(self._connect(connect, first))
            if connection := await attempts.first(within=HEAD_START):
                return connection
            # Try other addresses for one connection at a time, so that a server that is only slow,
            # such as one that is waking up, does not get several times as many connections.
            async with self._searching:
                for address in self._in_order(others):
                    if connection := await attempts.first(within=0):
                        return connection
                    attempts.start(self._connect(connect, address))
                    if connection := await attempts.first(within=HEAD_START):
                        return connection
            if connection := await attempts.first(within=None):
                return connection
            raise attempts.failures[-1]
        finally:
            await attempts.end()

    async def _connect(self, connect: Connect, address: Address) -> Driver:
        connection = await connect(address)
        self._best = address
        return connection

    async def _resolve(self) -> list[Address]:
        loop = asyncio.get_running_loop()
        found: list[Address] = []
        failure: OSError | None = None
        for given in self._given:
            host = given.get("host")
            # A socket's folder begins with / or @.
            if "hostaddr" in given or not host or host[0] in "/@" or is_address(host):
                found.append(given)
                continue
            try:
                entries = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError as error:
                failure = error
            else:
                found += [given | {"hostaddr": str(entry[4][0])} for entry in entries]
        if failure is not None and not found:
            raise failure
        return found

    def _in_order(self, addresses: list[Address]) -> list[Address]:
        return sorted(addresses, key=lambda address: address != self._best)


def split_hosts(parameters: Mapping[str, str]) -> list[Address]:
    """Return the hosts of ``parameters`` one by one. Raise ValueError if their numbers differ."""
    lists = {
        name: values.split(",")
        for name in ("host", "hostaddr", "port")
        if (values := parameters.get(name))
    }
    number = max((len(values) for name, values in lists.items() if name != "port"), default=1)
    if len(lists.get("port", ())) == 1:
        lists["port"] *= number
    return [dict(zip(lists, each, strict=True)) for each in zip(*lists.values(), strict=True)] or [
        {}
    ]


def is_address(text: str) -> bool:
    """Return whether ``text`` is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class _Attempts:
    """Concurrent attempts to connect."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Driver]] = set()
        self.failures: list[BaseException] = []

    def start(self, attempt: Coroutine[Any, Any, Driver]) -> None:
        self._under_way.add(asyncio.create_task(attempt))

    async def first(self, *, within: float | None) -> Driver | None:
        """Return the first connection; None if an attempt fails or none ends ``within`` the time.

        Without a limit, return None if all fail. Raise the error of an attempt that the server
        refused.
        """
        while self._under_way:
            done, _ = await asyncio.wait(
                self._under_way, timeout=within, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            attempt = done.pop()
            self._under_way.discard(attempt)
            failure = attempt.exception()
            if failure is None:
                return attempt.result()
            if was_answered(failure):
                raise failure
            self.failures.append(failure)
            if within is not None:
                break
        return None

    async def end(self) -> None:
        """Cancel the other attempts, and close their connections."""
        for attempt in self._under_way:
            attempt.cancel()
        for outcome in await asyncio.gather(*self._under_way, return_exceptions=True):
            if isinstance(outcome, Driver):
                await outcome.close()
