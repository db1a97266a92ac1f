"""Factory of the ASGI application: ``uvicorn --factory entrypoints.asgi:create``."""

import logging

from fastapi import FastAPI

from entrypoints import logs
from entrypoints.container import Container, observed
from entrypoints.http.app import create_app
from entrypoints.settings import LogFormat, Settings
from entrypoints.telemetry.enabled import telemetry_class
from entrypoints.unsafe_settings import warnings_about

logger = logging.getLogger(__name__)


def create() -> FastAPI:
    """Return the application with the settings of the environment. Raises InvalidSettings."""
    settings = Settings()
    logs.configure(settings.log_format or LogFormat.JSON, settings.log_level)
    for warning in warnings_about(settings):
        logger.warning(warning)
    # Created here and not in the command, because each worker needs its own.
    telemetry_type = telemetry_class(settings)
    if telemetry_type is None:
        return create_app(Container(settings=settings))
    telemetry = telemetry_type(settings)
    return create_app(observed(settings, telemetry), telemetry)
