"""Files of gigabytes are answered within seconds: what nobody could read is not searched through or hashed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from made_pages import drawn, prose

from extractors.errors import DamagedDocument
from extractors.pdf.opening import open_pdf
from preflight.document import find_document
from preflight.judging import Order, prepare
from preflight.pipeline import run
from preflight.settings import Settings
from preflight.slots import Slots

GIGABYTE = 1_000_000_000


def sparse(path: Path, size: int, *, end: bytes = b"") -> Path:
    """A file of that size that takes no space on the disk."""
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(size)
        file.seek(0, os.SEEK_END)
        file.write(end)
    return path


@pytest.mark.parametrize("end", ["nothing", "document"])
def test_five_gigabytes_are_refused_unread(end: str, tmp_path: Path, workers: Slots) -> None:
    path = sparse(tmp_path / "big.pdf", 5 * GIGABYTE, end=drawn(prose) if end == "document" else b"")
    begun = time.process_time()

    report = run(find_document(path), prepare(Order()), Settings(), workers)

    assert time.process_time() - begun < 1
    assert report.problem is not None
    assert report.problem.code == "over-safety-limit"
    assert "at most 2 GB are read" in report.problem.detail
    assert (report.source.size_bytes, report.source.sha256) == (path.stat().st_size, "")


@pytest.mark.parametrize("end", ["nothing", "document"])
def test_no_parser_searches_through_gigabytes(end: str, tmp_path: Path) -> None:
    path = sparse(tmp_path / "big.pdf", 2 * GIGABYTE - 9_999, end=drawn(prose) if end == "document" else b"")
    begun = time.process_time()

    with path.open("rb") as file, pytest.raises(DamagedDocument, match="too big to be repaired"), open_pdf(file, None):
        pass

    assert time.process_time() - begun < 1


def test_a_big_sound_file_opens(tmp_path: Path) -> None:
    """A document with a hole of a gigabyte between its objects, and its table where its end says."""
    data = drawn(prose)
    table = data.rindex(b"xref\n0")
    hole = GIGABYTE
    end = data[table:].replace(b"startxref\n%d" % table, b"startxref\n%d" % (table + hole))
    path = tmp_path / "big.pdf"
    with path.open("wb") as file:
        file.write(data[:table])
        file.truncate(table + hole)
        file.seek(0, os.SEEK_END)
        file.write(end)

    with path.open("rb") as file, open_pdf(file, None) as opened:
        assert opened.page_count == 1
