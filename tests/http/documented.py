"""Check responses against the OpenAPI document."""

import re
from typing import Any

from httpx import Response
from jsonschema import Draft202012Validator, FormatChecker

# The response to a wrong route or method belongs to no operation.
_NOT_AN_OPERATION = {405}


class Documented:
    """An OpenAPI document that responses are checked against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def check(self, response: Response) -> None:
        """Fail unless the operation documents this status, and the body fits its schema."""
        if response.status_code >= 400 and response.request.method != "HEAD":
            self._check_schema(response.json(), {"$ref": "#/components/schemas/ErrorResponse"})
            assert response.json()["status_code"] == response.status_code
        operation = self._operation(response)
        if operation is None or response.status_code in _NOT_AN_OPERATION:
            return
        documented = operation["responses"].get(str(response.status_code))
        assert documented, f"{response.status_code} is not documented: {response.text}"
        if response.request.method == "HEAD" or "content" not in documented:
            assert response.content == b""
            return
        assert response.headers["content-type"] == "application/json"
        self._check_schema(response.json(), documented["content"]["application/json"]["schema"])
        for name, header in documented.get("headers", {}).items():
            is_required = header.get("required", response.status_code != 500)
            assert name in response.headers or not is_required

    def _operation(self, response: Response) -> Any:
        path = response.request.url.raw_path.partition(b"?")[0].decode()
        if "%2F" in path:
            # An encoded slash is no part of any operation's path.
            return None
        method = {"HEAD": "get"}.get(response.request.method, response.request.method.lower())
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template) + "/?", path):
                return operations.get(method)
        return None

    def _check_schema(self, instance: Any, schema: dict[str, Any]) -> None:
        validator = Draft202012Validator(
            schema | {"components": self._document["components"]}, format_checker=FormatChecker()
        )
        validator.validate(instance)
