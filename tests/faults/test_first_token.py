"""The first token of a process that verifies with a key set."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.clients import Client
from tests.faults.neighbour import observing
from tests.faults.report import Measured
from tests.key_set.issuer import FakeIssuer
from tests.key_set.signing_keys import ISSUER, signing_key
from tests.process.service import started

pytestmark = [pytest.mark.faults, pytest.mark.process]

SLOWEST_MAX = 1.0
"""Seconds. Far more than is measured."""


async def test_the_first_token_of_a_process_delays_no_other_request(
    tmp_path: Path, measured: Measured
) -> None:
    key = signing_key()
    issuer = FakeIssuer()
    issuer.publish(key)
    await issuer.up()
    settings = {
        "STORAGE": "memory",
        "BETTER_AUTH_JWKS_URL": issuer.url,
        "BETTER_AUTH_ISSUER": ISSUER,
        "BETTER_AUTH_AUDIENCE": ISSUER,
    }
    with started("serve", "--host", "127.0.0.1", cwd=tmp_path, **settings) as service:
        await asyncio.to_thread(service.wait_until_ready)
        client = Client(service.port, key.token())
        async with observing(service, "", "/health/live") as observed:
            await asyncio.sleep(0.5)
            first = await client.send("GET", "/api/ada/tasks")
            second = await client.send("GET", "/api/ada/tasks")
            await asyncio.sleep(0.2)
        client.close()
    await issuer.down()
    measured(
        "14",
        "the first token of a process with a key set",
        "other requests are not delayed",
        f"first request {first.seconds * 1000:.0f} ms, second {second.seconds * 1000:.0f} ms, "
        f"slowest other one {observed.slowest * 1000:.0f} ms",
    )
    assert (first.status, second.status, issuer.fetches) == (200, 200, 1)
    assert observed.failures == []
    assert observed.slowest < SLOWEST_MAX
