"""The page /docs works without the internet."""

import re

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

LOADED = re.compile(r"""(?:src|href)="([^"]*)"|url: '([^']*)'""")


@pytest.mark.parametrize("root", ["", "/prefix"])
async def test_everything_that_it_loads_comes_from_this_service(app: FastAPI, root: str) -> None:
    transport = ASGITransport(app, root_path=root)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        page = await client.get(f"{root}/docs")
        addresses = [source or url for source, url in LOADED.findall(page.text)]
        assert "//" not in "".join(addresses)
        types = {}
        for address in addresses:
            assert address.startswith(f"{root}/")
            answer = await client.get(address)
            assert answer.status_code == 200
            types[address.rpartition(".")[2]] = answer.headers["Content-Type"]
        assert types == {
            "js": "text/javascript; charset=utf-8",
            "css": "text/css; charset=utf-8",
            "png": "image/png",
            "json": "application/json",
        }


async def test_no_other_origin_is_allowed_to_it(anonymous: AsyncClient) -> None:
    page = await anonymous.get("/docs")
    allowed = page.headers["Content-Security-Policy"]
    assert allowed.startswith("default-src 'self';")
    assert not re.search(r"[a-z0-9]\.[a-z]|https?:|\*", allowed)
    # Otherwise Swagger UI sends the document to a validator.
    assert '"validatorUrl": null' in page.text


async def test_swagger_ui_is_of_the_version_that_reads_openapi_3_1(anonymous: AsyncClient) -> None:
    script = await anonymous.get("/docs/swagger-ui-bundle.js")
    assert re.search(r'PACKAGE_VERSION:"5\.\d+\.\d+"', script.text)
