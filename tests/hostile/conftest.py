"""The service over real sockets, on each storage."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.embedded.server import EmbeddedPostgres
from tests.conftest import new_database
from tests.process.service import SECRET, Service, started


@pytest.fixture(scope="module")
def on_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that keeps tasks in memory."""
    yield from _served(tmp_path_factory.mktemp("memory"), STORAGE="memory")


@pytest.fixture(scope="module")
def on_postgres(
    postgres_server: EmbeddedPostgres,
    _migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """A service on PostgreSQL with the user ada."""
    with new_database(postgres_server.url, template=_migrated_template) as url:
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO users (id) VALUES ('ada')")
        yield from _served(tmp_path_factory.mktemp("postgres"), NEON_DB_URL=url)


def _served(folder: Path, **settings: str) -> Iterator[Service]:
    settings = {"BETTER_AUTH_SECRET": SECRET} | settings
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service
