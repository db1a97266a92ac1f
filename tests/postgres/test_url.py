"""The meaning of database URLs; no message about them shows a password."""

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.dsn import Dsn
from adapters.postgres.url import parse
from application.errors import InvalidConfiguration

PLAIN = {"user": "u", "password": "s3cr3t", "host": "h", "dbname": "d"}


def understood(text: str) -> dict[str, str]:
    return parse(text, "NEON_DB_URL").parameters


def refusal(text: str, setting: str = "NEON_DB_URL") -> str:
    with pytest.raises(InvalidConfiguration) as error:
        Dsn(text, setting)
    assert error.value.__suppress_context__
    assert "s3cr3t" not in str(error.value)
    for line in str(error.value).splitlines():
        assert line.startswith((f"{setting} ", f"{setting}: "))
    return str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:s3cr3t@h/d",
        "postgres://u:s3cr3t@h/d",
        "POSTGRESQL://u:s3cr3t@h/d",
        "postgresql+psycopg://u:s3cr3t@h/d",
        "postgresql+asyncpg://u:s3cr3t@h/d",
        "postgres+psycopg2://u:s3cr3t@h/d/",
        " postgresql://u:s3cr3t@h/d\n",
        "postgresql://u:s3cr3t@h/d?&",
        "user=u password=s3cr3t host=h dbname=d",
    ],
)
def test_a_url_is_understood_however_tools_write_it(text: str) -> None:
    assert parse(text, "NEON_DB_URL")[:2] == (PLAIN, [])


@pytest.mark.parametrize(
    "text",
    [
        "psql 'postgresql://u:s3cr3t@h/d'",
        'psql "postgresql://u:s3cr3t@h/d"',
        "psql postgresql://u:s3cr3t@h/d",
        "NEON_DB_URL=postgresql://u:s3cr3t@h/d",
        "DATABASE_URL = 'postgresql://u:s3cr3t@h/d';",
        'export DATABASE_URL="postgresql://u:s3cr3t@h/d"',
    ],
)
def test_text_pasted_around_the_url_is_removed_with_a_warning(text: str) -> None:
    parameters, warnings, _ = parse(text, "NEON_DB_URL")
    assert (parameters, len(warnings)) == (PLAIN, 1)


# URLs of Prisma, node-postgres, Postgres.js, asyncpg, SQLAlchemy and hosts of Next.js.
MEANINGLESS = (
    "pgbouncer=true&connection_limit=1&pool_timeout=0&socket_timeout=5&statement_cache_size=0&"
    "single_use_connections=true&max_idle_connection_lifetime=60&sslaccept=accept_invalid_certs&"
    "schema=public&currentSchema=public&uselibpqcompat=true&encoding=utf8&query_timeout=5000&"
    "connectionTimeoutMillis=5000&keepAlive=true&supa=base-pooler.x&workaround=pooler.vercel&"
    "idle_timeout=20&max=10&max_lifetime=60&prepare=false&fetch_types=false&"
    "prepared_statement_cache_size=0&command_timeout=60&timeout=60&async_fallback=true&"
    "min_size=1&max_size=5&pool_size=5&max_overflow=0&pool_pre_ping=true&conn_max_age=0&"
    "pool=5&prepared_statements=false&serverVersion=16&charset=utf8"
)


def test_parameters_without_meaning_here_are_ignored_with_one_warning() -> None:
    text = f"postgresql://u:s3cr3t@h/d?{MEANINGLESS}&sslmode=require"
    parameters, [warning], _ = parse(text, "DATABASE_URL")
    assert parameters == PLAIN | {"sslmode": "require"}
    assert warning.startswith("DATABASE_URL has ")
    assert all(part.partition("=")[0] in warning for part in MEANINGLESS.split("&"))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=1", {"sslmode": "require"}),
        ("ssl=require", {"sslmode": "require"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        ("ssl=no-verify", {"sslmode": "require"}),
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("ssl=false", {"sslmode": "disable"}),
        ("options=endpoint=ep-x", {"options": "endpoint=ep-x"}),
        ("options=-csearch_path%3Dx", {"options": "-csearch_path=x"}),
    ],
)
def test_parameters_with_other_names_in_libpq_are_translated(
    theirs: str, ours: dict[str, str]
) -> None:
    assert understood(f"postgresql://u:s3cr3t@h/d?{theirs}") == PLAIN | ours


