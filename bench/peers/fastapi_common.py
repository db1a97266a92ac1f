"""Code that both FastAPI peers share: tables, wire models, the token, errors."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import field_validator
from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlmodel import Field, SQLModel
from starlette.exceptions import HTTPException as StarletteHTTPException

SECRET = os.environ["BETTER_AUTH_SECRET"]
DATABASE_URL = os.environ["NEON_DB_URL"].replace("postgresql://", "postgresql+psycopg://")


def now() -> datetime:
    return datetime.now(UTC)


class User(SQLModel, table=True):
    __tablename__ = "users"

    id: str = Field(primary_key=True)


class Task(SQLModel, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    user_id: str = Field(foreign_key="users.id")
    title: str
    description: str | None = None
    completed: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class TaskWrite(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=1000)

    @field_validator("title", mode="before")
    @classmethod
    def trim(cls, title: object) -> object:
        return title.strip() if isinstance(title, str) else title


class TaskCreate(TaskWrite):
    pass


class TaskUpdate(TaskWrite):
    title: str = Field(default="", min_length=1, max_length=200)


class TaskRead(SQLModel):
    id: int
    user_id: str
    title: str
    description: str | None
    completed: bool
    created_at: datetime
    updated_at: datetime


class StatusFilter(StrEnum):
    ALL = "all"
    PENDING = "pending"
    COMPLETED = "completed"


class SortOrder(StrEnum):
    CREATED = "created"
    TITLE = "title"


async def current_user(
    user_id: str,
    credentials: Annotated[
        HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
    ],
) -> str:
    unauthorized = HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})
    if credentials is None:
        raise unauthorized
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET,
            algorithms=["HS256"],
            options={"require": ["exp", "sub"], "verify_aud": False},
        )
    except jwt.InvalidTokenError:
        raise unauthorized from None
    if claims["sub"] != user_id:
        raise HTTPException(403, "Not your tasks")
    return user_id


CurrentUser = Annotated[str, Depends(current_user)]


def answer_errors_in_one_shape(app: FastAPI) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def http_error(request: Request, error: StarletteHTTPException) -> JSONResponse:
        content = {"status_code": error.status_code, "detail": error.detail}
        return JSONResponse(content, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # A path that cannot be parsed names no task.
        if any(part["loc"][0] == "path" for part in error.errors()):
            return JSONResponse({"status_code": 404, "detail": "Task not found"}, 404)
        return JSONResponse({"status_code": 422, "detail": "Invalid request"}, 422)
