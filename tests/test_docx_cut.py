"""Pieces of DOCX files: whole packages that open, with every block exactly once and its text unchanged."""

from __future__ import annotations

import hashlib
import io
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import docx_samples as samples
import pytest
from docx_pieces import (
    body_texts,
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
    rewritten,
    unit_texts,
    word_problems,
)

from extractors.base import Cutter
from extractors.docx.cutting.cutter import docx_cutter
from extractors.errors import ExtractionError, NoPages

SAMPLES = ("outline", "crossing", "controls", "loose", "sectioned", "long_table", "floating")
# python-docx refuses these as they are: tables without properties.
_NOT_FOR_PYTHON_DOCX = {"unstructured__tables-with-incomplete-rows.docx", "unstructured__teams_chat.docx"}


def readable(labels: list[dict[str, Any]], corpus: Path) -> list[Path]:
    return [
        corpus / label["path"] for label in labels if label["path"].startswith("docx/") and label["expected"] == "ok"
    ]


def test_every_readable_corpus_file_cut_at_random_places(corpus: Path, labels: list[dict[str, Any]]) -> None:
    chance = random.Random(3)
    files = readable(labels, corpus)
    assert len(files) == 47
    for path in files:
        data = path.read_bytes()
        source, plain, prints = unit_texts(data), body_texts(data), fingerprints(data)
        ends = sorted(chance.sample(range(1, len(source)), min(len(source) - 1, chance.choice((1, 2, 4)))))
        pieces = pieces_of(data, *ends)
        assert [text for piece in pieces for text in unit_texts(piece)] == source, path.name
        assert [found for piece in pieces for found in fingerprints(piece)] == prints, path.name
        # Content controls that are cut through stand in both pieces, so the plain walk compares the text as a whole.
        assert "".join(text for piece in pieces for text in body_texts(piece)) == "".join(plain), path.name
        for piece in pieces:
            assert problems(piece) == [], path.name
            assert word_problems(piece) == [], path.name
            if path.name not in _NOT_FOR_PYTHON_DOCX:
                opens(piece)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_range_of_a_document_full_of_traps(name: str) -> None:
    data: bytes = getattr(samples, name)()
    source, prints = unit_texts(data), fingerprints(data)
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        assert cutter.count == len(source) == len(prints)
        for first in range(1, cutter.count + 1):
            for last in range(first, cutter.count + 1):
                piece, _ = cut(cutter, first, last)
                assert problems(piece) + word_problems(piece) == []
                assert unit_texts(piece) == source[first - 1 : last]
                assert fingerprints(piece) == prints[first - 1 : last]


def test_the_cutter_has_the_shape_of_the_seam() -> None:
    with docx_cutter(io.BytesIO(samples.outline()), options()) as cutter:
        seam: Cutter = cutter
        assert seam is cutter


def test_the_same_call_writes_the_same_bytes_in_any_order() -> None:
    data = samples.crossing()
    with docx_cutter(io.BytesIO(data), options()) as one, docx_cutter(io.BytesIO(data), options()) as other:
        first = [cut(one, a, a + 3)[0] for a in (1, 5, 9)]
        second = [cut(other, a, a + 3)[0] for a in (9, 5, 1)]
    assert [hashlib.sha256(piece).digest() for piece in first] == [
        hashlib.sha256(piece).digest() for piece in second[::-1]
    ]


def test_a_piece_knows_what_it_is_a_piece_of() -> None:
    data = samples.outline()
    with docx_cutter(io.BytesIO(data), options(name="a\u202eb.docx")) as cutter:
        piece, _ = cut(cutter, 2, 5)
        single, _ = cut(cutter, 7, 7)
    assert "Blocks 2–5 of 28 of ab.docx" in entry(piece, "docProps/core.xml").decode()
    assert "Block 7 of 28 of ab.docx" in entry(single, "docProps/core.xml").decode()


def test_pictures_go_with_their_blocks() -> None:
    parts = {f"word/media/image{number}.png": samples.png(seed=number) for number in (1, 2, 3)}
    links = {f"rId{number}": ("image", f"media/image{number}.png", False) for number in (1, 2, 3)}
    blocks = [
        samples.p(samples.picture("rId1")),
        samples.p(samples.picture("rId2")),
        samples.p(samples.picture("rId1")),
    ]
    data = samples.make("".join(blocks) + samples.SECTION, dict(parts), links=links)
    media = [[name for name in names_in(piece) if "/media/" in name] for piece in pieces_of(data, 1, 2)]
    assert media == [["word/media/image1.png"], ["word/media/image2.png"], ["word/media/image1.png"]]


