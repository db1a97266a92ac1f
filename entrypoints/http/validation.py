"""Turn pydantic's and FastAPI's validation errors into the errors of this API."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from application.errors import TaskNotFound
from domain.errors import RuleViolation
from entrypoints.http.body import NOT_JSON
from entrypoints.http.request_errors import InvalidRequest, MalformedBody

# Replace pydantic's messages that do not name the field, or use Python's terms.
_SENTENCES = {
    "missing": "{field} is required",
    "model_type": "{field} must be a JSON object",
    "model_attributes_type": "{field} must be a JSON object",
    "string_type": "{field} must be text",
    "bool_type": "{field} must be true or false",
    "string_unicode": "{field} must not hold a lone surrogate",
}


def violations_of(error: ValidationError, *, whole: str) -> list[RuleViolation]:
    """Return one violation per field; ``whole`` is the name of the validated value itself."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [_violation(each, str(each["loc"][0]) if each["loc"] else whole) for each in details]


def missing(field: str) -> RuleViolation:
    """Return the violation of a required field that is absent."""
    return _violation({"type": "missing"}, field)


def as_request_error(error: RequestValidationError) -> Exception:
    """Return our error for FastAPI's, whose locations begin with "path", "query" or the like."""
    details = error.errors()
    if any(each["loc"][0] == "path" for each in details):
        # An invalid path names no task.
        return TaskNotFound()
    if any(each["type"] == "json_invalid" for each in details):
        return MalformedBody(NOT_JSON)
    return InvalidRequest([_violation(each, str(each["loc"][:2][-1])) for each in details])


def _violation(error: Mapping[str, Any], field: str) -> RuleViolation:
    kind: str = error["type"]
    sentence = _SENTENCES.get(kind)
    if sentence is not None:
        return RuleViolation(field, kind, sentence.format(field=field))
    message: str = error["msg"]
    return RuleViolation(field, kind, f"{field} {message.removeprefix('Input ')}")