@pytest.mark.parametrize(
    ("query", "instead"),
    [
        ("schema=x", "options=-csearch_path%3D"),
        ("search_path=x", "options=-csearch_path%3D"),
        ("currentSchema=x", "ALTER ROLE ... SET search_path"),
        ("statement_timeout=5000", "options=-cstatement_timeout%3D"),
        ("TimeZone=UTC", "options=-ctimezone%3D"),
        ("sslaccept=strict", "sslmode=verify-full&sslrootcert=system"),
        ("sslidentity=x.p12", "sslcert=FILE&sslkey=FILE"),
        ("ssl=maybe", "sslmode=require"),
        ("sslmod=require", "did you mean sslmode?"),
        ("sslMode=require", "did you mean sslmode?"),
        ("channelBinding=require", "did you mean channel_binding?"),
        ("connect_timout=3", "did you mean connect_timeout?"),
        ("target_session_attr=any", "did you mean target_session_attrs?"),
        ("applicationname=x", "did you mean application_name?"),
        ("zzzzzz=1", "leave it out"),
        ("sslmode", "write NAME=VALUE"),
    ],
)
def test_a_parameter_that_does_not_work_is_named_with_what_to_write(
    query: str, instead: str
) -> None:
    said = refusal(f"postgresql://u:s3cr3t@h/d?{query}")
    assert query.partition("=")[0] in said
    assert instead in said


def test_every_parameter_that_does_not_work_is_named() -> None:
    said = refusal("postgresql://u:s3cr3t@h/d?sslmod=x&pgbouncer=true&schema=x&port=5432")
    assert [re.findall("parameter (\\w+)", line) for line in said.splitlines()] == [
        ["sslmod"],
        ["schema"],
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mysql://u:s3cr3t@h/d", "is the URL of a MySQL database"),
        ("mysql+pymysql://u:s3cr3t@h/d", "does not begin with postgresql://"),
        ("sqlite:///s3cr3t.db", "is the URL of an SQLite database"),
        ("file:./dev.db", "is the URL of an SQLite database"),
        ("mongodb+srv://u:s3cr3t@h/d", "is the URL of a MongoDB database"),
        ("prisma+postgres://h/?api_key=s3cr3t", "only Prisma's client can use"),
        ("prisma://h/?api_key=s3cr3t", "only Prisma's client can use"),
        ("https://console.neon.tech/s3cr3t", "is a web address"),
        ("jdbc:postgresql://h/d?password=s3cr3t", "is a URL of Java's JDBC"),
        ("u:s3cr3t@h/d", "does not begin with postgresql://"),
        ("s3cr3t://h/d", "does not begin with postgresql://"),
        ("postgresql:/u:s3cr3t@h/d", "does not begin with postgresql://"),
        ("postgresql", "does not begin with postgresql://"),
        ("s3cr3t", "does not begin with postgresql://"),
        ("password=s3cr3t hots=h", "is no connection string that libpq understands"),
        ("'postgresql://u:s3cr3t@h/d", "has a quotation mark"),
        ('postgresql://u:s3cr3t@h/d?sslmode=require"', "has a quotation mark"),
        ("postgresql://u:s3cr3t@h/d;", "has a quotation mark, a comma or a semicolon"),
        ("postgresql://u:s3c\nr3t@h/d?sslmode=require", "has a line break"),
        ("postgresql://u:s3cr3t@h/d?\nsslmode=require", "has a line break"),
        ("postgresql://u:s3cr3t x@h/d", "write %20 for a space"),
        ("postgresql://u:s3cr3t/x@h/d", "write %2F for /"),
        ("postgresql://u:12/s3cr3t@h/d", "write %2F for /"),
        ("postgresql://u:12/s3?cr3t@h/d", "write %2F for /"),
        ("postgresql://u:12/s3cr3t?x=y@h/d", "write %2F for /"),
        ("postgresql://u:s3cr3t@x@h/d", "%40 for @"),
        ("postgresql://u:x@s3cr3t/y@h/d", "%40 for @"),
        ("postgresql://u@corp:s3cr3t@h/d", "%40 for @"),
        ("postgresql://u:s3cr3t/d", "port that is no number"),
        ("postgresql://u:s3cr3t%@h/d", "write %25 for %"),
        ("postgresql://u:s3cr3t%2@h/d", "write %25 for %"),
        ("postgresql://u:s3cr3t%00@h/d", "no text in UTF-8"),
        ("postgresql://u:s3cr3t%ff@h/d", "no text in UTF-8"),
        ("postgresql://u:s3cr3t@h/d/e", "has a / too many"),
        ("postgresql://u:s3cr3t@h/d?sslmode=require#main", "write %23 for #"),
        ("postgresql://u:s3cr3t@::1/d", "IPv6 address in brackets"),
        ("postgresql://h:5432?password=s3cr3t@x", "write %40"),
        ("postgresql://u:<password>@h/d", "is still an example"),
        ("postgresql://<user>:s3cr3t@h/d", "is still an example"),
        ("postgresql://u:s3cr3t@<host>/d", "is still an example"),
        ("postgresql://u:${PASSWORD}@h/d", "is still an example"),
        ("postgresql://u:****************@ep-x.neon.tech/d", "is still an example"),
        ("postgresql://postgres:[YOUR-PASSWORD]@db.x.supabase.co:5432/d", "is still an example"),
        ("postgresql://postgres.x:your_password@h/d", "is still an example"),
        ("postgresql://username:password@hostname/d", "is still an example"),
        ("postgresql://…-pooler.….neon.tech/neondb?sslmode=require", "is still an example"),
        ("postgresql://USER:PASSWORD@HOST:5432/DATABASE", "is still an example"),
        ("postgresql://user:password@ep-example-123456-pooler.x.neon.tech/d", "is still an ex"),
    ],
)
def test_a_url_that_is_none_has_a_sentence_of_its_own(text: str, sentence: str) -> None:
    assert sentence in refusal(text)
    assert refusal(text, "DATABASE_URL").startswith("DATABASE_URL ")


