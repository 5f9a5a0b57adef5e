"""Pieces put together again give the document they were cut from."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import docx_samples as samples
import pytest
from docx_pieces import (
    DOCX,
    cut,
    entry,
    fingerprints,
    joined,
    main_part,
    names_in,
    opens,
    options,
    pieces_of,
    problems,
    unit_texts,
    word_problems,
)
from lxml import etree
from PIL import Image

from extractors.base import ReadOptions, ShrinkStep
from extractors.docx.cutting.cutter import docx_cutter
from extractors.docx.cutting.join import join_docx
from extractors.docx.reader import DocxExtractor
from extractors.errors import ExtractionError, NotADocx


def everything(data: bytes) -> list[list[tuple[str, str | None, str]]]:
    """Return all a reader reads, headers and footers included."""
    found: list[list[tuple[str, str | None, str]]] = []
    DocxExtractor().read(
        io.BytesIO(data),
        ReadOptions(media_type=DOCX),
        lambda _facts, text: found.append([(part.role, part.label, part.text) for part in text.parts]),
    )
    return found


def test_every_corpus_file_comes_back_whole(corpus: Path, labels: list[dict[str, Any]]) -> None:
    chance = random.Random(5)
    for label in labels:
        if not label["path"].startswith("docx/") or label["expected"] != "ok":
            continue
        data = (corpus / label["path"]).read_bytes()
        prints = fingerprints(data)
        ends = sorted(chance.sample(range(1, len(prints)), min(len(prints) - 1, 3)))
        together = joined(pieces_of(data, *ends))
        assert problems(together) == [], label["path"]
        assert fingerprints(together) == prints, label["path"]
        assert everything(together) == everything(data), label["path"]


@pytest.mark.parametrize("name", ["outline", "crossing", "controls", "sectioned", "long_table", "floating"])
def test_the_body_comes_back_to_the_letter(name: str) -> None:
    data: bytes = getattr(samples, name)()
    count = len(unit_texts(data))
    whole = main_part(pieces_of(data)[0])[1]
    chance = random.Random(7)
    for _ in range(12):
        ends = sorted(chance.sample(range(1, count), min(count - 1, chance.randint(1, 4))))
        together = joined(pieces_of(data, *ends))
        assert canonical(main_part(together)[1]) == canonical(whole), ends
        assert problems(together) + word_problems(together) == []
    opens(together)


def canonical(xml: bytes) -> bytes:
    return etree.tostring(etree.fromstring(xml), method="c14n")


def test_notes_comments_and_properties_come_back_once() -> None:
    data = samples.crossing()
    together = joined(pieces_of(data, 3, 6, 9, 17))
    for part in ("word/footnotes.xml", "word/endnotes.xml", "word/comments.xml", "word/settings.xml"):
        found, wanted = etree.fromstring(entry(together, part)), etree.fromstring(entry(data, part))
        assert sorted(map(etree.tostring, found), key=bytes) == sorted(map(etree.tostring, wanted), key=bytes), part
    assert b"Blocks" not in entry(together, "docProps/core.xml")
    assert len(names_in(together)) == len(set(names_in(together)))


def test_no_marks_are_left() -> None:
    together = joined(pieces_of(samples.outline(), 5, 12, 20))
    for name in names_in(together):
        assert b"upload-preflight:cut" not in entry(together, name)
    assert entry(together, "word/numbering.xml").count(b"<w:num ") == samples.HEADINGS.count("<w:num ")


def test_the_same_pieces_give_the_same_bytes() -> None:
    pieces = pieces_of(samples.crossing(), 6, 12)
    assert joined(pieces) == joined(pieces)


def test_one_piece_comes_back_as_it_is() -> None:
    data = samples.sectioned()
    assert fingerprints(joined(pieces_of(data))) == fingerprints(data)


def test_pictures_that_differ_under_one_name_are_both_kept() -> None:
    noise = random.Random(1)
    out = io.BytesIO()
    Image.frombytes("RGB", (300, 300), noise.randbytes(270_000)).save(out, "JPEG", quality=95)
    links = {"rId1": ("image", "media/image1.jpg", False)}
    blocks = samples.p(samples.picture("rId1")) + samples.p(samples.picture("rId1"))
    data = samples.make(blocks + samples.SECTION, {"word/media/image1.jpg": out.getvalue()}, links=links)
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        plain, _ = cut(cutter, 1, 1)
        small = io.BytesIO()
        cutter.cut(2, 2, small, shrink=ShrinkStep(dpi=100, jpeg_quality=40))
    together = joined([plain, small.getvalue()])
    assert problems(together) == []
    media = sorted(name for name in names_in(together) if "/media/" in name)
    assert media == ["word/media/image1-2.jpg", "word/media/image1.jpg"]
    assert fingerprints(together)[0] == fingerprints(data)[0]


def test_nothing_to_join() -> None:
    with pytest.raises(ExtractionError, match="nothing to join"):
        join_docx([], io.BytesIO())
    with pytest.raises(NotADocx):
        join_docx([io.BytesIO(b"no document")], io.BytesIO())
