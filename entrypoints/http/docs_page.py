"""The page /docs: Swagger UI with files that this service serves itself."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, Response

_FOLDER: Final = Path(str(files("fastapi_swagger") / "resources"))
"""Not documented by fastapi-swagger. Its own page uses absolute URLs, which are wrong behind a
proxy that adds TLS: https://github.com/dantetemplar/fastapi-swagger
"""

_SCRIPT: Final = "swagger-ui-bundle.js"
_STYLE: Final = "swagger-ui.css"
_ICON: Final = "favicon-32x32.png"

_NO_OTHER_ORIGIN: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:"
    )
}
"""'unsafe-inline' because the page has an inline script, and Swagger UI sets inline styles."""


def add_docs_page(app: FastAPI) -> None:
    """Add /docs and the files that it loads. Nothing comes from another origin."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=f"{app.title} - Swagger UI",
            swagger_js_url=f"{root}/docs/{_SCRIPT}",
            swagger_css_url=f"{root}/docs/{_STYLE}",
            swagger_favicon_url=f"{root}/docs/{_ICON}",
            # Otherwise Swagger UI sends the document to a validator on the internet.
            swagger_ui_parameters={"validatorUrl": None},
        )
        page.headers.update(_NO_OTHER_ORIGIN)
        return page

    for name in (_SCRIPT, _STYLE, _ICON):
        _add_file(app, name)


def _add_file(app: FastAPI, name: str) -> None:
    @app.get(f"/docs/{name}", include_in_schema=False)
    async def file() -> Response:
        return FileResponse(_FOLDER / name)
