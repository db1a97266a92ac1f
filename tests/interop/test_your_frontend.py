"""The configurations and the commands in docs/your-frontend.md, with a real Better Auth."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.documents.blocks import blocks
from tests.in_process import serving_here
from tests.interop.frontend import FOLDER
from tests.ports import free_port
from tests.process.service import NO_AUTHORITIES
from tests.waiting import eventually

pytestmark = [pytest.mark.process, pytest.mark.postgres]

PAGE: Final = Path("docs/your-frontend.md")
SECRET: Final = "a secret that is longer than thirty-two bytes"
# What Next.js and Better Auth's command line do in an app.
SERVER: Final = """
import { createServer } from "node:http";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { auth } from "./auth.mjs";

await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(new URL(process.env.BETTER_AUTH_URL).port, "localhost");
"""


def configuration(word: str) -> str:
    """Return the ``lib/auth.ts`` of the page in which ``word`` is."""
    [found] = [b.text for b in blocks(PAGE) if b.mark == "lib/auth.ts" and word in b.text]
    return found


def commands() -> str:
    """Return the commands that sign up, create a task and run the doctor."""
    return "".join(
        block.text
        for block in blocks(PAGE)
        if block.mark.endswith('test_your_frontend.py runs it"')
    )


@contextmanager
def running(folder: Path, configured: str, database_url: str) -> Iterator[str]:
    """Run a Better Auth with this ``lib/auth.ts`` and yield its address."""
    url = f"http://localhost:{free_port()}"
    (folder / "auth.mjs").write_text(configured)
    (folder / "server.mjs").write_text(SERVER)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    given = conninfo_to_dict(database_url)
    # Without DATABASE_URL, pg reads these.
    database = {f"PG{name.upper()}": str(given[name]) for name in ("host", "port", "user")}
    environment = {
        "PATH": os.environ["PATH"],
        "PGDATABASE": str(given["dbname"]),
        "BETTER_AUTH_URL": url,
        "BETTER_AUTH_SECRET": SECRET,
        **database,
    }
    with subprocess.Popen(["node", "server.mjs"], cwd=folder, env=environment) as process:
        try:
            eventually(lambda: _responds(url), seconds=30)
            yield url
        finally:
            process.terminate()


def _responds(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/auth/ok", verify=NO_AUTHORITIES).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("kind", "storage"), [("plugins: [jwt()]", "memory"), ("HS256", "postgres")]
)
def test_the_steps_lead_to_the_first_task(
    kind: str, storage: str, empty_database_url: str, tmp_path: Path
) -> None:
    configured = configuration(kind)
    with running(tmp_path, configured, empty_database_url) as web:
        settings = {"STORAGE": storage, "NEON_DB_URL": empty_database_url, "CORS_ORIGINS": web}
        if kind == "HS256":
            settings["BETTER_AUTH_SECRET"] = SECRET
        else:
            settings["BETTER_AUTH_JWKS_URL"] = f"{web}/api/auth/jwks"
        with serving_here(**settings) as service:
            script = commands().replace("http://localhost:3000", web)
            script = script.replace("http://localhost:8000", service.url)
            programs = os.pathsep.join((f"{sys.prefix}/bin", os.environ["PATH"]))
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=tmp_path,
                env={"PATH": programs, **settings},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"title":"Buy milk"' in done.stdout
    assert "everything checked can work" in done.stdout
