"""Models of request and response bodies, with the names that the OpenAPI document shows.

They define fields and types. The domain checks the limits, which are only documented here.
"""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import MISSING, BaseModel, ConfigDict, Field, StrictBool

from domain.task import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN

_TEXT: Final[dict[str, Any]] = {"pattern": r"^[^\u0000]*$"}

Title = Annotated[
    str,
    Field(
        description="What is to be done. Surrounding white space is trimmed.",
        json_schema_extra={
            "minLength": TITLE_MIN,
            "maxLength": TITLE_MAX,
            "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
        },
    ),
]
Description = Annotated[
    str,
    Field(
        description="Details, stored unchanged.",
        json_schema_extra={"maxLength": DESCRIPTION_MAX, **_TEXT},
    ),
]
Completed = Annotated[StrictBool, Field(description="Whether it is done.")]


def timestamp(moment: datetime) -> str:
    """Return a task's time in JSON: UTC with microseconds, as in RFC 3339."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class TaskCreate(BaseModel):
    """A task to create. Unknown fields are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Buy milk", "description": "Two litres, semi-skimmed"}],
            "propertyNames": _TEXT,
        }
    )

    title: Title
    description: Description | None = None


class TaskUpdate(BaseModel):
    """The fields to change; those left out keep their values. Unknown fields are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Buy oat milk"}, {"description": None}, {"completed": True}],
            "propertyNames": _TEXT,
        }
    )

    title: Title | MISSING = MISSING
    description: Description | MISSING | None = MISSING
    completed: Completed | MISSING = MISSING


class TaskCompletion(BaseModel):
    """The state to set. Without ``completed``, the state is flipped.

    Unknown fields are ignored.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"completed": True}, {}],
            "propertyNames": _TEXT,
        }
    )

    completed: Completed | MISSING = MISSING


class TaskResponse(BaseModel):
    """A task as it is stored."""

    id: int
    user_id: str
    title: str
    description: str | None
    completed: bool
    created_at: datetime
    updated_at: datetime


class FieldError(BaseModel):
    """One part of the request that breaks a rule."""

    field: str
    message: str
    type: str


class ErrorResponse(BaseModel):
    """The body of every error response."""

    status_code: int
    detail: str = Field(description="One sentence for a person.")
    errors: list[FieldError] | MISSING = Field(
        default=MISSING, description="With 422 only: each part of the request that breaks a rule."
    )


class Health(BaseModel):
    """The body of a successful health check."""

    status: str = "ok"
