"""Failures to connect: the message, and whether waiting may help."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.connect_failure import ConnectFailed, explain
from adapters.postgres.database import Database
from adapters.postgres.dsn import Dsn
from adapters.postgres.pool import Pool
from adapters.postgres.session import Session
from application.errors import ApplicationError, InvalidConfiguration, StorageUnavailable
from tests.pgbouncer import needs_pgbouncer, pgbouncer

AT = 'connection failed: connection to server at "h" (192.0.2.1), port 5432 failed: '

# Problems that can be solved outside the settings, with a part of the remedy.
PASSING = {
    f'{AT}FATAL:  password authentication failed for user "u"': "check the role and the password",
    f"{AT}FATAL:  password authentication failed for user 'u'": "check the role and the password",
    f'{AT}FATAL:  role "u" does not exist': "create the role",
    f'{AT}FATAL:  role "u" is not permitted to log in': "check the role",
    f'{AT}FATAL:  database "d" does not exist': "check the name of the database",
    f"{AT}FATAL:  no such database: d": "check the name of the database",
    f"{AT}fe_sendauth: no password supplied": "add the role's password",
    f'{AT}FATAL:  no pg_hba.conf entry for host "h", user "u", no encryption': "sslmode=require",
    f'{AT}FATAL:  no pg_hba.conf entry for host "h", user "u", SSL encryption': "pg_hba.conf of",
    f"{AT}server does not support SSL, but SSL was required": "sslmode=disable",
    f"{AT}SSL error: certificate verify failed": "sslrootcert=FILE",
    f'{AT}server certificate for "a" does not match host name "h"': "the host name of the cert",
    f"{AT}FATAL:  sorry, too many clients already": "use a pooler",
    f"{AT}FATAL:  remaining connection slots are reserved": "use a pooler",
    f"{AT}Connection refused\n\tIs the server running?": "check the host and the port",
    f"{AT}No route to host": "no firewall",
    "connection timeout expired": "no firewall",
    "failed to resolve host 'h': [Errno -2] Name or service not known": "the name of the host",
    f"{AT}session is read-only": "target_session_attrs",
    "canceling statement due to statement timeout": "raise that time-out",
    "canceling statement due to lock timeout": "raise that time-out",
    f"{AT}FATAL:  the database system is starting up": "",
    f"{AT}server closed the connection unexpectedly": "",
    f"{AT}SCHWERWIEGEND:  das Datenbanksystem startet": "",
}

# Problems that only another value of the setting can solve.
LASTING = {
    f"{AT}FATAL:  unsupported startup parameter: options": "leave that parameter out",
    f"{AT}FATAL:  unsupported startup parameter in options: jit": "ALTER ROLE ... SET",
    f"{AT}ERROR:  Endpoint ID is not specified. Either upgrade": "the host name as Neon shows it",
    f"{AT}ERROR:  Inconsistent project name inferred from SNI": "the host name as Neon shows it",
    f'{AT}FATAL:  unrecognized configuration parameter "x"': "correct the parameter options",
    f'{AT}FATAL:  invalid value for parameter "jit": "x"': "correct the parameter options",
    f"{AT}FATAL:  -c search_path requires a value": "correct the parameter options",
    f'{AT}FATAL:  parameter "port" cannot be changed without restarting': "options",
    f'{AT}root certificate file "/r.crt" does not exist': "sslrootcert=system",
    f"{AT}could not get home directory to locate root certificate file": "sslrootcert=system",
    f'{AT}could not read root certificate file "/r": no certificate': "correct that file",
    f'{AT}private key file "/k" has group or world access': "correct that file",
    'connection is bad: invalid sslmode value: "x"': "correct that parameter",
    'connection is bad: definition of service "gone" not found': "correct that parameter",
    'connection is bad: weak sslmode "require" may not be used with': "correct that parameter",
    f'{AT}invalid integer value "x" for connection option "keepalives"': "that parameter",
}


@pytest.mark.parametrize(("text", "remedy"), PASSING.items())
def test_what_can_be_mended_elsewhere_does_not_last(text: str, remedy: str) -> None:
    problem = explain(psycopg.OperationalError(text))
    assert not problem.lasts
    assert remedy in problem.remedy
    assert bool(remedy) == bool(problem.remedy)


@pytest.mark.parametrize(("text", "remedy"), LASTING.items())
def test_what_only_the_setting_can_mend_lasts(text: str, remedy: str) -> None:
    problem = explain(psycopg.OperationalError(text))
    assert problem.lasts
    assert remedy in problem.remedy


def test_the_reason_names_the_host_and_not_which_of_its_addresses() -> None:
    said = explain(f"{AT}FATAL:  sorry, too many clients already\nDETAIL:  x").reason
    assert said == '"h", port 5432 says: sorry, too many clients already'
    said = explain(f"{AT}Connection refused\n\tIs the server running?").reason
    assert said == '"h", port 5432: Connection refused'


async def failure(url: str) -> ApplicationError:
    """Return the error of a preparation, whose requests' errors say the same."""
    database = Database(url=url, setting="DATABASE_URL", users_table="users")
    with pytest.raises(ApplicationError) as error:
        await database.prepare()
    await database.close()
    session = Session(
        Pool(Dsn(url, "DATABASE_URL")),
        user="ada",
        observer=None,
        tables_failed=lambda: None,
    )
    with pytest.raises(StorageUnavailable) as unavailable:
        async with session:
            pass
    assert str(unavailable.value) == str(error.value)
    return error.value


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ("user=nobody", StorageUnavailable, 'says: role "nobody" does not exist; check the role'),
        ("dbname=gone", StorageUnavailable, 'says: database "gone" does not exist; check'),
        ("port=1", StorageUnavailable, "No such file or directory; check the host and the port"),
        ("options=-cnone%3D1", InvalidConfiguration, 'parameter "none"; correct the parameter'),
        ("options=-cjit%3Dperhaps", InvalidConfiguration, "jit"),
    ],
)
async def test_errors_of_postgresql_name_the_setting(
    empty_database_url: str, changed: str, kind: type[ApplicationError], said: str
) -> None:
    error = await failure(f"{empty_database_url}&{changed}")
    assert type(error) is kind
    assert str(error).startswith("DATABASE_URL: ")
    assert said in str(error)


