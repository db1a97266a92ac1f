"""Read the simple parameters of an endpoint, as its signature declares them.

FastAPI would read every request's parameters through its dependency system, which costs more than
the rest of a request to this API.
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
from entrypoints.http.body import read_json
from entrypoints.http.request_errors import EmptyBody, InvalidRequest
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
    """Where the arguments of one endpoint come from.

    A query parameter may be given once. Several lines of one header are one list (RFC 9110, 5.3).
    """

    def __init__(self) -> None:
        self._path: list[_Field] = []
        self._query: list[_Field] = []
        self._headers: list[_Field] = []
        self._body: _Field | None = None
        self._request: str | None = None

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> "Parameters | None":
        """Return the parameters of ``endpoint``; None if it needs FastAPI to be called.

        It does not if it is a coroutine function that returns a Response, and each parameter is
        the Request, one pydantic model (the JSON body), or ``Annotated`` with ``Path``, ``Query``
        or ``Header`` and of a type that is one piece of text.
        """
        try:
            hints = get_type_hints(endpoint, include_extras=True)
        except (NameError, TypeError):
            # A name that is local to a function, or a callable that is no function.
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
        fields = {params.Path: self._path, params.Query: self._query, params.Header: self._headers}
        fields[type(marker)].append(field)
        return True

    async def read(self, request: Request) -> dict[str, Any]:
        """Return the arguments. Raises RequestError, and TaskNotFound for a path that is none."""
        arguments = _read_path(self._path, request.path_params)
        violations: list[RuleViolation] = []
        if self._query:
            given = _query_values(request.scope["query_string"], self._query)
            violations += _read_texts(self._query, given, arguments)
        if self._headers:
            given = _header_values(request.scope["headers"], self._headers)
            violations += _read_texts(self._headers, given, arguments)
        if violations:
            raise InvalidRequest(violations)
        if self._body is not None:
            arguments[self._body.name] = await _read_body(self._body, request)
        if self._request is not None:
            arguments[self._request] = request
        return arguments


def _read_path(fields: list[_Field], found: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {field.name: field.validate(found[field.sent_as]) for field in fields}
    except ValidationError:
        # A path that cannot be read names nothing.
        raise TaskNotFound from None


def _query_values(query: bytes, fields: list[_Field]) -> dict[str, list[str]]:
    """Return the values of the ``fields`` that are given; more than one is not decoded."""
    if not query:
        return {}
    # Not parse_qsl: it decodes every name and value, of which there may be thousands.
    given: dict[str, list[str]] = {field.sent_as: [] for field in fields}
    for pair in query.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        values = given.get(unquote(name) if "%" in name else name)
        if values is not None:
            values.append(value)
    return {
        name: values if len(values) > 1 else [unquote_plus(values[0])]
        for name, values in given.items()
        if values
    }


def _header_values(lines: list[tuple[bytes, bytes]], fields: list[_Field]) -> dict[str, list[str]]:
    """Return the values of the ``fields`` that are given, one for each."""
    wanted = {field.sent_as.lower().encode("latin-1"): field.sent_as for field in fields}
    given: dict[str, list[str]] = {}
    for name, value in lines:
        if name in wanted:
            given.setdefault(wanted[name], []).append(value.decode("latin-1"))
    return {name: [", ".join(values)] for name, values in given.items()}


def _read_texts(
    fields: list[_Field], given: Mapping[str, list[str]], arguments: dict[str, Any]
) -> list[RuleViolation]:
    """Add the arguments that are valid; return what is wrong with the others."""
    violations: list[RuleViolation] = []
    for field in fields:
        values = given.get(field.sent_as)
        if values is None:
            arguments[field.name] = field.default
            if field.default is Parameter.empty:
                violations.append(missing(field.sent_as))
        elif len(values) > 1:
            message = f"{field.sent_as} must be given once"
            violations.append(RuleViolation(field.sent_as, "repeated", message))
        else:
            try:
                arguments[field.name] = field.validate(values[0])
            except ValidationError as error:
                violations += violations_of(error, whole=field.sent_as)
    return violations


async def _read_body(field: _Field, request: Request) -> Any:
    try:
        document = await read_json(request)
    except EmptyBody:
        if field.default is Parameter.empty:
            raise
        return field.default
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
