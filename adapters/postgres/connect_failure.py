"""Explain why a connection cannot be opened, and what to do."""

import re
from typing import Final, NamedTuple

import psycopg

# The form of the messages of psycopg and libpq: `connection failed: connection to server at "host"
# (address), port 5432 failed: FATAL:  message of the server`. Two spaces follow the severity.
_BEFORE: Final = re.compile(r"connection (?:failed|is bad): ")
_FAILED: Final = re.compile(r"connection to server (?:at|on) (?P<where>.*?) failed: (?P<cause>.*)")
_SAID: Final = re.compile(r"\w+:  (?P<words>.*)")

# Left out: name servers vary the order of addresses, and each would be a new reason.
_ADDRESS: Final = re.compile(r"(?<=\") \([0-9a-fA-F.:%]+\)")


class ConnectProblem(NamedTuple):
    """Why connecting fails and, if known, what to do: two parts of a sentence."""

    reason: str
    remedy: str
    lasts: bool
    """Whether it cannot work until the settings are changed."""

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}" if self.remedy else self.reason


class ConnectFailed(psycopg.OperationalError):
    """No connection could be opened. The message names the setting."""

    def __init__(self, setting: str, problem: ConnectProblem) -> None:
        super().__init__(f"{setting}: {problem}")
        self.problem = problem


def explain(error: BaseException | str) -> ConnectProblem:
    """Return the reason for ``error``, which psycopg or the resolver raised when connecting."""
    line = _BEFORE.sub("", str(error).partition("\n")[0], count=1)
    failed = _FAILED.match(line)
    reason = line
    if failed is not None:
        said = _SAID.match(failed["cause"])
        where = _ADDRESS.sub("", failed["where"])
        reason = f"{where} says: {said['words']}" if said else f"{where}: {failed['cause']}"
    for problems, lasts in ((_LASTING_PROBLEMS, True), (_OTHER_PROBLEMS, False)):
        for pattern, remedy in problems.items():
            if re.search(pattern, line, re.IGNORECASE):
                return ConnectProblem(reason, remedy, lasts)
    return ConnectProblem(reason, "", lasts=False)


def is_from_the_network(error: BaseException) -> bool:
    """Return whether libpq accepted the parameters and began to connect."""
    # gssencmode=require fails on a local socket, but only once libpq begins to connect.
    return _FAILED.search(str(error)) is not None or "local socket" in str(error)


def was_answered(error: BaseException) -> bool:
    """Return whether the server itself has refused the connection, as it would at any address."""
    failed = _FAILED.search(str(error))
    return failed is not None and _SAID.match(failed["cause"]) is not None


# Patterns of messages, and the remedy. The first match applies. These problems last until the
# settings are changed.
_LASTING_PROBLEMS: Final = {
    "unsupported startup parameter": (
        "leave that parameter out, or use the host without the pooler; "
        "ALTER ROLE ... SET sets it for all connections of a role"
    ),
    "endpoint ID is not specified|inconsistent project name|project name is not specified": (
        "use the host name as Neon shows it, without hostaddr and sslsni"
    ),
    (
        "unrecognized configuration parameter|invalid value for parameter|"
        "parameter .* requires|range for parameter|cannot be (?:changed|set)|"
        "permission denied to set|invalid command-line argument|requires a value"
    ): "correct the parameter options",
    "root certificate file .* does not exist|to locate root certificate": (
        "add sslrootcert=system, or the file as sslrootcert=FILE"
    ),
    (
        "could not (?:read|open|load) .*(?:certificate|key|file)|group or world access|"
        "must be owned|private key file|certificate does not match private key"
    ): "correct that file",
    (
        "invalid .*(?:value|port number|protocol version range)|weak sslmode|not compiled in|"
        "definition of service|service file|could not parse network address|bad value for|"
        "could not match"
    ): "correct that parameter",
}

# Something outside the settings, such as a role or a certificate, can solve these as well.
_OTHER_PROBLEMS: Final = {
    "certificate verify failed": (
        "name the authority's certificate with sslrootcert=FILE, or with SSL_CERT_FILE if "
        "sslrootcert=system"
    ),
    "does not match host name": "use the host name of the certificate",
    (
        "password authentication failed|no such user|role .* does not exist|not permitted to "
        "log in|SASL authentication failed"
    ): "check the role and the password, or create the role",
    "no password supplied|empty password": "add the role's password",
    "database .* does not exist|no such database": "check the name of the database, or create it",
    "no encryption|SSL required|is insecure": "add sslmode=require",
    "pg_hba.conf": "let pg_hba.conf of the server admit this role and address",
    "does not support SSL": (
        "turn on TLS there; only on a network that you trust, set sslmode=disable"
    ),
    "channel binding": "remove channel_binding=require if the server lacks it",
    "too many (?:connections|clients)|connection slots|no more connections": (
        "raise the server's limit, start fewer processes, or use a pooler"
    ),
    "name or service not known|name resolution|no address associated|nodename nor": (
        "check the name of the host"
    ),
    "refused|no such file or directory": (
        "check the host and the port, and that PostgreSQL runs there"
    ),
    "statement timeout|lock timeout": (
        "raise that time-out of the role or the database, or remove it from the parameter options"
    ),
    "timeout|timed out|no answer|unreachable|no route": (
        "check the host and the port, and that no firewall is in between"
    ),
    "read-only|hot standby": (
        "use the host of another server, or correct target_session_attrs; a Neon project that has "
        "reached its limit is read-only, too"
    ),
}
