"""The issuer of tokens, which both sides must agree on."""

from pathlib import Path

import jwt
import pytest

from tests.interop.frontend import better_auth
from tests.interop.serving import serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]

PUBLIC = "http://app.example.com"


def test_without_a_base_url_the_issuer_is_the_host_and_only_ours_is_accepted(
    empty_database_url: str, tmp_path: Path
) -> None:
    with (
        better_auth(tmp_path, empty_database_url, baseURL=None) as frontend,
        serving(empty_database_url, frontend, USERS_TABLE="user") as service,
    ):
        ada = frontend.person().sign_up()
        assert _issuer(ada.token()) == frontend.url
        assert ada.tasks(service).titles() == []
        eve = frontend.person(host="evil.example.com").sign_up()
        assert _issuer(eve.token()) == "http://evil.example.com"
        assert eve.tasks(service).show().status_code == 401


def test_with_a_base_url_of_another_origin_the_service_needs_the_issuer(
    empty_database_url: str, tmp_path: Path
) -> None:
    agreed = {"BETTER_AUTH_ISSUER": PUBLIC, "BETTER_AUTH_AUDIENCE": PUBLIC}
    with better_auth(tmp_path, empty_database_url, baseURL=PUBLIC) as frontend:
        ada = frontend.person().sign_up()
        ada.browser.headers["Host"] = "evil.example.com"
        token = ada.token()
        assert _issuer(token) == PUBLIC
        with serving(empty_database_url, frontend, USERS_TABLE="user") as service:
            assert ada.tasks(service, token).show().status_code == 401
        with serving(empty_database_url, frontend, USERS_TABLE="user", **agreed) as service:
            assert ada.tasks(service, token).titles() == []


def _issuer(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    issuer: str = claims["iss"]
    assert claims["aud"] == issuer
    return issuer
