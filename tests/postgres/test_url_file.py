"""The URL of the database in a file, which may be replaced while the service runs."""

import logging
from pathlib import Path

import pytest

from adapters.postgres.dsn import Dsn
from application.errors import InvalidConfiguration

pytestmark = pytest.mark.postgres

SETTING = "NEON_DB_URL_FILE"


async def database_of(dsn: Dsn) -> str:
    connection = await dsn.connect(autocommit=True)
    name = connection.info.dbname
    await connection.close()
    return name


async def test_new_connections_use_what_the_file_says_now(
    tmp_path: Path, database_url: str, empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "url"
    file.write_text(f"{database_url}\n")
    dsn = Dsn(file, SETTING)
    before = await database_of(dsn)
    assert SETTING not in caplog.text
    file.write_text(empty_database_url)
    after = await database_of(dsn)
    assert f"{SETTING} has another URL now" in caplog.text
    assert before != after
    assert (database_url.count(before), empty_database_url.count(after)) == (1, 1)


@pytest.mark.parametrize("text", ["", "mysql://u:s3cret@h/d", None], ids=["empty", "other", "gone"])
async def test_a_file_that_became_useless_changes_nothing_and_is_logged(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture, text: str | None
) -> None:
    file = tmp_path / "url"
    file.write_text(database_url)
    dsn = Dsn(file, SETTING)
    file.unlink() if text is None else file.write_text(text)
    with caplog.at_level(logging.WARNING):
        assert database_url.count(await database_of(dsn)) == 1
    assert SETTING in caplog.text
    assert "s3cret" not in caplog.text


def test_a_file_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=f"{SETTING}=.*/none cannot be read: No such"):
        Dsn(tmp_path / "none", SETTING)
