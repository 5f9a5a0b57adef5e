"""Identification: by content, never by name alone; refusals name what a file is and what to do."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import (
    DamagedDocument,
    EmptyDocument,
    EncryptedOffice,
    ExtractionError,
    LegacyOffice,
    NotADocx,
    SafetyLimitExceeded,
    UnsupportedFormat,
)
from extractors.media import Identified, extension_of, identify
from extractors.registry import DOCM, DOCX, FORMATS, PDF
from extractors.signatures import EXTENSIONS, KNOWN_EXTENSIONS, NAMES

PDF_BYTES = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
PNG_BYTES = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
WORD_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def found(data: bytes, name: str = "upload") -> tuple[str, list[str]]:
    result = identify(io.BytesIO(data), name)
    return result.media_type, [finding.code for finding in result.findings]


def archive(**parts: str | bytes) -> bytes:
    """A ZIP; ``types`` is short for the list of content types with one main part of that type."""
    types = parts.pop("types", None)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        if types is not None:
            listing = (
                '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="xml" ContentType="application/xml"/>'
                f'<Override PartName="/m" ContentType="{types!s}"/>'
                "</Types>"
            )
            out.writestr("[Content_Types].xml", listing)
        for name, content in parts.items():
            out.writestr(name, content)
    return file.getvalue()


def ole(*names: str) -> bytes:
    """A compound file whose directory has these entries, in as many chained sectors as they need."""
    entries = b""
    for name in ("Root Entry", *names):
        encoded = (name + "\0").encode("utf-16-le")
        entries += encoded.ljust(64, b"\0") + struct.pack("<HB", len(encoded), 2) + b"\0" * 61
    sectors = -(-len(entries) // 512)
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 0x1E, 9)
    struct.pack_into("<I", header, 0x30, 1)  # the directory begins in sector 1, the table is sector 0
    struct.pack_into("<I", header, 0x44, 0xFFFFFFFE)
    struct.pack_into("<109I", header, 0x4C, 0, *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    return bytes(header) + table + entries.ljust(sectors * 512, b"\0")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PDF_BYTES, PDF),
        (b"%PDF-1.4\n", PDF),
        (archive(types=WORD_MAIN), DOCX),
        (archive(types="application/vnd.ms-word.document.macroEnabled.main+xml"), DOCM),
        (PNG_BYTES, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", "image/tiff"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"Just some words.\n", "text/plain"),
        (b"<!-- made by hand --><!DOCTYPE html><p>Hello", "text/html"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', "text/html"),
        (b"\xef\xbb\xbf  <HTML><body>", "text/html"),
        ("<html><p>ä".encode("utf-16"), "text/html"),
        (b'<?xml version="1.0"?><data><a/></data>', "text/plain"),
        (b"BMW and MZ are letters at the beginning of a text. ID3 too.", "text/plain"),
        (b"A file format: %PDF-1.7 is how a PDF begins.", "text/plain"),
    ],
)
def test_by_content(data: bytes, media_type: str) -> None:
    assert found(data)[0] == media_type


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"# Title\n\ntext\n", "notes.md", "text/markdown"),
        (b"# Title\n\ntext\n", "notes.txt", "text/plain"),
        (b"a,b\n1,2\n3,4\n", "t.csv", "text/csv"),
        (b"a;b;c\n1;2;3\n", "t.CSV", "text/csv"),
        (b"a\tb\n1\t2\n", "t.tsv", "text/csv"),
        (b"sep=;\na;b\n", "t.csv", "text/csv"),
        (b"name\nAnna\nBert\n", "t.csv", "text/csv"),
        (b'a,"b\nc"\n1,2\n', "t.csv", "text/csv"),
        (b"a,b\n1,2\n3,4\n", "t.txt", "text/plain"),
        (b"<p>Hello</p>", "page.html", "text/html"),
        (b"1 < 2", "page.html", "text/plain"),
        (b"<p align=center>A README</p>\n\n# Title", "README.md", "text/markdown"),
    ],
)
def test_kinds_of_text_by_name_where_the_content_bears_it_out(data: bytes, name: str, media_type: str) -> None:
    assert found(data, name)[0] == media_type


@pytest.mark.parametrize(
    ("data", "name", "right"),
    [
        (PDF_BYTES, "report.docx", ".pdf"),
        (PNG_BYTES, "report.pdf", ".png"),
        (archive(types=WORD_MAIN), "a.zip", ".docx"),
        (archive(types="application/vnd.ms-word.document.macroEnabled.main+xml"), "a.docx", ".docm"),
        (b"<!doctype html><title>Log in</title>", "report.pdf", ".html"),
        (b"Once upon a time, there was a king,\nwho had\na daughter.\n", "t.csv", ".txt"),
        (PDF_BYTES, "invoice.pdf.exe", ".pdf"),
    ],
)
def test_a_wrong_extension_is_told_with_the_right_one(data: bytes, name: str, right: str) -> None:
    (finding,) = identify(io.BytesIO(data), name).findings
    assert finding.code == "wrong-extension"
    assert f"to end in {right}:" in finding.message


@pytest.mark.parametrize(
    "name",
    ["report.PDF", "report", "report.v2", "", "..", "x/y.docx/report.pdf", "a.pdf\u200b", "a.pdf. ", "\u202efdp.pdf"],
)
def test_a_right_or_meaningless_extension_is_no_finding(name: str) -> None:
    assert found(PDF_BYTES, name) == (PDF, [])


@pytest.mark.parametrize(
    ("junk", "codes"),
    [
        (b"", []),
        (b"\r\n\r\n", ["junk-before-header"]),
        (b"\xef\xbb\xbf", ["junk-before-header"]),
        (b"\0" * 128, ["junk-before-header"]),
        (b"\x00\x0areport.pdf\x91\x02".ljust(128, b"\x03"), ["junk-before-header"]),
        (b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n", ["junk-before-header"]),
        (b"# printer control data\r\n", ["junk-before-header"]),
    ],
)
def test_what_stands_before_a_pdf_header_is_told(junk: bytes, codes: list[str]) -> None:
    assert found(junk + PDF_BYTES, "a.pdf") == (PDF, codes)


@pytest.mark.parametrize(
    "data",
    [
        b"<script>alert(1)</script>\n" + PDF_BYTES,
        b"<html><body>hello</body></html>\n" + PDF_BYTES,
        b"HTTP/1.1 200 OK\r\n\r\n<html>\r\n" + PDF_BYTES,
        b"A" * 900 + PDF_BYTES,
        b"GIF89a" + b"\0" * 20 + b"\n" + PDF_BYTES,
        PDF_BYTES + archive(types=WORD_MAIN),
        PNG_BYTES + archive(a="b"),
        PNG_BYTES + b"\n" + PDF_BYTES,
        b"some text\n" * 20 + archive(**{"a.txt": "b"}),
    ],
)
def test_two_formats_in_one_file_are_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=r"^This file is two things at once: .* Open the part you mean"):
        identify(io.BytesIO(data), "a.pdf")


def test_an_archive_attached_to_a_pdf_is_no_second_format() -> None:
    attachment = archive(a="b")
    data = PDF_BYTES[:40] + b"stream\n" + attachment + b"\nendstream\n" + PDF_BYTES[40:]
    assert found(data, "a.pdf") == (PDF, [])


def test_a_pdf_without_its_header_line() -> None:
    assert found(PDF_BYTES.replace(b"%PDF-1.7", b"%1.7"), "a.pdf") == (PDF, ["missing-header"])


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", EmptyDocument, "zero bytes"),
        (ole("EncryptionInfo", "EncryptedPackage"), EncryptedOffice, "protected by a password"),
        (ole(*"abcdefgh", "EncryptedPackage"), EncryptedOffice, "protected by a password"),
        (ole("1Table", "WordDocument"), LegacyOffice, r"\.doc\).*save it as \.docx"),
        (ole("Workbook"), LegacyOffice, r"\.xls\)"),
        (ole("Current User", "PowerPoint Document"), LegacyOffice, r"\.ppt\)"),
        (ole("__properties_version1.0"), UnsupportedFormat, r"Outlook message"),
        (ole("Whatever"), UnsupportedFormat, "OLE container"),
        (ole("x")[:600], EncryptedOffice, "directory cannot be read"),
        (archive(), NotADocx, "empty ZIP"),
        (archive(**{"a.pdf": PDF_BYTES}), NotADocx, "ZIP archive with 1 entry.*Unpack"),
        (archive(mimetype="application/vnd.oasis.opendocument.text"), NotADocx, r"\.odt"),
        (archive(mimetype="application/epub+zip"), NotADocx, "EPUB"),
        (archive(**{"META-INF/MANIFEST.MF": ""}), NotADocx, "Java"),
        (archive(**{"word/document.xml": "<a/>"}), NotADocx, "no list of content types"),
        (archive(types=WORD_MAIN.replace("document.main", "template.main")), NotADocx, "Word template"),
        (archive(types=WORD_MAIN.replace("wordprocessingml.document", "spreadsheetml.sheet")), NotADocx, "Excel.*CSV"),
        (
            archive(types=WORD_MAIN.replace("wordprocessingml.document", "presentationml.presentation")),
            NotADocx,
            "PowerP",
        ),
        (archive(types="application/x"), NotADocx, "without a Word document"),
        (archive(types=WORD_MAIN)[:-30], DamagedDocument, "end of the file is missing"),
        (archive(**{"[Content_Types].xml": "<Types>"}), DamagedDocument, "list of parts"),
        (archive(**{"[Content_Types].xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><Types/>"}), SafetyLimitExceeded, "DTD"),
        (archive(**{"[Content_Types].xml": " " * 2_000_000}), SafetyLimitExceeded, "larger than"),
        (b"{\\rtf1\\ansi", UnsupportedFormat, "RTF.*save it as"),
        (b"%!PS-Adobe-3.0", UnsupportedFormat, "PostScript.*PDF"),
        (b"GIF89a\x01\0", UnsupportedFormat, "GIF.*PNG"),
        (b"BM" + struct.pack("<IHHII", 99, 0, 0, 54, 40), UnsupportedFormat, "BMP.*PNG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", UnsupportedFormat, "JPEG 2000"),
        (b"\0\0\0\x18ftypheic", UnsupportedFormat, "HEIC.*PNG"),
        (b"\0\0\0\x18ftypisom", UnsupportedFormat, "MP4"),
        (b"\x1f\x8b\x08\0", UnsupportedFormat, "gzip.*[Uu]npack"),
        (b"7z\xbc\xaf\x27\x1c", UnsupportedFormat, "7-Zip"),
        (b"Rar!\x1a\x07\x01\0", UnsupportedFormat, "RAR"),
        (b"MZ" + b"\x90" * 58 + b"\x80\0\0\0", UnsupportedFormat, "Windows program"),
        (b"\x7fELF\x02", UnsupportedFormat, "Linux program"),
        (b'<?xml version="1.0"?><!-- x --><svg xmlns="">', UnsupportedFormat, "SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg >", UnsupportedFormat, "SVG"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; x\r\n\r\n", UnsupportedFormat, "MHTML"),
        (b"abc\0def", UnsupportedFormat, "binary data"),
        (zlib.compress(bytes(range(256)) * 40)[2:], UnsupportedFormat, "binary data"),
    ],
)
def test_refusals_say_what_it_is_and_what_to_do(data: bytes, error: type[ExtractionError], says: str) -> None:
    with pytest.raises(error, match=f"(?s){says}") as caught:
        identify(io.BytesIO(data), "report.docx")
    assert type(caught.value) is error
    assert str(caught.value).endswith(".")


def test_an_office_file_in_a_broken_container_is_taken_for_encrypted_and_says_why() -> None:
    broken = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1528
    with pytest.raises(EncryptedOffice, match="directory cannot be read"):
        identify(io.BytesIO(broken), "report.docx")
    with pytest.raises(UnsupportedFormat):
        identify(io.BytesIO(broken), "setup.msi")


def test_a_directory_that_loops_ends() -> None:
    data = bytearray(ole(*"abcdefghijklmnop"))
    struct.pack_into("<I", data, 512 + 4 * 3, 2)  # sector 3 goes back to 2
    with pytest.raises(UnsupportedFormat):
        identify(io.BytesIO(bytes(data)), "x.docx")


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ("Grüße aus Köln, déjà vu".encode("cp1252"), ["encoding-guessed"]),
        ("Привет, как дела? Хорошо".encode("cp1251"), ["encoding-guessed"]),
        (bytes(random.Random(1).choices(range(0x80, 0x100), k=300)), ["encoding-unknown"]),
        ("Grüße aus Köln".encode(), []),
        ("Grüße aus Köln".encode("utf-16"), []),
        ("Grüße aus Köln".encode("utf-16-le"), ["encoding-guessed"]),
        ("Grüße aus Köln".encode("utf-32"), []),
    ],
)
def test_encodings(data: bytes, codes: list[str]) -> None:
    assert found(data, "a.txt") == ("text/plain", codes)


class Counting(io.BytesIO):
    """A file that counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def test_never_reads_the_whole_file() -> None:
    for data in (
        b"word " * 4_000_000,
        PDF_BYTES + b" " * 20_000_000,
        archive(types=WORD_MAIN, **{"word/document.xml": os.urandom(20_000_000)}),
    ):
        file = Counting(data)
        identify(file, "a")
        assert file.taken < 500_000
        assert file.tell() == 0


