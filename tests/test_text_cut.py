"""Cutting text: any pieces hold each block once and read as in the whole, and joining gives the very bytes back."""

from __future__ import annotations

import io
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.base import Change, CutOptions, Cuttable, Fingerprinting, Joinable, ReadOptions
from extractors.errors import NoPages, UnsupportedFormat
from extractors.facts import UnitFacts, UnitText
from extractors.plain import PlainExtractor
from extractors.registry import extractor_for
from extractors.text.encodings import read_sample, sniff_encoding
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


def join(pieces: list[tuple[bytes, tuple[Change, ...]]], kind: str) -> bytes:
    out = io.BytesIO()
    extractor(kind).join([io.BytesIO(piece) for piece, _ in pieces], out, [changes for _, changes in pieces])
    return out.getvalue()


def ranges_of(count: int, after: set[int]) -> list[tuple[int, int]]:
    edges = [0, *sorted(number for number in after if number < count), count]
    return [(start + 1, end) for start, end in itertools.pairwise(edges)]


def check(data: bytes, kind: str, after: set[int] | None = None) -> list[bytes]:
    """Cut after the given blocks (after each, when not told) and hold pieces and whole against each other."""
    units = read(data, kind)
    source = prints(data, kind)
    assert len(source) == len(units)
    ranges = ranges_of(len(units), set(range(1, len(units))) if after is None else after)
    pieces = cut(data, kind, ranges)
    for (first, last), (piece, _) in zip(ranges, pieces, strict=True):
        found = read(piece, kind)
        wanted = units[first - 1 : last]
        assert [text.parts[-1].text for _, text in found if text.parts] == [
            text.parts[-1].text for _, text in wanted if text.parts
        ], (first, last, piece)
        assert len(found) == len(wanted)
        assert [unit_print(text) for _, text in found] == [unit_print(text) for _, text in wanted], (first, last)
        assert prints(piece, kind) == source[first - 1 : last], (first, last, piece)
    whole = cut(data, kind, [(1, len(units))])[0][0] if kind == "html" else data
    if not any(change.after.get("reversible") == "no" for _, changes in pieces for change in changes):
        assert join(pieces, kind) == whole
        assert prints(join(pieces, kind), kind) == source
    return [piece for piece, _ in pieces]


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
    "---|---\n",
    "[x]: http://a\n",
    "see [x][] and [y]\n",
    "<b>\n",
    "...\n",
    "===\n",
    "+++\n",
    "a|b\n",
    "\x02\n",
    *CHARACTERS,
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
    "\r\n",
    "漢,字\n",
    "1,2,3,4\n",
    "\x02,\n",
    ",\n" * 60,
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
]
CODECS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "gb18030"]
SNIPPETS = {"plain": PLAIN, "markdown": MARKDOWN, "csv": CSV, "html": HTML}


def readable(text: str, codec: str, kind: str) -> bytes | None:
    data = text.encode(codec, "replace")
    try:
        read(data, kind)
    except (NoPages, UnsupportedFormat):
        return None
    return data


def documents(kind: str) -> st.SearchStrategy[tuple[str, set[int]]]:
    """A text of up to some hundred characters, and after which of its blocks to cut."""
    text = st.lists(st.sampled_from(SNIPPETS[kind]), min_size=1, max_size=30).map("".join)
    return st.tuples(text, st.sets(st.integers(1, 40)))


@given(documents("plain"), st.sampled_from(CODECS))
@settings(deadline=None)
def test_plain_text(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "plain")
    if data is not None:
        check(data, "plain", case[1])


@given(documents("markdown"), st.sampled_from(CODECS))
@settings(deadline=None)
def test_markdown(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "markdown")
    if data is not None:
        check(data, "markdown", case[1])


@given(documents("csv"), st.sampled_from(CODECS))
@settings(deadline=None)
def test_csv(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "csv")
    if data is not None:
        check(data, "csv", case[1])


@given(documents("html"), st.sampled_from(CODECS))
@settings(deadline=None)
def test_html(case: tuple[str, set[int]], codec: str) -> None:
    data = readable(case[0], codec, "html")
    if data is not None:
        check(data, "html", case[1])


