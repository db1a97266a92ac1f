"""Check the rules for every response to any request."""

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from tests.hostile.answer import Answer
from tests.hostile.corpus.case import MARK, ORIGIN, Request
from tests.process.service import Service

ERROR = {"$ref": "#/components/schemas/ErrorResponse"}
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
EXPOSED = "ETag, Link, Retry-After, X-Request-ID, WWW-Authenticate"


class Contract:
    """The OpenAPI document and the further rules for every response."""

    def __init__(self, service: Service) -> None:
        self._document = httpx.get(f"{service.url}/openapi.json").json()

    def check(self, sent: Request, answer: Answer) -> None:
        assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])
        assert answer.status < 500
        if sent.method == "HEAD" or answer.status in {204, 304}:
            assert answer.body == b""
        elif sent.method != "OPTIONS" or answer.status != 200:
            assert answer.headers["content-type"] == "application/json"
        if answer.status >= 400:
            self._check_error(sent, answer)
        if sent.method is None:
            assert answer.headers["connection"] == "close"
            return
        if sent.reads_cors:
            assert answer.headers["access-control-allow-origin"] == ORIGIN.decode()
            # A page cannot read the response to a preflight.
            if sent.method != "OPTIONS":
                assert answer.headers["access-control-allow-credentials"] == "true"
                assert answer.headers["access-control-expose-headers"] == EXPOSED
        else:
            assert "access-control-allow-origin" not in answer.headers
        self._check_operation(sent, answer)

    def _check_error(self, sent: Request, answer: Answer) -> None:
        assert MARK.decode() not in str(answer.headers) + answer.body.decode()
        if sent.method != "HEAD":
            names = {"status_code", "detail"} | ({"errors"} if answer.status == 422 else set())
            assert answer.json.keys() == names
            assert answer.json["status_code"] == answer.status
            assert answer.json["detail"]
            self._check_schema(answer, ERROR)
        if answer.status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        if answer.status == 405:
            assert answer.headers["allow"]

    def _check_operation(self, sent: Request, answer: Answer) -> None:
        operations: dict[str, Any] = {}
        for template, described in self._document["paths"].items():
            # An encoded slash is no part of any operation's path.
            if "%2F" not in sent.path and re.fullmatch(
                re.sub(r"\{\w+\}", "[^/]+", template) + "/?", sent.path
            ):
                operations = described
        method = (sent.method or "").replace("HEAD", "GET").lower()
        if method not in operations:
            preflight = {200, 400} if sent.method == "OPTIONS" else set()
            # The document and its pages are not operations of the document.
            nowhere = {405} if operations or sent.path == "/openapi.json" else {404}
            assert answer.status in nowhere | preflight
            return
        documented = operations[method]["responses"]
        assert str(answer.status) in documented
        content = documented[str(answer.status)].get("content")
        assert bool(content) == bool(answer.body) or sent.method == "HEAD"
        if answer.body:
            self._check_schema(answer, content["application/json"]["schema"])

    def _check_schema(self, answer: Answer, schema: dict[str, Any]) -> None:
        document = schema | {"components": self._document["components"]}
        Draft202012Validator(document, format_checker=FormatChecker()).validate(answer.json)
