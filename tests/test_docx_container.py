"""The gate in front of the XML parsers: what it refuses, what it lets through, and at what cost."""

from __future__ import annotations

import importlib.util
import io
import json
import struct
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from docx_maker import archive, codes, docx, element, p, r, read, texts, unpacked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.base import ReadLimits
from extractors.docx import safexml
from extractors.docx.container import Container
from extractors.errors import (
    DamagedDocument,
    EmptyDocument,
    EncryptedOffice,
    ExtractionError,
    NoPages,
    NotADocx,
    SafetyLimitExceeded,
)

if TYPE_CHECKING:
    from pathlib import Path

# What becomes of each file of the hostile set: the error, or the findings that an accepted file must have.
HOSTILE: dict[str, type[ExtractionError] | set[str]] = {
    "ok.docx": set(),
    "formula_text.docx": set(),
    "many_entries.docx": set(),
    "macro.docx": {"macros"},
    "external_rels.docx": {"external-relations"},
    "nested_in_docx.docx": set(),
    "bomb_text.docx": SafetyLimitExceeded,
    "bomb_elements.docx": SafetyLimitExceeded,
    "overlap.zip": SafetyLimitExceeded,
    "depth_50k.docx": SafetyLimitExceeded,
    "nested_tables_80.docx": SafetyLimitExceeded,
    "table_span_1e9.docx": SafetyLimitExceeded,
    "attr_bomb.docx": SafetyLimitExceeded,
    "lying_size.docx": DamagedDocument,
    "xxe.docx": DamagedDocument,
    "xxe_param.docx": DamagedDocument,
    "billion_laughs.docx": DamagedDocument,
    "quadratic.docx": DamagedDocument,
    "laughs_in_rels.docx": DamagedDocument,
    "traversal.docx": DamagedDocument,
    "symlink_entry.docx": DamagedDocument,
    "duplicate_parts.docx": DamagedDocument,
    "quine.zip": NotADocx,
    "nested10.zip": NotADocx,
    "ole_encrypted.docx": NotADocx,  # identify() says more before it comes here
    "pdf_zip_polyglot.docx": NotADocx,
    "really_pdf.docx": NotADocx,
}

READ_ALL = """
import json, pathlib, sys, time
from docx_maker import peak_kib, read
from extractors.errors import ExtractionError
touched = []
OUTSIDE = ("socket.", "subprocess.", "os.system")
sys.addaudithook(lambda event, _: touched.append(event) if event.startswith(OUTSIDE) else None)
before = peak_kib()
out = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    data, start = path.read_bytes(), time.process_time()
    try:
        facts, units = read(data)
        told = [finding.code for finding in facts.findings]
        result = [None, told, "".join(text.plain for _, text in units)]
    except ExtractionError as error:
        result = [type(error).__name__, str(error), ""]
    out[path.name] = [*result, time.process_time() - start]
peak = peak_kib() - before
print(json.dumps({"files": out, "grown_kib": peak, "touched": touched}))
"""


