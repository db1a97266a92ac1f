"""Call commands in this process, because starting a process takes a second."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import uvicorn

from entrypoints import cli
from entrypoints.server.supervisors import Reload, Workers
from tests.ports import free_port
from tests.process.service import environment

Call = Callable[..., CompletedProcess[str]]


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Give this process an environment with only these settings, in ``tmp_path``.

    Afterwards, restore what a command has changed in this process.
    """

    def set_up(**settings: str) -> None:
        for name in os.environ.keys() - environment().keys():
            monkeypatch.delenv(name)
        # The default port may be in use.
        for name, value in ({"PORT": str(free_port())} | settings).items():
            monkeypatch.setenv(name, value)

    monkeypatch.chdir(tmp_path)
    for name in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    monkeypatch.setattr(logging.root, "handlers", [*logging.root.handlers])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    variables = dict(os.environ)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    yield set_up
    signal.signal(signal.SIGTERM, on_sigterm)
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]


@pytest.fixture
def call(
    set_up: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Call one command with only these settings, in ``tmp_path``, as ``run`` starts it.

    A command that would serve fails.
    """

    def call(*arguments: str, **settings: str) -> CompletedProcess[str]:
        set_up(**settings)
        try:
            code = cli.main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        output = capsys.readouterr()
        return CompletedProcess(arguments, code, output.out, output.err)

    def serve(*_: Any, **__: Any) -> None:
        raise AssertionError("the command would serve")

    for server in (uvicorn.Server, Workers, Reload):
        monkeypatch.setattr(server, "run", serve)
    return call
