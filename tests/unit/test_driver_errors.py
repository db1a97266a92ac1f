"""Log messages for a driver's errors."""

import psycopg
import pytest
from psycopg.errors import ReadOnlySqlTransaction

from adapters.postgres.driver_errors import operation_failure


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (psycopg.OperationalError("the cause\nits detail"), "OperationalError: the cause"),
        (psycopg.OperationalError("All failures were:\n- the cause"), "All failures were"),
        (TimeoutError(), "TimeoutError: TimeoutError"),
        (OSError(":"), "OSError: OSError"),
        (ReadOnlySqlTransaction("cannot execute INSERT"), "cannot execute INSERT"),
    ],
    ids=repr,
)
def test_a_message_is_one_line_and_does_not_end_after_a_colon(
    error: Exception, message: str
) -> None:
    assert str(operation_failure(error)).endswith(message)


def test_a_read_only_database_has_a_remedy() -> None:
    said = "cannot execute INSERT in a read-only transaction"
    message = str(operation_failure(ReadOnlySqlTransaction(said)))
    assert message.startswith(f"ReadOnlySqlTransaction: {said}; use the host of another server")
