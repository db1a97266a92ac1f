"""Run the blocks of a document word for word, in a fresh copy of the tree."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.documents.blocks import ROOT, Block, tracked_files
from tests.ports import free_port

_PATIENCE_SECONDS: Final = 300
_KEPT: Final = ("HOME", "LANG", "UV_CACHE_DIR", "UV_INDEX_URL", "UV_DEFAULT_INDEX")


class Reader:
    """Run the blocks of one document, one after the other."""

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        """Copy the tree to ``folder``. ``servers`` ends the servers that blocks start."""
        self.folder = folder
        self.port = free_port()
        self._servers = servers
        self._answer = ""
        self._printed = folder.with_suffix(".log")
        for path in tracked_files():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
        # So the type checker need not read every library again.
        if (ROOT / ".mypy_cache").exists():
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            # The packages are those of this test, from the lock file; the code is from the copy.
            "UV_PROJECT_ENVIRONMENT": sys.prefix,
            "UV_NO_SYNC": "1",
            "PYTHONPATH": str(folder),
            # Without this, `git apply` does nothing if the folder is inside a repository.
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "PATH": os.pathsep.join((str(ROOT / ".uv" / "bin"), os.environ["PATH"])),
            "PORT": str(self.port),
        }

    def follow(self, block: Block) -> None:
        """Run, serve, apply or compare ``block``. Raises AssertionError if that fails."""
        if block.mark == "answer":
            for line in _comparable(block.text).splitlines():
                assert line in _comparable(self._answer), (
                    f"{block}: {line}\nnot in:\n{self._answer}"
                )
        elif block.language == "diff":
            self._succeed(block, ["git", "apply", "-"], block.text)
        elif block.mark == "serve":
            self._servers.enter_context(self._serving(block))
        else:
            self._succeed(block, ["bash", "-euo", "pipefail"], self._filled_in(block.text))

    def _succeed(self, block: Block, command: list[str], standard_input: str) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            input=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        self._answer = done.stdout
        assert done.returncode == 0, f"{block} fails:\n{standard_input}\n{done.stdout}"

    @contextmanager
    def _serving(self, block: Block) -> Iterator[None]:
        with self._printed.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", block.text],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # `make run` prints its request last.
        awaited = "Create a task" if "make run" in block.text else "the storage is ready"
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while awaited not in self._printed.read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{block} does not serve:\n{self._printed.read_text()}")
                time.sleep(0.1)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)

    def _filled_in(self, commands: str) -> str:
        # Replaces the text that a reader copies from the screen, and the port.
        printed = self._printed.read_text() if self._printed.exists() else ""
        if token := re.search(r"^Token +(\S+)$", printed, re.MULTILINE):
            commands = commands.replace("TOKEN=…", f"TOKEN={token[1]}")
        if request := re.search(r"^curl .*$", printed, re.MULTILINE):
            commands = commands.replace("curl …", request[0])
        return commands.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")


def _comparable(answer: str) -> str:
    """Replace times, which differ between runs."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "TIME", answer)
