"""Text formats as blocks: nothing lost, nothing cut inside a character, memory bounded."""

from __future__ import annotations

import io
import tracemalloc
import unicodedata
from typing import TYPE_CHECKING, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.base import ReadLimits, ReadOptions
from extractors.errors import NoPages, SafetyLimitExceeded, UnsupportedFormat
from extractors.facts import DocumentFacts, Role, TableFacts, UnitFacts, UnitText
from extractors.plain import PlainExtractor
from extractors.text.blocks import MAX_BLOCK_CHARS
from extractors.text.chop import begins_character, chop
from extractors.text.rows import find_delimiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer


def read(
    data: bytes | BinaryIO, kind: str = "plain", **options: object
) -> tuple[DocumentFacts, list[tuple[UnitFacts, UnitText]]]:
    units: list[tuple[UnitFacts, UnitText]] = []
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    chosen = ReadOptions(media_type=f"text/{kind}", **options)  # type: ignore[arg-type]
    facts = PlainExtractor().read(file, chosen, lambda unit, text: units.append((unit, text)))
    assert not file.closed
    return facts, units


def blocks(data: str | bytes, kind: str = "plain") -> list[tuple[str | None, str]]:
    _, units = read(data.encode() if isinstance(data, str) else data, kind)
    return [(unit.block, text.plain) for unit, text in units]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_paragraphs_at_blank_lines() -> None:
    facts, units = read(b"one\ntwo\n\n \t\nthree\r\n\r\nfour")
    assert [text.plain for _, text in units] == ["one\ntwo", "three", "four"]
    assert facts.unit_kind == "block"
    assert facts.unit_count == 3 == len(facts.units)
    assert facts.units == tuple(unit for unit, _ in units)
    assert [unit.number for unit in facts.units] == [1, 2, 3]
    assert [unit.native_chars for unit in facts.units] == [6, 5, 4]
    assert [unit.stored_bytes for unit in facts.units] == [9, 7, 6]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_encodings(codec: str) -> None:
    words = "Größe und Maß, «façade» und noch viele Wörter mehr"
    assert blocks(f"{words}\n\nzwei\n".encode(codec)) == [("paragraph", words), ("paragraph", "zwei")]


def test_bytes_that_do_not_fit_are_counted() -> None:
    facts, units = read(("Größe " * 100).encode() + b"\xff\xfe broken " + ("Maß " * 100).encode())
    (finding,) = facts.findings
    assert finding.code == "characters-lost"
    assert finding.message.startswith("2 characters could not be read as UTF-8")
    assert "Größe" in units[0][1].plain


def test_control_characters_and_bidi_stay_out_of_the_way() -> None:
    ((_, text),) = blocks(b"a\x1b[31mred\x08\x1a")
    assert text == "a[31mred"


def test_no_text_is_told() -> None:
    for data in (b" \n\n", b"<html><script>x</script>"):
        with pytest.raises(NoPages, match="no text"):
            read(data, "html" if b"<" in data else "plain")
    with pytest.raises(UnsupportedFormat, match="UTF-8"):
        read(b"\0\1\2\3")


def test_too_many_blocks() -> None:
    with pytest.raises(SafetyLimitExceeded, match="More than 3 blocks"):
        read(b"a\n\n" * 4, limits=ReadLimits(max_blocks=3))
    assert read(b"a\n\n" * 3, limits=ReadLimits(max_blocks=3))[0].unit_count == 3


def test_text_only_where_it_is_wanted() -> None:
    facts, units = read(b"# a\n\nb\n", "markdown", text=False)
    assert [text.parts for _, text in units] == [(), ()]
    assert facts.units[1].native_chars == 1
    assert facts.outline[0].title == "a"


MARKDOWN = """---
title: x
---
# One *two* [link](http://x) #
Text
goes on

Set
===

Sub `code`
---
- a
- b

| a | b |
|---|:-:|
| 1 | 2 |

```py
# no heading

code
```
~~~~
~~~
#not
~~~~
#hashtag is no heading
####### seven is none
## Last
"""


def test_markdown() -> None:
    facts, units = read(MARKDOWN.encode(), "markdown")
    assert [unit.block for unit, _ in units] == [
        "front-matter",
        "heading",
        "paragraph",
        "heading",
        "heading",
        "list",
        "table",
        "code",
        "code",
        "paragraph",
        "heading",
    ]
    assert [(entry.title, entry.level, entry.unit) for entry in facts.outline] == [
        ("One two link", 1, 2),
        ("Set", 1, 4),
        ("Sub code", 2, 5),
        ("Last", 2, 11),
    ]
    assert [unit.heading_level for unit, _ in units if unit.heading_level] == [1, 1, 2, 2]
    assert facts.units[6].table == TableFacts(rows=2, columns=2, header_rows=1)
    assert units[7][1].plain == "```py\n# no heading\n\ncode\n```"
    assert squeezed("".join(text.plain for _, text in units)) == squeezed(MARKDOWN)


