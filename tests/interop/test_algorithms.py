"""Every algorithm of Better Auth: its tokens, and its cached sessions signed with the same key."""

from contextlib import ExitStack
from pathlib import Path

import httpx
import jwt
import pytest

from tests.interop.frontend import better_auth
from tests.interop.serving import serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256", "PS256"])
def test_a_token_is_accepted_and_a_cached_session_of_the_same_key_is_not(
    algorithm: str, empty_database_url: str, tmp_path: Path
) -> None:
    configuration = {"usersTable": "users", "algorithm": algorithm, "cookieCache": "jwtOfKeys"}
    with ExitStack() as running:
        frontend = running.enter_context(better_auth(tmp_path, empty_database_url, **configuration))
        # Better Auth makes its key on first use. Two first uses at once, the service's and the
        # sign-up's, would make two keys.
        httpx.get(frontend.jwks_url).raise_for_status()
        service = running.enter_context(serving(empty_database_url, frontend))
        ada = frontend.person().sign_up()
        token, cached = ada.token(), ada.cookie("session_data")
        assert jwt.get_unverified_header(token)["alg"] == algorithm
        assert ada.tasks(service, token).add("water the plants").status_code == 201

        claims = jwt.decode(cached, options={"verify_signature": False})
        signed = jwt.decode(token, options={"verify_signature": False})
        # Only its audience distinguishes it from a token.
        assert {"sub", "iss", "exp"} <= claims.keys()
        assert (claims["sub"], claims["iss"]) == (signed["sub"], signed["iss"])
        assert jwt.get_unverified_header(cached)["kid"] == jwt.get_unverified_header(token)["kid"]
        assert ada.tasks(service, cached).show().status_code == 401