def test_five_hundred_pictures_make_pieces_no_larger_than_the_source() -> None:
    count = 500
    noise = random.Random(1)
    parts = {f"word/media/image{n}.png": noise.randbytes(20_000) for n in range(count)}
    links = {f"rId{n}": ("image", f"media/image{n}.png", False) for n in range(count)}
    blocks = "".join(samples.p(samples.picture(f"rId{n}", number=n + 1)) for n in range(count))
    data = samples.make(blocks + samples.SECTION, dict(parts), links=links)
    pieces = pieces_of(data, *range(25, count, 25))
    assert sum(map(len, pieces)) <= 1.02 * len(data)


def test_notes_and_comments_go_with_the_blocks_that_refer_to_them() -> None:
    first, middle, last = pieces_of(samples.crossing(), 5, 10)
    assert b"Note two" in entry(first, "word/footnotes.xml")
    assert b"Note three" not in entry(first, "word/footnotes.xml")
    assert "word/comments.xml" not in names_in(first)
    assert b"First remark" in entry(middle, "word/comments.xml")
    assert b"separator" in entry(middle, "word/footnotes.xml")
    # What nothing refers to goes with the end of the document.
    assert b"Orphan" in entry(last, "word/footnotes.xml")
    assert b"Lost remark" in entry(last, "word/comments.xml")
    assert b"Orphan" not in entry(first, "word/footnotes.xml")


def test_sections_keep_their_properties_and_headers() -> None:
    data = samples.sectioned()
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        inside, changes = cut(cutter, 4, 4)
        assert {"page-numbers-restart"} == {change.code for change in changes}
        third, _ = cut(cutter, 6, 7)
        ends_section, _ = cut(cutter, 1, 2)
    _, body = main_part(inside)
    assert b"rId_header1" in body
    assert b"rId_footer1" in body
    assert {"word/header1.xml", "word/media/image1.png"} <= set(names_in(inside))
    assert "word/header2.xml" not in names_in(inside)
    assert b'w:cols w:num="2"' in main_part(third)[1]
    assert "word/header2.xml" in names_in(third)
    # The paragraph that ends the section hands its properties to the body: no empty section follows.
    _, body = main_part(ends_section)
    assert body.count(b"<w:sectPr") == 1
    assert b"titlePg" in body.rpartition(b"</w:p>")[2]


def test_a_reference_to_another_piece_keeps_its_result_and_is_told() -> None:
    with docx_cutter(io.BytesIO(samples.crossing()), options()) as cutter:
        piece, changes = cut(cutter, 14, 14)
        told = {change.code: change for change in changes}
    assert told["links-to-other-pieces"].before == {"references": 2}
    assert told["links-to-other-pieces"].units == (14,)
    assert unit_texts(piece)[0].endswith("See First heading and Wide.")
    assert b"<w:fldChar" not in main_part(piece)[1]


def test_content_controls_cut_through_let_go_of_their_data() -> None:
    before, after = pieces_of(samples.controls(), 11)
    for piece in (before, after):
        assert b"<w:dataBinding" not in main_part(piece)[1].replace(b"<cut:", b"")
        assert b"<w15:dataBinding" not in main_part(piece)[1]
    whole = pieces_of(samples.controls())[0]
    assert b"<w:dataBinding" in main_part(whole)[1]


def test_marks_are_declared_only_where_there_are_some() -> None:
    whole = pieces_of(samples.crossing())[0]
    assert b"upload-preflight" not in main_part(whole)[1]
    part = pieces_of(samples.crossing(), 6)[1]
    assert b"upload-preflight" in main_part(part)[1]
    assert b'Ignorable="w14 w15 cut"' in main_part(part)[1]


def test_a_piece_can_be_cut_again() -> None:
    data = samples.outline()
    second = pieces_of(data, 4)[1]
    again = pieces_of(second, 6, 15)
    assert [text for piece in again for text in unit_texts(piece)] == unit_texts(data)[4:]
    assert [found for piece in again for found in fingerprints(piece)] == fingerprints(data)[4:]


def test_strict_documents_stay_strict(corpus: Path) -> None:
    pieces = pieces_of((corpus / "docx/openxmlsdk__Strict01.docx").read_bytes(), 60)
    for piece in pieces:
        _, body = main_part(piece)
        assert b"http://purl.oclc.org/ooxml/wordprocessingml/main" in body
        assert b"schemas.openxmlformats.org/wordprocessingml" not in body


