"""Read the simple parameters that an endpoint's signature declares.

FastAPI reads parameters through its dependency system, which would cost more than the rest of a
request to this API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from inspect import Parameter, iscoroutinefunction, signature
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints
from urllib.parse import unquote, unquote_plus

from fastapi import params
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from application.errors import TaskNotFound
from domain.errors import RuleViolation
from entrypoints.http.body import parse_json, read_body
from entrypoints.http.request_errors import InvalidRequest
from entrypoints.http.validation import missing, violations_of

_SIMPLE: Final = (str, int, float, bool, Enum)
"""Types of a parameter that is one piece of text in the request."""

_READ_HERE: Final = (params.Path, params.Query, params.Header)


@dataclass(frozen=True, slots=True)
class _Field:
    """One parameter of an endpoint."""

    name: str
    """Its name in the function."""
    sent_as: str
    """Its name in the request."""
    validate: Callable[[Any], Any]
    default: Any


class Parameters:
    """Reads the arguments of one endpoint from requests.

    A query parameter may be given once. Repeated lines of a header form one list (RFC 9110, 5.3).
    """

    def __init__(self) -> None:
        self._path: list[_Field] = []
        self._query: dict[str, _Field] = {}
        self._headers: dict[bytes, _Field] = {}
        self._defaults: dict[str, Any] = {}
        """The values of optional parameters."""
        self._required: list[_Field] = []
        self._body: _Field | None = None
        self._request: str | None = None

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> "Parameters | None":
        """Return the parameters of ``endpoint``; None if only FastAPI can call it.

        This class can call a coroutine function that returns a Response if each parameter is the
        Request, one pydantic model (the JSON body), or ``Annotated`` with ``Path``, ``Query`` or
        ``Header`` and of a type that is one piece of text.
        """
        try:
            hints = get_type_hints(endpoint, include_extras=True)
        except (NameError, TypeError):
            # A name that is local to a function, or a callable that is not a function.
            return None
        if not (iscoroutinefunction(endpoint) and _is_class(hints.get("return"), Response)):
            return None
        parameters = cls()
        taken = [
            parameters._take(parameter, hints.get(parameter.name))
            for parameter in signature(endpoint).parameters.values()
        ]
        return parameters if all(taken) else None

    def _take(self, parameter: Parameter, hint: Any) -> bool:
        name = parameter.name
        if hint is Request:
            self._request = name
            return True
        if _is_class(hint, BaseModel):
            is_first = self._body is None
            validate = TypeAdapter(hint).validate_python
            self._body = _Field(name, "body", validate, parameter.default)
            return is_first
        marker = _marker(hint)
        if marker is None:
            return False
        sent_as = marker.alias or name
        if isinstance(marker, params.Header) and marker.convert_underscores and not marker.alias:
            sent_as = name.replace("_", "-")
        field = _Field(name, sent_as, _validator(hint, marker), parameter.default)
        if isinstance(marker, params.Path):
            self._path.append(field)
            return True
        if isinstance(marker, params.Header):
            self._headers[sent_as.lower().encode("latin-1")] = field
        else:
            self._query[sent_as] = field
        if parameter.default is Parameter.empty:
            self._required.append(field)
        else:
            self._defaults[name] = parameter.default
        return True

    async def read(self, request: Request) -> dict[str, Any]:
        """Return the arguments. Raises RequestError, and TaskNotFound for an invalid path."""
        arguments = self._defaults | _read_path(self._path, request.scope["path_params"])
        given: list[tuple[_Field, list[str]]] = []
        if self._query and request.scope["query_string"]:
            given += _query_values(request.scope["query_string"], self._query)
        if self._headers:
            given += _header_values(request.scope["headers"], self._headers)
        violations = _read_texts(given, arguments)
        if self._required:
            found = [field for field, _ in given]
            violations += [missing(each.sent_as) for each in self._required if each not in found]
        if violations:
            raise InvalidRequest(violations)
        if self._request is not None:
            arguments[self._request] = request
        if self._body is not None:
            arguments[self._body.name] = await _read_body(self._body, request)
        return arguments


def _read_path(fields: list[_Field], found: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {field.name: field.validate(found[field.sent_as]) for field in fields}
    except ValidationError:
        # An invalid path names no task.
        raise TaskNotFound from None


def _query_values(query: bytes, fields: Mapping[str, _Field]) -> list[tuple[_Field, list[str]]]:
    """Return the fields that are given, with their values; repeated ones are not decoded."""
    # Not parse_qsl: it decodes every name and value, of which there may be thousands.
    given: dict[str, list[str]] = {}
    for pair in query.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        name = unquote(name) if "%" in name else name
        if name in fields:
            given.setdefault(name, []).append(value)
    return [
        (fields[name], values if len(values) > 1 else [unquote_plus(values[0])])
        for name, values in given.items()
    ]


def _header_values(
    lines: list[tuple[bytes, bytes]], fields: Mapping[bytes, _Field]
) -> list[tuple[_Field, list[str]]]:
    """Return the fields that are given, with one value each."""
    given: dict[bytes, list[str]] = {}
    for name, value in lines:
        if name in fields:
            given.setdefault(name, []).append(value.decode("latin-1"))
    return [(fields[name], [", ".join(values)]) for name, values in given.items()]


def _read_texts(
    given: list[tuple[_Field, list[str]]], arguments: dict[str, Any]
) -> list[RuleViolation]:
    """Add the valid arguments; return the violations of the others."""
    violations: list[RuleViolation] = []
    for field, values in given:
        if len(values) > 1:
            message = f"{field.sent_as} must be given once"
            violations.append(RuleViolation(field.sent_as, "repeated", message))
            continue
        try:
            arguments[field.name] = field.validate(values[0])
        except ValidationError as error:
            violations += violations_of(error, whole=field.sent_as)
    return violations


async def _read_body(field: _Field, request: Request) -> Any:
    content = await read_body(request)
    if not content and field.default is not Parameter.empty:
        return field.default
    document = parse_json(content, request.headers.get("content-type", ""))
    try:
        return field.validate(document)
    except ValidationError as error:
        raise InvalidRequest(violations_of(error, whole="body")) from None


def _marker(hint: Any) -> params.Param | None:
    """Return the ``Path``, ``Query`` or ``Header`` of a simple parameter."""
    if get_origin(hint) is not Annotated:
        return None
    annotated, *metadata = get_args(hint)
    choices = [choice for choice in get_args(annotated) or (annotated,) if choice is not NoneType]
    markers = [each for each in metadata if isinstance(each, params.Param | params.Depends)]
    if len(markers) != 1 or not all(_is_class(choice, *_SIMPLE) for choice in choices):
        return None
    [marker] = markers
    if not (isinstance(marker, params.Param) and type(marker) in _READ_HERE):
        return None
    is_plain = marker.validation_alias == marker.alias and marker.default_factory is None
    return marker if is_plain else None


def _validator(hint: Any, marker: params.Param) -> Callable[[Any], Any]:
    annotated, *metadata = get_args(hint)
    is_text = {annotated, *get_args(annotated)} <= {str, str | None, NoneType}
    if is_text and metadata == [marker] and not marker.metadata:
        return str  # Text as it was sent needs no validation.
    return TypeAdapter(hint).validate_python


def _is_class(annotation: Any, *bases: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, bases)
