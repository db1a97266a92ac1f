"""Run PgBouncer in transaction mode in front of a PostgreSQL without passwords."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.ports import accepts, free_port
from tests.waiting import eventually

_PROGRAM: Final = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

needs_pgbouncer: Final = pytest.mark.skipif(
    not Path(_PROGRAM).exists() and not os.environ.get("CI"),
    reason="PgBouncer is not installed",
)


def pgbouncer_version() -> str:
    """Return the version of PgBouncer, as ``PgBouncer 1.18.0``."""
    printed = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=True)
    return printed.stdout.splitlines()[0]


@contextmanager
def pgbouncer(database_url: str, folder: Path, *, server_connections: int) -> Iterator[str]:
    """Run a PgBouncer that is configured in ``folder`` and yield the database's URL through it."""
    server = conninfo_to_dict(database_url)
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"""[databases]
{server["dbname"]} = host={server["host"]} port={server["port"]} user={server["user"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {server_connections}
server_login_retry = 5
"""
    )
    command = [_PROGRAM, str(configuration)]
    if os.geteuid() == 0:
        # PgBouncer refuses to run as root.
        folder.chmod(0o755)
        command[1:1] = ["-u", "nobody"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: accepts(port))
            yield f"postgresql://{server['user']}@127.0.0.1:{port}/{server['dbname']}"
        finally:
            process.terminate()
