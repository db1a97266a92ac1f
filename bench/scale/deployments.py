"""Deployments of one or more workers, and of replicas behind nginx."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.targets.installation import Installed
from bench.targets.processes import running, wait_until_listening
from bench.targets.services import SERVICES, started
from tests.ports import free_port

_NGINX: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log;
worker_processes 1;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    keepalive_requests 1000000;
    upstream service {{
        least_conn;
        {servers}
        keepalive 128;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Deployment:
    """Processes that serve together on one port."""

    name: str
    port: int
    processes: Sequence[int]


@contextmanager
def workers(
    count: int, installed: Installed, database_url: str, folder: Path
) -> Iterator[Deployment]:
    """Run one service of several processes."""
    ours = SERVICES["ours"]
    service = replace(ours, command=(*ours.command, "--workers", str(count)))
    with started(service, installed, database_url, folder) as each:
        yield Deployment(f"{count} worker{'s' * (count > 1)}", each.port, [each.pid])


@contextmanager
def replicas(
    count: int, installed: Installed, database_url: str, folder: Path
) -> Iterator[Deployment]:
    """Run several services behind nginx."""
    port = free_port()
    with ExitStack() as stack:
        services = [
            stack.enter_context(started(SERVICES["ours"], installed, database_url, folder))
            for _ in range(count)
        ]
        servers = "\n        ".join(f"server 127.0.0.1:{each.port};" for each in services)
        configuration = folder / f"nginx-{count}.conf"
        configuration.write_text(_NGINX.format(folder=folder, port=port, servers=servers))
        command = [_nginx(), "-p", str(folder), "-c", str(configuration)]
        nginx = stack.enter_context(running(command, {}, cwd=folder, log=folder / "nginx.log"))
        wait_until_listening(port)
        pids = [*(each.pid for each in services), nginx.pid]
        yield Deployment(f"{count} replica{'s' * (count > 1)} behind nginx", port, pids)


def _nginx() -> str:
    return shutil.which("nginx") or "/usr/sbin/nginx"


def has_nginx() -> bool:
    """Whether nginx is installed."""
    return Path(_nginx()).exists()