@pytest.fixture(scope="module")
def hostile(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The DOCX and ZIP half of the hostile set, made afresh in a second."""
    spec = importlib.util.spec_from_file_location("make_nasty", shared / "hostile" / "make_nasty.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.OUT = str(tmp_path_factory.mktemp("hostile"))
    maker.docxs()
    return type(shared)(maker.OUT)


def test_hostile_files_are_refused_in_no_time_and_little_memory(hostile: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(hostile)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=hostile,
        env={"PYTHONPATH": str(hostile.__class__(__file__).parent)},
    )
    told = json.loads(run.stdout)
    assert set(told["files"]) == set(HOSTILE)
    for name, (error, words, text, seconds) in told["files"].items():
        expected = HOSTILE[name]
        if isinstance(expected, set):
            assert error is None, (name, error, words)
            assert expected <= set(words), name
            assert text, name
        else:
            assert error == expected.__name__, (name, error, words)
            assert words.count(". ") >= 1, f"{name}: the message does not say what to do: {words}"
        assert seconds < 0.5, (name, seconds)  # 0.2 s quiet
    assert told["grown_kib"] < 64 * 1024
    assert told["touched"] == []


def test_empty_and_foreign_files() -> None:
    for data, error in (
        (b"", EmptyDocument),
        (b"PK", NotADocx),
        (b"%PDF-1.7 hello", NotADocx),
        (b"PK\x03\x04cut", DamagedDocument),
    ):
        with pytest.raises(error):
            read(data)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"a.txt": "x"}, "a ZIP archive"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "OpenDocument"),
        ({"mimetype": "application/epub+zip"}, "EPUB"),
    ],
)
def test_other_archives_are_named(contents: dict[str, str], words: str) -> None:
    with pytest.raises(NotADocx, match=words):
        read(archive(contents))


def test_other_office_files_are_named() -> None:
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with pytest.raises(NotADocx, match="Excel workbook"):
        read(docx(p("x"), main_type=sheet))
    with pytest.raises(NotADocx, match="without a Word document"):
        read(archive({"[Content_Types].xml": element("Types", "")}))


def test_a_package_that_lost_its_main_part_is_damaged() -> None:
    data = docx(p("x"))
    rest = unpacked(data)
    del rest["word/document.xml"]
    with pytest.raises(DamagedDocument, match="main part"):
        read(archive(rest))


def test_a_body_without_blocks_has_no_pages() -> None:
    with pytest.raises(NoPages):
        read(docx("<w:sectPr/>"))


def test_the_number_of_entries_is_bounded() -> None:
    base = {f"x/{number}": b"" for number in range(97)}
    assert texts(docx(p("fine"), files=base)) == ["fine"]
    with pytest.raises(SafetyLimitExceeded, match="entries"):
        read(docx(p("fine"), files=base), limits=ReadLimits(max_entries=99))
    assert read(docx(p("fine"), files=base), limits=ReadLimits(max_entries=101))


def test_sizes_are_bounded() -> None:
    data = docx(
        p("fine"), files={"word/media/a.bin": bytes(range(256)) * 40, "word/media/b.bin": bytes(range(255)) * 40}
    )
    assert read(data, limits=ReadLimits(max_part_bytes=10_240, max_total_bytes=30_000))
    with pytest.raises(SafetyLimitExceeded, match="10240 bytes unpacked"):
        read(data, limits=ReadLimits(max_part_bytes=10_239))
    with pytest.raises(SafetyLimitExceeded, match="Unpacked"):
        read(data, limits=ReadLimits(max_total_bytes=20_000))


def test_bombs_are_told_by_their_ratio_but_white_bitmaps_are_not() -> None:
    zeros = bytes(3_000_000)
    assert texts(docx(p("fine"), files={"word/media/white.bmp": zeros})) == ["fine"]
    assert texts(docx(p("fine"), files={"word/media/small.bin": bytes(900_000)})) == ["fine"]
    with pytest.raises(SafetyLimitExceeded, match="200 times"):
        read(docx(p("fine"), files={"word/media/bomb.bin": zeros}))


def patched(data: bytes, field: int, value: bytes, name: bytes = b"word/document.xml") -> bytes:
    """Change a field of a central directory entry (offsets of APPNOTE 4.3.12)."""
    at = data.rindex(name) - 46
    return data[: at + field] + value + data[at + field + len(value) :]


def test_encrypted_entries_and_odd_methods_are_refused() -> None:
    data = docx(p("fine"))
    with pytest.raises(EncryptedOffice, match="ZIP password"):
        read(patched(data, 8, struct.pack("<H", 1)))
    with pytest.raises(DamagedDocument, match="method"):
        read(patched(data, 10, struct.pack("<H", 12)))


def test_entries_must_not_share_bytes() -> None:
    data = docx(p("fine"))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        offset = file.getinfo("_rels/.rels").header_offset
    with pytest.raises(DamagedDocument):
        read(patched(data, 42, struct.pack("<I", offset)))


def test_a_name_must_be_the_same_in_both_places() -> None:
    data = docx(p("fine"))
    at = data.index(b"word/document.xml")
    with pytest.raises(DamagedDocument, match="in two ways"):
        read(data[:at] + b"word/DOCUMENT.xml" + data[at + 17 :])


@pytest.mark.parametrize("name", ["/abs.xml", "..\\win.txt", "a/../../b", "C:\\x", "a\x01b.xml"])
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(DamagedDocument, match="unsafe name"):
        read(docx(p("fine"), files={name: b"x"}))


def test_a_second_directory_in_capitals_is_a_duplicate() -> None:
    with pytest.raises(DamagedDocument, match="twice"):
        read(docx(p("fine"), files={"WORD/Document.xml": b"<x/>"}))


@pytest.mark.parametrize(
    "part",
    [
        b"<!DOCTYPE x><x/>",
        b"\xef\xbb\xbf<!DOCTYPE x><x/>",
        b"<?xml version='1.0'?>\n<!-- a -->\n<?pi x?><!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
        b"<!--" + b"-" * 100_000 + b" --><!DOCTYPE x><x/>",
        "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE x><x/>".encode("utf-16"),
        "<!DOCTYPE x><x/>".encode("utf-16-be").join([b"\xfe\xff", b""]),
    ],
)
def test_a_doctype_in_any_part_is_refused_wherever_it_hides(part: bytes) -> None:
    with pytest.raises(DamagedDocument, match="DOCTYPE"):
        read(docx(p("fine"), files={"customXml/item1.xml": part}))


def test_the_word_doctype_in_text_is_no_doctype() -> None:
    assert texts(docx(p("&lt;!DOCTYPE html> is how HTML begins"))) == ["<!DOCTYPE html> is how HTML begins"]
    assert texts(docx("<w:p><w:r><w:t><![CDATA[<!DOCTYPE a>]]></w:t></w:r></w:p>")) == ["<!DOCTYPE a>"]


def test_encodings_that_could_hide_something_are_refused_where_they_are_read() -> None:
    hidden = "<!DOCTYPE x><x/>"
    for content in (
        b"<?xml version='1.0' encoding='UTF-7'?><x/>",
        *(hidden.encode(f"utf-32{end}") for end in ("", "-le", "-be")),
    ):
        with pytest.raises(DamagedDocument):
            safexml.parse(content, "a part")


def test_utf_16_documents_are_read() -> None:
    contents = unpacked(docx(p("äöü")))
    main = contents["word/document.xml"]
    assert isinstance(main, bytes)
    contents["word/document.xml"] = main.decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert texts(archive(contents)) == ["äöü"]


def nested(levels: int) -> bytes:
    """A document ``levels`` deep: document, body, p, r and t are five."""
    wraps = levels - 5
    return docx(f"{'<w:p>'}{'<w:smartTag>' * wraps}{r('deep')}{'</w:smartTag>' * wraps}</w:p>")


def test_depth_is_bounded_exactly() -> None:
    assert texts(nested(safexml.MAX_DEPTH)) == ["deep"]
    for levels in (safexml.MAX_DEPTH + 1, 300):
        with pytest.raises(SafetyLimitExceeded, match="levels deep"):
            read(nested(levels))


@pytest.mark.parametrize("before", [0, 63_000, 64_500, 65_400, 130_000])
def test_attributes_are_bounded_wherever_the_slices_fall(before: int) -> None:
    def with_attributes(count: int) -> bytes:
        attributes = " ".join(f'a{number}="1"' for number in range(count))
        return docx(p("x" * before) + f"<w:p {attributes}>{r('fine')}</w:p>")

    assert texts(with_attributes(safexml.MAX_ATTRIBUTES))[1] == "fine"
    with pytest.raises(SafetyLimitExceeded, match="attributes"):
        read(with_attributes(safexml.MAX_ATTRIBUTES + 1))


def test_the_number_of_blocks_is_bounded() -> None:
    data = docx(p("x") * 20)
    assert len(texts(data)) == 20
    with pytest.raises(SafetyLimitExceeded, match="more than 19 blocks"):
        read(data, limits=ReadLimits(max_blocks=19))


def test_a_broken_part_nobody_needs_does_no_harm_and_a_needed_one_is_named() -> None:
    data = docx(p("fine"), {"rId1": ("styles", "<broken")}, files={"word/theme/theme1.xml": "<a/>" * 3})
    assert texts(data) == ["fine"]
    assert codes(data) == {"damaged-part"}
    with pytest.raises(DamagedDocument, match=r"word/document.xml is not well-formed"):
        read(docx("<w:p></w:q>"))
    at = data.index(b"word/theme/theme1.xml") + len("word/theme/theme1.xml")
    assert texts(data[: at + 1] + bytes([data[at + 1] ^ 0xFF]) + data[at + 2 :]) == ["fine"]


def test_only_the_body_may_be_as_large_as_a_part_may_be() -> None:
    parts = unpacked(docx(p("fine"), {"rId1": ("styles", element("w:styles", ""))}))
    parts["word/styles.xml"] = b"<x>" + b" " * 40_000_000 + b"</x>"
    with pytest.raises(SafetyLimitExceeded, match="only the body"):
        read(archive(parts, packed=False))


def test_a_chart_drawn_many_times_is_told_once() -> None:
    chart = element("c:chartSpace", f"<c:title><a:p><a:r><a:t>{'long ' * 2_000}</a:t></a:r></a:p></c:title>")
    one = "<w:p><w:r><w:drawing><wp:inline><c:chart r:id='rId5'/></wp:inline></w:drawing></w:r></w:p>"
    facts, units = read(docx(one * 500, {"rId5": ("chart1", chart)}))
    assert facts.docx is not None
    assert facts.docx.charts == 500
    assert sum(len(text.plain) for _, text in units) < 11_000


def test_messages_never_carry_control_characters() -> None:
    with pytest.raises(ExtractionError) as caught:
        read(docx(p("x"), files={"a\x1b[31m\u202eb.xml": b""}))
    assert str(caught.value).isprintable()


def test_reading_stops_at_the_declared_size() -> None:
    data = docx(p("x" * 50_000))
    lying = patched(data, 24, struct.pack("<I", 100))
    with Container.open(io.BytesIO(data), ReadLimits()).stream("word/document.xml") as stream:
        assert len(stream.read()) > 50_000
    with pytest.raises(DamagedDocument):
        read(lying)


GOOD = docx(
    p("a") + "<w:tbl><w:tr><w:tc>" + p("b") + "</w:tc></w:tr></w:tbl>", {"rId1": ("styles", element("w:styles", ""))}
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_always_told_in_our_words(data: st.DataObject) -> None:
    broken = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(broken) - 1))
        if data.draw(st.booleans()):
            broken[at] = data.draw(st.integers(0, 255))
        else:
            del broken[at : at + data.draw(st.integers(1, 60))]
        if not broken:
            break
    try:
        read(bytes(broken))
    except ExtractionError:
        return  # told in our words; any other exception fails the test
