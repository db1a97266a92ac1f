"""Log messages for a driver's errors."""

import psycopg
import pytest

from adapters.postgres.driver_errors import operation_failure


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (psycopg.OperationalError("the cause\nits detail"), "OperationalError: the cause"),
        (psycopg.OperationalError("All failures were:\n- the cause"), "All failures were"),
        (TimeoutError(), "TimeoutError: TimeoutError"),
        (OSError(":"), "OSError: OSError"),
    ],
    ids=repr,
)
def test_a_message_is_one_line_and_does_not_end_after_a_colon(
    error: Exception, message: str
) -> None:
    assert str(operation_failure(error)).endswith(message)
