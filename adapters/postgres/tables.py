"""The tables. The database enforces the same limits as the domain."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, Text, func
from sqlmodel import Field, SQLModel

from domain.task import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN


class UserRow(SQLModel, table=True):
    """A user, as Better Auth stores it. This service neither reads nor writes this table.

    USERS_TABLE sets the name of the table; this is its default. It has no further columns, so that
    Better Auth's migration can add its own.
    """

    __tablename__: ClassVar[str] = "users"

    id: str = Field(sa_type=Text, primary_key=True)
    name: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text, unique=True)


class TaskRow(SQLModel, table=True):
    """A task. Both indexes lead with the owner, who is in every statement's WHERE."""

    __tablename__: ClassVar[str] = "tasks"
    __table_args__: ClassVar = (
        CheckConstraint(
            f"char_length(title) BETWEEN {TITLE_MIN} AND {TITLE_MAX}", name="tasks_title_length"
        ),
        CheckConstraint(
            f"char_length(description) <= {DESCRIPTION_MAX}", name="tasks_description_length"
        ),
        Index("tasks_user_created", "user_id", "created_at", "id"),
        Index("tasks_user_completed_created", "user_id", "completed", "created_at", "id"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    user_id: str = Field(sa_type=Text, foreign_key="users.id", ondelete="CASCADE")
    title: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    completed: bool = Field(sa_column_kwargs={"server_default": "false"})
    created_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
    updated_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
