"""FastAPI + SQLModel with asynchronous sessions."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Response
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.peers.fastapi_common import (
    DATABASE_URL,
    CurrentUser,
    SortOrder,
    StatusFilter,
    Task,
    TaskCreate,
    TaskRead,
    TaskUpdate,
    answer_errors_in_one_shape,
    now,
)

engine = create_async_engine(DATABASE_URL, pool_size=10, max_overflow=0)
app = FastAPI()
answer_errors_in_one_shape(app)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def find(session: AsyncSession, user: str, task_id: int) -> Task:
    statement = select(Task).where(Task.id == task_id, Task.user_id == user)
    task = (await session.exec(statement)).first()
    if task is None:
        raise HTTPException(404, "Task not found")
    return task


async def save(session: AsyncSession, task: Task) -> Task:
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@app.get("/api/{user_id}/tasks", response_model=list[TaskRead])
async def list_tasks(
    user: CurrentUser,
    session: SessionDep,
    status: StatusFilter = StatusFilter.ALL,
    sort: SortOrder = SortOrder.CREATED,
) -> list[Task]:
    statement = select(Task).where(Task.user_id == user)
    if status is not StatusFilter.ALL:
        statement = statement.where(Task.completed == (status is StatusFilter.COMPLETED))
    if sort is SortOrder.TITLE:
        statement = statement.order_by(func.lower(Task.title), col(Task.id))
    else:
        statement = statement.order_by(col(Task.created_at), col(Task.id))
    return list((await session.exec(statement)).all())


@app.post("/api/{user_id}/tasks", response_model=TaskRead, status_code=201)
async def create_task(
    user: CurrentUser, session: SessionDep, body: TaskCreate, response: Response
) -> Task:
    task = await save(session, Task(user_id=user, **body.model_dump()))
    response.headers["Location"] = f"/api/{user}/tasks/{task.id}"
    return task


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
async def get_task(user: CurrentUser, session: SessionDep, task_id: int) -> Task:
    return await find(session, user, task_id)


@app.put("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
async def update_task(
    user: CurrentUser, session: SessionDep, task_id: int, body: TaskUpdate
) -> Task:
    task = await find(session, user, task_id)
    task.sqlmodel_update(body.model_dump(exclude_unset=True))
    task.updated_at = now()
    return await save(session, task)


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskRead)
async def toggle_task(user: CurrentUser, session: SessionDep, task_id: int) -> Task:
    task = await find(session, user, task_id)
    task.completed = not task.completed
    task.updated_at = now()
    return await save(session, task)


@app.delete("/api/{user_id}/tasks/{task_id}", status_code=204)
async def delete_task(user: CurrentUser, session: SessionDep, task_id: int) -> None:
    await session.delete(await find(session, user, task_id))
    await session.commit()
