"""Parse the URL of a database, in the forms that people paste and other tools write."""

import re
from typing import Final, NamedTuple, NoReturn
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.foreign_parameters import LIBPQ, SECRET, understand
from application.errors import InvalidConfiguration

_EXPECTED: Final = "postgresql://USER:PASSWORD@HOST/DATABASE"

# Text pasted around the URL: a command of Neon's console, a line of a .env file.
_PASTED: Final = re.compile(
    r"""(?:psql\s+|(?:export\s+)?[A-Z_][A-Z0-9_]*\s*=\s*)(["']?)(?P<url>postgres.*)\1;?""",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"(\w+)\s*=")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::([0-9]*))?")
_NOT_AN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_PLACEHOLDER: Final = re.compile(
    r"<.*>|\[.*\]|\{\{?.*\}\}?|\$\{.*\}|\*{3,}|\.{3}|.*….*|"
    r"your[-_ ]?(?:password|user(?:name)?|host)",
    re.IGNORECASE,
)
_EXAMPLE: Final = re.compile(
    r"user(?:name)?:pass(?:word)?@(?:host(?:name)?|ep-(?:example-|name).*)", re.IGNORECASE
)

_OTHER_KINDS: Final = {
    **dict.fromkeys(("mysql", "mysql2", "mariadb"), "is the URL of a MySQL database"),
    **dict.fromkeys(("mongodb", "mongodb+srv"), "is the URL of a MongoDB database"),
    **dict.fromkeys(("sqlite", "sqlite3", "file", "libsql"), "is the URL of an SQLite database"),
    **dict.fromkeys(("redis", "rediss"), "is the URL of a Redis database"),
    **dict.fromkeys(("mssql", "sqlserver"), "is the URL of an SQL Server database"),
    **dict.fromkeys(("prisma", "prisma+postgres"), "is a URL that only Prisma's client can use"),
    **dict.fromkeys(("http", "https", "ws", "wss"), "is a web address"),
    "jdbc": "is a URL of Java's JDBC",
}


class DatabaseUrl(NamedTuple):
    """A database URL in libpq's terms."""

    parameters: dict[str, str]
    warnings: list[str]
    """Lines for the log about what was ignored."""
    may_be_shown: bool
    """Whether other values than the password cannot contain a part of it."""


def parse(text: str, setting: str) -> DatabaseUrl:
    """Return the parsed ``text``, which is the value of ``setting``.

    Raise InvalidConfiguration with a line for each mistake. Lines never repeat a part of ``text``
    that may belong to the password.
    """
    return _Parser(setting).parse(text.strip())


