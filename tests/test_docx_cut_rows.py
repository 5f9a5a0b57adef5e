"""One table over several pieces, by rows."""

from __future__ import annotations

import io

import docx_samples as samples
import pytest
from docx_pieces import (
    cut,
    entry,
    fingerprints,
    joined,
    main_part,
    opens,
    options,
    pieces_of,
    problems,
    rewritten,
    unit_texts,
    word_problems,
)

from extractors.base import ReadLimits
from extractors.docx.cutting.cutter import DocxCutter, docx_cutter
from extractors.docx.cutting.fingerprint import row_fingerprints
from extractors.errors import ExtractionError


def rows_of(cutter: DocxCutter, unit: int, *ends: int) -> list[bytes]:
    pieces = []
    starts = [1, *(end + 1 for end in ends)]
    for first, last in zip(starts, [*ends, cutter.table(unit).rows], strict=True):
        out = io.BytesIO()
        changes = cutter.cut_rows(unit, first, last, out)
        assert "table-split" in {change.code for change in changes}
        pieces.append(out.getvalue())
    return pieces


@pytest.mark.parametrize("ends", [(4,), (1, 2), (2, 7), (3, 8, 9), (5, 6, 10, 11)])
def test_every_row_once_below_its_headers(ends: tuple[int, ...]) -> None:
    data = samples.long_table()
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        assert cutter.table(2).header_rows == 2
        pieces = rows_of(cutter, 2, *ends)
        source = dict(row_fingerprints(io.BytesIO(data), ReadLimits(), 2))
        found: dict[int, str] = {}
        for piece, first in zip(pieces, (1, *(end + 1 for end in ends)), strict=True):
            assert problems(piece) + word_problems(piece) == []
            opens(piece)
            lines = unit_texts(piece)[0].partition("\nfootnote|")[0].split("|")[2].split("\n")
            assert lines[0] == "Head\tColumn 1\tCell 1"
            if first > 1:
                assert lines[1].startswith("Head\tColumn 2\tCell 2")
            found.update(row_fingerprints(io.BytesIO(piece), ReadLimits(), 1, piece=True))
        assert found == source
        together = joined([cut(cutter, 1, 1)[0], *pieces, cut(cutter, 3, 3)[0]])
    assert fingerprints(together) == fingerprints(data)
    assert main_part(together)[1] == main_part(pieces_of(data)[0])[1]


def test_a_cell_merged_over_the_cut_ends_and_begins_anew() -> None:
    with docx_cutter(io.BytesIO(samples.long_table()), options()) as cutter:
        piece = rows_of(cutter, 2, 5)[1]
    _, body = main_part(piece)
    rows = body.split(b"<w:tr>")[1:]
    assert b'<w:vMerge cut:was="" w:val="restart"/>' in rows[2] or b'w:val="restart"' in rows[2]
    assert b"vMerge/>" in rows[3]


def test_notes_of_repeated_headers_are_not_repeated() -> None:
    with docx_cutter(io.BytesIO(samples.long_table()), options()) as cutter:
        before, after = rows_of(cutter, 2, 6)
    assert b"In the header" in entry(before, "word/footnotes.xml")
    assert b"In the header" not in entry(after, "word/footnotes.xml")
    assert b'<w:numStart w:val="3"' in main_part(after)[1]


def test_only_tables_have_rows() -> None:
    with docx_cutter(io.BytesIO(samples.long_table()), options()) as cutter:
        assert cutter.table(1).rows == 0
        with pytest.raises(ExtractionError, match="no table"):
            cutter.cut_rows(1, 1, 1, io.BytesIO())
        with pytest.raises(ExtractionError, match="a table of 12 rows"):
            cutter.cut_rows(2, 5, 13, io.BytesIO())
    with pytest.raises(ExtractionError, match="no table"):
        list(row_fingerprints(io.BytesIO(samples.long_table()), ReadLimits(), 1))


def test_a_table_alone_in_a_content_control_can_be_cut() -> None:
    with docx_cutter(io.BytesIO(samples.controls()), options()) as cutter:
        pieces = rows_of(cutter, 13, 1)
    assert [unit_texts(piece) for piece in pieces] == [["body|None|a\tb"], ["body|None|c\td"]]


@pytest.mark.parametrize("around", [("", ""), ("<w:p/>", ""), ("", "<w:p/>"), ("<w:p/>", "<w:p/>")])
def test_rows_in_a_content_control_are_one_table_again(around: tuple[str, str]) -> None:
    before, after = around
    name, main = main_part(samples.long_table())
    wrapped = main.replace(b"<w:tbl>", f"<w:sdt><w:sdtPr/><w:sdtContent>{before}<w:tbl>".encode())
    wrapped = wrapped.replace(b"</w:tbl>", f"</w:tbl>{after}</w:sdtContent></w:sdt>".encode())
    data = rewritten(samples.long_table(), {name: wrapped})
    unit = 3 if before else 2
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        pieces = [cut(cutter, 1, unit - 1)[0], *rows_of(cutter, unit, 4, 7), cut(cutter, unit + 1, cutter.count)[0]]
    together = joined(pieces)
    assert fingerprints(together) == fingerprints(data)
    assert main_part(together)[1] == main_part(pieces_of(data)[0])[1]
