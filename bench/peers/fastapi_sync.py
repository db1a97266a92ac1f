"""FastAPI + synchronous SQLModel sessions, as in the tutorials."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Response
from sqlmodel import Session, col, create_engine, func, select

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

# As many connections as threads. With fewer, requests that hold a connection wait for a thread to
# encode the response, while the threads wait for a connection, until a time-out.
engine = create_engine(DATABASE_URL, pool_size=40, max_overflow=0)
app = FastAPI()
answer_errors_in_one_shape(app)


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def find(session: Session, user: str, task_id: int) -> Task:
    statement = select(Task).where(Task.id == task_id, Task.user_id == user)
    task = session.exec(statement).first()
    if task is None:
        raise HTTPException(404, "Task not found")
    return task


def save(session: Session, task: Task) -> Task:
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.get("/api/{user_id}/tasks", response_model=list[TaskRead])
def list_tasks(
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
    return list(session.exec(statement).all())


@app.post("/api/{user_id}/tasks", response_model=TaskRead, status_code=201)
def create_task(
    user: CurrentUser, session: SessionDep, body: TaskCreate, response: Response
) -> Task:
    task = save(session, Task(user_id=user, **body.model_dump()))
    response.headers["Location"] = f"/api/{user}/tasks/{task.id}"
    return task


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
def get_task(user: CurrentUser, session: SessionDep, task_id: int) -> Task:
    return find(session, user, task_id)


@app.put("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
def update_task(user: CurrentUser, session: SessionDep, task_id: int, body: TaskUpdate) -> Task:
    task = find(session, user, task_id)
    task.sqlmodel_update(body.model_dump(exclude_unset=True))
    task.updated_at = now()
    return save(session, task)


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskRead)
def toggle_task(user: CurrentUser, session: SessionDep, task_id: int) -> Task:
    task = find(session, user, task_id)
    task.completed = not task.completed
    task.updated_at = now()
    return save(session, task)


@app.delete("/api/{user_id}/tasks/{task_id}", status_code=204)
def delete_task(user: CurrentUser, session: SessionDep, task_id: int) -> None:
    session.delete(find(session, user, task_id))
    session.commit()
