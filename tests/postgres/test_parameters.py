"""Invalid parameters of a URL are found before connecting."""

from pathlib import Path

import pytest

from adapters.postgres.dsn import Dsn
from application.errors import InvalidConfiguration

URL = "postgresql://u:s3cr3t@127.0.0.1:1/d"


def refusals(query: str, url: str = URL) -> list[str]:
    with pytest.raises(InvalidConfiguration) as error:
        Dsn(f"{url}?{query}", "DATABASE_URL")
    assert "s3cr3t" not in str(error.value)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("connect_timeout=10s", "connect_timeout (10s) is not a whole number"),
        ("connect_timeout=", "connect_timeout () is not a whole number"),
        ("connect_timeout=1.5", "connect_timeout (1.5) is not a whole number"),
        ("keepalives=yes", "keepalives (yes) is not a whole number"),
        ("keepalives_idle=x", "keepalives_idle (x) is not a whole number"),
        ("keepalives_interval=x", "keepalives_interval (x) is not"),
        ("keepalives_count=x", "keepalives_count (x) is not"),
        ("tcp_user_timeout=10s", "tcp_user_timeout (10s) is not"),
        ("port=abc", "port (abc) is not a number from 1 to 65535"),
        ("port=0", "port (0) is not a number"),
        ("port=99999", "port (99999) is not a number"),
        ("port=5432,5433,5434", "has another number of hosts"),
        ("hostaddr=foo", "hostaddr (foo) is not an IP address"),
        ("hostaddr=127.0.0.1,127.0.0.2", "has another number of hosts"),
        ("host=a..b", "host (a..b) cannot be the name of a host"),
        ("sslcert=/nowhere", "sslcert (/nowhere) is not a file that can be read"),
        ("sslkey=/nowhere", "sslkey (/nowhere) is not a file"),
        ("sslrootcert=/nowhere", "sslrootcert (/nowhere) is not a file"),
        ("sslcrl=/nowhere", "sslcrl (/nowhere) is not a file"),
        ("sslmode=foo", 'invalid sslmode value: "foo"'),
        ("sslmode=", 'invalid sslmode value: ""'),
        ("sslrootcert=system&sslmode=require", 'weak sslmode "require"'),
        ("sslnegotiation=direct&sslmode=prefer", 'weak sslmode "prefer"'),
        ("ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "protocol version"),
        ("channel_binding=foo", 'invalid channel_binding value: "foo"'),
        ("target_session_attrs=foo", 'invalid target_session_attrs value: "foo"'),
        ("load_balance_hosts=foo", 'invalid load_balance_hosts value: "foo"'),
        ("gssencmode=foo", 'invalid gssencmode value: "foo"'),
        ("require_auth=foo", 'invalid require_auth value: "foo"'),
        ("sslcertmode=foo", 'invalid sslcertmode value: "foo"'),
        ("service=gone", 'definition of service "gone" not found'),
    ],
)
def test_a_value_that_can_never_work_is_named(query: str, said: str) -> None:
    [line] = refusals(query)
    assert line.startswith("DATABASE_URL: ")
    assert said in line


def test_all_of_them_are_named_at_once() -> None:
    lines = refusals("connect_timeout=10s&keepalives_idle=x&sslcert=/nowhere")
    assert [line.split()[1] for line in lines] == ["connect_timeout", "keepalives_idle", "sslcert"]


def test_a_value_is_not_shown_where_it_may_be_a_part_of_the_password() -> None:
    url = "postgresql://127.0.0.1/d"
    for query in ("sslmode=s3cr3t", "port=s3cr3t", "password=a&service=s3cr3t"):
        [line] = refusals(query, url)
        assert query.split("&")[-1].partition("=")[0] in line
    with pytest.raises(InvalidConfiguration) as error:
        Dsn("host=h password=a port=s3cr3t")
    assert "s3cr3t" not in str(error.value)


def test_a_wrong_environment_variable_of_libpq_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "foo")
    with pytest.raises(InvalidConfiguration) as error:
        Dsn(URL)
    assert str(error.value) == 'PGSSLMODE: invalid sslmode value: "foo"'
    Dsn(f"{URL}?sslmode=require")
    monkeypatch.setenv("PGSSLMODE", "require")
    assert refusals("sslmode=foo") == ['DATABASE_URL: invalid sslmode value: "foo"']


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=verify-full&sslrootcert=system",
        "sslmode=require&channel_binding=require",
        "connect_timeout=0&keepalives=0&tcp_user_timeout=10000",
        "hostaddr=::1",
        "target_session_attrs=prefer-standby",
        "gssencmode=require",
        "sslkey=pkcs11:token",
    ],
)
def test_what_may_work_is_left_to_the_server(query: str) -> None:
    Dsn(f"{URL}?{query}")


@pytest.mark.parametrize(
    "url", ["postgresql://h:1,i:2/d", f"host=@{'x' * 64} dbname=d", f"host=/{'x' * 64} dbname=d"]
)
def test_several_ports_and_any_name_of_a_socket_are_left_to_libpq(url: str) -> None:
    Dsn(url)


def test_a_file_that_can_be_read_is_left_to_libpq(tmp_path: Path) -> None:
    file = tmp_path / "root.crt"
    file.write_text("")
    Dsn(f"{URL}?sslrootcert={file}")


def test_a_service_that_is_there_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pg_service.conf"
    file.write_text("[mine]\nport=7777\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    Dsn("postgresql://u@h/d?service=mine")
    [line] = refusals("service=gone", "postgresql://u@h/d")
    assert 'service "gone"' in line
