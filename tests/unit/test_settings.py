"""The meaning of the settings. tests/process shows how their errors end the start."""

from pathlib import Path
from typing import Any

import pytest

from entrypoints import development
from entrypoints.settings import InvalidSettings, LogLevel, Settings, StorageKind, TokenKeys
from entrypoints.unsafe_settings import warnings_about

SECRET = "a secret that has thirty-two bytes or more"


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_secret_verifies_tokens_of_any_issuer() -> None:
    chosen = settings(better_auth_secret=SECRET)
    assert chosen.token_keys is TokenKeys.SECRET
    assert (chosen.shared_secret, chosen.issuer, chosen.audience) == (SECRET, None, None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://localhost:3000/api/auth/jwks", "http://localhost:3000"),
        ("https://app.example.com/api/auth/jwks", "https://app.example.com"),
        ("https://APP.example.com:443/jwks", "https://app.example.com"),
        ("http://app.example.com:80/jwks", "http://app.example.com"),
        ("http://[::1]:3000/jwks", "http://[::1]:3000"),
    ],
)
def test_a_key_set_verifies_tokens_of_its_own_origin(url: str, origin: str) -> None:
    chosen = settings(better_auth_secret=SECRET, better_auth_jwks_url=url)
    assert chosen.token_keys is TokenKeys.KEY_SET
    assert chosen.issuer == chosen.audience == origin


def test_issuer_and_audience_can_be_others_than_the_key_sets_origin() -> None:
    chosen = settings(
        better_auth_jwks_url="http://web:3000/api/auth/jwks",
        better_auth_issuer="http://localhost:3000",
        better_auth_audience="tasks",
    )
    assert (chosen.issuer, chosen.audience) == ("http://localhost:3000", "tasks")


def test_a_start_without_keys_asks_for_the_key_set_first() -> None:
    with pytest.raises(InvalidSettings) as error:
        _ = settings().shared_secret
    assert str(error.value) == (
        "BETTER_AUTH_JWKS_URL is not set: set it to the keys of your Better Auth frontend, "
        "https://<frontend>/api/auth/jwks; or, if it signs tokens with a shared secret (HS256), "
        "which is not its default, set BETTER_AUTH_SECRET"
    )


@pytest.mark.parametrize("url", ["app.example.com/jwks", "ftp://app.example.com/jwks", "http://"])
def test_a_key_set_has_a_web_address(url: str) -> None:
    with pytest.raises(InvalidSettings, match="BETTER_AUTH_JWKS_URL"):
        settings(better_auth_jwks_url=url)


def test_an_empty_value_counts_as_unset_except_for_the_secret() -> None:
    others = dict.fromkeys(Settings.model_fields.keys() - {"better_auth_secret"}, "")
    assert settings(**others) == settings()
    with pytest.raises(InvalidSettings, match="BETTER_AUTH_SECRET is empty"):
        settings(better_auth_secret="")


def test_white_space_and_quotes_around_a_value_are_no_part_of_it() -> None:
    url = "postgresql://u@h/d"
    for text in (f" {url}\n", f"'{url}'", f'"{url}"', f"\t' {url} ' "):
        assert settings(neon_db_url=text).postgres_url == url
    chosen = settings(storage='"memory"', users_table=" 'members' ", log_level=" debug ")
    assert (chosen.storage, chosen.users_table) == (StorageKind.MEMORY, "members")
    assert chosen.log_level is LogLevel.DEBUG
    assert settings(neon_db_url="''", users_table=" ' ' ") == settings()
    # One quotation mark alone is a mistake, which the URL's own rules name.
    assert settings(neon_db_url=f"'{url}").postgres_url == f"'{url}"


def test_the_quotes_of_the_users_table_are_postgresqls() -> None:
    assert settings(users_table='"auth"."User"').users_table == '"auth"."User"'
    assert settings(users_table="""'"auth"."User"'""").users_table == '"auth"."User"'


def test_the_quotes_of_a_secret_count_and_cause_a_warning() -> None:
    for quoted in (f'"{SECRET}"', f"'{SECRET}'"):
        chosen = settings(better_auth_secret=f" {quoted}\n")
        assert chosen.shared_secret == quoted
        [warning] = warnings_about(chosen)
        assert warning.startswith("BETTER_AUTH_SECRET is in quotes")
        chosen = settings(better_auth_secret=SECRET, better_auth_secret_previous=f" {quoted}\n")
        assert chosen.previous_secret == quoted
        [warning] = warnings_about(chosen)
        assert warning.startswith("BETTER_AUTH_SECRET_PREVIOUS is in quotes")
    assert not warnings_about(settings(better_auth_secret=f'"{SECRET}'))
    with pytest.raises(InvalidSettings, match="BETTER_AUTH_SECRET is empty"):
        settings(better_auth_secret=" \n")


