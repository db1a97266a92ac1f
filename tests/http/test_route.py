"""Routes with an owner behave as FastAPI documents."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Path,
    Query,
    Request,
    Response,
)
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel

from entrypoints.http.errors import ErrorHandler
from entrypoints.http.parameters import Parameters
from entrypoints.http.route import owned_route

NOTES = "/api/{user_id}/notes"
ADAS = "/api/ada/notes"
BOBS = "/api/bob/notes"


class Echo:
    """Accepts every token, which is its own subject."""

    async def subject_of(self, token: str) -> str:
        return token


ROUTE = owned_route(Echo())


class Note(BaseModel):
    """The response of these tests' endpoints."""

    text: str
    size: int = 0


async def deny() -> None:
    raise HTTPException(418, "denied")


async def simple(user_id: Annotated[str, Path()]) -> Response:
    return Response(user_id)


def application(*, dependencies: Any = None) -> FastAPI:
    app = FastAPI(
        exception_handlers=ErrorHandler().by_exception,
        dependencies=dependencies,
        redirect_slashes=False,
    )
    app.router.route_class = ROUTE
    return app


def client_of(app: FastAPI) -> AsyncClient:
    return AsyncClient(
        transport=ASGITransport(app),
        base_url="http://api",
        headers={"Authorization": "Bearer ada"},
    )


async def ask(app: FastAPI, method: str = "GET", path: str = ADAS, **request: Any) -> Any:
    """Check that only the owner gets a response, before anything is read; return that response."""

    async def unreadable() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    async with client_of(app) as client:
        stranger = await client.request(method, path.replace("ada", "bob"), content=unreadable())
        assert stranger.status_code == 403
        headers = {"Authorization": ""}
        anonymous = await client.request(method, path, content=unreadable(), headers=headers)
        assert anonymous.status_code == 401
        return await client.request(method, path, **request)


def _on_the_route() -> FastAPI:
    app = application()
    app.get(NOTES, dependencies=[Depends(deny)])(simple)
    return app


def _on_the_application() -> FastAPI:
    app = application(dependencies=[Depends(deny)])
    app.get(NOTES)(simple)
    return app


def _on_the_router() -> FastAPI:
    router = APIRouter(route_class=ROUTE, dependencies=[Depends(deny)])
    router.get(NOTES)(simple)
    app = application()
    app.include_router(router)
    return app


def _on_the_inclusion() -> FastAPI:
    router = APIRouter(route_class=ROUTE)
    router.get(NOTES)(simple)
    app = application()
    app.include_router(router, dependencies=[Depends(deny)])
    return app


def _on_an_outer_inclusion() -> FastAPI:
    inner, outer = APIRouter(route_class=ROUTE), APIRouter()
    inner.get("/notes")(simple)
    outer.include_router(inner, prefix="/{user_id}")
    app = application()
    app.include_router(outer, prefix="/api", dependencies=[Depends(deny)])
    return app


def _on_a_parameter() -> FastAPI:
    app = application()

    @app.get(NOTES)
    async def guarded(_: Annotated[None, Depends(deny)]) -> Response:
        raise AssertionError("called")

    return app


@pytest.mark.parametrize(
    "place",
    [
        _on_the_route,
        _on_the_application,
        _on_the_router,
        _on_the_inclusion,
        _on_an_outer_inclusion,
        _on_a_parameter,
    ],
)
async def test_a_dependency_is_run_wherever_it_is_declared(place: Callable[[], FastAPI]) -> None:
    response = await ask(place())
    assert (response.status_code, response.json()) == (
        418,
        {"status_code": 418, "detail": "denied"},
    )


async def test_a_router_can_be_included_under_a_prefix() -> None:
    router = APIRouter(route_class=ROUTE)
    router.get("/{user_id}/notes")(simple)
    app = application()
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    assert (await ask(app, path="/v1/ada/notes")).text == "ada"
    assert (await ask(app, path="/v2/ada/notes")).text == "ada"


async def test_an_application_can_be_mounted() -> None:
    app = application()
    app.get(NOTES)(simple)
    outer = FastAPI()
    outer.mount("/v1", app)
    assert (await ask(outer, path=f"/v1{ADAS}")).text == "ada"


