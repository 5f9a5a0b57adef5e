"""Tables: shape, text, Markdown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from docx_maker import docx, p, r, read, rich, texts

from extractors.errors import SafetyLimitExceeded
from extractors.facts import TableFacts, UnitFacts


def tc(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def tr(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def tbl(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


SPAN = '<w:gridSpan w:val="{}"/>'


def shape(unit: UnitFacts) -> TableFacts:
    assert unit.table is not None
    return replace(unit.table, chars=0, header_chars=0, longest_row_chars=0)


def test_plain_tables() -> None:
    data = docx(tbl(tr(tc("a"), tc("b|c")), tr(tc("d"), tc("e")), tr(tc(""), tc(""))))
    assert texts(data) == ["a\tb|c\nd\te\n"]
    assert rich(data) == ["| a | b\\|c |\n| --- | --- |\n| d | e |\n|  |  |"]


def test_shape_with_merged_cells_headers_and_offsets() -> None:
    data = docx(
        tbl(
            tr(tc("head", SPAN.format(2)), tc("x", '<w:vMerge w:val="restart"/>'), properties="<w:tblHeader/>"),
            tr(tc("a"), tc("b"), tc("", "<w:vMerge/>")),
            tr(tc("z"), properties='<w:gridBefore w:val="1"/><w:gridAfter w:val="1"/>'),
        )
    )
    facts = read(data)[1][0][0]
    assert shape(facts) == TableFacts(rows=3, columns=3, header_rows=1, nested=0, merged_cells=2)
    assert facts.table is not None
    assert (facts.table.chars, facts.table.header_chars, facts.table.longest_row_chars) == (8, 5, 2)
    assert facts.block == "table"
    assert rich(data) == ["| head |  | x |\n| --- | --- | --- |\n| a | b |  |\n|  | z |  |"]


def test_nested_tables_are_flattened_and_counted() -> None:
    inner = f"<w:tc>{p('before')}{tbl(tr(tc('1'), tc('2')), tr(tc('3'), tc('4')))}{p('after')}</w:tc>"
    data = docx(tbl(tr(tc("a"), inner)))
    facts = read(data)[0]
    assert rich(data) == ["| a | before<br>1 · 2<br>3 · 4<br>after |\n| --- | --- |"]
    assert shape(facts.units[0]) == TableFacts(rows=1, columns=2, nested=1)
    assert facts.docx is not None
    assert (facts.docx.tables, facts.docx.nested_tables) == (2, 1)


def test_a_table_of_one_cell_is_a_frame_around_text() -> None:
    inner = f"<w:tc>{p('note')}{tbl(tr(tc('1'), tc('2')))}{p('')}</w:tc>"
    data = docx(tbl(tr(inner)))
    assert rich(data) == ["note\n\n| 1 | 2 |\n| --- | --- |"]
    assert shape(read(data)[0].units[0]) == TableFacts(rows=1, columns=1, nested=1)


def test_line_breaks_lists_and_looks_inside_cells() -> None:
    cell = f"<w:tc><w:p>{r('one')}<w:r><w:br/></w:r>{r('two', '<w:b/>')}</w:p></w:tc>"
    data = docx(tbl(tr(cell, tc("x"))))
    assert texts(data) == ["one two\tx"]
    assert rich(data) == ["| one<br>**two** | x |\n| --- | --- |"]


def test_rows_and_cells_in_content_controls_are_found() -> None:
    wrapped_row = f"<w:sdt><w:sdtPr/><w:sdtContent>{tr(tc('a'), tc('b'))}</w:sdtContent></w:sdt>"
    wrapped_cell = f"<w:sdt><w:sdtPr/><w:sdtContent>{tc('d')}</w:sdtContent></w:sdt>"
    assert texts(docx(tbl(wrapped_row, tr(tc("c"), wrapped_cell)))) == ["a\tb\nc\td"]


def test_hidden_rows_are_left_out() -> None:
    data = docx(tbl(tr(tc("a"), tc("b")), tr(tc("secret"), tc("secret"), properties="<w:hidden/>")))
    assert texts(data) == ["a\tb"]
    assert "hidden-text" in {finding.code for finding in read(data)[0].findings}


@pytest.mark.parametrize("properties", [SPAN.format(50_000_000), SPAN.format(1001)])
def test_spans_wider_than_any_table_are_refused(properties: str) -> None:
    with pytest.raises(SafetyLimitExceeded, match="columns wide") as caught:
        read(docx(p("before") + tbl(tr(tc("a", properties)))))
    assert caught.value.unit == 2


def test_rows_too_wide_in_sum_are_refused() -> None:
    with pytest.raises(SafetyLimitExceeded, match="columns wide"):
        read(docx(tbl(tr(*(tc("a", SPAN.format(1000)) for _ in range(20))))))


def test_a_long_table_is_read_row_by_row_with_the_same_result() -> None:
    rows = [tr(tc(f"r{number}"), tc("x" * 50), tc(str(number))) for number in range(2_000)]
    data = docx(p("before") + tbl(*rows) + p("after"))
    facts, units = read(data)
    assert [unit.block for unit in facts.units] == ["paragraph", "table", "paragraph"]
    assert shape(facts.units[1]) == TableFacts(rows=2_000, columns=3)
    lines = units[1][1].plain.split("\n")
    assert lines == [f"r{number}\t{'x' * 50}\t{number}" for number in range(2_000)]
    main = sum(unit.stored_bytes for unit in facts.units)
    assert facts.units[1].stored_bytes > 0.95 * main
