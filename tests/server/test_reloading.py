"""The process restarts when the code changes."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.process.service import Service, environment
from tests.waiting import eventually

pytestmark = pytest.mark.process

APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for part in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{part}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"before"})

def create():
    return app
"""
SERVE = """
import sys
from pathlib import Path
from entrypoints.server.serve import serve
_, port, folder = sys.argv
serve("watched:create", protocol="entrypoints.api_protocol:ApiProtocol", host="127.0.0.1",
      port=int(port), workers=1, reload_folders=[Path(folder)])
"""


def test_a_change_in_a_watched_folder_starts_the_process_again(tmp_path: Path) -> None:
    # The working directory, which uvicorn would watch by default, is another one.
    folders = [tmp_path / "code", tmp_path / "work"]
    for folder in folders:
        folder.mkdir()
    code, work = folders
    (code / "watched.py").write_text(APP)
    log, port = work / "log", free_port()
    variables = environment()
    variables["PYTHONPATH"] += f":{code}"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port), str(code)],
            cwd=work,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            service = Service(process, port, log)
            service.wait_until_ready()
            assert service.get().text == "before"
            serves_the_change = Change(code / "watched.py", service)
            eventually(serves_the_change, 30)
        finally:
            process.terminate()
        assert process.wait(15) == 0


class Change:
    """A change of the code, made again, ever less often, until the service responds with it.

    uvicorn detects only what changes after it has first read the times of the files, a quarter of a
    second after the start. The service may be ready before that.
    """

    def __init__(self, file: Path, service: Service) -> None:
        self._file = file
        self._service = service
        self._again_at = 0.0
        self._pause = 1.0

    def __call__(self) -> bool:
        if time.monotonic() > self._again_at:
            self._file.write_text(APP.replace("before", "after"))
            self._again_at = time.monotonic() + self._pause
            self._pause *= 2
        return answer(self._service) == "after"


def answer(service: Service) -> str | None:
    """Return the service's response; None if it does not respond now."""
    try:
        return service.get(timeout=10).text
    except httpx.TransportError:
        return None