def test_the_database_is_that_of_neon_db_url_or_else_of_database_url() -> None:
    other = settings(database_url="postgresql://other/d")
    assert (other.postgres_setting, other.postgres_url) == ("DATABASE_URL", "postgresql://other/d")
    both = settings(database_url="postgresql://other/d", neon_db_url="postgresql://h/d")
    assert (both.postgres_setting, both.postgres_url) == ("NEON_DB_URL", "postgresql://h/d")
    empty = settings(database_url="postgresql://other/d", neon_db_url=" ")
    assert empty.postgres_setting == "DATABASE_URL"
    assert settings().postgres_setting == "NEON_DB_URL"
    with pytest.raises(InvalidSettings, match="NEON_DB_URL is not set"):
        _ = settings().postgres_url


def test_dev_brings_its_own_database_unless_neon_db_url_is_set() -> None:
    assert development._starts_postgres(settings(database_url="postgresql://other/d"))
    assert not development._starts_postgres(settings(neon_db_url="postgresql://h/d"))
    assert not development._starts_postgres(settings(storage="memory"))


def test_the_file_with_the_url_precedes_the_url(tmp_path: Path) -> None:
    file = tmp_path / "url"
    chosen = settings(neon_db_url_file=str(file), neon_db_url="postgresql://h/d")
    assert (chosen.postgres_setting, chosen.postgres_url) == ("NEON_DB_URL_FILE", file)
    assert chosen.names_neon
    assert not settings(database_url="postgresql://h/d").names_neon


def test_the_previous_secret_is_checked_as_the_secret_is() -> None:
    chosen = settings(better_auth_secret=SECRET, better_auth_secret_previous="short")
    assert chosen.previous_secret == "short"
    [warning] = warnings_about(chosen)
    assert warning.startswith("BETTER_AUTH_SECRET_PREVIOUS has fewer than 32 bytes")
    assert settings(better_auth_secret_previous="").previous_secret is None


def test_all_invalid_settings_are_reported_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("STORAGE=x\nTASKS_PER_USER=many\nUSERS_TABLE=members\n")
    monkeypatch.setenv("CORS_ORIGINS", "*")
    chosen, lines = Settings.read()
    assert [line.partition(" ")[0] for line in lines] == [
        "CORS_ORIGINS",
        "STORAGE",
        "TASKS_PER_USER",
    ]
    assert (chosen.users_table, chosen.storage) == ("members", StorageKind.POSTGRES)
    with pytest.raises(InvalidSettings) as error:
        Settings()
    assert error.value.lines == lines
    assert str(error.value).splitlines() == list(lines)


def test_origins_are_separated_by_commas() -> None:
    chosen = settings(cors_origins=" https://A.example:443 , http://localhost:3000/,")
    assert chosen.cors_origins == ("https://a.example", "http://localhost:3000")
    assert settings().cors_origins == ("http://localhost:3000", "http://localhost")


def test_a_short_secret_causes_a_warning() -> None:
    assert warnings_about(settings(better_auth_secret="x" * 31))
    assert not warnings_about(settings(better_auth_secret="x" * 32))
    assert not warnings_about(settings(better_auth_secret="é" * 16))


def test_a_key_set_without_tls_is_warned_about() -> None:
    def warned(url: str) -> bool:
        return bool(warnings_about(settings(better_auth_jwks_url=url)))

    assert warned("http://app.example.com/api/auth/jwks")
    assert not warned("https://app.example.com/api/auth/jwks")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert not warned(f"http://{host}:3000/api/auth/jwks")


def test_nothing_shows_a_secret() -> None:
    chosen = settings(better_auth_secret="s3cr3t", neon_db_url="postgresql://u:s3cr3t@h/d")
    assert "s3cr3t" not in f"{chosen!r} {chosen}"


def test_a_user_has_ten_thousand_tasks_at_most_unless_set_otherwise() -> None:
    assert settings().task_limit == 10_000
    assert settings(tasks_per_user="5").task_limit == 5
    assert settings(tasks_per_user="0").task_limit is None


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "\u0665", "1e400"])
def test_a_limit_of_tasks_is_a_whole_number(value: str) -> None:
    with pytest.raises(InvalidSettings, match="TASKS_PER_USER"):
        settings(tasks_per_user=value)


def test_a_file_is_read_and_the_environment_takes_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("STORAGE=memory\nlog_level='debug'\nUSERS_TABLE=\nUNKNOWN=1\nISSUER\n")
    assert Settings(_env_file=file).storage is StorageKind.MEMORY
    assert Settings(_env_file=file).log_level is LogLevel.DEBUG
    assert Settings(_env_file=file).users_table is None
    monkeypatch.setenv("STORAGE", "postgres")
    assert Settings(_env_file=file).storage is StorageKind.POSTGRES
    assert Settings(_env_file=file, storage="memory").storage is StorageKind.MEMORY


def test_nothing_in_a_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "replaced")
    file = tmp_path / ".env"
    file.write_text("BETTER_AUTH_SECRET=ab${OTHER}cd$OTHER\n")
    assert Settings(_env_file=file).shared_secret == "ab${OTHER}cd$OTHER"


def test_a_missing_file_sets_nothing(tmp_path: Path) -> None:
    assert Settings(_env_file=tmp_path / ".env") == settings()


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"BETTER_AUTH_SECRET=\xff\n")
    with pytest.raises(InvalidSettings, match=r"\.env is not UTF-8"):
        Settings(_env_file=tmp_path / ".env")