def test_a_forged_directory_size_costs_no_memory() -> None:
    data = bytearray(archive(types=WORD_MAIN) + b"")
    at = data.rfind(b"PK\x05\x06")
    padded = data[:at] + b"\0" * 10_000_000 + data[at:]
    at = padded.rfind(b"PK\x05\x06")
    struct.pack_into("<I", padded, at + 12, 9_000_000)
    with pytest.raises(SafetyLimitExceeded, match="more entries"):
        identify(io.BytesIO(bytes(padded)), "a.docx")


def test_tables_are_complete() -> None:
    assert set(EXTENSIONS) == set(FORMATS) == set(NAMES)
    assert all(extension in KNOWN_EXTENSIONS for extensions in EXTENSIONS.values() for extension in extensions)


@given(st.text(max_size=60))
def test_extension_of_any_name(name: str) -> None:
    extension = extension_of(name)
    assert len(extension) <= 8
    assert extension == extension.lower()


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.docx", "a.csv", "a.html", "a"]))
@settings(max_examples=300)
def test_any_bytes_are_identified_or_refused(data: bytes, name: str) -> None:
    file = io.BytesIO(data)
    answer: Identified | ExtractionError
    try:
        answer = identify(file, name)
    except ExtractionError as error:
        answer = error
    if isinstance(answer, Identified):
        assert answer.media_type in FORMATS
        assert file.tell() == 0
    else:
        assert str(answer).endswith(".")


