"""Better Auth rotates its keys while the service runs."""

from pathlib import Path

import jwt
import psycopg
import pytest

from tests.interop.frontend import better_auth
from tests.interop.serving import serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]


def test_a_new_key_works_at_once_and_old_tokens_stay_valid(
    empty_database_url: str, tmp_path: Path
) -> None:
    with (
        better_auth(
            tmp_path, empty_database_url, rotationInterval=3600, gracePeriod=60
        ) as frontend,
        serving(empty_database_url, frontend, USERS_TABLE="user") as service,
    ):
        ada = frontend.person().sign_up()
        old = ada.token()
        assert ada.tasks(service, old).add("water the plants").status_code == 201
        # As if the interval had passed.
        with psycopg.connect(empty_database_url) as database:
            database.execute("""UPDATE jwks SET "expiresAt" = now() - interval '1 s'""")
        new = ada.token()
        assert _kid(new) != _kid(old)
        assert ada.tasks(service, new).titles() == ["water the plants"]
        assert ada.tasks(service, old).titles() == ["water the plants"]


def _kid(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid
