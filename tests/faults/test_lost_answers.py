"""The network between the service and PostgreSQL fails while PostgreSQL keeps running."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import load
from tests.faults.background import Background
from tests.faults.clients import Client, Exchange
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.proxy import Cut, Proxy
from tests.faults.report import Measured, rounds
from tests.faults.serving import (
    audit,
    exchanges_of,
    is_retryable,
    last_failure_after,
    malformed,
    serving,
    succeeded,
)
from tests.process.service import token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

TASKS = "/api/ada/tasks"

# The changes that PostgreSQL has recorded, by task; 0 stands for a new task with unknown id.
ACCOUNT = """
CREATE TABLE account (what text, task bigint);
CREATE FUNCTION take_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO account VALUES (TG_OP, coalesce(OLD.id, 0)); RETURN NULL;
END $$;
CREATE TRIGGER take_down AFTER INSERT OR UPDATE OR DELETE ON tasks
    FOR EACH ROW EXECUTE FUNCTION take_down();
"""

CHANGES = (b"INSERT INTO tasks", b"UPDATE tasks", b"UPDATE tasks", b"DELETE FROM tasks")


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.name.lower().replace("_", " "))
async def test_a_change_that_may_have_happened_is_never_repeated(
    cut: Cut, plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    with (
        Proxy(postgres.port) as proxy,
        postgres.database("ada", "bob") as database,
        serving(tmp_path, postgres.url(database, proxy.port)) as service,
    ):

        async def send(
            method: str, path: str, content: object = None, user: str = "ada"
        ) -> Exchange:
            client = Client(service.port, token(user))
            exchange = await client.send(method, path, content)
            client.close()
            return exchange

        created = [await send("POST", TASKS, {"title": f"{n}"}) for n in range(3)]
        toggled, edited, deleted = (exchange.json["id"] for exchange in created)
        postgres.administrate(ACCOUNT, database)
        proxy.cuts = [(beginning, cut) for beginning in CHANGES]
        exchanges = await asyncio.gather(
            # One user's requests do not get four connections.
            send("POST", "/api/bob/tasks", {"title": "new"}, "bob"),
            send("PATCH", f"{TASKS}/{toggled}/complete"),
            send("PUT", f"{TASKS}/{edited}", {"title": "edited"}),
            send("DELETE", f"{TASKS}/{deleted}"),
        )
        struck = not proxy.cuts
        # A repeated statement would have arrived by now.
        await asyncio.sleep(1)
        done = Counter(postgres.administrate("SELECT what, task FROM account", database))
        after = await send("GET", TASKS)
    happens = cut in {Cut.ANSWER_VANISHES, Cut.ANSWER_RESET}
    once = [("INSERT", 0), ("UPDATE", toggled), ("UPDATE", edited), ("DELETE", deleted)]
    slowest = max(exchange.seconds for exchange in exchanges)
    measured(
        "5",
        f"a create, a toggle, an edit and a delete: {cut.value}",
        f"a documented 500 each; done {'once' if happens else 'never'}, and not again by us",
        f"{sum(map(is_retryable, exchanges))} of 4 documented 500s, the slowest after "
        f"{slowest:.2f} s; done: {sum(done.values())}, twice: "
        f"{sum(count > 1 for count in done.values())}",
    )
    assert struck
    assert all(map(is_retryable, exchanges))
    assert slowest < 10
    assert done == Counter(once if happens else [])
    assert succeeded(after)


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "reset"])
def test_a_network_that_fails_for_all_connections_loses_no_write(
    silent: bool,
    plain_postgres: Postgres,
    tmp_path: Path,
    measured: Measured,
) -> None:
    postgres = plain_postgres
    silence = rounds(10, 8)  # Longer than an operation may take.
    with (
        Proxy(postgres.port) as proxy,
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database, proxy.port)) as service,
        Background(load.work, service.port) as people,
    ):
        time.sleep(1.5)
        if silent:
            proxy.blackhole = True
            time.sleep(silence)
            # Swallowed data never arrives, so connections are opened again.
            reset = proxy.reset_all()
            proxy.blackhole = False
        else:
            reset = 0
            for _ in range(10):
                reset += proxy.reset_all()
                time.sleep(0.3)
        healed = time.monotonic()
        time.sleep(2)
        memories = people.result()
        wrong = audit(memories, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    slowest = max(exchange.seconds for exchange in exchanges)
    last = last_failure_after(exchanges, healed)
    fault = f"silent for {silence} s" if silent else "reset 10 times"
    measured(
        "5",
        f"all connections to PostgreSQL {fault} under 100 clients",
        "documented 500s within 10 s; no acknowledged write lost, no phantom",
        f"{sum(map(is_retryable, exchanges))} documented 500s and {len(bad)} other failures in "
        f"{len(exchanges)} requests, the slowest {slowest:.2f} s, the last {max(last, 0):.2f} s "
        f"after the end; {len(wrong)} writes lost or phantom",
    )
    assert not wrong
    assert not bad
    assert reset
    # A connection that is reset between two operations is replaced without an error.
    assert not silent or any(map(is_retryable, exchanges))
    assert slowest < 10
    assert last < 2
