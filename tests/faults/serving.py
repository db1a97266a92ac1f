"""Run the service on a PostgreSQL that a test breaks, and check its responses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.clients import ORIGIN, Exchange
from tests.faults.load import Memory, State, unexplained
from tests.faults.postgres import Postgres
from tests.process.service import SECRET, Service, started

OURS: Final = "pg_stat_activity WHERE application_name LIKE 'tasks-api/%'"
"""The sessions of the service, as a FROM clause to which a condition may be added."""


@contextmanager
def serving(folder: Path, database_url: str) -> Iterator[Service]:
    """Run one process of the service. It must not restart, and must stop gracefully."""
    settings = {"NEON_DB_URL": database_url, "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service
        assert service.process.poll() is None, service.log[-5000:]


def is_retryable(exchange: Exchange) -> bool:
    """Whether this is the documented 500: readable in a browser, with Retry-After."""
    headers = exchange.headers
    return (
        exchange.status == 500
        and headers.get("content-type") == "application/json"
        and exchange.json
        == {
            "status_code": 500,
            "detail": "The service cannot reach its data at the moment; please try again",
        }
        and headers.get("retry-after") == "5"
        and headers.get("access-control-allow-origin") == ORIGIN
        and headers.get("access-control-allow-credentials") == "true"
        and "Retry-After" in headers.get("access-control-expose-headers", "")
        and bool(headers.get("x-request-id"))
    )


def exchanges_of(memories: Sequence[Memory]) -> list[Exchange]:
    """All requests of all clients, in the order of their ends."""
    exchanges = [exchange for memory in memories for exchange in memory.exchanges]
    return sorted(exchanges, key=lambda exchange: exchange.ended)


def succeeded(exchange: Exchange) -> bool:
    """Whether the request was served."""
    return exchange.status is not None and 200 <= exchange.status < 300


def malformed(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The requests that are neither a success nor a documented 500."""
    return [each for each in exchanges if not succeeded(each) and not is_retryable(each)]


def last_failure_after(exchanges: Sequence[Exchange], moment: float) -> float:
    """Seconds from ``moment``, by ``time.monotonic()``, to the last failure; 0 without any."""
    return max((each.ended for each in exchanges if not succeeded(each)), default=moment) - moment


def audit(memories: Sequence[Memory], server: Postgres, database: str) -> list[str]:
    """Compare every row with the responses to its owner; return the contradictions.

    An acknowledged write must be stored; a write answered with a 500 may be.
    """
    wrong = [text for memory in memories for text in memory.contradictions]
    stored: dict[str, list[State]] = {memory.person: [] for memory in memories}
    rows = server.administrate("SELECT user_id, title, completed FROM tasks", database)
    for person, title, completed in rows:
        stored[person].append(State(title, completed))
    for memory in memories:
        wrong += unexplained(memory.beliefs, stored[memory.person])
    return wrong


def acknowledged(memories: Sequence[Memory]) -> int:
    """Return the number of acknowledged writes."""
    return sum(each.method != "GET" and succeeded(each) for each in exchanges_of(memories))


def median_and_most(seconds: Sequence[float]) -> str:
    """Both in milliseconds."""
    ordered = sorted(seconds)
    return f"median {ordered[len(ordered) // 2] * 1000:.0f} ms, most {ordered[-1] * 1000:.0f} ms"
