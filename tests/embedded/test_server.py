"""A server's life: start, use, stop, and again."""

import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine, text

from adapters.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from tests.embedded.running import query

pytestmark = pytest.mark.postgres


def _socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_data_survives_stop_and_start(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        query(server.url, "CREATE TABLE kept AS SELECT 'yes' AS answer")
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT answer FROM kept") == ["yes"]


def test_one_instance_starts_again_after_stop(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    for _ in range(2):
        server.start()
        assert query(server.url, "SELECT 1") == [1]
        server.stop()


def test_stop_may_be_repeated_and_precede_any_start(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    with pytest.raises(EmbeddedPostgresError, match="not running"):
        _ = server.url


def test_sqlalchemy_understands_the_url(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        engine = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_database()")) == "tasks"
        engine.dispose()


def test_two_servers_work_side_by_side(folder: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres(folder) as one, EmbeddedPostgres(tmp_path / "another") as other:
        query(one.url, "CREATE TABLE mine ()")
        assert query(other.url, "SELECT to_regclass('mine')") == [None]


def test_settings_of_the_environment_do_not_reach_the_server(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("long" * 30)))
    monkeypatch.setenv("BETTER_AUTH_SECRET", "s3cr3t")
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SHOW timezone") == ["UTC"]
        query(server.url, "CREATE TABLE environment (line text)")
        query(server.url, "COPY environment FROM PROGRAM 'env'")
        assert query(server.url, "SELECT line FROM environment WHERE line ~ 's3cr3t'") == []


def test_options_set_the_server_up(folder: Path) -> None:
    with EmbeddedPostgres(folder, {"fsync": "off"}) as server:
        assert query(server.url, "SHOW fsync") == ["off"]
        assert query(server.url, "SHOW max_connections") == ["200"]


def test_without_options_commits_are_durable(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SHOW fsync") == ["on"]
        assert query(server.url, "SHOW synchronous_commit") == ["on"]


def test_text_is_unicode_with_every_locale(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SHOW server_encoding") == ["UTF8"]
        assert query(server.url, "SELECT lower('ÄÉΣ')") == ["äéσ"]


def test_only_the_server_s_user_can_enter_its_folders(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        sockets = _socket_folder(server.url)
        for private in (sockets, folder / "data"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert query(server.url, "SHOW listen_addresses") == [""]
    assert not sockets.exists()


def test_the_log_holds_one_run_only(folder: Path) -> None:
    for _ in range(2):
        with EmbeddedPostgres(folder):
            pass
    log = (folder / "server.log").read_text()
    assert log.count("ready to accept connections") == 1