def test_a_damaged_part_is_left_out_and_told(corpus: Path) -> None:
    name = "poi__clusterfuzz-testcase-minimized-POIXWPFFuzzer-6733884933668864.docx"
    with docx_cutter(io.BytesIO((corpus / "broken" / name).read_bytes()), options()) as cutter:
        piece, changes = cut(cutter, 1, cutter.count)
    assert "damaged-parts-dropped" in {change.code for change in changes}
    assert problems(piece) == []


def test_a_part_that_is_missing_is_not_referred_to() -> None:
    links = {"rId1": ("image", "media/gone.png", False)}
    data = samples.make(samples.p(samples.picture("rId1")) + samples.p("Text") + samples.SECTION, links=links)
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        piece, changes = cut(cutter, 1, 2)
    assert [(change.code, change.units) for change in changes] == [("missing-parts-dropped", (1,))]
    assert problems(piece) == []


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 29), (-1, -1)])
def test_blocks_that_are_not_there(first: int, last: int) -> None:
    with (
        docx_cutter(io.BytesIO(samples.outline()), options()) as cutter,
        pytest.raises(ExtractionError, match="the document has 28"),
    ):
        cutter.cut(first, last, io.BytesIO())


def test_a_document_without_blocks() -> None:
    with pytest.raises(NoPages), docx_cutter(io.BytesIO(samples.make(samples.SECTION)), options()):
        pass


def test_chunks_diagrams_and_charts_go_whole(corpus: Path) -> None:
    chunk = '<w:altChunk r:id="rIdChunk"/>'
    data = samples.make(
        samples.p("One") + chunk + samples.p("Two") + samples.SECTION,
        {"word/chunk.xml": "<html><body>Chunk</body></html>"},
        links={"rIdChunk": ("aFChunk", "chunk.xml", False)},
    )
    assert [("word/chunk.xml" in names_in(piece)) for piece in pieces_of(data, 1, 2)] == [False, True, False]
    data = (corpus / "docx/openxmlsdk__Complex01.docx").read_bytes()
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        found = {number: set(names_in(cut(cutter, number, number)[0])) for number in range(1, cutter.count + 1)}
    diagram = {number for number, names in found.items() if "word/diagrams/data1.xml" in names}
    assert len(diagram) == 1
    # Word's cached drawing of a diagram is named inside the diagram, by a relationship of the document.
    assert "word/diagrams/drawing1.xml" in found[diagram.pop()]
    chart = {number for number, names in found.items() if "word/charts/chart1.xml" in names}
    assert len(chart) == 1
    assert any(name.startswith("word/embeddings/") for name in found[chart.pop()])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_other_prefixes_and_encodings(encoding: str) -> None:
    plain = samples.make(
        samples.item("Énumération", 2) + samples.item("Deux", 2) + samples.SECTION,
        {"word/numbering.xml": samples.HEADINGS},
    )
    name, body = main_part(plain)
    odd = re.sub(r"(?<=[</ :])w:", "word:", body.decode()).replace("xmlns:w=", "xmlns:word=")
    data = rewritten(plain, {name: f'<?xml version="1.0" encoding="{encoding}"?>{odd}'.encode(encoding)})
    pieces = pieces_of(data, 1)
    assert [unit_texts(piece) for piece in pieces] == [["body|None|1) Énumération"], ["body|None|2) Deux"]]
    assert [problems(piece) for piece in pieces] == [[], []]
    assert unit_texts(joined(pieces)) == unit_texts(plain)


_CUT_TWENTY = """
import io, sys
from extractors.base import CutOptions
from extractors.docx.cutting.cutter import docx_cutter
with open(sys.argv[1], "rb") as file, docx_cutter(file, CutOptions(media_type="", source_name="x")) as cutter:
    for at in range(20):
        cutter.cut(cutter.count * at // 20 + 1, cutter.count * (at + 1) // 20, io.BytesIO())
status = open("/proc/self/status", encoding="ascii").read()
print(int(status.partition("VmHWM:")[2].split()[0]))
"""


def test_two_thousand_pages_need_little_memory(tmp_path: Path) -> None:
    words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et "
    runs = (
        samples.text(words, "<w:rPr><w:b/></w:rPr>")
        + samples.text(words)
        + samples.text(words, "<w:rPr><w:i/></w:rPr>")
    )
    noise = random.Random(2)
    blocks = "".join(samples.p(runs + samples.text(noise.randbytes(20).hex())) for _ in range(25_000))
    path = tmp_path / "long.docx"
    path.write_bytes(samples.make(blocks + samples.SECTION))
    done = subprocess.run([sys.executable, "-c", _CUT_TWENTY, str(path)], capture_output=True, check=True, text=True)
    assert int(done.stdout) < 120_000  # a tree of the whole body alone would need more
