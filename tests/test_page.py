"""The page at ``/``: from this service alone, under a strict policy, and hostile names stay text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from service import running
from test_api import is_problem

import api
from api.access import find_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots

WEB = Path(api.__file__).parent / "web"


@pytest.fixture(scope="module")
def service(workers: Slots) -> Iterator[str]:
    with running(workers) as address:
        yield address


def test_everything_the_page_names_is_there_and_from_here(service: str) -> None:
    page = httpx.get(service)
    named = re.findall(r'(?:href|src)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert len(named) >= 4
    for one in named:
        assert one.startswith("/"), "nothing from elsewhere"
        assert httpx.get(f"{service}{one}").status_code == 200
    is_problem(httpx.get(f"{service}/web/index.html"), 404, "not-found")
    is_problem(httpx.get(f"{service}/web/..%2Fpage.py"), 404, "not-found")


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/web/app.css"])
def test_the_policy_allows_nothing_but_our_own_files(service: str, path: str) -> None:
    headers = httpx.get(f"{service}{path}").headers
    policy = dict(one.strip().split(" ", 1) for one in headers["content-security-policy"].split(";"))

    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src", "form-action")} == {"'self'"}
    assert headers["x-content-type-options"] == "nosniff"


def test_nothing_in_the_page_needs_more_than_the_policy_allows() -> None:
    page, script = ((WEB / name).read_text(encoding="utf-8") for name in ("index.html", "app.js"))

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", page)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://", script
    )


def test_every_part_the_script_asks_for_is_in_the_page() -> None:
    page, script = ((WEB / name).read_text(encoding="utf-8") for name in ("index.html", "app.js"))
    ids = set(re.findall(r'id="([\w-]+)"', page))

    assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= ids


def test_the_page_is_open_to_those_without_a_key() -> None:
    """It asks for the key itself, and shows nothing before."""
    for path in ("/", "/web/app.js", "/web/app.css", "/web/icon.svg"):
        rule = find_rule("GET", path)
        assert rule is not None
        assert rule.scope == "open"
    assert find_rule("POST", "/") is None
