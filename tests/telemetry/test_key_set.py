"""Traces and metrics of the fetches of the issuer's key set."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import ISSUER, signing_key
from tests.process.service import started
from tests.telemetry.receiver import attributes, receiving
from tests.waiting import eventually

pytestmark = pytest.mark.process


def test_fetches_of_the_key_set_are_timed_and_their_failures_counted(tmp_path: Path) -> None:
    key = signing_key()
    with receiving() as receiver:
        settings = {
            "STORAGE": "memory",
            "BETTER_AUTH_JWKS_URL": f"{receiver.url}/jwks",
            "BETTER_AUTH_ISSUER": ISSUER,
            "BETTER_AUTH_AUDIENCE": ISSUER,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_METRIC_EXPORT_INTERVAL": "100",
        }

        def fetches() -> dict[str | None, Any]:
            return {
                attributes(point).get("error.type"): point
                for point in receiver.points("tasks_api.key_set.fetch.duration")
            }

        headers = {"Authorization": f"Bearer {key.token()}"}
        with started("serve", cwd=tmp_path, **settings) as service:
            service.wait_until_ready()
            receiver.key_set = b'{"keys": []}'
            url = f"{service.url}/api/ada/tasks"
            assert httpx.get(url, headers=headers).status_code == 500
            eventually(lambda: "UnusableKeySet" in fetches())
        with started("serve", cwd=tmp_path, **settings) as service:
            service.wait_until_ready()
            receiver.key_set = key_set(key)
            httpx.get(f"{service.url}/api/ada/tasks", headers=headers)
            eventually(lambda: None in fetches())
            assert fetches()[None].count == 1
            assert fetches()[None].sum > 0
        assert any(span.name == "fetch key set" for span in receiver.spans)
