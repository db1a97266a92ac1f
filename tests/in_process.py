"""Run the service in a thread of this process, because the start of a process takes a second."""

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from entrypoints.api_protocol import ApiProtocol
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.logs import JsonFormatter
from entrypoints.server.graceful_server import GracefulServer
from entrypoints.settings import Settings
from tests.process.service import NO_AUTHORITIES
from tests.waiting import eventually


class ServiceHere:
    """The service, reached through a real socket, and its log."""

    def __init__(self, port: int, log: io.StringIO) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        return self._log.getvalue()

    def is_ready(self) -> bool:
        return httpx.get(f"{self.url}/health/ready", verify=NO_AUTHORITIES).status_code == 200


@contextmanager
def serving_here(**settings: str) -> Iterator[ServiceHere]:
    """Serve with these settings and yield the service once it is ready."""
    with _logging() as log:
        values = {name.lower(): value for name, value in settings.items()}
        config = uvicorn.Config(
            create_app(Container(settings=Settings(_env_file=None, **values))),
            host="127.0.0.1",
            port=0,
            http=ApiProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
        )
        server = GracefulServer(config)
        sockets = [config.bind_socket()]
        thread = threading.Thread(target=server.run, args=[sockets])
        thread.start()
        try:
            eventually(lambda: server.started, seconds=30)
            service = ServiceHere(sockets[0].getsockname()[1], log)
            eventually(service.is_ready, seconds=30)
            yield service
        finally:
            server.should_exit = True
            thread.join()
            sockets[0].close()


@contextmanager
def _logging() -> Iterator[io.StringIO]:
    handler = logging.StreamHandler(log := io.StringIO())
    handler.setFormatter(JsonFormatter())
    level = logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        logging.root.setLevel(level)
        logging.root.removeHandler(handler)
