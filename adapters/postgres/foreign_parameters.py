"""Parameters of a database URL: libpq's own, and those of other tools."""

from difflib import get_close_matches
from typing import Final, NamedTuple

from psycopg.pq import Conninfo

LIBPQ: Final = frozenset(option.keyword.decode() for option in Conninfo.get_defaults())
"""Every parameter of libpq."""

SECRET: Final = frozenset(name for name in LIBPQ if "password" in name or "secret" in name)
"""The parameters whose values are secrets."""

# Ignored: they set pools, caches, time limits and codecs that this service lacks or fixes.
_LEFT_OUT: Final = frozenset(
    (
        # Prisma
        *("pgbouncer", "connection_limit", "pool_timeout", "socket_timeout"),
        *("statement_cache_size", "single_use_connections"),
        *("max_connection_lifetime", "max_idle_connection_lifetime"),
        # node-postgres, and what hosts of Node.js add
        *("uselibpqcompat", "encoding", "query_timeout", "connectiontimeoutmillis"),
        *("idletimeoutmillis", "keepalive", "keepaliveinitialdelaymillis", "allowexitonidle"),
        *("min", "max", "binary", "supa", "workaround"),
        # Postgres.js, which Drizzle uses
        *("idle_timeout", "max_lifetime", "max_pipeline", "prepare", "fetch_types", "debug"),
        *("backoff", "keep_alive", "publications"),
        # asyncpg, SQLAlchemy, databases, Django
        *("timeout", "command_timeout", "prepared_statement_cache_size"),
        *("prepared_statement_name_func", "max_cached_statement_lifetime"),
        *("max_cacheable_statement_size", "async_fallback", "prepare_threshold", "autocommit"),
        *("min_size", "max_size", "pool_size", "max_overflow", "pool_recycle", "pool_pre_ping"),
        *("echo", "conn_max_age", "conn_health_checks", "disable_server_side_cursors"),
        # Rails, Symfony
        *("pool", "prepared_statements", "charset", "serverversion"),
    )
)

# Ignored with these values, which are the defaults.
_HARMLESS: Final = frozenset(
    (
        *((name, "public") for name in ("schema", "search_path", "currentschema")),
        ("sslaccept", "accept_invalid_certs"),
    )
)

_TLS: Final = {
    **dict.fromkeys(("true", "1", "no-verify"), "require"),
    **dict.fromkeys(("false", "0"), "disable"),
}
_TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def _by_options(name: str) -> str:
    return (
        f"write options=-c{name}%3DVALUE; through a pooler, which may refuse that, "
        f"run ALTER ROLE ... SET {name} once"
    )


# Refused, with what to write instead. Postgres.js sends unknown parameters to the server as
# settings.
_WRITE_INSTEAD: Final = {
    **dict.fromkeys(("schema", "search_path", "currentschema"), _by_options("search_path")),
    **{
        name: _by_options(name)
        for name in (
            *("statement_timeout", "lock_timeout", "transaction_timeout", "idle_session_timeout"),
            *("idle_in_transaction_session_timeout", "default_transaction_isolation"),
            *("default_transaction_read_only", "timezone", "datestyle", "role", "work_mem", "jit"),
        )
    },
    "ssl": "write sslmode=require or sslmode=disable",
    "sslaccept": "write sslmode=verify-full&sslrootcert=system",
    "sslidentity": "write sslcert=FILE&sslkey=FILE",
}


class Parameter(NamedTuple):
    """The meaning of one parameter of a URL for this service.

    ``name`` and ``value`` are libpq's; a parameter without a name is ignored. ``refusal`` says what
    to write instead of a parameter that does not work here.
    """

    name: str = ""
    value: str = ""
    refusal: str | None = None


def understand(name: str, value: str) -> Parameter:
    """Return the meaning of ``name=value`` for this service."""
    mode = _TLS.get(value, value)
    if name == "sslmode" or (name == "ssl" and mode in _TLS_MODES):
        return Parameter("sslmode", mode)
    if name in LIBPQ:
        return Parameter(name, value)
    lower = name.lower()
    if lower in _LEFT_OUT or (lower, value) in _HARMLESS:
        return Parameter()
    if lower in _WRITE_INSTEAD:
        return Parameter(refusal=_WRITE_INSTEAD[lower])
    similar = get_close_matches(lower, LIBPQ, n=1, cutoff=0.7)
    return Parameter(refusal=f"did you mean {similar[0]}?" if similar else "leave it out")
