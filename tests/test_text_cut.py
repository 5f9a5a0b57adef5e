"""Cutting text: any pieces hold each block once and read as in the whole, and joining gives the very bytes back."""

from __future__ import annotations

import io
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.base import Change, CutOptions, Cuttable, Fingerprinting, Joinable, ReadOptions
from extractors.errors import NoPages, UnsupportedFormat
from extractors.facts import UnitFacts, UnitText
from extractors.plain import PlainExtractor
from extractors.registry import extractor_for
from preflight.fingerprints import unit_print

KINDS = ("plain", "markdown", "csv", "html")
Unit = tuple[UnitFacts, UnitText]


def extractor(kind: str) -> PlainExtractor:
    found = extractor_for(f"text/{kind}")
    assert isinstance(found, PlainExtractor)
    return found


def read(data: bytes, kind: str) -> list[Unit]:
    units: list[Unit] = []
    extractor(kind).read(
        io.BytesIO(data), ReadOptions(media_type=f"text/{kind}"), lambda facts, text: units.append((facts, text))
    )
    return units


def prints(data: bytes, kind: str) -> list[str]:
    found = list(extractor(kind).fingerprints(io.BytesIO(data), ReadOptions(media_type=f"text/{kind}")))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [value for _, value in found]


def cut(
    data: bytes, kind: str, ranges: list[tuple[int, int]], **options: str
) -> list[tuple[bytes, tuple[Change, ...]]]:
    chosen = CutOptions(media_type=f"text/{kind}", source_name="x", **options)  # type: ignore[arg-type]
    found = []
    with extractor(kind).cutter(io.BytesIO(data), chosen) as cutter:
        for first, last in ranges:
            out = io.BytesIO()
            changes = cutter.cut(first, last, out)
            again = io.BytesIO()
            assert cutter.cut(first, last, again) == changes
            assert again.getvalue() == out.getvalue(), "same call, same bytes"
            found.append((out.getvalue(), changes))
    return found


def join(pieces: list[bytes], kind: str) -> bytes:
    out = io.BytesIO()
    extractor(kind).join([io.BytesIO(piece) for piece in pieces], out)
    return out.getvalue()


def ranges_of(count: int, after: set[int]) -> list[tuple[int, int]]:
    edges = [0, *sorted(number for number in after if number < count), count]
    return [(start + 1, end) for start, end in itertools.pairwise(edges)]


def check(data: bytes, kind: str, after: set[int] | None = None, *, exact: bool = True) -> list[bytes]:
    """Cut after the given blocks (after each, when not told) and hold pieces and whole against each other."""
    units = read(data, kind)
    source = prints(data, kind)
    assert len(source) == len(units)
    ranges = ranges_of(len(units), set(range(1, len(units))) if after is None else after)
    pieces = [piece for piece, _ in cut(data, kind, ranges)]
    for (first, last), piece in zip(ranges, pieces, strict=True):
        found = read(piece, kind)
        wanted = units[first - 1 : last]
        assert [text.parts[-1].text for _, text in found if text.parts] == [
            text.parts[-1].text for _, text in wanted if text.parts
        ], (first, last, piece)
        assert len(found) == len(wanted)
        assert [unit_print(text) for _, text in found] == [unit_print(text) for _, text in wanted], (first, last)
        assert prints(piece, kind) == source[first - 1 : last], (first, last, piece)
    whole = cut(data, kind, [(1, len(units))])[0][0] if kind == "html" else data
    if exact:
        assert join(pieces, kind) == whole
    assert prints(join(pieces, kind), kind) == source
    return pieces


def test_the_seams_are_there() -> None:
    for kind in KINDS:
        found = extractor(kind)
        assert isinstance(found, Cuttable)
        assert isinstance(found, Fingerprinting)
        assert isinstance(found, Joinable)
        assert found.media_type == f"text/{kind}"