def test_a_rule_at_the_beginning_is_no_front_matter() -> None:
    found = blocks("---\n\nText\n\nmore\n", "markdown")
    assert squeezed("".join(text for _, text in found)) == "---Textmore"
    assert "front-matter" not in [block for block, _ in found]


def test_code_is_kept_whole_and_a_long_table_repeats_its_header() -> None:
    code = "```\n" + "x = 1\n\n" * 2_000 + "```\n"
    assert [block for block, _ in blocks(code, "markdown")] == ["code"]
    table = "| a | b |\n|---|---|\n" + "".join(f"| {n} | {'x' * 50} |\n" for n in range(400))
    facts, units = read(table.encode(), "markdown")
    assert [unit.block for unit, _ in units] == ["table"] * facts.unit_count
    assert facts.unit_count > 1
    assert sum(unit.table.rows for unit in facts.units if unit.table) == 401
    assert [unit.table.header_rows for unit in facts.units if unit.table] == [1] + [0] * (facts.unit_count - 1)
    markdown = units[1][1].parts[0].markdown
    assert markdown is not None
    assert markdown.startswith("| a | b |\n|---|---|\n| ")
    assert squeezed("".join(text.plain for _, text in units)) == squeezed(table)


def test_endless_code_is_cut_at_lines_and_fenced_again() -> None:
    source = "```py\n" + "value = 1\n" * 20_000 + "```\n"
    _, units = read(source.encode(), "markdown")
    assert len(units) > 2
    lines = []
    for _, text in units:
        assert text.plain.startswith("```py\nvalue")
        assert text.plain.endswith("= 1\n```")
        lines += text.plain.splitlines()[1:-1]
    assert lines == ["value = 1"] * 20_000


def test_csv_blocks_remember_the_header() -> None:
    rows = ["name;note"] + [f'n{n};"line {n}\nmore|{n}"' for n in range(120)]
    facts, units = read("\n".join(rows).encode(), "csv")
    shapes = [unit.table for unit in facts.units]
    assert [(s.rows, s.columns, s.header_rows) for s in shapes if s] == [(51, 2, 1), (50, 2, 0), (20, 2, 0)]
    assert "\n".join(text.plain for _, text in units) == "\n".join(rows)
    markdown = units[1][1].parts[0].markdown
    assert markdown is not None
    assert markdown.splitlines()[:3] == ["| name | note |", "| --- | --- |", "| n50 | line 50 more\\|50 |"]
    assert (units[0][1].parts[0].text, units[0][1].parts[0].role) == ("name;note", Role.TABLE_HEADER)
    assert facts.shared_bytes == len("name;note\n")


def test_csv_without_header_and_with_short_rows() -> None:
    facts, units = read(b"1,2,3\n4,5,6\n7\n8,9,10\n11,12,13\n", "csv")
    assert facts.units[0].table == TableFacts(rows=5, columns=3, header_rows=0)
    markdown = units[0][1].parts[0].markdown
    assert markdown is not None
    assert markdown.splitlines()[0] == "|  |  |  |"
    assert markdown.splitlines()[4] == "| 7 |  |  |"


def test_csv_that_goes_wrong_is_read_as_it_stands() -> None:
    source = "a,b\n1,2\n3,4\n" + '"never closed\n' + "5,6\n" * 50_000
    facts, units = read(source.encode(), "csv")
    (finding,) = facts.findings
    assert finding.code == "csv-malformed"
    assert finding.message.startswith("1 line(s), the first in row 4,")
    assert squeezed("".join(text.plain for _, text in units)) == squeezed(source)
    assert {unit.table.columns for unit in facts.units if unit.table} == {2}, "rows after it are rows again"
    endless = "a,b\n1,2\n" + "x" * 300_000
    facts, units = read(endless.encode(), "csv")
    assert [finding.code for finding in facts.findings] == ["csv-malformed"]
    assert squeezed("".join(text.plain for _, text in units)) == squeezed(endless)
    assert max(len(text.plain) for _, text in units) < 20_000


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ("a,b\n1,2\n", "a,b"),
        (",a,b\n0,1,2\n", ",a,b"),
        ("\na,b\n1,2\n", None),
        ("Report,,\na,b,c\n", None),
        ("year,2019,2020\nx,1,2\n", None),
        ("sep=;\na;b\n1;2\n", "a;b"),
        ('"two\nlines",b\n1,2\n', '"two\nlines",b'),
    ],
)
def test_csv_headers(rows: str, header: str | None) -> None:
    _, units = read(rows.encode(), "csv")
    found = [part.text for part in units[0][1].parts if part.role is Role.TABLE_HEADER]
    assert found == ([header] if header else [])