LONG = [
    "word " * 900,
    "x" * 9_000,
    "漢" * 5_000,
    "e\u0301" * 4_500,
    "\U0001f468\u200d\U0001f469 " * 1_500,
    "a\tb " * 2_100,
]
"""Longer than a block may be, or nearly."""
LONGER = {
    "plain": [],
    "markdown": ["| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 900, "```\n" + "line\n\n" * 12_000, "value = 1\n" * 900],
    "csv": [f"{'w' * 300},1\n" * 40, "word " * 15_000, "word " * 2_000 + "\n", '"' + "word " * 13_500 + '"\n'],
    "html": ["<td>" + "cell " * 2_500, "<pre>" + "line\n" * 2_000, "<tr><td>1</td><td>2</td></tr>" * 120],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_blocks_too_long_to_be_one(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    parts = [chance.choice(SNIPPETS[kind]) for _ in range(12)]
    for long in (chance.choice(LONG), chance.choice([*LONG, *LONGER[kind]])):
        parts.insert(chance.randrange(len(parts)), long)
    check("".join(parts).encode(chance.choice(["utf-8", "utf-16"])), kind)


@pytest.mark.parametrize(
    ("kind", "codec", "text"),
    [
        ("plain", "utf-16-le", "a word\n\n\u2026"),  # the second block alone is two ASCII characters
        ("plain", "utf-8", "a word\n\x01\n\r\ufeff" + "漢" * 5_000),
        ("markdown", "utf-8", "```\n" + "e\u0301\n" + "line\n\n" * 12_000),  # a part begins with a blank line
        ("markdown", "utf-8", "a\n\n---\nb: c\n---\nd\n"),
        ("csv", "utf-8", "word " * 15_000),  # parts of a line are no header
        ("csv", "utf-8", "a,b\n" + '"' + "word " * 13_500 + '"\n'),  # a row longer than rows may be
        ("csv", "utf-8-sig", f"name,note\n{'w' * 9_000}\n" + "x,y\n" * 60),
        ("html", "utf-8", "<th><wbr><td>" + "cell " * 2_500),
        ("html", "utf-8", "e\u0301" * 4_500 + "<iframe src=x>i</iframe>" + "x" * 9_000),
        ("html", "utf-8", "漢" * 5_000 + "</body></html>" + "word " * 900),
        ("html", "utf-8", "<table><th><table><td>" + "cell " * 2_500),
        ("html", "utf-8", "<table><td>" + "cell " * 2_500 + "<form><td>" + "cell " * 2_500),
        ("html", "utf-8", "<pre><h2>  " + "x" * 9_000 + "\U0001f468 " * 1_500),
        ("html", "utf-8", "x" * 9_000 + "e\u0301" * 4_500 + "  raw</pre>"),
        ("html", "utf-8", "<pre>" + "e\u0301" * 4_500 + "<select><option>o</select>"),
        ("html", "utf-16-le", "<p>cell " * 900 + "<p>" + "\u2026" * 100),
        ("html", "utf-8", "a<embed src=x>b<p>c<applet>d</applet>e"),
        ("html", "utf-8", "<table><th><li><tr><th>A<th>B</tr>  raw</pre>"),
        ("html", "utf-8", "<table><td><form><tr><td>1<td>2</tr><input value=typed><caption>cap"),
    ],
)
def test_what_once_went_wrong(kind: str, codec: str, text: str) -> None:
    check(text.encode(codec), kind)


PROSE = {
    "cp1251": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "koi8-r": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "iso8859-2": "Zażółć gęślą jaźń, a potem pójdź kiń tę chmurność w głąb flaszy.",
    "cp1253": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, και πάλι από την αρχή.",
    "gb18030": "这是一个测试文件，内容很长，用来检查切分。",
    "big5hkscs": "這是一個測試檔案，內容很長，用來檢查切分。",
    "cp932": "これは表の行です。ソート能力を予め調べる。",
    "euc_jis_2004": "これは表の行です。並べる能力を予め調べる。",
    "cp949": "이것은 긴 글입니다. 나누는 것을 시험합니다.",
    "cp1252": "Größe und Maß, das heißt: für Übergrößen wählen Sie bitte später.",
}


@pytest.mark.parametrize("codec", PROSE)
@pytest.mark.parametrize("kind", KINDS)
def test_encodings_that_are_nowhere_told(kind: str, codec: str) -> None:
    words = PROSE[codec]
    row = "1," + words.replace(",", " ")
    text = {
        "plain": f"{words}\n\nOK\n\n" * 4 + words * 300,
        "markdown": f"# {words}\n\n{words}\n\n" * 3 + "```\n" + f"{words}\n" * 3_000 + "```\n",
        "csv": f"id,{words.replace(',', ' ')}\n" + f"{row}\n" * 120,
        "html": f"<p>{words}</p><p>OK</p>" * 4 + f"<p>{words * 300}</p>",
    }[kind]
    data = text.encode(codec)
    seen = "".join(part.text for _, text in read(data, kind) for part in text.parts)
    assert words.replace(",", " " if kind == "csv" else ",") in seen
    check(data, kind)


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_guess_that_a_piece_alone_would_not_get(kind: str) -> None:
    words = PROSE["koi8-r"]
    data = "".join(f"<p>{one}</p>\n\n" for one in (words * 40, "Ъ", "Щи", words, "я")).encode("koi8-r")
    ranges = [(number, number) for number in range(1, 6)]
    pieces = cut(data, kind, ranges)
    changed = [change for _, changes in pieces for change in changes if change.code == "encoding-changed"]
    assert changed
    assert {change.before["encoding"] for change in changed} == {"koi8-r"}
    check(data, kind)


def test_bytes_that_are_lost_are_told() -> None:
    prose = "Größe über alle Maßen schön für Jürgen, fünf Füße und läuft.\n\n".encode("cp1252")
    data = prose * 40 + b"\x81\n\n"
    found = cut(data, "plain", [(1, 40), (41, 41)])
    (change,) = found[1][1]
    assert change.after == {"encoding": "utf-8-sig", "reversible": "no"}
    assert "will not come back" in change.message


def test_a_damaged_byte_does_not_change_the_guess() -> None:
    data = bytearray((PROSE["gb18030"] + "\n").encode("gb18030") * 500)
    data[5_000] = 0xFF
    found = sniff_encoding(read_sample(io.BytesIO(bytes(data))))
    assert found is not None
    assert (found.codec, found.sure, found.doubtful) == ("gb18030", False, False)
    assert found.ahead > 2
    assert found.other == "EUC-JP"
