"""PostgreSQL's data folder: created atomically, and checked before it is used again."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from adapters.embedded.errors import UnusableDataFolder
from adapters.embedded.programs import Programs
from adapters.embedded.replacing import sync_folder

DATABASE = "tasks"
SUPERUSER = "postgres"


def create_data(data: Path, programs: Programs, log: Path, *, durable: bool) -> bool:
    """Create `data` with an empty database. If a program fails, return False without `data`.

    An interrupted attempt leaves a folder with another name, which the next attempt removes. If
    `durable`, the data is on the disk before its folder is renamed to `data`.
    """
    for abandoned in data.parent.glob("initdb-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    new = tempfile.mkdtemp(prefix="initdb-", dir=data.parent)
    initdb = (
        *("-D", new, "-U", SUPERUSER, "--auth=trust", "--no-sync", "--no-instructions"),
        # The builtin C.UTF-8 is the same on every system.
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    )
    single_user = ("--single", "-D", new, "-c", "fsync=off", "-c", "exit_on_error=on", "template1")
    create_database = f"CREATE DATABASE {DATABASE}"
    try:
        os.chown(new, programs.uid, programs.gid)
        complete = (
            programs.run("initdb", *initdb, log=log) == 0
            and programs.run("postgres", *single_user, log=log, text=create_database) == 0
            and (not durable or programs.run("initdb", "--sync-only", "-D", new, log=log) == 0)
        )
        if complete:
            Path(new).rename(data)
            sync_folder(data.parent)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return complete


def check_data(data: Path, programs: Programs) -> None:
    """Raise EmbeddedPostgresError if the server cannot use `data`. Changes nothing."""
    owner = data.stat().st_uid
    if owner != programs.uid:
        raise UnusableDataFolder(
            f"{data} belongs to {_user(owner)}, but the server would run as {_user(programs.uid)}. "
            f"Start as the user who created it (`nobody` stands for root), or remove it with "
            f"`make clean-data`."
        )
    version = (data / "PG_VERSION").read_text().strip()
    if version != programs.major_version:
        raise UnusableDataFolder(
            f"{data} was made by PostgreSQL {version}, which PostgreSQL {programs.major_version} "
            f"cannot read. If you do not need its data, remove it with `make clean-data`."
        )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