@pytest.mark.parametrize(
    ("begin", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("sep=;\na,b;c\n", ";"),
        ("one\ntwo\nthree\n", ","),
        ("a,b", ","),
        (
            "version,name,release,end,late end\n1,Buzz,1996,1997\n2,Rex,1996\n3,Bo,1997,1998,1999\n4,Hamm,1998,2000\n",
            ",",
        ),
        ("Well, this\nis, as you see,\nno table, at all, is it\nbut prose\n", None),
        ("x" * 5000, None),
        ("", None),
    ],
)
def test_delimiters(begin: str, delimiter: str | None) -> None:
    assert find_delimiter(begin) == delimiter


HTML = """<!doctype html><html><head><title>T</title><style>p{}</style><script>var a = "<p>no</p>"</script></head>
<body><h1>The <b>title</b></h1><p>Hello&nbsp;&amp; <b>wo</b>rld<br>new
line<!-- no --><ul><li>one<li>two<ol><li>sub</ol></ul>
<pre>  code
   kept</pre>
<table><caption>Cap</caption><tr><th>A<th>B<tr><td>1<td colspan=2>2
<table><tr><td>in</td></tr></table></td></tr></table>
<img src="http://127.0.0.1:9/x.png" alt="A cat">after<noscript>no</noscript>
<input value="typed"><input type=hidden value=no>
<svg><title>no</title><text>drawn</text></svg><h2></h2><div>&lt;end&gt;</div>"""


def test_html_shows_what_a_reader_sees() -> None:
    facts, units = read(HTML.encode(), "html")
    shown = [(unit.block, text.plain) for unit, text in units]
    assert shown == [
        ("heading", "The title"),
        ("paragraph", "Hello\xa0& world\nnew line"),
        ("list-item", "one"),
        ("list-item", "two"),
        ("list-item", "sub"),
        ("code", "  code\n   kept"),
        ("paragraph", "Cap"),
        ("table", "A\tB\n1\t2 in"),
        ("paragraph", "A catafter typed"),
        ("paragraph", "drawn"),
        ("paragraph", "<end>"),
    ]
    assert [text.parts[-1].markdown for _, text in units] == [
        "# The title",
        None,
        "- one",
        "- two",
        "  1. sub",
        "```\n  code\n   kept\n```",
        None,
        "| A | B |\n| --- | --- |\n| 1 | 2 in |",
        None,
        None,
        None,
    ]
    assert facts.units[7].table == TableFacts(rows=2, columns=2, header_rows=1, nested=1, merged_cells=1)
    assert facts.units[8].image_count == 1
    assert [(entry.title, entry.level, entry.unit) for entry in facts.outline] == [("The title", 1, 1)]
    assert [finding.code for finding in facts.findings] == ["html-markup"]


def test_html_with_a_declared_encoding() -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><p>Привет</p></body></html>'
    assert blocks(page.encode("cp1251"), "html") == [("paragraph", "Привет")]


@pytest.mark.parametrize(
    "page",
    [
        "<p>" + "<div>" * 50_000 + "deep",
        "<table>" * 3_000 + "<tr><td>deep",
        "<!DOCTYPE html [<!ENTITY a 'bomb'>]><p>deep&a;",
        "<p>deep</p></body></html></div></table></p></ul>",
        "<p>deep<script>",
        "</script></style><p>deep",
    ],
)
def test_odd_html_is_read(page: str) -> None:
    assert "deep" in "".join(text for _, text in blocks(page, "html"))


def test_a_layout_table_is_text() -> None:
    page = "<table>" + "".join(f"<tr><td>Paragraph {n}</td></tr>" for n in range(3)) + "</table>"
    assert blocks(page, "html") == [("paragraph", "Paragraph 0\nParagraph 1\nParagraph 2")]


