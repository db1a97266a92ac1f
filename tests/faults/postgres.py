"""Run PostgreSQL servers that a test may kill, freeze and start again."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.embedded import postmaster_file
from adapters.embedded.programs import Programs, find_programs
from tests.ports import free_port

DEBIANS: Final = Path("/usr/lib/postgresql/15/bin")
"""The folder of the programs in Debian's package."""

_SECURE: Final = "sslmode=require&channel_binding=require"
_START_SECONDS: Final = 60

_numbers = count(1)


def require_debians() -> None:
    """Skip a test if Debian's PostgreSQL is missing, unless CI is set."""
    if not DEBIANS.exists() and not os.environ.get("CI"):
        pytest.skip("Debian's PostgreSQL 15 is not installed (apt-get install postgresql-15)")


class Postgres:
    """A server on a port of the loopback address, the same one after each start."""

    def __init__(
        self, folder: Path, *, debians: bool = False, options: Mapping[str, str] | None = None
    ) -> None:
        """Create a server in ``folder``; ``debians`` requires TLS, SCRAM and channel binding."""
        self.port = free_port()
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._programs = _programs(folder, debians=debians)
        self._password = secrets.token_hex(16)
        self._secure = debians
        self._options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
            "max_connections": "200",
            # A killed program loses no data that it has passed to the kernel: only a power failure
            # matters. With fsync, recovery would wait for the disk, which is not measured.
            "fsync": "off",
            **(options or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._create(folder)

    @property
    def name(self) -> str:
        """The name and version of this PostgreSQL."""
        major = (self.data / "PG_VERSION").read_text().strip()
        return f"PostgreSQL {major}" + (", TLS + SCRAM" if self._secure else "")

    def url(self, database: str, port: int | None = None) -> str:
        """The URL of a database, also through a proxy's ``port``."""
        user = f"postgres:{self._password}@" if self._secure else "postgres@"
        security = _SECURE if self._secure else "sslmode=disable"
        return f"postgresql://{user}127.0.0.1:{port or self.port}/{database}?{security}"

    @contextmanager
    def database(self, *users: str) -> Iterator[str]:
        """The name of a new database, which has a table of these users already."""
        name = f"faults_{next(_numbers)}"
        self.administrate(f"CREATE DATABASE {name}")
        table = "CREATE TABLE users (id text PRIMARY KEY, name text, email text UNIQUE)"
        self.administrate(table, name)
        with psycopg.connect(self.url(name)) as connection:
            insert = "INSERT INTO users (id) VALUES (%s)"
            connection.cursor().executemany(insert, [(user,) for user in users])
        yield name
        self.administrate(f"DROP DATABASE {name} WITH (FORCE)")

    def administrate(self, statement: str, database: str = "postgres") -> list[Any]:
        """The rows of a statement that needs no transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> float:
        """Wait until connections are accepted; return the time, by ``time.monotonic()``."""
        options = [f"--{name}={value}" for name, value in self._options.items()]
        if self._process is not None:
            return time.monotonic()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            # The processes of a killed server may still exist; the new server then exits.
            if self._process is None or self._process.poll() is not None:
                arguments = ("-D", str(self.data), *options)
                self._process = self._programs.start("postgres", *arguments, log=self.log)
            if postmaster_file.is_ready(self.data, self._process.pid):
                return time.monotonic()
            time.sleep(0.005)
        raise TimeoutError(self.log.read_text()[-2000:])

    def await_connection(self) -> float:
        """Wait until a server that recovers serves again; return the time."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                self.administrate("SELECT 1")
                return time.monotonic()
            time.sleep(0.01)
        raise TimeoutError(self.log.read_text()[-2000:])

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, nothing is lost."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9: the other processes of the server detect it and exit."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop every process (SIGSTOP); sockets stay open and the kernel still responds."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the processes."""
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def pids(self) -> list[int]:
        """The process that accepts connections, then its children."""
        if self._process is None or self._process.poll() is not None:
            return []
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        pairs = [line.split() for line in listed.stdout.splitlines()]
        own = self._process.pid
        return [own, *(int(pid) for pid, parent in pairs if int(parent) == own)]

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.thaw()
        self.stop()

    def _create(self, folder: Path) -> None:
        self.data.mkdir()
        password = folder / "password"
        password.write_text(self._password)
        for path in (self.data, password):
            os.chown(path, self._programs.uid, self._programs.gid)
        trust = ("--auth=trust",)
        scram = ("--auth=scram-sha-256", f"--pwfile={password}")
        arguments = ("-D", str(self.data), "-U", "postgres", "--encoding=UTF8", "--locale=C")
        created = self._programs.run(
            "initdb", *arguments, *(scram if self._secure else trust), log=self.log
        )
        assert created == 0, self.log.read_text()
        if self._secure:
            self._options |= {"ssl": "on"}
            (self.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
            certificate, key = _certificate()
            for file, content in (("server.crt", certificate), ("server.key", key)):
                path = self.data / file
                path.touch(0o600)
                path.write_bytes(content)
                os.chown(path, self._programs.uid, self._programs.gid)


def _programs(folder: Path, *, debians: bool) -> Programs:
    programs = find_programs(folder)
    return replace(programs, folder=DEBIANS) if debians else programs


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
