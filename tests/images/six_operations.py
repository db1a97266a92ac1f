"""Perform the six operations over HTTP."""

from time import time

import httpx
import jwt


def mint(secret: str, user: str) -> str:
    """Return a token for ``user``, signed with the secret as a frontend signs it."""
    return jwt.encode({"sub": user, "exp": int(time()) + 600}, secret, "HS256")


def perform_all(base_url: str, *, token: str, user: str) -> None:
    """Create, get, list, edit, toggle and delete a task of a user in the users table."""
    tasks = f"{base_url}/api/{user}/tasks"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
        created = client.post(tasks, json={"title": "Buy milk"})
        assert created.status_code == 201, created.text
        task = created.json()
        path = f"{tasks}/{task['id']}"
        assert client.get(path).json() == task
        assert task in client.get(tasks, params={"status": "pending"}).json()
        assert client.put(path, json={"title": "Buy oats"}).json()["title"] == "Buy oats"
        assert client.patch(f"{path}/complete").json()["completed"] is True
        assert client.delete(path).is_success
        assert client.get(path).status_code == 404