CHARACTERS = [
    "e\u0301",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\u1100\u1161\u11a8",
    "क्ष",
    "漢字",
]
LONG = [
    "word " * 900,
    "x" * 9_000,
    "漢" * 5_000,
    "e\u0301" * 4_500,
    "\U0001f468\u200d\U0001f469 " * 1_500,
    "a\tb " * 2_100,
]
PLAIN = [
    "a word\n",
    "\n",
    "\n\n",
    "   \n",
    "\t",
    "\x0c\n",
    "\x01\n",
    "\ufeff",
    "---\n",
    "\r\n",
    "\r",
    "…",
    *CHARACTERS,
    *LONG,
]
MARKDOWN = [
    "# One\n",
    "## Two #\n",
    "Set\n===\n",
    "Sub\n---\n",
    "---\n",
    "- a\n",
    "1. b\n",
    "> q\n",
    "text goes on\n",
    "\n",
    "\n",
    "    code\n",
    "```\n",
    "```py\n",
    "~~~~\n",
    "```` \n",
    "| a | b |\n|---|---|\n",
    "| 1 | 2 |\n",
    "| 1 | 2 |\n" * 900,
    "---|---\n",
    "[x]: http://a\n",
    "see [x][] and [y]\n",
    "value = 1\n" * 9_000,
    "```\n" + "line\n\n" * 12_000,
    "<b>\n",
    "...\n",
    "===\n",
    "+++\n",
    "a|b\n",
    "\x02\n",
    *CHARACTERS,
    *LONG,
]
CSV = [
    "name,note\n",
    ",a,b\n",
    "1,2\n",
    "1,2,3\n",
    "x,y\n",
    "sep=;\n",
    "a;b\n",
    "1;2\n",
    "\n",
    "\n",
    "  \n",
    '"q\nq",2\n',
    '"open,1\n',
    'a"b,2\n',
    '"",""""\n',
    "one\n",
    "1,2\n" * 60,
    "x,y\n" * 60,
    '"n\n1",3\n' * 60,
    "x;y\n" * 70,
    f"{'w' * 300},1\n" * 40,
    "\r\n",
    "漢,字\n",
    "1,2,3,4\n",
    "\x02,\n",
    ",\n" * 60,
    "word " * 15_000,
    "word " * 2_000 + "\n",
]
HTML = [
    "<p>",
    "</p>",
    "<div class=a>",
    "</div>",
    "text goes on ",
    "wo<b>rd</b>",
    "<br>",
    "<h1>Title</h1>",
    "<h2>",
    "</h2>",
    "<ul>",
    "</ul>",
    '<ol start="4">',
    "<ol>",
    "</ol>",
    "<li>",
    "<li value=9>",
    "</li>",
    "<pre>",
    "  raw\n\n  text</pre>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "<th>",
    "</tr>",
    "<thead>",
    "<tbody>",
    "<caption>cap",
    "</caption>",
    "<tr><th>A<th>B</tr>",
    "<tr><td>1<td>2</tr>",
    "<tr><td>1</td><td>2</td></tr>" * 60,
    "<img src=x alt='a cat'>",
    "<img>",
    "<b>",
    "</b>",
    "<a href=http://x>",
    "</a>",
    "&amp;&lt;&nbsp;",
    "<!-- c -->",
    "<script>var a='<p>';</script>",
    "<wbr>",
    "<noscript><p>no</noscript>",
    "<input value=typed>",
    "<input type=hidden value=n>",
    "<select><option>o</select>",
    "<textarea>\nt</textarea>",
    "<svg><text>drawn</text></svg>",
    "<hr>",
    "<p onclick=x()>",
    "<td>" + "cell " * 2_500,
    "<object><p>o</object>",
    "<form>",
    "<span>",
    "</span>",
    "<dl><dt>t<dd>d</dl>",
    "</body></html>",
    "<style>p{}</style>",
    "<center>",
    "<title>late</title>",
    "<iframe src=x>i</iframe>",
    "<font>",
    "\n",
    "  ",
    *CHARACTERS,
    *LONG,
]
CODECS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]


def documents(snippets: list[str]) -> st.SearchStrategy[tuple[str, set[int]]]:
    text = st.lists(st.sampled_from(snippets), min_size=1, max_size=30).map("".join)
    return st.tuples(text, st.sets(st.integers(1, 40)))


def readable(text: str, codec: str, kind: str) -> bytes | None:
    data = text.encode(codec, "replace")
    try:
        read(data, kind)
    except (NoPages, UnsupportedFormat):
        return None
    return data


@given(documents(PLAIN), st.sampled_from(CODECS))
@settings(max_examples=120, deadline=None)
def test_plain_text(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "plain")
    if data is not None:
        check(data, "plain", case[1], exact=codec != "utf-16-le")


@given(documents(MARKDOWN), st.sampled_from(CODECS))
@settings(max_examples=150, deadline=None)
def test_markdown(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "markdown")
    if data is not None:
        check(data, "markdown", case[1], exact=codec != "utf-16-le")


@given(documents(CSV), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=150, deadline=None)
def test_csv(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "csv")
    if data is not None:
        check(data, "csv", case[1])


@given(documents(HTML))
@settings(max_examples=200, deadline=None)
def test_html(case: tuple[str, set[int]]) -> None:
    data = readable(case[0], "utf-8", "html")
    if data is not None:
        check(data, "html", case[1])
