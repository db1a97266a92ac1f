"""The OpenAPI document is complete."""

from typing import Any

import pytest
from fastapi import FastAPI

TASKS = "/api/{user_id}/tasks"
OPERATIONS = {
    ("get", TASKS): ("list_tasks", {"200", "304", "401", "403", "422", "500"}),
    ("post", TASKS): (
        "create_task",
        {"201", "400", "401", "403", "409", "413", "415", "422", "500"},
    ),
    ("get", f"{TASKS}/{{task_id}}"): (
        "get_task",
        {"200", "304", "401", "403", "404", "422", "500"},
    ),
    ("put", f"{TASKS}/{{task_id}}"): (
        "update_task",
        {"200", "400", "401", "403", "404", "412", "413", "415", "422", "500"},
    ),
    ("patch", f"{TASKS}/{{task_id}}/complete"): (
        "toggle_task",
        {"200", "400", "401", "403", "404", "412", "413", "415", "422", "500"},
    ),
    ("delete", f"{TASKS}/{{task_id}}"): (
        "delete_task",
        {"204", "401", "403", "404", "412", "422", "500"},
    ),
}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_there_are_six_operations_and_two_of_health(document: dict[str, Any]) -> None:
    found = {
        (method, path): (operation["operationId"], set(operation["responses"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    health = {("get", "/health/live"), ("get", "/health/ready"), ("get", "/health/database")}
    assert {key: value for key, value in found.items() if key not in health} == OPERATIONS
    assert health < found.keys()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_is_documented_completely(
    document: dict[str, Any], method: str, path: str
) -> None:
    operation = document["paths"][path][method]
    assert operation["summary"]
    assert operation["security"] == [{"HTTPBearer": []}]
    for status, response in operation["responses"].items():
        assert response["description"]
        if status >= "400":
            content = response["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}
            assert content["example"]["status_code"] == int(status)
            assert content["example"]["detail"]
    assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]


def test_the_scheme_is_a_bearer_token(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["HTTPBearer"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_the_models_have_the_specifications_names_and_limits(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    create, update = schemas["TaskCreate"], schemas["TaskUpdate"]
    assert create["required"] == ["title"]
    assert "required" not in update
    for model in (create, update):
        title = model["properties"]["title"]
        assert (title["minLength"], title["maxLength"]) == (1, 200)
        text, null = model["properties"]["description"]["anyOf"]
        assert (text["maxLength"], null) == (1000, {"type": "null"})
        assert model["examples"]
    assert set(schemas["TaskResponse"]["required"]) == {
        "id",
        "user_id",
        "title",
        "description",
        "completed",
        "created_at",
        "updated_at",
    }
    assert "HTTPValidationError" not in schemas


def test_queries_are_documented_with_their_values(document: dict[str, Any]) -> None:
    parameters = document["paths"][TASKS]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    values = {
        name: document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["enum"]
        for name in ("status", "sort")
        for schema in [by_name[name]["schema"]]
    }
    assert values == {"status": ["all", "pending", "completed"], "sort": ["created", "title"]}
    assert by_name["status"]["schema"]["default"] == "all"
    assert by_name["sort"]["schema"]["default"] == "created"
