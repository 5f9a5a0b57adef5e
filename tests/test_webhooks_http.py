"""Webhooks as callers of a service meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from service import Service

from preflight.webhooks import new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a document of a service with webhooks, where nobody works."""
    folder: Path = tmp_path_factory.mktemp("data")
    with Service(folder, "--workers", "0", "--webhooks") as service:
        made = httpx.post(f"{service.address}/v1/documents?filename=a.txt", content=b"words", timeout=60)
        yield f"{service.address}{made.headers['location']}"


@pytest.mark.parametrize("what", ["checks", "texts", "splits"])
@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]", "0x7f000001", "[::ffff:127.0.0.1]", "localhost"])
def test_an_address_that_is_not_public_is_refused_with_the_request(place: str, what: str, host: str) -> None:
    body = {"webhook": {"url": f"https://{host}/hook", "secret": new_secret()}}
    limits = {"max_bytes": 1_000} if what == "splits" else {}

    answer = httpx.post(f"{place}/{what}", json=body | limits, timeout=60)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-webhook")
    assert "not public" in answer.json()["detail"]
    assert host not in answer.text


def test_a_name_is_taken(place: str) -> None:
    body = {"webhook": {"url": "https://hook.example/told", "secret": new_secret()}}

    assert httpx.post(f"{place}/checks", json=body, timeout=60).status_code == 202
