"""`make example` ends at once, with a sentence, if it cannot run."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded.folder_lock import folder_lock
from examples import stack
from tests.ports import free_port

pytestmark = pytest.mark.process


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with Node.js, on which nothing is started."""
    on_sigterm = signal.getsignal(signal.SIGTERM)
    install(tmp_path, "v24.1.0")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(stack, "DATA", tmp_path / "data")

    def start(*_: Any, **__: Any) -> None:
        raise AssertionError("something would be installed or started")

    monkeypatch.setattr(stack, "running", start)
    monkeypatch.setattr(stack, "install_frontend", start)
    yield
    signal.signal(signal.SIGTERM, on_sigterm)


def install(folder: Path, version: str) -> None:
    """Put a Node.js of this version into the PATH."""
    (folder / "bin").mkdir(exist_ok=True)
    for name in ("node", "npm"):
        program = folder / "bin" / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)


def refusal(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> str:
    with pytest.raises(SystemExit) as end:
        stack.main(arguments)
    assert end.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith("make example: ")
    assert message.count("\n") == 1
    return message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "::"])  # noqa: S104 - what others may do
@pytest.mark.parametrize(("option", "variable"), [("--port", "PORT"), ("--web-port", "WEB_PORT")])
def test_a_port_that_anything_has_taken_is_named(
    capsys: pytest.CaptureFixture[str], host: str, option: str, variable: str
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    others = {"--port": str(free_port()), "--web-port": str(free_port())}
    with closing(socket.create_server((host, 0), family=family)) as other:
        port = other.getsockname()[1]
        options = [word for pair in (others | {option: str(port)}).items() for word in pair]
        message = refusal(capsys, options)
    assert f"port {port} of this machine is taken" in message
    assert f"`make example {variable}={port + 1}`" in message


@pytest.mark.parametrize("version", ["v20.8.1", "v18.20.0", "", "nonsense"])
def test_a_node_that_is_too_old_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    install(tmp_path, version)
    message = refusal(capsys, [])
    assert "needs Node.js 20.9 or newer, with npm, and found" in message
    assert version in message


def test_a_missing_node_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert "needs Node.js 20.9 or newer, with npm\n" in refusal(capsys, [])


def free_ports() -> list[str]:
    return ["--port", str(free_port()), "--web-port", str(free_port())]


def test_a_second_example_in_the_same_folder_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = stack.DATA / "postgres"
    folder.mkdir(parents=True)
    with folder_lock(folder):
        assert "is in use by another process" in refusal(capsys, free_ports())


def test_a_data_folder_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack.DATA.write_text("")
    assert f"{stack.DATA} cannot hold the data" in refusal(capsys, free_ports())


def test_a_command_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise subprocess.CalledProcessError(1, ["npm", "ci"])

    monkeypatch.setattr(stack, "run", fail)
    assert "`npm ci` has failed, as it says above" in refusal(capsys, free_ports())


def test_a_server_that_has_ended_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        with pytest.raises(stack.CannotRun, match="has ended: its lines above say why"):
            stack.wait_for(f"http://127.0.0.1:{free_port()}", process)