TYPES = {"pdf": {PDF}, "docx": {DOCX}, "docm": {DOCM}, "image": {f"image/{x}" for x in ("png", "jpeg", "tiff", "webp")}}
REFUSED = {
    "images/opf__balloon_oj.jp2": "JPEG 2000",
    "images/unstructured__bmp_24.bmp": "BMP",
    "broken/opf__balloon_trunc2.jp2": "JPEG 2000",
    "broken/pdfplumber__empty.pdf": "zero bytes",
    "broken/poi__crash-517626e815e0afa9decd0ebb6d1dee63fb9907dd.docx": "Fetch it again",
    "broken/poi__truncated62886.docx": "Fetch it again",
}


def test_every_file_of_the_corpus(corpus: Path, labels: list[dict[str, Any]]) -> None:
    wrong = []
    for label in labels:
        path: str = label["path"]
        answer: Identified | ExtractionError
        with (corpus / path).open("rb") as file:
            try:
                answer = identify(file, Path(path).name)
            except ExtractionError as error:
                answer = error
        if path in REFUSED:
            right = isinstance(answer, ExtractionError) and REFUSED[path] in str(answer)
        elif label["expected"] == "needs-password" and label["type"] == "docx":
            right = isinstance(answer, EncryptedOffice)
        else:
            right = isinstance(answer, Identified) and answer.media_type in TYPES[label["type"]]
            right = right and "wrong-extension" not in [f.code for f in answer.findings]  # type: ignore[union-attr]
        if not right:
            wrong.append((path, answer))
    assert not wrong


