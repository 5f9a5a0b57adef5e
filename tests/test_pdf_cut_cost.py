"""What cutting costs: bytes next to qpdf, memory, and time with the number of pages."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from pdf_pieces import OPTIONS, add, book, pieces, saved
from pikepdf import Dictionary, Name, Pdf, Stream

from extractors.pdf.cut import pdf_cutter

if TYPE_CHECKING:
    from pathlib import Path

    from extractors.base import Cutter

MEMORY = """
import io, json, sys
from pathlib import Path
from extractors.base import CutOptions
from extractors.pdf.cut import pdf_cutter
most = 0
with open(sys.argv[1], "rb") as file, pdf_cutter(file, CutOptions(media_type="", source_name="x")) as cutter:
    for first in range(1, cutter.page_count + 1, 8):
        with open(sys.argv[2], "w+b") as out:
            cutter.cut(first, min(first + 7, cutter.page_count), out)
        lines = Path("/proc/self/status").read_text().splitlines()
        most = max(most, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
print(json.dumps(most / 1024))
"""


def scan(pages: int) -> bytes:
    """Pages of one image of a megabyte each, which nobody decodes."""
    pdf = Pdf.new()
    for _ in range(pages):
        image = Stream(pdf, os.urandom(1 << 20), Subtype=Name.Image, Width=1, Height=1, Filter=Name.DCTDecode)
        add(pdf, b"/Im Do", Dictionary(XObject=Dictionary(Im=image)))
    return saved(pdf)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    used = []
    for pages in (8, 64):
        source = tmp_path / f"{pages}.pdf"
        source.write_bytes(scan(pages))
        command = [sys.executable, "-c", MEMORY, str(source), str(tmp_path / "out.pdf")]
        used.append(float(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)))
        source.unlink()
    assert used[1] - used[0] < 12  # MiB, for a file larger by 56


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="NO QPDF: nothing to compare with")
def test_pieces_are_no_larger_than_qpdf_s(tmp_path: Path) -> None:
    for name, data in (("book", book(60)), ("scan", scan(6))):
        source = tmp_path / f"{name}.pdf"
        source.write_bytes(data)
        parts = [piece for _, piece, _ in pieces(io.BytesIO(data), 6)]
        folder = tmp_path / name
        folder.mkdir()
        step = 10 if name == "book" else 1
        subprocess.run(["qpdf", f"--split-pages={step}", str(source), str(folder / "q.pdf")], check=True)
        theirs = [path.stat().st_size for path in folder.iterdir()]
        assert len(theirs) == len(parts) == 6
        assert sum(map(len, parts)) < 1.02 * sum(theirs)


def test_a_cut_costs_no_more_in_a_longer_document() -> None:
    """Two hundred single pages out of 200 and out of 1,600: indexes are made once, not for each cut.

    The least of several rounds counts: what else the machine does only ever adds to the time.
    """
    used = []
    for pages in (200, 1600):
        pdf = Pdf.new()
        for number in range(pages):
            add(pdf, b"BT (page %d) Tj ET" % number)
        with pdf_cutter(io.BytesIO(saved(pdf)), OPTIONS) as cutter:
            used.append(min(seconds_for(cutter) for _ in range(5)))
    assert used[1] < 3 * used[0]


def seconds_for(cutter: Cutter) -> float:
    """CPU seconds for cutting out two hundred single pages, indexes made."""
    cutter.cut(1, 1, io.BytesIO())
    start = time.process_time()
    for number in range(1, 201):
        cutter.cut(number, number, io.BytesIO())
    return time.process_time() - start
