"""Serve an ASGI application until a signal ends it."""

import logging
import resource
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn

from entrypoints.server.graceful_server import GRACE_SECONDS, GracefulServer
from entrypoints.server.limits import KEEP_ALIVE
from entrypoints.server.listening import listen, url_of
from entrypoints.server.supervisors import Reload, Workers

logger = logging.getLogger(__name__)


def serve(  # noqa: PLR0913 - keyword-only, and each is an option of the command
    app: str,
    *,
    protocol: str,
    host: str,
    port: int,
    workers: int,
    reload_folders: Sequence[Path],
) -> None:
    """Serve until a signal; a second signal stops at once, without waiting for responses.

    ``app`` is the application's factory and ``protocol`` a subclass of Protocol. Both are import
    strings, because each process imports them itself. With ``reload_folders``, one process serves
    and is restarted when a file in them changes. Raises AddressUnavailable.
    """
    _allow_many_connections()
    sockets = listen(host, port)
    logger.info("listening on %s", url_of(host, port))
    config = uvicorn.Config(
        app,
        factory=True,
        http=protocol,
        ws="none",
        lifespan="on",
        workers=workers,
        reload=bool(reload_folders),
        reload_dirs=list(map(str, reload_folders)) or None,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_config=None,
        # The application writes one line for each request.
        access_log=False,
        server_header=False,
        # Nothing here depends on a client's address or scheme.
        proxy_headers=False,
    )
    # uvicorn raises the KeyboardInterrupt of Ctrl-C again after its graceful stop.
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            Reload(config, target=GracefulServer(config).run, sockets=sockets).run()
        elif config.workers > 1:
            Workers(config, sockets=sockets).run()
        else:
            GracefulServer(config).run(sockets)


def _allow_many_connections() -> None:
    # The default limit is often 1,024 open files, and each connection is one. At the limit, no
    # client is accepted and PostgreSQL cannot be reached.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS reports "unlimited" but refuses it.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