class _Parser:
    def __init__(self, setting: str) -> None:
        self._setting = setting
        self._warnings: list[str] = []

    def parse(self, text: str) -> DatabaseUrl:
        keyword = _KEYWORD.match(text)
        if keyword is not None and keyword[1] in LIBPQ:
            return self._keywords_and_values(text)
        rest = self._without_scheme(self._unpacked(text))
        self._require_plain_text(rest)
        # Like libpq: the first @ ends the password, unless a / comes before it.
        user_info, _, location = rest.partition("@")
        if "@" not in rest or "/" in user_info:
            user_info, location = "", rest
        location, _, query = location.partition("?")
        hosts, _, database = location.partition("/")
        self._require_escapes(user_info, hosts, database, query)
        parameters = self._parameters(query, may_be_shown := self._may_be_shown(rest, query))
        user, _, password = user_info.partition(":")
        given = {"user": user, "password": password, "dbname": database.rstrip("/")}
        given |= self._hosts(hosts)
        return DatabaseUrl(
            {name: unquote(value) for name, value in given.items() if value} | parameters,
            self._warnings,
            may_be_shown,
        )

    def _unpacked(self, text: str) -> str:
        pasted = _PASTED.fullmatch(text)
        if pasted is not None:
            self._warn("has more than the URL in it, and the rest is left out")
            text = pasted["url"]
        if text[:1] in "'\"" or text[-1:] in "'\";,":
            self._refuse("has a quotation mark, a comma or a semicolon at one end: remove it")
        return text

    def _without_scheme(self, text: str) -> str:
        match = _SCHEME.match(text)
        scheme = match[1].lower() if match else ""
        rest = text[len(scheme) :].removeprefix("://")
        is_postgres = scheme.partition("+")[0] in {"postgres", "postgresql"}
        if not is_postgres or rest == text[len(scheme) :]:
            kind = _OTHER_KINDS.get(scheme, "does not begin with postgresql:// or postgres://")
            self._refuse(f"{kind}: expected {_EXPECTED}")
        return rest

    def _require_plain_text(self, rest: str) -> None:
        if any(character < " " or character == "\x7f" for character in rest):
            self._refuse(
                "has a line break or another control character in it: write it on one line"
            )
        if any(map(str.isspace, rest)):
            self._refuse("has a space in it: write %20 for a space in a name or a password")
        if _NOT_AN_ESCAPE.search(rest):
            self._refuse("has a % that begins no escape: in a password, write %25 for %")
        decoded = unquote(rest, errors="replace")
        if "\0" in decoded or ("\ufffd" in decoded and "\ufffd" not in rest):
            self._refuse("has an escape that is no text in UTF-8")

    def _require_escapes(self, user_info: str, hosts: str, database: str, query: str) -> None:
        misplaced = "@" in hosts or "@" in database
        if misplaced or (not user_info and ":" in hosts and "@" in query):
            self._refuse("has a / or an @ too many: in a password, write %2F for / and %40 for @")
        if "/" in database.rstrip("/"):
            self._refuse("has a / too many: in a password or a database's name, write %2F for /")
        if any("#" in part for part in (hosts, database, query)):
            self._refuse("has a # in it: write %23 for #")
        if not LIBPQ.isdisjoint(re.findall(r"[?&](\w+)=", user_info)):
            self._refuse("has an @ after the ?: write %40 for it")
        user, _, password = user_info.partition(":")
        is_example = _EXAMPLE.fullmatch(f"{user_info}@{hosts.partition(':')[0]}")
        names = (user, password, "" if hosts.startswith("[") else hosts, database)
        for part in names:
            if is_example or _PLACEHOLDER.fullmatch(part):
                self._refuse("is still an example: fill in the user, the password and the host")

    def _hosts(self, text: str) -> dict[str, str]:
        hosts, ports = [], []
        for part in text.split(","):
            match = _HOST.fullmatch(part)
            if match is None:
                self._refuse(
                    "has a port that is no number: in a password, write %2F for /; "
                    "write an IPv6 address in brackets"
                )
            hosts.append(match[1].strip("[]"))
            ports.append(match[2] or "")
        return {"host": ",".join(hosts), "port": ",".join(ports)}

    def _parameters(self, query: str, may_be_shown: bool) -> dict[str, str]:
        known, mistakes, left_out = {}, [], []
        for number, part in enumerate(filter(None, query.split("&")), 1):
            name, equals, value = part.partition("=")
            parameter = understand(unquote(name), unquote(value))
            shown = f"the parameter {name if may_be_shown else number}"
            if not equals:
                mistakes.append(f"has {shown} without a value: write NAME=VALUE")
            elif parameter.refusal is not None:
                mistakes.append(f"has {shown}, which does not work here: {parameter.refusal}")
            elif parameter.name:
                known[parameter.name] = parameter.value
            else:
                left_out.append(shown)
        if mistakes:
            self._refuse(*mistakes)
        if left_out:
            self._warn(f"has {', '.join(left_out)}: without meaning here, and left out")
        return known

    @staticmethod
    def _may_be_shown(rest: str, query: str) -> bool:
        # After the only @ no part of a password follows. With several, or without one, it may.
        names = {part.partition("=")[0] for part in query.split("&")}
        return rest.count("@") == 1 and SECRET.isdisjoint(map(unquote, names))

    def _keywords_and_values(self, text: str) -> DatabaseUrl:
        try:
            given = conninfo_to_dict(text)
        except psycopg.Error:
            # libpq repeats what it cannot parse.
            self._refuse(f"is no connection string that libpq understands: expected {_EXPECTED}")
        parameters = {name: str(value) for name, value in given.items()}
        return DatabaseUrl(parameters, self._warnings, may_be_shown=False)

    def _warn(self, sentence: str) -> None:
        self._warnings.append(f"{self._setting} {sentence}")

    def _refuse(self, *sentences: str) -> NoReturn:
        lines = "\n".join(f"{self._setting} {sentence}" for sentence in sentences)
        raise InvalidConfiguration(lines) from None
