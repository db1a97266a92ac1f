"""Authorization: users may only access their own tasks."""

import pytest

from application.authorization import require_owner
from application.errors import Forbidden


def test_a_user_may_act_for_themselves() -> None:
    require_owner(subject="ada", owner="ada")


@pytest.mark.parametrize("owner", ["bob", "", "Ada", "ada ", "a\u0301da"])
def test_a_user_does_not_act_for_another(owner: str) -> None:
    with pytest.raises(Forbidden):
        require_owner(subject="ada", owner=owner)


def test_the_error_names_both_users_on_one_short_line() -> None:
    with pytest.raises(Forbidden) as error:
        require_owner(subject="ada", owner="v1\n" + "x" * 9000)
    assert str(error.value) == (
        rf"the path names the user 'v1\n{'x' * 117}'…, but the token is that of 'ada'"
    )
