"""Every document of the corpus that qpdf opens, cut in three: nothing is lost, and every piece is sound."""

from __future__ import annotations

import dataclasses
import io
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pikepdf
import pypdfium2
import pytest
from corpus_share import EVERY, share_of
from pdf_pieces import OPTIONS, jumps, pieces
from pikepdf import Dictionary, Name

from extractors.errors import ExtractionError
from extractors.pdf.fingerprint import page_fingerprints
from extractors.pdf.passwords import password_forms

if TYPE_CHECKING:
    from pathlib import Path

RENDERED_PX = 500


def sound(data: bytes | None, path: Path, password: str | None = None) -> bool:
    """Whether qpdf finds nothing to complain of in a file."""
    if data is not None:
        path.write_bytes(data)
    secret = [] if password is None else [f"--password={password}"]
    return subprocess.run(["qpdf", "--check", *secret, str(path)], capture_output=True, check=False).returncode == 0


def rendering(document: pypdfium2.PdfDocument, index: int) -> bytes:
    """Pixels of a page, its annotations among them."""
    page = document[index]
    bitmap = page.render(scale=min(1.0, RENDERED_PX / max(page.get_size())), may_draw_forms=False)
    return bytes(bitmap.buffer)


def compare(source: pypdfium2.PdfDocument, first: int, piece: bytes) -> list[str]:
    """Pages of a piece whose text or, for up to three of them, pixels differ from the source's."""
    wrong = []
    with pypdfium2.PdfDocument(piece) as made:
        for index in range(len(made)):
            texts = [
                document[number].get_textpage().get_text_bounded()
                for document, number in ((source, first - 1 + index), (made, index))
            ]
            if texts[0] != texts[1]:
                wrong.append(f"text of page {first + index}")
        wrong += [
            f"pixels of page {first + index}"
            for index in sorted({0, len(made) // 2, len(made) - 1})
            if rendering(source, first - 1 + index) != rendering(made, index)
        ]
    return wrong


def opened_by_pdfium(path: Path, password: str | None) -> pypdfium2.PdfDocument | None:
    """The document in PDFium, with any spelling of the password."""
    for form in (None, *(password_forms(password) if password is not None else ())):
        try:
            return pypdfium2.PdfDocument(path, password=None if form is None else form.decode("latin-1"))
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            continue
    return None


def trouble(entry: dict[str, Any], path: Path, work: Path) -> tuple[int, int, list[str]]:
    """Cut one file; return pages, pieces and what is wrong with them."""
    password = entry.get("user_password") or entry.get("owner_password")
    options = dataclasses.replace(OPTIONS, source_name=path.name, password=password)
    with path.open("rb") as file:
        parts = pieces(file, 3, options)
        prints = dict(page_fingerprints(file, password=password))
    wrong = []
    source = opened_by_pdfium(path, password)
    for first, piece, _ in parts:
        with pikepdf.open(io.BytesIO(piece)) as made:
            if any(target is None for _, target in jumps(made)):
                wrong.append(f"dangling link from {first} on")
            real = sum(isinstance(one, Dictionary) and one.get(Name.Type) == Name.Page for one in made.objects)
            if real != len(made.pages):
                wrong.append(f"pages that are in no page tree, from {first} on")
        found = {first - 1 + number: mark for number, mark in page_fingerprints(io.BytesIO(piece))}
        wrong += [f"fingerprint of page {number}" for number in found if found[number] != prints.pop(number, None)]
        if source is not None and entry["expected"] == "ok":
            wrong += compare(source, first, piece)
    if prints:
        wrong.append(f"missing pages {sorted(prints)}")
    copies = [(piece, work / f"{path.name}-{first}.pdf") for first, piece, _ in parts]
    with ThreadPoolExecutor(2) as pool:
        checked = list(pool.map(lambda copy: sound(*copy), copies))
    if not all(checked) and sound(None, path, password):
        wrong.append("qpdf complains of a piece, not of the source")
    if source is not None:
        source.close()
    return first - 1 + len(found), len(parts), wrong


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="NO QPDF: the pieces were not checked by it")
def test_pieces_of_real_documents_lose_nothing(
    labels: list[dict[str, Any]], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = pages = made = 0
    refused, wrong = [], {}
    for entry in share_of(labels):
        if not entry["path"].endswith(".pdf"):
            continue
        try:
            count, parts, trouble_found = trouble(entry, corpus / entry["path"], tmp_path)
        except ExtractionError:
            refused.append(entry)
            continue
        files, pages, made = files + 1, pages + count, made + parts
        if trouble_found:
            wrong[entry["path"]] = trouble_found
    with capsys.disabled():
        print(f"\n{files} files of {pages} pages in {made} pieces; {len(refused)} refused")
    assert wrong == {}
    assert [entry["path"] for entry in refused if entry["expected"] == "ok"] == []
    assert pages > (700 if EVERY == 1 else 50)