@given(st.text("JXZ89ЖЩ/@:?#%&=+<>'\"\\ ", min_size=1))
def test_no_error_message_contains_a_part_of_the_password(password: str) -> None:
    url = f"postgresql://u:{quote(password, safe='')}@127.0.0.1:1/d"
    with pytest.raises(ConnectFailed) as error:
        asyncio.run(Dsn(url).connect(autocommit=True))
    assert not set(str(error.value)) & set("JXZ89ЖЩ")
    assert error.value.__cause__ is error.value.__context__ is None


async def test_each_start_logs_its_database_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    url = "postgresql://u:s3cr3t@127.0.0.1:1/d?pgbouncer=true"
    database = Database(url=url, setting="DATABASE_URL", users_table="users")
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="DATABASE_URL"):
            await database.prepare()
    await database.close()
    assert caplog.messages == [*database.warnings, "DATABASE_URL is the database d on 127.0.0.1"]
    assert len(database.warnings) == 1
    assert "s3cr3t" not in caplog.text


@pytest.mark.postgres
@needs_pgbouncer
async def test_what_a_pooler_does_not_support_is_no_outage(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pgbouncer(empty_database_url, tmp_path, server_connections=1) as url:
        error = await failure(f"{url}?options=-cstatement_timeout%3D5000")
    assert isinstance(error, InvalidConfiguration)
    assert "unsupported startup parameter" in str(error)
    assert "ALTER ROLE ... SET" in str(error)
