"""Content that a damaged or truncated PDF does not hold any more is told, never passed off as a blank page."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from made_pages import drawn, paste, photo, prose, read
from pages import saved
from pikepdf import Name

from extractors.errors import DamagedDocument
from extractors.facts import DocumentFacts, UnitKind

TEXT, BLANK, UNREADABLE = UnitKind.TEXT, UnitKind.BLANK, UnitKind.UNREADABLE


def told(facts: DocumentFacts) -> dict[str, tuple[int, ...]]:
    return {finding.code: finding.units for finding in facts.findings}


def three_pages() -> bytes:
    return drawn(prose, lambda sheet: prose(sheet, lines=30), lambda _sheet: None)


def content_of(data: bytes, page: int) -> tuple[int, int]:
    """Where the stored content of a page begins and ends in the file."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        raw = pdf.pages[page].obj.Contents.read_raw_bytes()
    start = data.index(raw)
    return start, start + len(raw)


def overwritten(data: bytes, start: int, end: int) -> bytes:
    return data[:start] + bytes(end - start) + data[end:]


def test_content_that_is_not_there_makes_a_page_unreadable() -> None:
    data = three_pages()
    start, _ = content_of(data, 1)
    header = data.rindex(b" obj", 0, start)
    gone = data[: header - 4] + b"%%%%" + data[header:]

    facts, handed = read(gone)

    assert [unit.kind for unit in facts.units] == [TEXT, UNREADABLE, BLANK]
    assert told(facts)["content-lost"] == (2,)
    assert "content-lost" in facts.units[1].reasons
    assert handed[0][1].plain.startswith("Anyone who has waited")


def test_content_broken_from_its_start_makes_a_page_unreadable() -> None:
    data = three_pages()
    start, end = content_of(data, 1)

    facts, _ = read(overwritten(data, start, end))

    assert [unit.kind for unit in facts.units] == [TEXT, UNREADABLE, BLANK]
    assert told(facts) == {"content-lost": (2,)}


def test_content_broken_later_keeps_what_is_left_and_says_so() -> None:
    data = three_pages()
    start, end = content_of(data, 0)

    facts, handed = read(overwritten(data, start + (end - start) // 2, end))

    assert facts.units[0].kind is TEXT
    assert told(facts) == {"content-damaged": (1,)}
    assert handed[0][1].plain.startswith("Anyone who has waited")


def test_a_picture_that_is_gone_makes_its_page_unreadable() -> None:
    data = drawn(lambda sheet: paste(sheet, photo()))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        (name,) = pdf.pages[0].Resources.XObject.keys()
        data = saved(pdf)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        number = pdf.pages[0].Resources.XObject[name].objgen[0]
    gone = data.replace(b"\n%d 0 obj" % number, b"\n99 0 obj")

    facts, _ = read(gone)

    assert [unit.kind for unit in facts.units] == [UNREADABLE]
    assert told(facts)["content-lost"] == (1,)


@pytest.mark.parametrize("form", ["none", "empty", "array"])
def test_pages_without_content_are_blank(form: str) -> None:
    with pikepdf.open(io.BytesIO(three_pages())) as pdf:
        page = pdf.pages[2].obj
        if form == "none":
            del page[Name.Contents]
        elif form == "empty":
            page.Contents = pikepdf.Stream(pdf, b"")
        elif form == "array":
            page.Contents = pikepdf.Array([])
        data = saved(pdf)

    facts, _ = read(data)

    assert facts.units[2].kind is BLANK
    assert not facts.findings


def test_content_over_the_limit_is_told_without_unpacking_it() -> None:
    with pikepdf.open(io.BytesIO(three_pages())) as pdf:
        pdf.pages[1].obj.Contents = pikepdf.Stream(pdf, b" " * 80_000_000)
        data = saved(pdf)

    facts, _ = read(data)

    assert [unit.kind for unit in facts.units] == [TEXT, UNREADABLE, BLANK]
    assert told(facts) == {"content-too-large": (2,)}


def test_text_that_pdfium_alone_does_not_find_is_read_by_way_of_qpdf(corpus: Path) -> None:
    facts, handed = read((corpus / "broken/opf__T04_006_premature-EOF.pdf").read_bytes())

    assert handed[0][1].plain == "Hello PDF-world!"
    assert "repaired" in told(facts)


TRUNCATED = ("samples/report.pdf", "pdf/pdf2json__F1040.pdf", "pdf/docling__redp5110_sampled.pdf")
TRUNCATED_SCANS = ("pdf/ocrmypdf__cardinal.pdf", "pdf/docsplit__corrosion.pdf", "pdf/ocrmypdf__3small.pdf")


@pytest.mark.parametrize("name", [*TRUNCATED, *TRUNCATED_SCANS])
def test_no_page_of_a_truncated_file_becomes_blank(name: str, corpus: Path, samples: Path) -> None:
    """Pages of the whole file by their text: one that is blank there may be blank, others are told to be lost."""
    path = samples.parent / name if name.startswith("samples") else corpus / name
    data = path.read_bytes()
    whole, _ = read(data, text=False)
    honest = sum(unit.kind is BLANK for unit in whole.units)
    for share in (0.08, 0.3, 0.55, 0.8, 0.96, 0.999):
        try:
            facts, _ = read(data[: int(len(data) * share)], text=False)
        except DamagedDocument:
            continue
        kinds = [unit.kind for unit in facts.units]
        findings = told(facts)
        assert kinds.count(BLANK) <= honest
        assert kinds.count(UNREADABLE) == len(findings.get("content-lost", ())) + len(
            findings.get("page-not-loaded", ())
        )
        assert "cut-short" in findings
