"""Ten thousand bodies that are far too large."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.neighbour import resident
from tests.faults.report import Measured, rounds
from tests.process.service import SECRET, started, token

pytestmark = [pytest.mark.faults, pytest.mark.process]

BODIES = rounds(10_000, 1_000)
AT_ONCE = 64
MEGABYTE = 10**6
GROWTH_MAX = 20 * 2**20

TASKS = "/api/ada/tasks"
AUTHORIZED = f"Authorization: Bearer {token('ada')}\r\n"
MEASURED = f"Content-Length: {MEGABYTE}\r\n\r\n".encode() + b"x" * MEGABYTE
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + (b"2710\r\n" + b"x" * 10_000 + b"\r\n") * 100


def head(line: str, *headers: str) -> bytes:
    lines = f"{line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return (lines + "".join(headers)).encode()


KINDS = [
    (head(f"POST {TASKS}", AUTHORIZED) + MEASURED, 413),
    (head(f"POST {TASKS}", AUTHORIZED) + CHUNKED + b"0\r\n\r\n", 413),
    (head(f"PUT {TASKS}/1", AUTHORIZED, "Expect: 100-continue\r\n") + MEASURED, 413),
    (head(f"POST {TASKS}") + MEASURED, 401),
    (head(f"POST {TASKS}") + CHUNKED + b"0\r\n\r\n", 401),
    (head(f"PATCH {TASKS}/1/complete", AUTHORIZED) + MEASURED, 413),
    (head(f"GET {TASKS}", AUTHORIZED) + CHUNKED + b"0\r\n\r\n", 200),
]
"""Requests with a body, and their responses."""


async def test_memory_does_not_grow_with_the_bodies_that_are_sent(
    tmp_path: Path, measured: Measured
) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=tmp_path, **settings) as service:
        service.wait_until_ready()

        async def send(count: int) -> Counter[str]:
            shares = [range(number, count, AT_ONCE) for number in range(AT_ONCE)]
            done = await asyncio.gather(*(send_each(service.port, share) for share in shares))
            return sum(done, Counter[str]())

        await send(20 * AT_ONCE)
        before = resident(service.process.pid)
        sending = asyncio.create_task(send(BODIES))
        most = before
        while not sending.done():
            await asyncio.sleep(0.05)
            most = max(most, resident(service.process.pid))
        outcomes = await sending
    measured(
        "11",
        f"{BODIES} bodies of 1 MB, {AT_ONCE} at once, with a length and in chunks",
        "memory grows by less than 20 MB",
        f"{before / 2**20:.0f} MB before, at most {(most - before) / 2**20:.1f} MB more; "
        + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())),
    )
    assert set(outcomes) <= {"200", "401", "413", "cut off"}
    assert outcomes["cut off"] < BODIES / len(KINDS) * 1.1
    assert most - before < GROWTH_MAX


async def send_each(port: int, share: range) -> Counter[str]:
    outcomes = Counter[str]()
    for number in share:
        request, status = KINDS[number % len(KINDS)]
        outcome = await send_one(port, request)
        outcomes[outcome if outcome in {str(status), "cut off"} else f"{outcome}?"] += 1
    return outcomes


async def send_one(port: int, request: bytes) -> str:
    """The answer's status, or that the connection ended before it could be read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    status = "cut off"
    with suppress(OSError, EOFError):
        writer.write(request)
        # A client that is refused while it sends may not receive the response.
        with suppress(OSError):
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100 "):
            head = await reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ")[1].decode()
    writer.transport.abort()
    await asyncio.sleep(0)
    return status
