"""The tables. The database enforces the same limits as the domain."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Text,
    func,
    text,
)
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

from adapters.postgres.users_table import STAND_IN
from domain.task import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN


class UserId(UserDefinedType[str]):
    """The type of users' ids: text, unless Better Auth's table uses another type.

    A parameter of this type has no cast in SQL. So PostgreSQL infers its type from the column, and
    one statement serves ids of every type.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type of a new table's column."""
        return "TEXT"


class UserRow(SQLModel, table=True):
    """A user, as Better Auth stores it. This service neither reads nor writes this table.

    It is created if it does not exist. It has only these columns, so that Better Auth's own
    migration can add the others.
    """

    __tablename__: ClassVar[str] = "users"
    __table_args__: ClassVar = {"comment": STAND_IN}

    id: str = Field(sa_type=Text, primary_key=True)
    name: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text, unique=True)


class TaskRow(SQLModel, table=True):
    """A task. The key and the indexes of lists begin with the owner, because every WHERE has it."""

    __tablename__: ClassVar[str] = "tasks"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint(
            f"char_length(title) BETWEEN {TITLE_MIN} AND {TITLE_MAX}", name="tasks_title_length"
        ),
        CheckConstraint(
            f"char_length(description) <= {DESCRIPTION_MAX}", name="tasks_description_length"
        ),
        Index("tasks_user_created", "user_id", "created_at", "id"),
        Index("tasks_user_completed_created", "user_id", "completed", "created_at", "id"),
        Index("tasks_user_title", "user_id", "title_key", "id"),
        Index("tasks_user_completed_title", "user_id", "completed", "title_key", "id"),
        # Finds rows of programs that do not fill the column. Usually empty.
        Index("tasks_without_title_key", "id", postgresql_where=text("title_key = ''")),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    user_id: str = Field(
        sa_type=UserId, foreign_key="users.id", ondelete="CASCADE", primary_key=True
    )
    title: str = Field(sa_type=Text)
    title_key: str = Field(sa_column=Column(Text(collation="C"), nullable=False, server_default=""))
    description: str | None = Field(default=None, sa_type=Text)
    completed: bool = Field(sa_column_kwargs={"server_default": "false"})
    created_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
    updated_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