@pytest.mark.parametrize(
    "text",
    [
        # Realistic names of developers' databases.
        "postgresql://postgres:password@localhost:5432/postgres",
        "postgresql://user:password@localhost/d",
        "postgresql://u:pa$$word*@h/d",
        # libpq reads these passwords as intended.
        "postgresql://u:a?b#c:d&e=f'@h/d",
        "postgresql://u@/d?host=/var/run/postgresql",
        "postgresql:///d?host=@abstract&user=me@corp",
        "postgresql://%2Fvar%2Frun/d",
        "postgresql://u:p%40%2F%3F%23%25%20%C3%A9@h/d",
        "postgresql://[2001:db8::1]:5432/d",
        "postgresql://u@a,b:5433,[::1]/d",
        "postgresql://u@h",
        "postgresql://u:p@h/d?application_name=a@b",
        "postgresql://",
    ],
)
def test_a_url_has_the_meaning_that_libpq_gives_it(text: str) -> None:
    assert understood(text) == conninfo_to_dict(text)


# Values of sslmode from other tools, which libpq does not have.
OTHERS_TLS = {"no-verify", "true", "1", "false", "0"}
# Three dots would be a placeholder.
characters = st.characters(exclude_characters="\0.", exclude_categories=["Cs"])
escaped = st.text(characters).map(lambda text: quote(text, safe=""))
hosts = st.sampled_from(["h", "a.example", "127.0.0.1", "[::1]", "", "a,b", "%2Fsocket"])
ports = st.sampled_from(["", ":5432", ":"])
queries = st.lists(
    st.tuples(
        st.sampled_from(["application_name", "options", "sslmode", "dbname", "connect_timeout"]),
        escaped.filter(lambda value: value not in OTHERS_TLS),
    )
)


@given(st.tuples(escaped, escaped, hosts, ports, escaped), queries)
def test_every_escaped_url_has_the_meaning_that_libpq_gives_it(
    parts: tuple[str, str, str, str, str], query: list[tuple[str, str]]
) -> None:
    user, password, host, port, name = parts
    pairs = "&".join(f"{key}={value}" for key, value in query)
    text = f"postgresql://{user}:{password}@{host}{port}/{name}?{pairs}"
    expected = {key: value for key, value in conninfo_to_dict(text).items() if value != ""}
    assert {key: value for key, value in understood(text).items() if value != ""} == expected


# Words that no message contains.
LETTERS = "QXZ79ЖЩ"
passwords = st.text(st.sampled_from(f"/@:?#%&=+[]<>{{}}()'\"\\,;*$!~^| \n{LETTERS}"))


@given(passwords, st.sampled_from(["", "?sslmode=require", "?sslmode=x&port=y", "?sslmod=z"]))
@example("Q/Z", "")
@example("7/Z", "")
@example("Q@Z", "")
@example("7/Q?Z=Q", "")
@example("7/Q?Z", "?sslmode=x")
@example("Q?port=Z", "?sslmode=x&port=y")
@example("7/Q?sslmode=Z", "?sslmode=x")
@example("Q@h/Z?port=Z", "")
@example("@&Q", "")
def test_no_sentence_and_no_name_to_look_up_holds_a_part_of_the_password(
    password: str, query: str
) -> None:
    for text in (
        f"postgresql://u:{password}@h/d{query}",
        f"u:{password}@h/d{query}",
        f"postgresql://h/d?user=u&password={password}{query.replace('?', '&')}",
        f"host=h dbname=d password={password}",
    ):
        try:
            dsn = Dsn(text)
        except InvalidConfiguration as error:
            said = str(error)
        else:
            said = f"{dsn.host} {dsn.place} {dsn.warnings}"
        assert not set(said) & set(LETTERS)
