"""The page in a real browser, as a person uses it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import httpx
import pikepdf
import pytest
from browser import Page, browser, program
from service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDED = "!document.getElementById('check').disabled && document.getElementById('progress').hidden"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if program() is None:
        pytest.skip("NO BROWSER: install it (apt-get install chromium); the page was read by programs alone")
    with Service(tmp_path_factory.mktemp("data"), "--workers", "1") as service:
        yield service


@pytest.fixture(scope="module")
def page(service: Service) -> Iterator[Page]:
    name = program()
    assert name is not None
    with browser(name) as page:
        page.look(1280)
        page.open(service.address)
        page.wait_for("document.querySelectorAll('#target option').length > 10")
        yield page


def test_a_document_is_checked_split_and_downloaded(page: Page, service: Service, samples: Path) -> None:
    page.run("document.getElementById('target').value = 'anthropic-messages'")
    page.choose("#file", samples / "mixed.pdf")
    page.wait_for("!document.getElementById('result').hidden")
    page.wait_for(ENDED)

    assert page.text("#verdict") == "It fits — anthropic-messages"
    assert page.run("document.querySelectorAll('#strip li').length") == 5
    assert "Tokens" in page.text("#figures")

    page.run("document.getElementById('pages').value = 2")
    page.run("document.getElementById('split').click()")
    page.wait_for("document.querySelector('#archive a') !== null")
    assert page.text("#status") == "3 pieces. Nothing is lost."
    links = page.run("[...document.querySelectorAll('#pieces a, #archive a')].map((one) => one.href)")
    assert len(links) == 4
    with zipfile.ZipFile(io.BytesIO(httpx.get(links[-1], timeout=60).content)) as archive:
        assert {"manifest.json"} < set(archive.namelist())
    assert all(httpx.get(link, timeout=60).content.startswith(b"%PDF-") for link in links[:-1])
    assert all(link.startswith(service.address) for link in links)
    assert page.complaints() == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page: Page, width: int) -> None:
    page.look(width, dark=width == 390)

    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("[...document.querySelectorAll('button, select, input:not(#file)')]"
                    f".every((one) => one.getBoundingClientRect().right <= {width})")  # fmt: skip


def test_a_document_that_cannot_be_read_is_said_and_its_name_stays_text(
    page: Page, samples: Path, tmp_path: Path
) -> None:
    locked = tmp_path / "<img src=x onerror=document.title=1>.pdf"
    with pikepdf.open(samples / "report.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
    page.choose("#file", locked)
    page.wait_for("!document.getElementById('problem').hidden")
    page.wait_for(ENDED)

    assert page.text("#problem-title") == "The document needs a password"
    assert page.text("#chosen") == locked.name
    assert page.run("document.getElementById('result').hidden")
    assert page.run("document.title") == "Upload Preflight"

    assert not page.run("document.getElementById('secretrow').hidden")
    page.run("document.getElementById('secret').value = 'u'")
    page.run("document.getElementById('check').click()")
    page.wait_for("!document.getElementById('result').hidden")
    page.wait_for(ENDED)
    assert page.text("#verdict") == "It will not fit — anthropic-messages"  # which takes none that are protected
    assert page.run("document.getElementById('problem').hidden && document.getElementById('split').disabled")
    assert page.complaints() == []