async def test_an_endpoint_may_be_a_plain_function_that_returns_a_dict() -> None:
    app = application()

    @app.get(NOTES, status_code=203)
    def notes(user_id: str, limit: int = 5) -> dict[str, Any]:
        return {"of": user_id, "limit": limit}

    response = await ask(app, path=f"{ADAS}?limit=7")
    assert (response.status_code, response.json()) == (203, {"of": "ada", "limit": 7})


async def test_an_endpoint_may_return_a_model_that_is_filtered() -> None:
    app = application()

    @app.get(NOTES, response_model=Note, response_model_exclude_unset=True)
    async def notes() -> Any:
        return {"text": "t", "secret": "s"}

    assert (await ask(app)).json() == {"text": "t"}


async def test_an_endpoint_may_take_whatever_fastapi_injects() -> None:
    app = application()
    ran: list[str] = []

    @app.post(NOTES)
    async def notes(  # noqa: PLR0917 - all that it may take
        request: Request,
        response: Response,
        background: BackgroundTasks,
        first: Annotated[Note, Body()],
        second: Note,
        flavour: Annotated[str, Cookie()],
        tags: Annotated[list[str], Query()],
    ) -> Note:
        background.add_task(ran.append, request.method)
        response.headers["X-Tags"] = ",".join(tags)
        return Note(text=first.text + second.text + flavour)

    body = {"first": {"text": "a"}, "second": {"text": "b"}}
    response = await ask(
        app, "POST", f"{ADAS}?tags=x&tags=y", json=body, headers={"Cookie": "flavour=c"}
    )
    assert (response.status_code, response.json()) == (200, {"text": "abc", "size": 0})
    assert response.headers["X-Tags"] == "x,y"
    assert ran == ["POST"]


@pytest.mark.parametrize("is_direct", [True, False])
async def test_a_body_has_the_same_limits_and_errors_however_it_is_read(is_direct: bool) -> None:
    app = application()

    async def create(user_id: Annotated[str, Path()], body: Note) -> Response:
        return Response(user_id + body.text)

    app.post(NOTES, dependencies=[] if is_direct else [Depends(lambda: None)])(create)
    for content, status in [
        (b'{"text": "b"}', 200),
        (b'{"text": ', 400),
        (b'{"text": 1}', 422),
        (b"[]", 422),
        (b'{"text": "%b"}' % (b"x" * 65_536), 413),
    ]:
        headers = {"Content-Type": "application/json"}
        response = await ask(app, "POST", content=content, headers=headers)
        assert response.status_code == status
        if status > 200:
            assert response.json()["status_code"] == status


@pytest.mark.parametrize("is_direct", [True, False])
async def test_parameters_have_the_same_errors_however_they_are_read(is_direct: bool) -> None:
    app = application()

    async def get(
        note_id: Annotated[int, Path()],
        limit: Annotated[int, Query(ge=1, alias="most")],
        x_words: Annotated[str, Header()],
    ) -> Response:
        return Response(f"{note_id} {limit} {x_words}")

    app.get(f"{NOTES}/{{note_id}}", dependencies=[] if is_direct else [Depends(lambda: None)])(get)
    given = {"X-Words": "w"}
    assert (await ask(app, path=f"{ADAS}/7?most=%32", headers=given)).text == "7 2 w"
    assert (await ask(app, path=f"{ADAS}/x?most=2", headers=given)).status_code == 404
    for path, headers, field, type_ in [
        (f"{ADAS}/7", given, "most", "missing"),
        (f"{ADAS}/7?most=x", given, "most", "int_parsing"),
        (f"{ADAS}/7?most=0", given, "most", "greater_than_equal"),
        (f"{ADAS}/7?most=2", {}, "x-words", "missing"),
    ]:
        response = await ask(app, path=path, headers=headers)
        [error] = response.json()["errors"]
        assert (response.status_code, error["field"], error["type"]) == (422, field, type_)
        assert error["message"].startswith(field)


def test_every_operation_on_tasks_is_called_directly(app: FastAPI) -> None:
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) >= 8
    for route in routes:
        assert not route.dependencies
        assert Parameters.of(route.endpoint) is not None, route.path


async def test_head_is_answered_wherever_get_is(app: FastAPI) -> None:
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    by_method = {
        method: {route.path for route in routes if method in (route.methods or ())}
        for method in ("GET", "HEAD")
    }
    assert by_method["GET"] == by_method["HEAD"]
