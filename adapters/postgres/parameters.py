"""Refuse parameters of a database URL that cannot work with any server."""

import os
import re
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg.pq import Conninfo

from adapters.postgres.addresses import is_address, split_hosts
from adapters.postgres.connect_failure import explain, is_from_the_network
from adapters.postgres.url import DatabaseUrl
from application.errors import InvalidConfiguration

# libpq reads these only when it connects over TCP, so they are checked here.
_WHOLE_NUMBERS: Final = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
_FILES: Final = ("sslcert", "sslkey", "sslrootcert", "sslcrl")
_PORT_MOST: Final = 65_535

_NO_SOCKET: Final = {"host": os.devnull, "hostaddr": ""}
"""A host without a server: libpq looks for a socket in this folder, which is not one."""


def require_valid(url: DatabaseUrl, setting: str) -> None:
    """Raise InvalidConfiguration with a line for each invalid parameter of ``url``."""
    lines = []
    for name, reason in _mistakes(url.parameters):
        shown = f" ({url.parameters[name]})" if url.may_be_shown else ""
        lines.append(f"{setting}: {name}{shown} {reason}")
    if not lines:
        lines = list(_refused_by_libpq(url, setting))
    if lines:
        raise InvalidConfiguration("\n".join(lines))


def _mistakes(given: Mapping[str, str]) -> list[tuple[str, str]]:
    wrong = [
        (name, "is not a whole number")
        for name in _WHOLE_NUMBERS
        if re.fullmatch(r"[+-]?[0-9]{1,9}", given.get(name, "0")) is None
    ]
    if not all(_is_port(port) for port in given.get("port", "").split(",") if port):
        wrong.append(("port", f"is not a number from 1 to {_PORT_MOST}"))
    if not all(is_address(address) for address in given.get("hostaddr", "").split(",") if address):
        wrong.append(("hostaddr", "is not an IP address: give a name as host"))
    if not all(_is_host(host) for host in given.get("host", "").split(",")):
        wrong.append(("host", "cannot be the name of a host"))
    try:
        split_hosts(given)
    except ValueError:
        wrong.append(("host", "has another number of hosts than hostaddr or port has"))
    for name in _FILES:
        value = given.get(name, "")
        # Not files: the system's certificates, and a key on a device.
        if (name, value) == ("sslrootcert", "system") or (name == "sslkey" and ":" in value):
            continue
        if value and not os.access(value, os.R_OK):
            wrong.append((name, "is not a file that can be read"))
    return wrong


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= _PORT_MOST


def _is_host(text: str) -> bool:
    if text.startswith(("/", "@")):
        return True
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return True


def _refused_by_libpq(url: DatabaseUrl, setting: str) -> list[str]:
    # libpq has no function that only checks the values: it checks them before it connects. With a
    # host that has no server, any error that is not from the network is about a value.
    given = url.parameters | _NO_SOCKET | {"connect_timeout": "2"}
    if "port" in given:
        given["port"] = given["port"].partition(",")[0]
    try:
        psycopg.connect(**given).close()  # type: ignore[arg-type]
    except psycopg.Error as error:
        if is_from_the_network(error):
            return []
        reason = explain(error).reason
        name, variable = _named(reason)
        if name and name not in url.parameters and variable in os.environ:
            return [f"{variable}: {reason}"]
        return [f"{setting}: {reason if url.may_be_shown else f'{name} is not valid'}"]
    return []


def _named(reason: str) -> tuple[str, str]:
    """Return the parameter that libpq's message names, and its environment variable."""
    variables = {
        option.keyword.decode(): (option.envvar or b"").decode()
        for option in Conninfo.get_defaults()
    }
    name = next((word for word in re.findall(r"\w+", reason) if word in variables), "")
    return name, variables.get(name, "")
