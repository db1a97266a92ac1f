"""The first token of a process costs what later ones cost."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.key_set.issuer import FakeIssuer
from tests.key_set.signing_keys import ISSUER, signing_key

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier

_, url, issuer, token = sys.argv
verifier = KeySetTokenVerifier(url=url, rules=ClaimRules(issuer=issuer, audience=issuer))
before = set(sys.modules)
assert asyncio.run(verifier.subject_of(token)) == "ada"
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.process
async def test_the_first_fetch_imports_nothing(issuer: FakeIssuer) -> None:
    # Each import would hold up the event loop, and with it every other request.
    command = [sys.executable, "-c", PROGRAM, issuer.url, ISSUER, signing_key().token()]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert (process.returncode, output.decode().split()) == (0, []), errors.decode()