class Repeated(io.RawIOBase):
    """A large file that is never in memory."""

    def __init__(self, pattern: bytes, times: int) -> None:
        self._pattern = pattern
        self._size = len(pattern) * times
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        count = min(len(view), self._size - self._at)
        start = self._at % len(self._pattern)
        repeated = self._pattern * (count // len(self._pattern) + 2)
        view[:count] = repeated[start : start + count]
        self._at += count
        return count


def sinking(data: bytes, times: int, kind: str) -> tuple[DocumentFacts, int, int, int]:
    """Facts, longest block, characters in all, peak memory in MB of reading ``data`` ``times`` over."""
    longest = total = 0

    def sink(_: UnitFacts, text: UnitText) -> None:
        nonlocal longest, total
        longest = max(longest, len(text.plain))
        total += len(squeezed(text.plain))

    file = io.BufferedReader(Repeated(data, times))
    tracemalloc.start()
    facts = PlainExtractor().read(file, ReadOptions(media_type=f"text/{kind}"), sink)
    peak = tracemalloc.get_traced_memory()[1] // 1_000_000
    tracemalloc.stop()
    return facts, longest, total, peak


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (b"word " * 200, "plain"),
        ("漢字".encode() * 200, "plain"),
        (b"word " * 200, "markdown"),
        (b"some <b>bold</b> words " * 50, "html"),
        (b"<p>" + b"word " * 200 + b"</p>", "html"),
        (b"1,2,some words as a cell of a row has them\n" * 25, "csv"),
    ],
)
def test_a_large_file_needs_little_memory(pattern: bytes, kind: str) -> None:
    times = 3_000_000 // len(pattern)
    facts, longest, total, peak = sinking(pattern, times, kind)
    seen = pattern.decode().replace("<b>", "").replace("</b>", "").replace("<p>", "").replace("</p>", "")
    assert total == len(squeezed(seen)) * times
    assert longest <= MAX_BLOCK_CHARS
    assert facts.unit_count >= total // MAX_BLOCK_CHARS
    assert peak < 12, f"{peak} MB"


def test_a_hundred_megabytes_without_a_line_end() -> None:
    facts, longest, total, peak = sinking(b"0123456789" * 1000, 10_000, "plain")
    assert (total, longest, facts.unit_count) == (100_000_000, MAX_BLOCK_CHARS, 12_500)
    assert peak < 12


SNIPPETS = [
    "a word\n",
    "# ",
    "## x #\n",
    "```\n",
    "~~~",
    "---\n",
    "===\n",
    "- ",
    "1. ",
    "> ",
    "\n",
    "\n\n",
    "   ",
    "\t",
    "a;b;c\n",
    "1,2\n",
    '"',
    'x""y',
    "\r\n",
    "*",
    "<b>",
    "&amp;",
    "\x0c",
    "\ufffd",
    "e\u0301",
    "\U0001f468\u200d\U0001f469",
    "\U0001f1e9\U0001f1ea",
    "\u1100\u1161\u11a8",
    "\u6f22\u5b57",
    "\\",
    "[l](u)\n",
    "|",
    "| a | b |\n",
    "|---|---|\n",
    "word " * 60,
]
texts = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=60).map("".join)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_markdown_and_csv_keep_every_character(text: str) -> None:
    data = text.encode()
    for kind in ("plain", "markdown", "csv"):
        found = "".join(part for _, part in _blocks_or_none(data, kind))
        assert squeezed(found) == squeezed(text.replace("\x0c", "\n"))


def _blocks_or_none(data: bytes, kind: str) -> Iterator[tuple[str | None, str]]:
    try:
        yield from blocks(data, kind)
    except NoPages:
        return


@given(st.text(min_size=1, max_size=300), st.integers(1, 40))
def test_chop_cuts_between_characters(text: str, limit: int) -> None:
    at = chop(text, limit)
    assert 1 <= at <= max(limit, 1)
    if at < len(text) and any(begins_character(text, place) for place in range(1, min(limit, len(text) - 1) + 1)):
        assert begins_character(text, at)
        assert unicodedata.category(text[at])[0] != "M"


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1e9\U0001f1ea",
        "\u1100\u1161\u11a8",
        "क्ष",
        "👍🏽",
        "ﾊﾞ",
    ],
)
def test_what_is_one_character_to_a_reader_stays_whole(cluster: str) -> None:
    for before in range(8):
        text = "x" * before + cluster * 3
        at = chop(text, before + len(cluster) + 1)
        assert at == before + len(cluster)


def test_chop_prefers_line_ends_then_spaces() -> None:
    assert chop("aaaa bbb\nccc ddd eee", 14) == 9
    assert chop("aaaa bbb ccc ddd eee", 14) == 13
    assert chop("a " + "b" * 30, 14) == 14, "a space near the beginning makes too small a piece"
    assert chop("short", 14) == 5