DISGUISED: dict[str, tuple[type[ExtractionError], str] | tuple[str, str]] = {
    "jpx_60k.jp2k": (UnsupportedFormat, "JPEG 2000"),
    "html_polyglot.pdf": (UnsupportedFormat, "an HTML page and a PDF"),
    "late_header.pdf": (UnsupportedFormat, "a text and a PDF"),
    "pdf_zip_polyglot.docx": (UnsupportedFormat, "a PDF and a ZIP archive"),
    "empty.pdf": (EmptyDocument, "zero bytes"),
    "overlap.zip": (NotADocx, "200 entries"),
    "quine.zip": (NotADocx, "1 entry"),
    "nested10.zip": (NotADocx, "10 entries"),
    "ole_encrypted.docx": (EncryptedOffice, "directory cannot be read"),
    "really_png.pdf": ("image/png", "wrong-extension"),
    "really_pdf.docx": (PDF, "wrong-extension"),
}
PLAIN_TYPES = {".pdf": PDF, ".docx": DOCX, ".png": "image/png", ".jpg": "image/jpeg"}


def test_every_hostile_file_has_its_class(hostile: Path) -> None:
    expected = json.loads((hostile / "expect.json").read_text())
    assert len(expected) >= 85
    for name in expected:
        with (hostile / name).open("rb") as file:
            what, says = DISGUISED.get(name, (PLAIN_TYPES.get(Path(name).suffix, ""), ""))
            if isinstance(what, str):
                result = identify(file, name)
                assert (result.media_type, [f.code for f in result.findings]) == (what, [says] if says else []), name
            else:
                with pytest.raises(what, match=says):
                    identify(file, name)


def test_every_hostile_name_is_only_a_name(hostile: Path) -> None:
    names = json.loads((hostile / "names.json").read_text())
    odd = {name: codes for name in names if (codes := found(PDF_BYTES, name)[1])}
    assert odd == {name: ["wrong-extension"] for name in names if name.rstrip(" .").endswith((".exe", ".docx"))}


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00bad", b"\xff\xfe" + random.Random(1).randbytes(200), b"\xfe\xff\xd8\x00" * 9]
)
def test_a_mark_of_utf16_alone_makes_no_text(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        identify(io.BytesIO(data), "notes.txt")


@pytest.mark.parametrize("text", ["中文", "日本", "한글", "ok", "Ж", "中\n", "😀 so"])
def test_short_texts_with_a_mark_are_texts(text: str) -> None:
    assert identify(io.BytesIO(text.encode("utf-16")), "a.txt").media_type == "text/plain"
